package wiring

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

// street is a simulated WhatsApp, behind its own protocol, with a tenant's phone in it.
type street struct {
	t              *testing.T
	ctx            context.Context
	world          *fakewhatsapp.World
	server         *endpoint.Server
	ana, bia, carl *fakewhatsapp.Phone
	source, target *fakewhatsapp.Group
}

const biasNumber = "5511900000002"

func newStreet(t *testing.T) *street {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &street{t: t, ctx: ctx, world: fakewhatsapp.New(fakewhatsapp.Options{})}
	phone := func(number, name string) *fakewhatsapp.Phone {
		p, err := s.world.AddPhone(number, name)
		s.must(err)
		return p
	}
	s.ana, s.bia, s.carl = phone("5511900000001", "Ana"), phone(biasNumber, "Bia"), phone("5511900000003", "Carl")
	group := func(g fakewhatsapp.GroupSpec) *fakewhatsapp.Group {
		made, err := s.world.AddGroup(g)
		s.must(err)
		return made
	}
	s.source = group(fakewhatsapp.GroupSpec{Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{s.bia}})
	s.target = group(fakewhatsapp.GroupSpec{Subject: "VIP da Bia", Admins: []*fakewhatsapp.Phone{s.bia}, Members: []*fakewhatsapp.Phone{s.carl}})
	var err error
	s.server, err = endpoint.New(s.world)
	s.must(err)
	t.Cleanup(s.server.Close)
	return s
}

func (s *street) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// settings are those of a server whose sessions live in the process.
func (s *street) settings(roles config.Roles) Settings {
	s.t.Helper()
	out := settings(s.t, roles)
	out.Config.Gateways, out.Config.PacingOff = []string{config.Whatsmeow, config.Evolution}, true
	out.WhatsApp = s.server.HTTPClient()
	return out
}

// registered is a visitor with an account.
func (s *street) registered(base string) *visitor {
	s.t.Helper()
	v := &visitor{t: s.t, base: base}
	const password = "uma-senha-boa"
	v.send(http.MethodPost, "/api/v1/users/register", map[string]any{"email": "bia@example.com", "password": password})
	var session struct {
		Access string `json:"access_token"`
	}
	_, answer := v.do(http.MethodPost, "/api/v1/users/login", "application/x-www-form-urlencoded",
		url.Values{"username": {"bia@example.com"}, "password": {password}}.Encode())
	v.read(answer, &session)
	v.token = session.Access
	return v
}

// want sends a request that has to succeed, and reads its answer.
func (v *visitor) want(method, path string, in, out any) {
	v.t.Helper()
	code, answer := v.send(method, path, in)
	if code >= 300 {
		v.t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	if out != nil {
		v.read(answer, out)
	}
}

type session struct {
	Name   string `json:"instance_name"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
}

// connect starts a session and returns its name and the text of its QR code.
func (v *visitor) connect(provider string) (name, code string) {
	v.t.Helper()
	var made, qr session
	v.want(http.MethodPost, "/api/v1/whatsapp/connect", map[string]any{"provider": provider}, &made)
	v.want(http.MethodGet, "/api/v1/whatsapp/qr", nil, &qr)
	return made.Name, qr.Code
}

// await asks for the status until it fits.
func (s *street) await(v *visitor, fits func(session) bool) (now session) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		v.want(http.MethodGet, "/api/v1/whatsapp/status", nil, &now)
		if fits(now) {
			return now
		}
		select {
		case <-s.ctx.Done():
			s.t.Fatalf("the status stays %+v", now)
		case <-tick.C:
		}
	}
}

func connected(s session) bool { return s.Status == "connected" }

// join lets the tenant's server watch and post.
func (s *street) join(v *visitor) {
	s.t.Helper()
	var groups []struct {
		JID string `json:"source_group_id"`
	}
	v.want(http.MethodPost, "/api/v1/whatsapp/discover-groups", map[string]any{}, &groups)
	for _, g := range []*fakewhatsapp.Group{s.source, s.target} {
		if !slices.ContainsFunc(groups, func(found struct {
			JID string `json:"source_group_id"`
		}) bool {
			return found.JID == string(g.JID())
		}) {
			s.t.Fatalf("%s is not among the groups %v", g.JID(), groups)
		}
	}
	v.want(http.MethodPost, "/api/v1/groups/source", map[string]any{"source_group_id": string(s.source.JID())}, nil)
	v.want(http.MethodPost, "/api/v1/groups/destination", map[string]any{"destination_group_id": string(s.target.JID())}, nil)
	v.want(http.MethodPost, "/api/v1/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "bia-20"}, nil)
}

// offer has Ana post a product with somebody's tag, and waits for the tenant's post of it.
func (s *street) offer(asin string) fakewhatsapp.Post {
	s.t.Helper()
	s.post(asin)
	return s.reposted(asin)
}

func (s *street) post(asin string) {
	s.t.Helper()
	_, err := s.ana.PostText(s.source.JID(), "Fone "+asin+" R$ 10,00\nhttps://www.amazon.com.br/dp/"+asin+"?tag=ana-20")
	s.must(err)
}

func (s *street) reposted(asin string) fakewhatsapp.Post {
	s.t.Helper()
	p, err := s.world.WaitPosted(s.ctx, func(p fakewhatsapp.Post) bool {
		return p.Group == s.target.JID() && strings.Contains(p.Text, asin)
	})
	s.must(err)
	if !strings.Contains(p.Text, "tag=bia-20") || strings.Contains(p.Text, "ana-20") {
		s.t.Fatalf("posted %q", p.Text)
	}
	return p
}

// posts are the tenant's posts of a product.
func (s *street) posts(asin string) (all []fakewhatsapp.Post) {
	for _, p := range s.world.PostedIn(s.target.JID()) {
		if strings.Contains(p.Text, asin) {
			all = append(all, p)
		}
	}
	return all
}

// TestWhatsAppInThisProcess is a customer's first day with sessions in the process: what
// arrives on the other phone is the offer with the customer's tag.
func TestWhatsAppInThisProcess(t *testing.T) {
	s := newStreet(t)
	server := s.settings(roleSets()["all"])
	var log lockedBuffer
	server.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	at, stop := serve(t, server)
	v := s.registered("http://" + at)
	name, code := v.connect("whatsmeow")
	s.must(s.server.Scan(s.bia, name, code))
	s.await(v, connected)
	s.join(v)
	s.offer("B0TESTE001")

	var gone struct {
		Cleanup string `json:"provider_cleanup"`
	}
	v.want(http.MethodDelete, "/api/v1/whatsapp/disconnect", nil, &gone)
	if gone.Cleanup != "done" || s.server.Linked(name) {
		t.Errorf("after disconnecting: cleanup %q, linked %v", gone.Cleanup, s.server.Linked(name))
	}
	// Again, with another session and by code this time; what was set up is still there.
	name, _ = v.connect("")
	var typed struct {
		Code string `json:"code"`
	}
	v.want(http.MethodPost, "/api/v1/whatsapp/pairing-code", map[string]any{"phone": "+55 (11) 90000-0002"}, &typed)
	s.must(s.server.EnterCode(s.ctx, s.bia, name, typed.Code))
	s.await(v, connected)
	s.offer("B0TESTE002")
	s.must(stop())
	text := log.String()
	if !strings.Contains(text, "offer stored") {
		t.Fatalf("the log does not tell of the day, so it proves nothing:\n%s", text)
	}
	for what, canary := range map[string]string{
		"QR code": code, "pairing code": typed.Code, "phone number": biasNumber, "message": "Fone B0TESTE001", "group's name": "VIP da Bia",
	} {
		if strings.Contains(text, canary) {
			t.Errorf("the log shows the %s", what)
		}
	}
}

// TestPreviewSaysTheShop holds what is shown beneath a text to what its link says.
func TestPreviewSaysTheShop(t *testing.T) {
	stores, err := newStores(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	show := storefront(stores)
	for link, want := range map[string]string{
		"https://www.amazon.com.br/dp/B0TESTE001?tag=bia-20": "Amazon www.amazon.com.br",
		"https://loja.example/produto":                       "",
		"":                                                   "",
	} {
		p, ok := show(link)
		if got := strings.TrimSpace(p.Title + " " + p.Description); got != want || ok != (want != "") {
			t.Errorf("%s shows %q, want %q", link, got, want)
		}
	}
}

// TestSessionsSurviveARestart stops the server in order and starts it again on the same data.
func TestSessionsSurviveARestart(t *testing.T) {
	s := newStreet(t)
	server := s.settings(roleSets()["all"])
	at, stop := serve(t, server)
	v := s.registered("http://" + at)
	name, code := v.connect("whatsmeow")
	s.must(s.server.Scan(s.bia, name, code))
	s.await(v, connected)
	s.join(v)
	s.offer("B0TESTE001")
	s.must(stop())
	s.must(s.server.WaitConnected(s.ctx, name, false))
	s.post("B0TESTE002") // while nobody is there
	_, stop = serve(t, server)
	s.reposted("B0TESTE002")
	s.offer("B0TESTE003")
	s.must(stop())
}

// TestWhatsAppOutOfReach has a server without the internet: it says so and goes on trying.
func TestWhatsAppOutOfReach(t *testing.T) {
	s := newStreet(t)
	s.server.SetOffline(true)
	at, stop := serve(t, s.settings(roleSets()["all"]))
	v := s.registered("http://" + at)
	v.want(http.MethodPost, "/api/v1/whatsapp/connect", map[string]any{}, nil)
	now := s.await(v, func(now session) bool { return now.Reason != "" })
	if now.Status != "connecting" || now.Reason != string(core.ReasonWhatsAppUnreachable) || !strings.Contains(now.Detail, "internet") {
		t.Errorf("the status is %+v", now)
	}
	s.server.SetOffline(false)
	var qr session
	for tick := time.Tick(50 * time.Millisecond); qr.Code == ""; <-tick {
		if code, answer := v.send(http.MethodGet, "/api/v1/whatsapp/qr", nil); code == http.StatusOK {
			v.read(answer, &qr)
		} else if s.ctx.Err() != nil {
			t.Fatalf("no QR code came: %s", answer)
		}
	}
	s.must(s.server.Scan(s.bia, now.Name, qr.Code))
	s.await(v, connected)
	s.must(stop())
}

// TestConsoleLinksByCode goes through the console as a browser without scripts does.
func TestConsoleLinksByCode(t *testing.T) {
	s := newStreet(t)
	at, stop := serve(t, s.settings(roleSets()["all"]))
	v := s.registered("http://" + at)
	jar, err := cookiejar.New(nil)
	s.must(err)
	b := &browser{t: t, base: "http://" + at, client: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}}
	b.open("/login")
	b.submit("/login", url.Values{"email": {"bia@example.com"}, "password": {"uma-senha-boa"}})
	b.open("/whatsapp")
	for _, part := range []string{`type="radio" name="provider" value="whatsmeow" checked data-serverless`, "Direto pelo AutoPromo", `value="evolution"`, `name="api_url"`} {
		if !strings.Contains(b.page, part) {
			t.Errorf("the page that connects does not show %s", part)
		}
	}
	b.submit("/whatsapp/connect", url.Values{"provider": {"whatsmeow"}})
	if !strings.Contains(b.page, "Conectar com código") || !strings.Contains(b.page, "/whatsapp/qr.png") {
		t.Fatalf("the page that waits:\n%s", b.page)
	}
	b.submit("/whatsapp/code", url.Values{"phone": {"0"}})
	if !strings.Contains(b.page, "Informe o número do celular") {
		t.Error("a wrong number is not refused")
	}
	b.submit("/whatsapp/code", url.Values{"phone": {"+55 11 90000-0002"}})
	code := regexp.MustCompile(`<code>([^<]+)</code>`).FindStringSubmatch(b.page)
	if code == nil {
		t.Fatalf("no code is shown:\n%s", b.page)
	}
	var now session
	v.want(http.MethodGet, "/api/v1/whatsapp/status", nil, &now)
	s.must(s.server.EnterCode(s.ctx, s.bia, now.Name, code[1]))
	for tick := time.Tick(20 * time.Millisecond); !strings.Contains(b.page, "Tudo certo"); <-tick {
		if s.ctx.Err() != nil {
			t.Fatalf("it never says connected:\n%s", b.page)
		}
		b.open("/whatsapp")
	}
	s.must(stop())
}

// browser keeps cookies and the page it is on.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	page   string
}

func (b *browser) open(path string) { b.do(http.MethodGet, path, nil) }

// submit fills in the form of the page.
func (b *browser) submit(action string, form url.Values) {
	b.t.Helper()
	csrf := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(b.page)
	if csrf == nil {
		b.t.Fatalf("there is no form for %s:\n%s", action, b.page)
	}
	form.Set("csrf", csrf[1])
	b.do(http.MethodPost, action, form)
}

func (b *browser) do(method, path string, form url.Values) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 500 {
		b.t.Fatalf("%s %s: %d, %v", method, path, response.StatusCode, err)
	}
	b.page = html.UnescapeString(string(page))
}

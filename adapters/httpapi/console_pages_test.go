package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// From nothing to a repost, with forms alone: no page needs JavaScript.
func TestConsoleWithoutJavaScript(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	h.run()
	ana, err := h.world.AddPhone("5511900000001", "Ana Ofertas")
	h.must(err)
	maria, err := h.world.AddPhone("5511900000002", "Maria")
	h.must(err)
	source, err := h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achadinhos da Ana", Admins: []*fakewhatsapp.Phone{ana}})
	h.must(err)
	source.Add(maria)
	target, err := h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Ofertas da Maria", Admins: []*fakewhatsapp.Phone{maria}})
	h.must(err)

	b := h.browser("pt-BR")
	b.join("maria@exemplo.com.br")
	b.shows("Primeiros passos", "Conecte o WhatsApp", `href="/whatsapp"`)
	b.open("/whatsapp")
	b.submit(200, "/whatsapp/connect")
	b.shows("Leia o QR code", `http-equiv="refresh"`)
	picture := regexp.MustCompile(`/whatsapp/qr\.png\?code=\w+`).FindString(b.page)
	if png := b.do(200, http.MethodGet, picture, nil); !strings.HasPrefix(png, "\x89PNG") {
		t.Errorf("no picture at %q", picture)
	}
	h.must(h.evolution.Scan(h.evolution.Instances()[0].Name, maria))
	h.eventually("the page says connected", func() bool { return strings.Contains(b.open("/whatsapp"), "Tudo certo") })
	b.shows("+55 11 90000-0002")

	b.open("/groups")
	b.shows("Nenhum grupo ainda")
	b.submit(200, "/groups/discover")
	b.shows("Achadinhos da Ana", "Ofertas da Maria", "2 participantes")
	b.submit(200, "/groups", "jid", string(source.JID()), "name", "Achadinhos da Ana", "action", "watch")
	b.shows("serão repostadas")
	b.submit(200, "/groups", "jid", string(source.JID()), "name", "Achadinhos da Ana", "action", "post")
	b.shows("não pode ser também um destino", `role="alert"`)
	b.submit(200, "/groups", "jid", string(target.JID()), "name", "Ofertas da Maria", "action", "post")
	if page := b.open("/groups?q=ACHADÍNHOS"); !strings.Contains(page, "Achadinhos da Ana") || strings.Contains(page, `data-text="Ofertas da Maria"`) {
		t.Error("the search does not filter, or minds accents")
	}

	b.open("/stores/amazon")
	b.submit(422, "/stores/amazon", "marketplace", "amazon.com.br", "f.tag", "com espaço")
	b.shows("Valor inválido", `value="com espaço"`)
	b.submit(200, "/stores/amazon", "marketplace", "amazon.com.br", "f.tag", "maria-20")
	b.shows("Tag salva", "maria-20")
	_, err = ana.PostText(source.JID(), "*Fone* por R$ 199,90\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20")
	h.must(err)
	h.eventually("the offer is sent", func() bool { return strings.Contains(b.open("/"), `badge good">Enviada`) })
	if strings.Contains(b.page, "Primeiros passos") {
		t.Error("the checklist is done and still there")
	}
	b.open(regexp.MustCompile(`/offers/[0-9a-f-]{36}`).FindString(b.page))
	b.shows("<del>https://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20</del>", "tag=maria-20", "<ins>", "Ofertas da Maria", "R$ 199,90")

	b.open("/preview")
	b.submit(200, "/preview", "text", "iPhone https://loja-que-ninguem-conhece.com.br/x")
	b.shows("Ficaria retida", "/stores/template")
	_, err = ana.PostText(source.JID(), "iPhone https://loja-que-ninguem-conhece.com.br/x")
	h.must(err)
	h.eventually("the offer is held", func() bool { return strings.Contains(b.open("/attention"), "iPhone") })
	b.submit(200, "/whatsapp/disconnect")
	b.shows("WhatsApp desconectado.", "Conecte o seu WhatsApp")
}

func TestConsoleRules(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	b := h.browser("en")
	b.join("maria@exemplo.com.br")
	b.open("/rules")
	// The page holds every setting: sent back as it is, it changes nothing.
	form := formOf(b.page)
	before := h.engine.Tenant(h.tenantID("maria@exemplo.com.br"))
	old, err := before.Get(t.Context())
	h.must(err)
	b.do(200, http.MethodPost, "/rules", form)
	b.shows("Saved.")
	same, err := before.Get(t.Context())
	h.must(err)
	if got, want := settingsText(t, same.Settings), settingsText(t, old.Settings); got != want {
		t.Errorf("saving what was shown changed it:\n%s\n%s", got, want)
	}
	form.Set("window_start", "22:30")
	form.Set("min_price_cents", "1.299,90")
	form.Set("block_words", "usado\r\n\r\nfrete grátis")
	form.Del("warm_up")
	form.Set("blacklist_stores", "shopee")
	b.do(200, http.MethodPost, "/rules", form)
	b.shows(`value="22:30"`, `value="1299,90"`, "usado\nfrete grátis")
	changed, err := before.Get(t.Context())
	h.must(err)
	if s := changed.Settings; s.MinPrice.Cents != 129990 || s.Pacing.WarmUp || len(s.BlockedStores) != 1 || len(s.Words.Block) != 2 {
		t.Errorf("settings %+v", s)
	}
	form.Set("gap_min_seconds", "1")
	b.do(422, http.MethodPost, "/rules", form)
	b.shows("Value out of range", `value="1"`, `aria-invalid="true"`)
	form.Set("gap_min_seconds", "x")
	b.do(422, http.MethodPost, "/rules", form)
}

func settingsText(t *testing.T, s core.Settings) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "null", "[]")
}

func (h *house) tenantID(email string) core.TenantID {
	h.t.Helper()
	tenant, err := h.engine.TenantByEmail(h.t.Context(), email)
	h.must(err)
	return tenant.ID
}

var (
	inputTag    = regexp.MustCompile(`<input[^>]*>`)
	attribute   = regexp.MustCompile(`([\w-]+)="([^"]*)"`)
	selectTag   = regexp.MustCompile(`(?s)<select[^>]* name="([^"]+)".*?</select>`)
	chosen      = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	textareaTag = regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>`)
)

// formOf is what a browser would send of the fields on a page, as they are shown.
func formOf(page string) url.Values {
	form := url.Values{}
	for _, tag := range inputTag.FindAllString(page, -1) {
		a := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = m[2]
		}
		if box := a["type"] == "checkbox" || a["type"] == "radio"; a["name"] != "" && (!box || strings.Contains(tag, " checked")) {
			form.Set(a["name"], a["value"])
		}
	}
	for _, m := range selectTag.FindAllStringSubmatch(page, -1) {
		if c := chosen.FindStringSubmatch(m[0]); c != nil {
			form.Set(m[1], c[1])
		}
	}
	for _, m := range textareaTag.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func TestConsoleAccount(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	b, phone := h.browser("pt-BR"), h.browser("pt-BR")
	b.join("maria@exemplo.com.br")
	phone.open("/login")
	phone.submit(200, "/login", "email", "maria@exemplo.com.br", "password", password)
	b.open("/account")
	b.submit(422, "/account/password", "old_password", "nao-e-esta", "new_password", "outra-senha-boa")
	b.shows("Senha incorreta.")
	b.submit(422, "/account/password", "old_password", password, "new_password", "curta")
	b.submit(200, "/account/password", "old_password", password, "new_password", "outra-senha-boa")
	b.shows("Senha trocada.")
	if phone.open("/account"); phone.path != "/login" {
		t.Error("the old session still works")
	}
	phone.submit(200, "/login", "email", "maria@exemplo.com.br", "password", "outra-senha-boa", "next", "/account")
	b.open("/account")
	b.submit(200, "/account/sessions")
	if phone.open("/account"); phone.path != "/login" {
		t.Error("the session was not ended")
	}
	var export map[string]any
	h.must(json.Unmarshal([]byte(b.open("/account/export")), &export))
	if user := export["user"].(map[string]any); user["email"] != "maria@exemplo.com.br" || export["offers"] == nil {
		t.Errorf("export %v", export)
	}
	b.open("/account")
	b.submit(422, "/account/erase", "password", password)
	b.submit(200, "/account/erase", "password", "outra-senha-boa")
	b.shows("apagados")
	b.submit(422, "/login", "email", "maria@exemplo.com.br", "password", "outra-senha-boa")
	b.join("maria@exemplo.com.br")
}

func TestExportAndErase(t *testing.T) {
	h, all := neighbours(t, "bia", "caio")
	bia, caio := all[0], all[1]
	before := caio.everything()
	export := bia.do(200, "GET", "/account/export", nil)
	if strings.Contains(export.body, "canariocaio") || !strings.Contains(export.body, "canariobia") || strings.Contains(export.body, "segredo") {
		t.Errorf("export: %s", export.body)
	}
	all2 := export.json(t)
	if len(all2["offers"].([]any)) != 1 || len(all2["dead_letters"].([]any)) != 1 || len(all2["affiliate_tags"].([]any)) != 2 || all2["whatsapp"] == nil {
		t.Errorf("export: %s", export.body)
	}
	bia.problem(bia.do(401, "DELETE", "/account", map[string]any{"password": "errada-errada"}), 401, core.ReasonBadCredentials)
	bia.do(204, "DELETE", "/account", map[string]any{"password": password})
	bia.problem(bia.do(401, "GET", "/users/me", nil), 401, core.ReasonUnauthenticated)
	for _, i := range h.evolution.Instances() {
		if i.Name == bia.session {
			t.Error("the session is still at the provider")
		}
	}
	if caio.everything() != before {
		t.Error("another tenant changed")
	}
}

// listen reads events until one is wanted, and returns the lines read.
func (h *house) listen(path string, header http.Header, wanted func(string) bool) string {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+path, nil)
	h.must(err)
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%s: %d %v", path, res.StatusCode, res.Header)
	}
	var text strings.Builder
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if wanted(lines.Text()) {
			return text.String()
		}
	}
	h.t.Fatalf("%s: never heard it:\n%s", path, text.String())
	return ""
}

func TestEvents(t *testing.T) {
	h, all := neighbours(t, "bia", "caio")
	bia, caio := all[0], all[1]
	h.expect(401, "GET", "/api/v1/events", nil)
	header := http.Header{"Authorization": {"Bearer " + bia.token}}
	since := time.Now().Add(-time.Minute).UnixMicro()
	header.Set("Last-Event-Id", strings.TrimSpace(jsonText(since)))
	told := h.listen("/api/v1/events", header, func(line string) bool { return strings.Contains(line, bia.ids["deliveries"][0]) })
	for _, ids := range caio.ids {
		for _, id := range ids {
			if strings.Contains(told, id) {
				t.Errorf("bia was told of caio's %s:\n%s", id, told)
			}
		}
	}
	if !strings.Contains(told, "event: delivery") || !strings.Contains(told, `"state":"sent"`) || !strings.Contains(told, "id: ") {
		t.Errorf("events:\n%s", told)
	}
}

func jsonText(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestEventsEndWithTheServer(t *testing.T) {
	stopping, stop := context.WithCancel(t.Context())
	h := build(t, func(o *httpapi.Options) { o.Stopping = stopping })
	c := h.client("maria@exemplo.com.br")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+"/api/v1/events", nil)
	h.must(err)
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer res.Body.Close()
	stop()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
	}
}

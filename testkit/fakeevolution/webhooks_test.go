package fakeevolution_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// upserts are the deliveries of messages.upsert.
func (s *scene) upserts() []fakeevolution.Delivery {
	return slices.DeleteFunc(s.server.Deliveries(), func(d fakeevolution.Delivery) bool { return d.Event != "messages.upsert" })
}

func TestEnvelope(t *testing.T) {
	s := newScene(t, fakeevolution.Options{ServerURL: "https://evolution.example"})
	spec := s.spec("a")
	hook := spec["webhook"].(map[string]any)
	hook["byEvents"] = true
	hook["headers"] = map[string]string{"X-Secret": "s3cret", "jwt_key": "signing-key"}
	_, made := s.call("POST", "/instance/create", spec)
	s.must(s.server.Scan("a", s.bia))
	s.idle()
	s.hooks.take()
	before := time.Now().Truncate(time.Millisecond)
	s.say(s.ana, text("a < b & c"))
	s.idle()
	got := s.hooks.take()
	if len(got) != 1 || got[0].path != "/hooks/a/messages-upsert" || got[0].header.Get("X-Secret") != "s3cret" {
		t.Fatalf("webhooks: %+v", got)
	}
	body := got[0].body
	for field, want := range map[string]string{
		"event": "messages.upsert", "instance": "a", "server_url": "https://evolution.example",
		"sender": string(s.bia.JID()), "apikey": get[string](made, "hash"), "destination": s.hooks.server.URL + "/hooks/a/messages-upsert",
	} {
		if get[string](body, field) != want {
			t.Errorf("%s is %q, want %q", field, body[field], want)
		}
	}
	// The time is local and says it is not: three hours too early.
	shown, err := time.Parse("2006-01-02T15:04:05.000Z", get[string](body, "date_time"))
	if err != nil || shown.Before(before.Add(-3*time.Hour)) || shown.After(time.Now().Add(-3*time.Hour)) {
		t.Errorf("date_time %v: %v", body["date_time"], err)
	}

	if got[0].header.Get("jwt_key") != "" {
		t.Error("the signing key was sent")
	}
	jwt, bearer := strings.CutPrefix(got[0].header.Get("Authorization"), "Bearer ")
	parts := strings.Split(jwt, ".")
	if !bearer || len(parts) != 3 {
		t.Fatalf("authorization %q", got[0].header.Get("Authorization"))
	}
	mac := hmac.New(sha256.New, []byte("signing-key"))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if parts[2] != base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) {
		t.Error("bad signature")
	}
	var claims struct {
		Iat, Exp    int64
		App, Action string
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	s.must(err)
	s.must(json.Unmarshal(raw, &claims))
	if claims.Exp-claims.Iat != 600 || claims.App != "evolution" || claims.Action != "webhook" {
		t.Errorf("claims %+v", claims)
	}
}

func TestHiddenToken(t *testing.T) {
	s := newScene(t, fakeevolution.Options{HideTokens: true})
	s.create("a")
	s.idle()
	for _, h := range s.hooks.take() {
		if key, there := h.body["apikey"]; key != nil || !there {
			t.Errorf("%s shows apikey %v", h.event(), key)
		}
	}
}

func TestSubscription(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	set := func(webhook map[string]any) (int, any) {
		return s.call("POST", "/webhook/set/a", map[string]any{"webhook": webhook})
	}
	unknown := map[string]any{"enabled": true, "url": s.hooks.server.URL, "events": []string{"GROUPS_UPDATE"}}
	if status, body := set(unknown); status != 400 || !strings.Contains(get[string](body, "response", "message", 0, 0), "MESSAGES_UPSERT") {
		t.Errorf("unsubscribable event: %d %v", status, body)
	}
	if status, _ := set(map[string]any{"enabled": true, "url": s.hooks.server.URL}); status != 500 {
		t.Errorf("no events: %d", status)
	}
	if status, body := s.call("POST", "/webhook/set/a", map[string]any{"url": "x"}); status != 400 {
		t.Errorf("no wrapper: %d %v", status, body)
	}
	groups := map[string]any{
		"enabled": true, "url": s.hooks.server.URL, "events": []string{"GROUP_UPDATE", "GROUP_PARTICIPANTS_UPDATE"},
	}
	if status, body := set(groups); status != 201 || get[string](body, "url") != s.hooks.server.URL {
		t.Errorf("set: %d %v", status, body)
	}
	s.say(s.ana, text("not subscribed"))
	s.group.Rename("nobody hears of it")
	s.group.Promote(s.bia)
	s.idle()
	hooks := s.hooks.take()
	if got := names(hooks); !slices.Equal(got, []string{"group-participants.update"}) {
		t.Fatalf("webhooks %q", got)
	}
	if get[string](hooks[0].body, "data", "action") != "promote" || get[string](hooks[0].body, "data", "participants", 0) != string(s.bia.LID()) {
		t.Errorf("promotion: %v", hooks[0].body)
	}
	for _, silent := range []map[string]any{
		{"enabled": true, "url": "not-a-url", "events": []string{}},
		{"enabled": false, "url": s.hooks.server.URL, "events": []string{}},
	} {
		if status, _ := set(silent); status != 201 {
			t.Errorf("set %v: %d", silent, status)
		}
		s.say(s.ana, text("unheard"))
		s.idle()
		if got := s.hooks.take(); len(got) != 0 {
			t.Errorf("with %v: %q", silent, names(got))
		}
	}
	if _, body := s.call("GET", "/webhook/find/a", nil); get[bool](body, "enabled") {
		t.Errorf("find: %v", body)
	}
}

// TestRetries answers webhooks with statuses and looks at what the engine makes of them.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		answers []int
		want    fakeevolution.Outcome
	}{
		{[]int{200}, fakeevolution.Delivered},
		{[]int{204}, fakeevolution.Delivered},
		{[]int{299}, fakeevolution.Delivered},
		{[]int{400}, fakeevolution.Refused},
		{[]int{401}, fakeevolution.Refused},
		{[]int{403}, fakeevolution.Refused},
		{[]int{404}, fakeevolution.Refused},
		{[]int{422}, fakeevolution.Refused},
		{[]int{500, 200}, fakeevolution.Delivered},
		{[]int{302, 409, 429, 503, 202}, fakeevolution.Delivered},
		{[]int{503, 404}, fakeevolution.Refused},
		{[]int{500, 500, 500, 500, 500, 500, 500, 500, 500, 500}, fakeevolution.GaveUp},
	} {
		t.Run(fmt.Sprint(c.answers), func(t *testing.T) {
			s := newScene(t, fakeevolution.Options{RetryScale: 1e-6})
			s.open("a", s.bia)
			s.hooks.take()
			s.hooks.answer(c.answers...)
			s.say(s.ana, text("oferta"))
			s.idle()
			d := s.upserts()
			if len(d) != 1 || d[0].Outcome != c.want || !slices.Equal(d[0].Statuses, c.answers) {
				t.Errorf("deliveries %+v", d)
			}
			hooks := s.hooks.take()
			for _, h := range hooks {
				if fmt.Sprint(h.body) != fmt.Sprint(hooks[0].body) {
					t.Errorf("a retry differs: %v", h.body)
				}
			}
		})
	}
}

func TestRetryDoesNotHoldUpTheNext(t *testing.T) {
	s := newScene(t, fakeevolution.Options{RetryScale: 1e-6})
	s.open("a", s.bia)
	s.hooks.take()
	s.hooks.answer(503)
	first := s.say(s.ana, text("1"))
	second := s.say(s.ana, text("2"))
	s.idle()
	count := map[string]int{}
	for _, h := range s.hooks.take() {
		count[get[string](h.body, "data", "key", "id")]++
	}
	if count[string(first.ID)] != 2 || count[string(second.ID)] != 1 {
		t.Errorf("requests %v", count)
	}
}

func TestUnreachableReceiver(t *testing.T) {
	s := newScene(t, fakeevolution.Options{RetryScale: 1e-6, Retry: fakeevolution.Retry{MaxAttempts: 3}})
	s.open("a", s.bia)
	s.hooks.server.Close()
	s.say(s.ana, text("oferta"))
	s.idle()
	if d := s.upserts(); len(d) != 1 || d[0].Outcome != fakeevolution.GaveUp || !slices.Equal(d[0].Statuses, []int{0, 0, 0}) {
		t.Errorf("deliveries %+v", d)
	}
}

func TestRestartLosesRetries(t *testing.T) {
	s := newScene(t, fakeevolution.Options{RetryScale: 1}) // real time: no retry happens here
	s.open("a", s.bia)
	s.hooks.take()
	s.hooks.answer(503)
	s.say(s.ana, text("lost for good"))
	s.waitAttempt()
	s.server.RestartServer()
	s.idle()
	if d := s.upserts(); len(d) != 1 || d[0].Outcome != fakeevolution.Lost {
		t.Errorf("deliveries %+v", d)
	}
	s.say(s.ana, text("seen"))
	s.idle()
	want := []string{"messages.upsert", "connection.update connecting", "connection.update open", "messages.upsert"}
	if got := names(s.hooks.take()); !slices.Equal(got, want) {
		t.Errorf("webhooks %q", got)
	}
}

// waitAttempt waits for the first answer to a messages.upsert.
func (s *scene) waitAttempt() {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if d := s.upserts(); len(d) > 0 && len(d[0].Statuses) > 0 {
			return
		}
		select {
		case <-deadline:
			s.t.Fatal("no attempt")
		case <-time.Tick(time.Millisecond):
		}
	}
}

func TestCloseEndsRetries(t *testing.T) {
	s := newScene(t, fakeevolution.Options{RetryScale: 1})
	s.open("a", s.bia)
	s.hooks.answer(503)
	s.say(s.ana, text("x"))
	s.waitAttempt()
	s.server.Close()
	s.server.Close()
	if d := s.upserts(); d[0].Outcome != fakeevolution.Lost {
		t.Errorf("deliveries %+v", d)
	}
	s.idle()
	if status, _ := s.sendText("a", "still answers"); status != 201 {
		t.Errorf("send after Close: %d", status)
	}
}

func TestWebhookFaults(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.open("b", s.ana)
	s.hooks.take()
	texts := func() string {
		s.t.Helper()
		s.idle()
		list := []string{}
		for _, h := range s.hooks.take() {
			if h.event() == "messages.upsert" && h.path == "/hooks/a" {
				list = append(list, get[string](h.body, "data", "message", "conversation"))
			}
		}
		return strings.Join(list, " ")
	}
	for _, c := range []struct {
		do   fakeevolution.WebhookAction
		want string
	}{{"", "1 2 3"}, {fakeevolution.Lose, "2 3"}, {fakeevolution.Duplicate, "1 1 2 3"}, {fakeevolution.Swap, "2 1 3"}, {fakeevolution.Hold, "2 3"}} {
		if c.do != "" {
			s.server.NextWebhook(fakeevolution.WebhookFault{Do: c.do, Event: "messages.upsert", Instance: "a"})
		}
		for _, n := range []string{"1", "2", "3"} {
			s.say(s.ana, text(n))
		}
		if got := texts(); got != c.want {
			t.Errorf("%q: got %q, want %q", c.do, got, c.want)
		}
	}
	s.server.ReleaseWebhooks()
	if got := texts(); got != "1" {
		t.Errorf("released %q", got)
	}
}

func TestLateEcho(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	s.server.NextWebhook(fakeevolution.WebhookFault{Do: fakeevolution.Hold, Event: "send.message"})
	s.server.Next(fakeevolution.Reset().AfterPosting())
	if _, _, err := s.try("POST", "/message/sendText/a", globalKey, map[string]any{"number": s.group.JID(), "text": "oferta"}); err == nil {
		t.Error("the connection was not reset")
	}
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"messages.update"}) {
		t.Errorf("before: %q", got)
	}
	s.server.ReleaseWebhooks()
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"send.message"}) {
		t.Errorf("after: %q", got)
	}
}

func TestConcurrentWebhooks(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	s.server.SetQuirks(fakeevolution.Quirks{ConcurrentWebhooks: true})
	const n = 5
	arrived, release := make(chan struct{}), make(chan struct{})
	s.hooks.mu.Lock()
	s.hooks.before = func() { arrived <- struct{}{}; <-release }
	s.hooks.mu.Unlock()
	for i := range n {
		s.say(s.ana, fakewhatsapp.Message{Text: fmt.Sprint(i)})
	}
	for i := range n {
		select {
		case <-arrived:
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d webhooks at once", i)
		}
	}
	close(release)
	s.idle()
}

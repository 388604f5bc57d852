package wiring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestNoSecretsInLogs drives the server through a customer's first day, with the failures
// that tempt a program to log what it was given, and looks for all of it in the log.
func TestNoSecretsInLogs(t *testing.T) {
	const (
		password  = "canary-password-1"
		adminKey  = "canary-admin-key"
		wrongKey  = "canary-wrong-key"
		message   = "canary-message-text"
		number    = "5511900000002"
		hookToken = "canary-hook-token"
	)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	provider, err := fakeevolution.New(world, fakeevolution.Options{APIKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(provider)
	defer server.Close()
	defer provider.Close()
	ana, errAna := world.AddPhone("5511900000001", "Ana")
	bia, errBia := world.AddPhone(number, "Bia")
	if err := errors.Join(errAna, errBia); err != nil {
		t.Fatal(err)
	}
	source, errSource := world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{ana}, Members: []*fakewhatsapp.Phone{bia}})
	target, errTarget := world.AddGroup(fakewhatsapp.GroupSpec{Subject: "VIP", Admins: []*fakewhatsapp.Phone{bia}})
	if err := errors.Join(errSource, errTarget); err != nil {
		t.Fatal(err)
	}

	var log lockedBuffer
	s := settings(t, roleSets()["all"])
	s.Config.EvolutionURL, s.Config.EvolutionAPIKey, s.Config.PacingOff = server.URL, core.NewSecret(adminKey), true
	s.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	address, stop := serve(t, s)
	api := &visitor{t: t, base: "http://" + address}

	api.send(http.MethodPost, "/api/v1/users/register", map[string]any{"email": "bia@example.com", "password": password})
	api.send(http.MethodPost, "/api/v1/users/login", map[string]any{"username": "bia@example.com", "password": password + "-wrong"})
	form := url.Values{"username": {"bia@example.com"}, "password": {password}}
	var session struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	_, answer := api.do(http.MethodPost, "/api/v1/users/login", "application/x-www-form-urlencoded", form.Encode())
	api.read(answer, &session)
	if session.Access == "" || session.Refresh == "" {
		t.Fatal("the log-in gave no tokens")
	}
	api.token = session.Access
	api.send(http.MethodPost, "/api/v1/whatsapp/connect", map[string]any{"api_url": server.URL, "api_key": wrongKey})
	var instance struct {
		Name string `json:"instance_name"`
		QR   string `json:"qr_code"`
	}
	_, answer = api.send(http.MethodPost, "/api/v1/whatsapp/connect", map[string]any{})
	api.read(answer, &instance)
	if err := provider.Scan(instance.Name, bia); err != nil {
		t.Fatal(err)
	}
	if err := provider.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, group := range []struct{ path, field, jid string }{
		{"/api/v1/groups/source", "source_group_id", string(source.JID())},
		{"/api/v1/groups/destination", "destination_group_id", string(target.JID())},
	} {
		if status, body := api.send(http.MethodPost, group.path, map[string]any{group.field: group.jid}); status >= 300 {
			t.Fatalf("%s: %d %s", group.path, status, body)
		}
	}
	api.send(http.MethodPost, "/api/v1/affiliate-tags", map[string]any{"store_slug": "amazon", "tag_code": "bia-20"})
	api.send(http.MethodPost, "/hooks/evolution/"+hookToken, map[string]any{"event": "messages.upsert", "apikey": wrongKey, "data": message})
	api.do(http.MethodPost, "/hooks/evolution/"+hookToken, "application/json", "{"+message)
	provider.Next(fakeevolution.GroupsOverlimit())
	api.send(http.MethodPost, "/api/v1/whatsapp/discover-groups", map[string]any{})
	provider.Next(fakeevolution.Reset()) // the first send has an unknown outcome
	for _, asin := range []string{"B0TESTE001", "B0TESTE002"} {
		if _, err := ana.PostText(source.JID(), message+" R$ 10,00\nhttps://www.amazon.com.br/dp/"+asin); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := world.WaitPosted(ctx, func(p fakewhatsapp.Post) bool { return p.Group == target.JID() }); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	text := log.String()
	if !strings.Contains(text, "offer stored") {
		t.Fatalf("the log does not tell of the day, so it proves nothing:\n%s", text)
	}
	canaries := map[string]string{
		"password": password, "provider key": adminKey, "refused provider key": wrongKey, "message text": message,
		"phone number": number, "e-mail": "bia@example.com", "access token": session.Access, "refresh token": session.Refresh,
		"QR code": instance.QR, "unknown webhook token": hookToken,
	}
	for _, call := range provider.Calls() {
		if found := webhookURL.FindSubmatch(call.Body); found != nil {
			canaries["webhook token"] = string(found[1])
		}
	}
	if len(canaries["webhook token"]) < 20 {
		t.Errorf("no webhook token was seen at the provider: %q", canaries["webhook token"])
	}
	for what, canary := range canaries {
		if canary == "" {
			t.Errorf("no %s to look for", what)
		} else if strings.Contains(text, canary) {
			t.Errorf("the log shows the %s", what)
		}
	}
}

var webhookURL = regexp.MustCompile(`/hooks/evolution/([^"/]+)"`)

// visitor uses the API as a program of a customer would.
type visitor struct {
	t           *testing.T
	base, token string
}

func (v *visitor) send(method, path string, in any) (int, string) {
	v.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(method, path, "application/json", string(body))
}

func (v *visitor) do(method, path, kind, body string) (int, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func (v *visitor) read(body string, out any) {
	v.t.Helper()
	if err := json.Unmarshal([]byte(body), out); err != nil {
		v.t.Fatalf("%v in %s", err, body)
	}
}

package evolution

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// answering returns a gateway and a session whose server answers everything the same.
func answering(t *testing.T, answer http.HandlerFunc) (*Gateway, gateway.Session) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	g, err := New(Options{Client: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return g, gateway.Session{Name: "autopromo_1", ServerURL: server.URL, ServerKey: core.NewSecret("key")}
}

func failure(status int, message string) string {
	return fmt.Sprintf(`{"status":%d,"error":"x","response":{"message":%s}}`, status, message)
}

func TestSendFailures(t *testing.T) {
	text := gateway.Outbound{To: chat, Text: "Timed Out forbidden"}
	image := gateway.Outbound{To: chat, Media: &gateway.Media{Kind: core.Image, Data: []byte{1}}}
	for _, c := range []struct {
		status int
		body   string
		out    gateway.Outbound
		kind   gateway.Kind
	}{
		{400, failure(400, `["Error: Timed Out"]`), text, gateway.KindUnknown},
		{400, failure(400, `["Error: Connection Closed"]`), text, gateway.KindUnknown},
		{400, failure(400, `["Error: not-acceptable"]`), text, gateway.KindForbidden},
		{400, failure(400, `"Error: forbidden\n    at send (x.js:1)"`), text, gateway.KindForbidden},
		{400, failure(400, `["SessionError: No sessions"]`), text, gateway.KindTemporary},
		{400, failure(400, `["Error: rate-overlimit"]`), text, gateway.KindRateLimited},
		{400, failure(400, `[["instance requires property \"text\""]]`), text, gateway.KindInvalid},
		{400, failure(400, `[{"property":"text","message":"Text is required"}]`), text, gateway.KindInvalid},
		{400, failure(400, "[\"Invalid `this.prismaRepository.message.create()` invocation: Error: forbidden\"]"), text, gateway.KindUnknown},
		{500, failure(500, "[\"Invalid `this.prismaRepository.instance.findUnique()` invocation\"]"), text, gateway.KindTemporary},
		{400, failure(400, `["a message that says Error: forbidden"]`), text, gateway.KindUnknown},
		{400, failure(400, `["something new"]`), text, gateway.KindUnknown},
		{400, failure(400, `["[object Object]","something new"]`), text, gateway.KindUnknown},
		{500, failure(500, `"Internal server error"`), text, gateway.KindUnknown},
		{500, failure(500, `["Error: connect ECONNREFUSED 10.0.0.1:443"]`), image, gateway.KindMediaUnavailable},
		{500, failure(500, `["Error: connect ECONNREFUSED 10.0.0.1:443"]`), text, gateway.KindUnknown},
		{401, "", text, gateway.KindAuth},
		{403, "<html>", text, gateway.KindUnknown},
		{404, failure(404, `["The \"autopromo_1\" instance does not exist"]`), text, gateway.KindNotFound},
		{404, failure(404, `["Cannot POST /message/sendText/x"]`), text, gateway.KindInvalid},
		{404, "<html>", text, gateway.KindUnknown},
		{413, "<html>", image, gateway.KindTooLarge},
		{503, `{"error":"service not activated","code":"LICENSE_REQUIRED","message":"x"}`, text, gateway.KindLicense},
		{503, `{"error":"busy"}`, text, gateway.KindUnknown},
		{502, "<html>", text, gateway.KindUnknown},
		{302, "", text, gateway.KindUnknown},
		{201, "", text, gateway.KindUnknown},
		{201, "<html>", text, gateway.KindUnknown},
		{201, "[]", text, gateway.KindUnknown},
		{200, `{"error":true,"message":"[object Object]"}`, text, gateway.KindUnknown},
		{201, "{}", text, ""},
		{200, `{"ok":true}`, text, gateway.KindUnknown},
		{201, `{"status":"PENDING"}`, text, ""},
		{201, `{"key":{"remoteJid":"120363999@g.us","id":"3EB0"}}`, text, ""},
	} {
		g, s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		_, err := g.Send(t.Context(), s, c.out)
		if got := gateway.KindOf(err); got != c.kind {
			t.Errorf("%d %.90s: kind %q, want %q", c.status, c.body, got, c.kind)
		}
		if err != nil && strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("the error quotes the server: %v", err)
		}
	}
}

// TestSendRefusedWithoutReason covers "[object Object]", whose cause two look-ups find.
func TestSendRefusedWithoutReason(t *testing.T) {
	for name, c := range map[string]struct {
		state  string
		status int
		info   string
		want   gateway.Kind
	}{
		"closed":    {"close", 200, `{}`, gateway.KindNotConnected},
		"gone":      {"open", 404, failure(404, `["Error fetching group","Error: item-not-found"]`), gateway.KindNotFound},
		"throttled": {"open", 404, failure(404, `["Error fetching group","Error: rate-overlimit"]`), gateway.KindRateLimited},
		"there":     {"open", 200, `{"id":"120363111111111111@g.us"}`, gateway.KindTemporary},
		"unclear":   {"open", 404, failure(404, `["something new"]`), gateway.KindTemporary},
	} {
		sent := 0
		g, s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/message/"):
				sent++
				w.WriteHeader(400)
				_, _ = io.WriteString(w, failure(400, `["[object Object]"]`))
			case strings.HasPrefix(r.URL.Path, "/instance/connectionState/"):
				_, _ = fmt.Fprintf(w, `{"instance":{"state":%q}}`, c.state)
			default:
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.info)
			}
		})
		_, err := g.Send(t.Context(), s, gateway.Outbound{To: chat, Text: "oi"})
		if got := gateway.KindOf(err); got != c.want || sent != 1 {
			t.Errorf("%s: kind %q after %d sends, want %q after one", name, got, sent, c.want)
		}
	}
}

func TestOtherFailures(t *testing.T) {
	provision := func(g *Gateway, s gateway.Session) error {
		_, err := g.Provision(t.Context(), s, gateway.Webhook{URL: "https://x.example/h", Secret: core.NewSecret("s")})
		return err
	}
	groups := func(g *Gateway, s gateway.Session) error {
		_, err := g.Groups(t.Context(), s)
		return err
	}
	status := func(g *Gateway, s gateway.Session) error {
		_, err := g.Status(t.Context(), s)
		return err
	}
	connect := func(g *Gateway, s gateway.Session) error {
		_, err := g.Connect(t.Context(), s)
		return err
	}
	remove := func(g *Gateway, s gateway.Session) error { return g.Delete(t.Context(), s) }
	media := func(g *Gateway, s gateway.Session) error {
		_, err := g.FetchMedia(t.Context(), s, core.Media{Handle: []byte(`{}`)}, 100)
		return err
	}
	for _, c := range []struct {
		name   string
		call   func(*Gateway, gateway.Session) error
		status int
		body   string
		kind   gateway.Kind
	}{
		{"taken name", provision, 403, failure(403, `["This name \"autopromo_1\" is already in use."]`), gateway.KindAlreadyExists},
		{"other 403", provision, 403, failure(403, `["no"]`), gateway.KindAuth},
		{"creation broke", provision, 500, failure(500, `["x"]`), gateway.KindUnknown},
		{"creation unreadable", provision, 201, "<html>", gateway.KindUnknown},
		{"never connected", groups, 500, failure(500, `"Cannot convert undefined or null to object"`), gateway.KindNotConnected},
		{"throttled", groups, 500, failure(500, `"rate-overlimit"`), gateway.KindRateLimited},
		{"unknown session", status, 404, failure(404, `["The \"autopromo_1\" instance does not exist"]`), gateway.KindNotFound},
		{"proxy's 404", status, 404, "<html>", gateway.KindTemporary},
		{"redirect", status, 308, "", gateway.KindInvalid},
		{"license", status, 503, `{"code":"LICENSE_REQUIRED"}`, gateway.KindLicense},
		{"error in a 200", connect, 200, `{"error":true,"message":"[object Object]"}`, gateway.KindTemporary},
		{"already deleted", remove, 404, failure(404, `["The \"autopromo_1\" instance does not exist"]`), ""},
		{"deletion at a wrong address", remove, 404, failure(404, `["Cannot DELETE /x"]`), gateway.KindInvalid},
		{"media gone", media, 400, failure(400, `["Message not found"]`), gateway.KindMediaUnavailable},
		{"media too large", media, 201, `{"base64":"` + strings.Repeat("AAAA", 50) + `"}`, gateway.KindMediaUnavailable},
		{"media unreadable", media, 201, `{"base64":"???"}`, gateway.KindMediaUnavailable},
	} {
		g, s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		if got := gateway.KindOf(c.call(g, s)); got != c.kind {
			t.Errorf("%s: kind %q, want %q", c.name, got, c.kind)
		}
	}
}

// TestVersion1IsRefused has a server make a session that could neither hear nor speak: it must
// not stay.
func TestVersion1IsRefused(t *testing.T) {
	var calls []string
	g, s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Method+" "+r.URL.Path)
		_, _ = io.WriteString(w, `{"instance":{"instanceName":"autopromo_1"},"hash":{"apikey":"TOKEN"}}`)
	})
	_, err := g.Provision(t.Context(), s, gateway.Webhook{URL: "https://x.example/h", Secret: core.NewSecret("s")})
	if gateway.KindOf(err) != gateway.KindVersion {
		t.Errorf("version 1 gave %v", err)
	}
	if last := calls[len(calls)-1]; last != "DELETE /instance/delete/autopromo_1" {
		t.Errorf("the last call is %s, want the session removed", last)
	}
}

func TestProvisionReadsTheToken(t *testing.T) {
	for body, want := range map[string]string{
		`{"hash":"TOKEN"}`: "TOKEN", `{"hash":7}`: "", `{}`: "",
	} {
		g, s := answering(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Apikey") != "key" {
				w.WriteHeader(401)
			}
			_, _ = io.WriteString(w, body)
		})
		p, err := g.Provision(t.Context(), s, gateway.Webhook{URL: "https://x.example/h", Secret: core.NewSecret("s")})
		if err != nil || p.Token.Reveal() != want {
			t.Errorf("%s: token %q, error %v", body, p.Token.Reveal(), err)
		}
	}
}

func TestTLSFailureIsNoSend(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	g, err := New(Options{Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	s := gateway.Session{Name: "autopromo_1", ServerURL: server.URL, ServerKey: core.NewSecret("key")}
	_, err = g.Send(t.Context(), s, gateway.Outbound{To: chat, Text: "oi"})
	var e *gateway.Error
	if !errors.As(err, &e) || e.Kind != gateway.KindTemporary || e.Code != gatewayhttp.CodeTLS {
		t.Errorf("a certificate nobody signed: %v", err)
	}
}

func TestRefusedBeforeAnyCall(t *testing.T) {
	calls := 0
	g, s := answering(t, func(http.ResponseWriter, *http.Request) { calls++ })
	for name, change := range map[string]func(*gateway.Session, *gateway.Outbound){
		"name":     func(s *gateway.Session, _ *gateway.Outbound) { s.Name = "../x" },
		"scheme":   func(s *gateway.Session, _ *gateway.Outbound) { s.ServerURL = "file:///etc" },
		"user":     func(s *gateway.Session, _ *gateway.Outbound) { s.ServerURL = "http://a:b@localhost" },
		"query":    func(s *gateway.Session, _ *gateway.Outbound) { s.ServerURL += "?x=1" },
		"no key":   func(s *gateway.Session, _ *gateway.Outbound) { s.ServerKey = core.Secret{} },
		"odd key":  func(s *gateway.Session, _ *gateway.Outbound) { s.ServerKey = core.NewSecret("a\r\nb") },
		"person":   func(_ *gateway.Session, m *gateway.Outbound) { m.To = "5511900000000@s.whatsapp.net" },
		"blank":    func(_ *gateway.Session, m *gateway.Outbound) { m.Text = " \n" },
		"bytes":    func(_ *gateway.Session, m *gateway.Outbound) { m.Text = "\xff" },
		"no media": func(_ *gateway.Session, m *gateway.Outbound) { m.Media = &gateway.Media{Kind: core.Image} },
	} {
		session, out := s, gateway.Outbound{To: chat, Text: "oi"}
		change(&session, &out)
		_, err := g.Send(context.Background(), session, out)
		if kind := gateway.KindOf(err); kind != gateway.KindInvalid && kind != gateway.KindAuth {
			t.Errorf("%s: kind %q", name, kind)
		}
	}
	if calls != 0 {
		t.Errorf("%d calls were made", calls)
	}
}

func TestNewNeedsAClient(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("New took no client")
	}
}

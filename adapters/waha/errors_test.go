package waha

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	chat   core.JID = "120363111111111111@g.us"
	author core.JID = "900000000000001@lid"
)

// answering is a gateway and a session whose server answers so.
func answering(t *testing.T, o Options, answer http.HandlerFunc) (*Gateway, gateway.Session) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	o.Client = server.Client()
	g, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return g, gateway.Session{Name: "autopromo_1", ServerURL: server.URL, ServerKey: core.NewSecret("key")}
}

func always(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func thrown(text string) string {
	return `{"statusCode":500,"exception":{"message":"` + text + `","code":2},"request":{"body":{"text":"forbidden"}}}`
}

func TestSendErrors(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		kind   gateway.Kind
	}{
		"restricted":              {500, thrown("2 UNKNOWN: server returned error 463"), gateway.KindRestricted},
		"quota used up":           {500, thrown("2 UNKNOWN: server returned error 475"), gateway.KindRestricted},
		"too many":                {500, thrown("2 UNKNOWN: server returned error 429"), gateway.KindRateLimited},
		"too many, NOWEB":         {500, thrown("rate-overlimit"), gateway.KindRateLimited},
		"not allowed":             {500, thrown("2 UNKNOWN: server returned error 403"), gateway.KindForbidden},
		"a number nobody knows":   {500, thrown("2 UNKNOWN: server returned error 599"), gateway.KindUnknown},
		"group gone":              {500, thrown("2 UNKNOWN: failed to get group members: that group does not exist"), gateway.KindNotFound},
		"not a member":            {500, thrown("2 UNKNOWN: failed to get group members: you're not participating in that group"), gateway.KindForbidden},
		"unlinked":                {500, thrown("2 UNKNOWN: the store doesn't contain a device JID"), gateway.KindLoggedOut},
		"no acknowledgement":      {500, thrown("2 UNKNOWN: timed out waiting for message send response"), gateway.KindUnknown},
		"socket lost":             {500, thrown("websocket disconnected before message send returned response"), gateway.KindUnknown},
		"second line":             {500, thrown(`oops\nforbidden`), gateway.KindUnknown},
		"another server error":    {500, `{"statusCode":500}`, gateway.KindUnknown},
		"validation":              {400, `{"statusCode":400,"message":["chatId must be a string"],"error":"Bad Request"}`, gateway.KindInvalid},
		"a proxy's 400":           {400, `<html>`, gateway.KindUnknown},
		"a proxy's 404":           {404, `<html>`, gateway.KindUnknown},
		"key refused":             {401, `{"statusCode":401,"message":"Unauthorized"}`, gateway.KindAuth},
		"key without scope":       {403, `{"statusCode":403,"message":"Forbidden"}`, gateway.KindAuth},
		"a proxy's 403":           {403, `no`, gateway.KindUnknown},
		"waits for a scan":        {422, `{"error":"Session status is not as expected","status":"SCAN_QR_CODE","expected":["WORKING"]}`, gateway.KindNotConnected},
		"failed":                  {422, `{"status":"FAILED"}`, gateway.KindLoggedOut},
		"other 422":               {422, `{"statusCode":422,"message":"no"}`, gateway.KindInvalid},
		"too large":               {413, `request entity too large`, gateway.KindTooLarge},
		"throttled by a proxy":    {429, ``, gateway.KindRateLimited},
		"redirect":                {302, ``, gateway.KindUnknown},
		"unreadable success":      {201, `<html>`, gateway.KindUnknown},
		"empty success":           {201, ``, gateway.KindUnknown},
		"success without an id":   {201, `{}`, ""},
		"maintenance":             {503, ``, gateway.KindUnknown},
		"not implemented by it":   {501, `{"statusCode":501,"message":"no"}`, gateway.KindUnknown},
		"session is not there":    {404, `{"statusCode":404,"message":"We didn't find a session"}`, gateway.KindNotFound},
		"exception without words": {500, `{"statusCode":500,"exception":{}}`, gateway.KindUnknown},
	} {
		g, s := answering(t, Options{}, always(c.status, c.body))
		_, err := g.Send(t.Context(), s, gateway.Outbound{To: chat, Text: "oi"})
		if got := gateway.KindOf(err); got != c.kind {
			t.Errorf("%s: %v, want %q", name, err, c.kind)
		}
	}
}

func TestSentIDInEveryShape(t *testing.T) {
	for body, want := range map[string]core.MessageID{
		`{"id":"true_120363111111111111@g.us_3EB0AA_5511@c.us"}`: "3EB0AA",
		`{"id":"3EB0AA"}`: "3EB0AA",
		`{"id":{"fromMe":true,"id":"3EB0AA","_serialized":"true_x@g.us_3EB0AA"}}`: "3EB0AA",
		`{"_data":{"id":{"id":"3EB0AA"}}}`:                                        "3EB0AA",
		`{"key":{"id":"3EB0AA","remoteJid":"x"},"status":1}`:                      "3EB0AA",
		`{"id":7}`: "", `{"id":null,"key":[]}`: "",
	} {
		g, s := answering(t, Options{}, always(201, body))
		receipt, err := g.Send(t.Context(), s, gateway.Outbound{To: chat, Text: "oi"})
		if err != nil || receipt.ID != want {
			t.Errorf("%s: id %q, %v", body, receipt.ID, err)
		}
	}
}

// TestClientIDsAreChecked: where doubtful sends may be repeated, the server must have said that
// it takes our ids before there is any session on it.
func TestClientIDsAreChecked(t *testing.T) {
	hook := gateway.Webhook{URL: "https://x.example/h", Secret: core.NewSecret("s")}
	for answer, ok := range map[string]bool{
		`{"version":"2026.4.3","engine":"GOWS"}`:   true,
		`{"version":"2026.10.1","engine":"NOWEB"}`: true,
		`{"version":"2027.1.0","engine":"GOWS"}`:   true,
		`{"version":"2026.4.2","engine":"GOWS"}`:   false,
		`{"version":"2025.12.9","engine":"NOWEB"}`: false,
		`{"version":"2026.8.1","engine":"WEBJS"}`:  false,
		`{"version":"","engine":"GOWS"}`:           false,
		`{"version":"2026.x.1","engine":"GOWS"}`:   false,
		`{}`:                                       false,
	} {
		created := false
		g, s := answering(t, Options{ClientIDs: true}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/version" {
				_, _ = io.WriteString(w, answer)
				return
			}
			created = true
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"name":"autopromo_1"}`)
		})
		_, err := g.Provision(t.Context(), s, hook)
		if created != ok || (err == nil) != ok || !ok && gateway.KindOf(err) != gateway.KindInvalid {
			t.Errorf("%s: created %v, error %v", answer, created, err)
		}
	}
	g, _ := New(Options{Client: &http.Client{}})
	if g.Capabilities().ClientMessageID != gateway.ClientIDIgnored {
		t.Error("client ids are claimed though nobody asked for them")
	}
}

// TestMediaIsFetchedFromTheSessionsServerOnly: an event names any host as the place of a file,
// and the key must not travel there.
func TestMediaIsFetchedFromTheSessionsServerOnly(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:3000/api/files/a/1.jpeg":         "/api/files/a/1.jpeg",
		"https://evil.example/api/files/a/1.jpeg?x=1":      "/api/files/a/1.jpeg",
		"https://waha.example/base/api/files/a/%2e%2e/1":   "/api/files/a/%2e%2e/1",
		"https://bucket.s3.example/a/1.jpeg?X-Amz-Sign=ab": "",
		"": "", "::": "",
	} {
		if got := filePath(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestOtherCalls(t *testing.T) {
	status := func(g *Gateway, s gateway.Session) error { _, err := g.Status(t.Context(), s); return err }
	groups := func(g *Gateway, s gateway.Session) error { _, err := g.Groups(t.Context(), s); return err }
	remove := func(g *Gateway, s gateway.Session) error { return g.Delete(t.Context(), s) }
	media := func(g *Gateway, s gateway.Session) error {
		_, err := g.FetchMedia(t.Context(), s, core.Media{Handle: []byte(`{"file":"/api/files/a/1","chat":"x","id":"1"}`)}, 100)
		return err
	}
	provision := func(g *Gateway, s gateway.Session) error {
		_, err := g.Provision(t.Context(), s, gateway.Webhook{URL: "https://x.example/h", Secret: core.NewSecret("s")})
		return err
	}
	for name, c := range map[string]struct {
		call   func(*Gateway, gateway.Session) error
		status int
		body   string
		kind   gateway.Kind
	}{
		"status of nobody":       {status, 404, `{"statusCode":404,"message":"Session not found"}`, gateway.KindNotFound},
		"a proxy's 404":          {status, 404, `<html>`, gateway.KindTemporary},
		"status, broken":         {status, 500, thrown("x"), gateway.KindTemporary},
		"status, redirected":     {status, 301, ``, gateway.KindInvalid},
		"groups of nobody":       {groups, 404, `{"statusCode":404}`, gateway.KindNotFound},
		"delete of nobody":       {remove, 404, `{"statusCode":404}`, ""},
		"delete, a proxy's 404":  {remove, 404, `<html>`, gateway.KindInvalid},
		"delete, broken":         {remove, 502, ``, gateway.KindUnknown},
		"name taken":             {provision, 422, `{"statusCode":422,"message":"Session 'autopromo_1' already exists. Use PUT to update it."}`, gateway.KindAlreadyExists},
		"name refused":           {provision, 400, `{"statusCode":400,"message":["name"]}`, gateway.KindInvalid},
		"creation in doubt":      {provision, 500, thrown("x"), gateway.KindUnknown},
		"file and message gone":  {media, 404, `{"statusCode":404,"error":{"key":"FILE_NOT_FOUND"}}`, gateway.KindNotFound},
		"media in a proxy's 404": {media, 404, `<html>`, gateway.KindMediaUnavailable},
	} {
		g, s := answering(t, Options{}, always(c.status, c.body))
		if got := gateway.KindOf(c.call(g, s)); got != c.kind {
			t.Errorf("%s: kind %q, want %q", name, got, c.kind)
		}
	}
}

func TestRefusedBeforeAnyCall(t *testing.T) {
	g, s := answering(t, Options{}, func(http.ResponseWriter, *http.Request) { t.Error("a call was made") })
	for name, change := range map[string]func(*gateway.Session, *gateway.Outbound){
		"name":     func(s *gateway.Session, _ *gateway.Outbound) { s.Name = "../x" },
		"address":  func(s *gateway.Session, _ *gateway.Outbound) { s.ServerURL = "file:///etc" },
		"no key":   func(s *gateway.Session, _ *gateway.Outbound) { s.ServerKey = core.Secret{} },
		"odd key":  func(s *gateway.Session, _ *gateway.Outbound) { s.ServerKey = core.NewSecret("a\r\nb") },
		"person":   func(_ *gateway.Session, m *gateway.Outbound) { m.To = "5511900000000@s.whatsapp.net" },
		"blank":    func(_ *gateway.Session, m *gateway.Outbound) { m.Text = " \n" },
		"bytes":    func(_ *gateway.Session, m *gateway.Outbound) { m.Text = "\xff" },
		"no media": func(_ *gateway.Session, m *gateway.Outbound) { m.Media = &gateway.Media{Kind: core.Image} },
		"kind": func(_ *gateway.Session, m *gateway.Outbound) {
			m.Media = &gateway.Media{Kind: "song", Data: []byte("x")}
		},
	} {
		session, out := s, gateway.Outbound{To: chat, Text: "oi"}
		change(&session, &out)
		_, err := g.Send(t.Context(), session, out)
		if kind := gateway.KindOf(err); kind != gateway.KindInvalid && kind != gateway.KindAuth {
			t.Errorf("%s: kind %q", name, kind)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("New took no client")
	}
}

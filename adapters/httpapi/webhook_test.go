package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/core"
)

// hook is how a provider reaches one tenant.
type hook struct {
	*client
	name, secret, path string
}

func (h *house) hook(email, number string) *hook {
	h.t.Helper()
	c := h.client(email)
	phone, err := h.world.AddPhone(number, email)
	h.must(err)
	c.connect(phone)
	inst, err := h.repo.Tenant(core.TenantID(c.id)).Instance().Get(h.t.Context())
	h.must(err)
	k := &hook{client: c, name: inst.Name, secret: inst.WebhookSecret.Reveal()}
	for _, i := range h.evolution.Instances() {
		if i.Name == inst.Name {
			k.path = strings.TrimPrefix(i.WebhookURL, h.url)
		}
	}
	return k
}

// event is an Evolution webhook body with one message.
func event(instance, text string) string {
	body, _ := json.Marshal(map[string]any{
		"event": "messages.upsert", "instance": instance,
		"data": map[string]any{
			"key":         map[string]any{"remoteJid": "120363000000000001@g.us", "fromMe": false, "id": "3A01", "participant": "111@lid"},
			"message":     map[string]any{"conversation": text},
			"messageType": "conversation", "messageTimestamp": time.Now().Unix(),
		},
	})
	return string(body)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a, b := h.hook("ana@exemplo.com.br", "5511900000001"), h.hook("bia@exemplo.com.br", "5511900000002")
	const named = "/api/v1/webhook/whatsapp"
	good := event(a.name, "oi")
	for name, try := range map[string]struct {
		path, body string
		header     []string
		status     int
	}{
		"by URL":                       {a.path, good, a.headers(), 200},
		"by URL under the API":         {"/api/v1" + a.path, good, a.headers(), 200},
		"by name":                      {named, good, a.headers(), 200},
		"without a content type":       {named, good, a.headers("Content-Type", ""), 200},
		"with a charset":               {named, good, a.headers("Content-Type", "application/json; charset=utf-8"), 200},
		"an event nobody knows":        {named, `{"event":"x.y","instance":"` + a.name + `","data":{}}`, a.headers(), 200},
		"a wrong secret":               {named, good, a.headers("X-Webhook-Secret", "errado"), 401},
		"another tenant's secret":      {named, good, a.headers("X-Webhook-Secret", b.secret), 401},
		"no secret":                    {named, good, a.headers("X-Webhook-Secret", ""), 401},
		"an unknown name":              {named, good, a.headers("X-Instance-Name", "autopromo_x"), 401},
		"the name in another case":     {named, good, a.headers("X-Instance-Name", strings.ToUpper(a.name)), 401},
		"no name":                      {named, good, a.headers("X-Instance-Name", ""), 401},
		"an unknown token":             {"/hooks/evolution/nada", good, a.headers(), 401},
		"an endless token":             {"/hooks/evolution/" + strings.Repeat("x", 2000), good, a.headers(), 401},
		"another provider's path":      {strings.Replace(a.path, "evolution", "outro", 1), good, a.headers(), 401},
		"a token with another's name":  {a.path, good, b.headers(), 401},
		"a name with a comma":          {named, good, a.headers("X-Instance-Name", a.name+", "+b.name), 400},
		"a name of 10,000 letters":     {named, good, a.headers("X-Instance-Name", strings.Repeat("A", 10000)), 400},
		"a name with SQL":              {named, good, a.headers("X-Instance-Name", "x' OR '1'='1"), 400},
		"a body of another instance's": {named, event(b.name, "oi"), a.headers(), 422},
		"an array":                     {named, `[]`, a.headers(), 422},
		"nothing":                      {named, ``, a.headers(), 400},
		"half a body":                  {named, `{"event":`, a.headers(), 400},
		"two bodies":                   {named, good + good, a.headers(), 400},
		"a deep body":                  {named, strings.Repeat(`{"a":`, 100000), a.headers(), 400},
		"a huge body":                  {named, strings.Repeat(" ", 2<<20+1), a.headers(), 413},
		"a compressed body":            {named, good, a.headers("Content-Encoding", "gzip"), 415},
		"a form":                       {named, good, a.headers("Content-Type", "application/x-www-form-urlencoded"), 415},
		"a form by URL":                {a.path, good, a.headers("Content-Type", "application/x-www-form-urlencoded"), 200},
		"a picture by URL":             {a.path, good, a.headers("Content-Type", "image/png"), 415},
	} {
		r := h.send("POST", try.path, try.body, try.header...)
		if r.status != try.status {
			t.Errorf("%s: status %d, want %d: %s", name, r.status, try.status, r.body)
		}
		if try.status == 401 && r.body != h.send("POST", named, good, "X-Instance-Name", "autopromo_y").body {
			t.Errorf("%s: this 401 differs: %s", name, r.body)
		}
		if try.status >= 400 && strings.Contains(r.body, "offset") {
			t.Errorf("%s: the answer shows the parser: %s", name, r.body)
		}
	}
	h.expect(405, "GET", named, nil)
	for _, secret := range []string{a.secret, b.secret, a.path[strings.LastIndexByte(a.path, '/')+1:]} {
		if strings.Contains(h.log.String(), secret) {
			t.Error("the log has a webhook secret or token")
		}
	}
}

// headers are those of a genuine request, with changes.
func (k *hook) headers(change ...string) []string {
	return append([]string{"X-Instance-Name", k.name, "X-Webhook-Secret", k.secret}, change...)
}

func TestTwoInstanceNamesAreRefused(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/v1/webhook/whatsapp", strings.NewReader("{}"))
	h.must(err)
	req.Header["X-Instance-Name"] = []string{"autopromo_a", "autopromo_b"}
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	h.must(res.Body.Close())
	if res.StatusCode != 400 {
		t.Errorf("status %d", res.StatusCode)
	}
}

// A truthful Content-Length is enough to refuse; the body is never asked for.
func TestAHugeWebhookIsRefusedUnread(t *testing.T) {
	t.Parallel()
	h := build(t, func(o *httpapi.Options) { o.MaxWebhookBytes = 1000 })
	const size = 200 << 20
	body := &countingReader{}
	req, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/v1/webhook/whatsapp", body)
	h.must(err)
	req.ContentLength = size
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		h.must(res.Body.Close())
		if res.StatusCode != 413 {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	if read := body.read.Load(); read > 32<<20 {
		t.Errorf("%d bytes were taken", read)
	}
}

// countingReader never ends; the transport stops at the Content-Length.
type countingReader struct{ read atomic.Int64 }

func (r *countingReader) Read(p []byte) (int, error) {
	r.read.Add(int64(len(p)))
	return len(p), nil
}

// A database that is down asks the provider to try again.
func TestWebhookWithoutADatabaseIsRetried(t *testing.T) {
	t.Parallel()
	h := build(t, nil)
	a := h.hook("ana@exemplo.com.br", "5511900000001")
	h.must(h.repo.Close())
	r := h.send("POST", a.path, event(a.name, "oi"), a.headers()...)
	if r.status != 503 || r.header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q: %s", r.status, r.header.Get("Retry-After"), r.body)
	}
}

package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

const (
	patience   = 20 * time.Second
	adminKey   = "chave-do-operador"
	signingKey = "uma-chave-de-teste-com-32-bytes-ou-mais"
	password   = "senha-muito-boa"
)

type noLinks struct{}

func (noLinks) Resolve(context.Context, string, func(string) bool) (string, error) {
	return "", links.ErrInconclusive
}

// secretStore is a store whose tag has a part nobody may see again. It claims no link.
type secretStore struct{ affiliate.Store }

func (secretStore) Slug() string           { return "loja-secreta" }
func (secretStore) Name() string           { return "Loja Secreta" }
func (secretStore) Hosts() []string        { return nil }
func (secretStore) Marketplaces() []string { return nil }

func (secretStore) Classify(affiliate.URL) (affiliate.Target, bool) { return affiliate.Target{}, false }

func (secretStore) Fields() []affiliate.Field {
	return []affiliate.Field{
		{Name: "app_id", Main: true, Required: true, Example: "app-1"},
		{Name: "app_secret", Required: true, Secret: true, Example: "muito-secreto"},
	}
}

// house is the handler over an engine on its embedded adapters, in front of a simulated
// WhatsApp.
type house struct {
	t         *testing.T
	url       string
	handler   http.Handler
	repo      *bunrepository.Repository
	engine    *engine.Engine
	evolution *fakeevolution.Server
	world     *fakewhatsapp.World
	log       *logBuffer
}

// logBuffer keeps everything that was logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func build(t *testing.T, tune func(*httpapi.Options)) *house {
	t.Helper()
	h := &house{t: t, log: &logBuffer{}, world: fakewhatsapp.New(fakewhatsapp.Options{})}
	ctx, dir := t.Context(), t.TempDir()
	logger := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.repo, err = bunrepository.OpenSQLite(ctx, filepath.Join(dir, "autopromo.db"), bunrepository.Options{
		Keys: bunrepository.Keyring{Current: "k", Keys: map[string]core.Secret{"k": core.NewSecret(strings.Repeat("k", 32))}},
	})
	h.must(err)
	t.Cleanup(func() { h.must(h.repo.Close()) })
	h.must(h.repo.Migrate(ctx))
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(dir, "bus.db"), watermillbus.SQLiteOptions{})
	h.must(err)
	t.Cleanup(func() { h.must(queue.Close()) })
	doorbells, err := watermillbus.New(queue, queue, watermillbus.Options{})
	h.must(err)
	h.evolution, err = fakeevolution.New(h.world, fakeevolution.Options{APIKey: adminKey})
	h.must(err)
	provider := httptest.NewServer(h.evolution)
	t.Cleanup(func() { h.evolution.Close(); provider.Close() })
	evo, err := evolution.New(evolution.Options{Client: provider.Client()})
	h.must(err)

	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	h.url = server.URL
	stores, err := affiliate.NewRegistry(append(affiliate.Builtin(), secretStore{affiliate.Builtin()[0]})...)
	h.must(err)
	h.engine, err = engine.New(engine.Deps{
		Stores:     stores,
		Repository: h.repo, Publisher: doorbells, Subscriber: doorbells,
		Gateways: []gateway.Gateway{evo}, Resolver: noLinks{},
	}, engine.Config{
		PublicURL: server.URL, Servers: map[core.Provider]engine.Server{evolution.Name: {URL: provider.URL, Key: core.NewSecret(adminKey)}}, WithoutPacing: true,
		QRWait: patience, IdlePoll: 20 * time.Millisecond, SweepEvery: 20 * time.Millisecond, Logger: logger,
	})
	h.must(err)
	options := httpapi.Options{SigningKey: core.NewSecret(signingKey), Logger: logger, Version: "test"}
	if tune != nil {
		tune(&options)
	}
	handler, err = httpapi.New(h.engine, options)
	h.must(err)
	h.handler = handler
	return h
}

// run starts the engine's loops until the test ends.
func (h *house) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.engine.Run(ctx) }()
	h.t.Cleanup(func() { cancel(); h.must(<-done) })
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return v
}

func (r reply) list(t *testing.T) []map[string]any {
	t.Helper()
	var v []map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	return v
}

// send makes one request. body is sent as it is when it is a string, else as JSON; header
// pairs follow.
func (h *house) send(method, path string, body any, header ...string) reply {
	h.t.Helper()
	var reader io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
		kind = ""
	case string:
		reader = strings.NewReader(b)
	case url.Values:
		reader, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		data, err := json.Marshal(b)
		h.must(err)
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, reader)
	h.must(err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if req.Header.Del(header[i]); header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	res, err := http.DefaultClient.Do(req)
	h.must(err)
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	h.must(err)
	return reply{res.StatusCode, res.Header, string(data)}
}

// expect is send for an answer that must have a status.
func (h *house) expect(status int, method, path string, body any, header ...string) reply {
	h.t.Helper()
	r := h.send(method, path, body, header...)
	if r.status != status {
		h.t.Fatalf("%s %s: status %d, want %d: %s", method, path, r.status, status, r.body)
	}
	return r
}

// client is a logged-in tenant.
type client struct {
	*house
	id, token, refresh string
}

func (h *house) client(email string) *client {
	h.t.Helper()
	h.expect(201, "POST", "/api/v1/users/register", map[string]any{"email": email, "password": password})
	session := h.expect(200, "POST", "/api/v1/users/login", url.Values{"username": {email}, "password": {password}}).json(h.t)
	return &client{
		house: h, id: session["user"].(map[string]any)["id"].(string),
		token: session["access_token"].(string), refresh: session["refresh_token"].(string),
	}
}

func (c *client) do(status int, method, path string, body any, header ...string) reply {
	c.t.Helper()
	return c.expect(status, method, "/api/v1"+path, body, append([]string{"Authorization", "Bearer " + c.token}, header...)...)
}

// connect goes from nothing to an open session over the API.
func (c *client) connect(phone *fakewhatsapp.Phone) {
	c.t.Helper()
	made := c.do(200, "POST", "/whatsapp/connect", map[string]any{}).json(c.t)
	c.must(c.evolution.Scan(made["instance_name"].(string), phone))
	c.eventually("the WhatsApp is connected", func() bool {
		return c.do(200, "GET", "/whatsapp/status", nil).json(c.t)["status"] == "connected"
	})
}

func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			h.t.Fatalf("never: %s; the log:\n%s", what, h.log)
		case <-tick.C:
		}
	}
}

// problemOf checks that r is a problem with this status and code.
func (h *house) problem(r reply, status int, code core.Reason) map[string]any {
	h.t.Helper()
	if r.status != status || !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") {
		h.t.Fatalf("status %d %s, want problem %d %s: %s", r.status, r.header.Get("Content-Type"), status, code, r.body)
	}
	p := r.json(h.t)
	if p["code"] != string(code) || p["status"] != float64(status) || p["detail"] == "" || p["title"] == "" || p["type"] != "about:blank" {
		h.t.Fatalf("problem %v, want code %s", p, code)
	}
	return p
}

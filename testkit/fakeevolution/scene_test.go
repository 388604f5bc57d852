package fakeevolution_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

const globalKey = "global-key"

// scene is a server over HTTP, a receiver for its webhooks, and a world with Ana (owner)
// and Bia in one group.
type scene struct {
	t        *testing.T
	world    *fakewhatsapp.World
	ana, bia *fakewhatsapp.Phone
	group    *fakewhatsapp.Group
	server   *fakeevolution.Server
	api      *httptest.Server
	hooks    *receiver
	client   *http.Client
}

func newScene(t *testing.T, opts fakeevolution.Options) *scene {
	t.Helper()
	w := fakewhatsapp.New(fakewhatsapp.Options{})
	s := &scene{t: t, world: w, client: &http.Client{Transport: &http.Transport{}}}
	s.ana, s.bia = s.phone("5511900000001", "Ana"), s.phone("5511900000002", "Bia")
	s.group = s.newGroup(fakewhatsapp.GroupSpec{
		JID: "120363000000000001@g.us", Subject: "Ofertas",
		Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{s.bia},
	})
	opts.APIKey = globalKey
	server, err := fakeevolution.New(w, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	s.api = httptest.NewServer(server)
	s.hooks = newReceiver(t)
	t.Cleanup(func() {
		server.Close()
		s.client.CloseIdleConnections()
		s.api.Close()
	})
	return s
}

func (s *scene) phone(number, name string) *fakewhatsapp.Phone {
	s.t.Helper()
	p, err := s.world.AddPhone(number, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *scene) newGroup(spec fakewhatsapp.GroupSpec) *fakewhatsapp.Group {
	s.t.Helper()
	g, err := s.world.AddGroup(spec)
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

func (s *scene) say(p *fakewhatsapp.Phone, m fakewhatsapp.Message) fakewhatsapp.Post {
	s.t.Helper()
	post, err := p.Post(s.group.JID(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	return post
}

func (s *scene) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// call makes a request with the global key and returns the status and the decoded body.
func (s *scene) call(method, path string, body any) (int, any) {
	s.t.Helper()
	status, answer, err := s.try(method, path, globalKey, body)
	s.must(err)
	return status, answer
}

func (s *scene) try(method, path, key string, body any) (int, any, error) {
	s.t.Helper()
	raw, isRaw := body.(string)
	if !isRaw && body != nil {
		b, err := json.Marshal(body)
		s.must(err)
		raw = string(b)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.api.URL+path, bytes.NewReader([]byte(raw)))
	s.must(err)
	req.Header.Set("apikey", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	var answer any
	if json.Unmarshal(b, &answer) != nil {
		answer = string(b)
	}
	return resp.StatusCode, answer, nil
}

// create makes an instance whose webhook wants every event.
func (s *scene) create(name string) any {
	s.t.Helper()
	status, body := s.call("POST", "/instance/create", s.spec(name))
	if status != 201 {
		s.t.Fatalf("create: %d %v", status, body)
	}
	return body
}

func (s *scene) spec(name string) map[string]any {
	return map[string]any{
		"instanceName": name, "integration": "WHATSAPP-BAILEYS", "qrcode": true,
		"webhook": map[string]any{
			"url": s.hooks.server.URL + "/hooks/" + name, "events": []string{},
			"headers": map[string]string{"X-Secret": "s3cret"},
		},
	}
}

// open makes an instance and links it to a phone.
func (s *scene) open(name string, p *fakewhatsapp.Phone) {
	s.t.Helper()
	s.create(name)
	s.must(s.server.Scan(name, p))
	s.idle()
}

func (s *scene) idle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	s.must(s.server.WaitIdle(ctx))
}

func (s *scene) sendText(instance, text string) (int, any) {
	s.t.Helper()
	return s.call("POST", "/message/sendText/"+instance, map[string]any{"number": s.group.JID(), "text": text})
}

// hook is a webhook request as it came.
type hook struct {
	path   string
	header http.Header
	body   map[string]any
}

func (h hook) event() string { return get[string](h.body, "event") }

// receiver is the other end of the webhooks.
type receiver struct {
	server *httptest.Server

	mu      sync.Mutex
	got     []hook
	answers []int // for the next requests, 200 when used up
	before  func()
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		h := hook{path: req.URL.Path, header: req.Header, body: map[string]any{}}
		if err := json.Unmarshal(b, &h.body); err != nil {
			t.Errorf("webhook body: %v", err)
		}
		r.mu.Lock()
		r.got = append(r.got, h)
		status, before := 200, r.before
		if len(r.answers) > 0 {
			status, r.answers = r.answers[0], r.answers[1:]
		}
		r.mu.Unlock()
		if before != nil {
			before()
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.server.Close)
	return r
}

// take returns what came since the last take.
func (r *receiver) take() []hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *receiver) answer(statuses ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = statuses
}

// names are the events of hooks, with the state of a connection.update.
func names(hooks []hook) []string {
	list := []string{}
	for _, h := range hooks {
		name := h.event()
		if state := get[string](h.body, "data", "state"); state != "" {
			name += " " + state
		}
		list = append(list, name)
	}
	return list
}

// get walks through decoded JSON by keys and indexes; the zero T when a step is missing.
func get[T any](v any, path ...any) T {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				var zero T
				return zero
			}
			v = l[step]
		}
	}
	t, _ := v.(T)
	return t
}

package fakewaha_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewaha"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// scene is a server with one linked session in one group.
type scene struct {
	*testing.T
	world  *fakewhatsapp.World
	server *fakewaha.Server
	api    *httptest.Server
	ana    *fakewhatsapp.Phone
	us     *fakewhatsapp.Phone
	group  core.JID

	mu       sync.Mutex
	statuses []int // the receiver's next answers; 200 after them
	got      []*http.Request
	bodies   [][]byte
}

func newScene(t *testing.T, o fakewaha.Options) *scene {
	s := &scene{T: t, world: fakewhatsapp.New(fakewhatsapp.Options{})}
	o.APIKey = "key"
	var err error
	s.server, err = fakewaha.New(s.world, o)
	s.must(err)
	s.api = httptest.NewServer(s.server)
	hooks := httptest.NewServer(http.HandlerFunc(s.receive))
	t.Cleanup(func() { s.server.Close(); s.api.Close(); hooks.Close() })
	s.ana, err = s.world.AddPhone("5511900000001", "Ana")
	s.must(err)
	s.us, err = s.world.AddPhone("5511900000002", "Bia")
	s.must(err)
	g, err := s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{s.us}})
	s.must(err)
	s.group = g.JID()
	s.call(201, "POST", "/api/sessions", `{"name":"a","start":true,"config":{"noweb":{"store":{"enabled":true}},"webhooks":[{"url":"`+hooks.URL+
		`","events":["message","message.any","session.status"],"hmac":{"key":"k"},"retries":{"policy":"linear","delaySeconds":2,"attempts":3},"customHeaders":[{"name":"X-Mine","value":"1"}]}]}}`)
	s.must(s.server.Scan("a", s.us))
	s.idle()
	return s
}

func (s *scene) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.statuses) > 0 {
		w.WriteHeader(s.statuses[0])
		s.statuses = s.statuses[1:]
	}
	s.got, s.bodies = append(s.got, r), append(s.bodies, body)
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) idle() { s.Helper(); s.must(s.server.WaitIdle(s.Context())) }

func (s *scene) call(status int, method, path, body string) map[string]any {
	s.Helper()
	req, err := http.NewRequest(method, s.api.URL+path, strings.NewReader(body))
	s.must(err)
	req.Header.Set("X-Api-Key", "key")
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	s.must(err)
	if res.StatusCode != status {
		s.Fatalf("%s %s: status %d, want %d: %s", method, path, res.StatusCode, status, data)
	}
	var o map[string]any
	_ = json.Unmarshal(bytes.TrimSpace(data), &o)
	return o
}

func TestWebhooksAreSignedAndRepeated(t *testing.T) {
	s := newScene(t, fakewaha.Options{})
	s.mu.Lock()
	s.statuses, s.got, s.bodies = []int{404, 500, 200}, nil, nil
	s.mu.Unlock()
	s.server.NextWebhook(webhooks.Fault{Do: webhooks.Lose, Event: "message.any"})
	_, err := s.ana.PostText(s.group, "oi")
	s.must(err)
	s.idle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) != 3 {
		t.Fatalf("%d requests, want three attempts of one message", len(s.got))
	}
	mac := hmac.New(sha512.New, []byte("k"))
	mac.Write(s.bodies[2])
	h := s.got[2].Header
	if h.Get("X-Webhook-Hmac") != hex.EncodeToString(mac.Sum(nil)) || h.Get("X-Webhook-Hmac-Algorithm") != "sha512" || h.Get("X-Mine") != "1" {
		t.Errorf("headers %v", h)
	}
	if id := h.Get("X-Webhook-Request-Id"); id == "" || id != s.got[0].Header.Get("X-Webhook-Request-Id") {
		t.Error("a repeated request must keep its id")
	}
	var e struct {
		Event, Session string
		Payload        struct{ Body, Source string }
	}
	s.must(json.Unmarshal(s.bodies[2], &e))
	if e.Event != "message" || e.Session != "a" || e.Payload.Body != "oi" || e.Payload.Source != "app" {
		t.Errorf("event %+v", e)
	}
	s.mu.Unlock()
	d := s.server.Deliveries()
	s.mu.Lock()
	if last := d[len(d)-2]; last.Outcome != webhooks.Delivered || len(last.Statuses) != 3 {
		t.Errorf("delivery %+v", last)
	}
}

func TestStatusesAndRefusals(t *testing.T) {
	for _, engine := range []fakewaha.Engine{fakewaha.GOWS, fakewaha.NOWEB, fakewaha.WEBJS} {
		t.Run(string(engine), func(t *testing.T) {
			s := newScene(t, fakewaha.Options{Engine: engine})
			s.call(422, "POST", "/api/sessions", `{"name":"a"}`)
			s.call(400, "POST", "/api/sessions", `{"name":"a/b"}`)
			s.call(404, "GET", "/api/sessions/nobody", "")
			s.call(200, "DELETE", "/api/sessions/nobody", "")
			s.call(404, "GET", "/api/nobody/groups", "")
			s.call(404, "GET", "/api/nothing/of/this", "")
			if me, _ := s.call(200, "GET", "/api/sessions/a", "")["me"].(map[string]any); me["id"] != "5511900000002@c.us" {
				t.Errorf("me is %v", me)
			}
			if o := s.call(422, "GET", "/api/a/auth/qr?format=raw", ""); o["status"] != "WORKING" {
				t.Errorf("a QR code of a linked session: %v", o)
			}
			send := `{"session":"a","chatId":"` + string(s.group) + `","text":"oi","id":"3EB0MINE"}`
			s.call(201, "POST", "/api/sendText", send)
			s.call(201, "POST", "/api/sendText", send)
			want := 1
			if engine == fakewaha.WEBJS {
				want = 2 // which ignores our ids
			}
			if n := len(s.world.PostedVia("a")); n != want {
				t.Errorf("the same id sent twice gave %d posts, want %d", n, want)
			}
			s.call(500, "POST", "/api/sendText", `{"session":"a","chatId":"120363999999999999@g.us","text":"oi"}`)
			s.call(400, "POST", "/api/sendText", `{"session":"a","text":"oi"}`)
			s.server.Next(fakewaha.ServerError(463))
			s.call(500, "POST", "/api/sendText", send)
			s.server.Next(fakewaha.TooManyRequests(0))
			s.call(429, "POST", "/api/sendText", send)

			s.must(s.server.LogoutFromPhone("a"))
			if o := s.call(422, "POST", "/api/sendText", send); o["status"] != "FAILED" {
				t.Errorf("a send after the log-out: %v", o)
			}
			s.call(201, "POST", "/api/sessions/a/restart", "")
			if status := s.server.Status("a"); status != "SCAN_QR_CODE" {
				t.Errorf("after a restart without credentials: %s", status)
			}
			s.must(s.server.RotateQR("a"))
			code, _ := s.call(201, "POST", "/api/a/auth/request-code", `{"phoneNumber":"5511900000002"}`)["code"].(string)
			if s.server.EnterCode("a", s.us, "WRONG") == nil {
				t.Error("a wrong pairing code linked the phone")
			}
			s.must(s.server.EnterCode("a", s.us, code))
			s.call(201, "POST", "/api/sessions/a/stop", "")
			s.call(404, "POST", "/api/sendText", send)
			s.call(201, "POST", "/api/sessions/a/start", "")
			if status := s.server.Status("a"); status != "WORKING" {
				t.Errorf("after a start with credentials: %s", status)
			}
		})
	}
}

func TestTheKeyIsAsked(t *testing.T) {
	s := newScene(t, fakewaha.Options{})
	res, err := http.Get(s.api.URL + "/api/sessions/a")
	s.must(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %s", res.Status)
	}
	for _, o := range []fakewaha.Options{{}, {APIKey: "k", Engine: "STEAM"}} {
		if _, err := fakewaha.New(s.world, o); err == nil {
			t.Errorf("New took %+v", o)
		}
	}
}

package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// standIn is as much of a wuzapi server as the adapter meets, over the simulated WhatsApp. Its
// statuses and texts are those recorded from a real one; see docs/custom-gateway.md.
type standIn struct {
	tb      testing.TB
	world   *fakewhatsapp.World
	url     string
	courier *webhooks.Courier
	tasks   sync.WaitGroup
	closed  context.Context

	mu     sync.Mutex
	users  map[string]*user // by token
	serial int
	refuse map[string]refusal // of the next send, by user name
}

// refusal is how the next send ends.
type refusal struct {
	status int
	body   string
	posts  bool
}

type user struct {
	id                   int
	name, token, webhook string
	hmacKey              string
	started              bool
	qr, code             string
	phone                *fakewhatsapp.Phone
	link                 *fakewhatsapp.Session
}

const adminToken = "admin-token-of-the-stand-in"

func newStandIn(tb testing.TB, world *fakewhatsapp.World) *standIn {
	closed, stop := context.WithCancel(context.Background())
	s := &standIn{
		tb: tb, world: world, closed: closed, courier: webhooks.New(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, nil),
		users: map[string]*user{}, refuse: map[string]refusal{},
	}
	server := httptest.NewServer(s)
	s.url = server.URL
	tb.Cleanup(func() {
		stop()
		s.tasks.Wait()
		s.courier.Close()
		server.Close()
	})
	return s
}

// idle returns when everything that happened in the world has been told.
func (s *standIn) idle() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.mu.Lock()
	var links []*fakewhatsapp.Session
	for _, u := range s.users {
		if u.link != nil {
			links = append(links, u.link)
		}
	}
	s.mu.Unlock()
	for _, link := range links {
		if err := link.WaitDrained(ctx); err != nil {
			return err
		}
	}
	return s.courier.WaitIdle(ctx)
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	defer s.mu.Unlock()
	route := r.Method + " " + r.URL.Path
	if strings.HasPrefix(r.URL.Path, "/admin/") {
		if r.Header.Get("Authorization") != adminToken {
			respond(w, http.StatusUnauthorized, "unauthorized")
			return
		}
		s.admin(w, route, body)
		return
	}
	u := s.users[r.Header.Get("token")]
	switch {
	case u == nil:
		respond(w, http.StatusUnauthorized, "unauthorized")
	case strings.HasPrefix(route, "POST /chat/send/"):
		s.send(w, u, strings.TrimPrefix(route, "POST /chat/send/"), body)
	case strings.HasPrefix(route, "POST /chat/download"):
		s.download(w, u, body)
	default:
		s.session(w, u, route, body)
	}
}

// respond writes an answer in the server's envelope, a text as an error.
func respond(w http.ResponseWriter, status int, data any) {
	answer := map[string]any{"code": status, "success": status < 300}
	if text, isError := data.(string); isError {
		answer["error"] = text
	} else {
		answer["data"] = data
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func text(o map[string]any, key string) string {
	v, _ := o[key].(string)
	return v
}

func (s *standIn) admin(w http.ResponseWriter, route string, body map[string]any) {
	switch {
	case route == "POST /admin/users" && s.users[text(body, "token")] != nil:
		respond(w, http.StatusConflict, "user with this token already exists")
	case route == "POST /admin/users":
		s.serial++
		u := &user{id: s.serial, name: text(body, "name"), token: text(body, "token"), webhook: text(body, "webhook")}
		s.users[u.token] = u
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, `{"id":%d}`, u.id)
	case route == "GET /admin/users":
		list := []any{}
		for _, u := range s.users {
			list = append(list, map[string]any{"id": u.id, "name": u.name, "token": u.token, "webhook": u.webhook})
		}
		_ = json.NewEncoder(w).Encode(list) // without an envelope
	case strings.HasPrefix(route, "DELETE /admin/users/"):
		for token, u := range s.users {
			if strings.HasSuffix(route, fmt.Sprintf("/%d", u.id)) {
				u.unlink()
				delete(s.users, token)
				respond(w, http.StatusOK, map[string]any{"Details": "User deleted successfully"})
				return
			}
		}
		respond(w, http.StatusNotFound, "user not found")
	default:
		http.NotFound(w, nil)
	}
}

func (u *user) unlink() {
	if u.link != nil {
		u.link.Unlink()
	}
	u.link, u.phone, u.started, u.qr, u.code = nil, nil, false, "", ""
}

func (s *standIn) session(w http.ResponseWriter, u *user, route string, body map[string]any) {
	switch route {
	case "POST /session/hmac/config":
		if u.hmacKey = text(body, "hmac_key"); len(u.hmacKey) < 32 {
			respond(w, http.StatusBadRequest, "HMAC key must be at least 32 characters long")
			return
		}
		respond(w, http.StatusOK, map[string]any{"Details": "HMAC configuration saved successfully"})
	case "GET /session/status":
		if !u.started {
			respond(w, http.StatusInternalServerError, "No session")
			return
		}
		answer := map[string]any{"connected": true, "loggedIn": u.link != nil, "token": u.token, "jid": ""}
		if u.link != nil {
			answer["jid"] = u.phone.Number() + ":12@s.whatsapp.net"
		}
		respond(w, http.StatusOK, answer)
	case "POST /session/connect":
		if u.started {
			respond(w, http.StatusInternalServerError, "already connected")
			return
		}
		u.started, u.qr = true, "2@"+random(60)+","+random(30)
		s.tell(u, map[string]any{"type": "QR", "event": "code", "qrCodeBase64": drawn(s.tb, u.qr, 256)})
		respond(w, http.StatusOK, map[string]any{"details": "Connected!", "jid": "", "webhook": u.webhook})
	case "GET /session/qr":
		switch {
		case !u.started:
			respond(w, http.StatusInternalServerError, "not connected")
		case u.link != nil:
			respond(w, http.StatusInternalServerError, "already logged in")
		default:
			respond(w, http.StatusOK, map[string]any{"QRCode": drawn(s.tb, u.qr, 256)})
		}
	case "POST /session/pairphone":
		switch {
		case !u.started:
			respond(w, http.StatusInternalServerError, "no session")
		case u.link != nil:
			respond(w, http.StatusBadRequest, "already paired")
		default:
			u.code = "WUZA-" + text(body, "Phone")[:4]
			respond(w, http.StatusOK, map[string]any{"LinkingCode": u.code})
		}
	case "POST /session/logout":
		if u.link == nil {
			respond(w, http.StatusInternalServerError, "could not disconnect as it was not connected")
			return
		}
		u.unlink()
		respond(w, http.StatusOK, map[string]any{"Details": "Logged out"})
	case "GET /group/list":
		if u.link == nil {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, `{"code":500,"success":true}`)
			return
		}
		list := []any{}
		for _, g := range u.link.Groups() {
			people := []any{}
			for _, m := range g.Members {
				people = append(people, map[string]any{"JID": address(g, m.Phone), "PhoneNumber": m.Phone.JID(), "LID": m.Phone.LID(), "IsAdmin": m.Admin, "IsSuperAdmin": m.Owner})
			}
			list = append(list, map[string]any{"JID": g.JID, "Name": g.Subject, "IsAnnounce": g.Announce, "IsParent": g.Community, "Participants": people})
		}
		respond(w, http.StatusOK, map[string]any{"Groups": list})
	default:
		http.Error(w, "404 page not found", http.StatusNotFound)
	}
}

func address(g fakewhatsapp.GroupInfo, p *fakewhatsapp.Phone) core.JID {
	if g.Addressing == fakewhatsapp.ByPhone {
		return p.JID()
	}
	return p.LID()
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

func (s *standIn) send(w http.ResponseWriter, u *user, kind string, body map[string]any) {
	how, refused := s.refuse[u.name]
	delete(s.refuse, u.name)
	m := fakewhatsapp.Message{Text: text(body, "Body"), ID: core.MessageID(text(body, "Id"))}
	if kind != "text" {
		prefix, encoded, found := strings.Cut(text(body, strings.ToUpper(kind[:1])+kind[1:]), ";base64,")
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if !found || err != nil {
			respond(w, http.StatusBadRequest, "image data should start with \"data:image/png;base64,\"")
			return
		}
		m.Text, m.Media = text(body, "Caption"), &fakewhatsapp.Media{
			Kind: core.MediaKind(kind), MimeType: strings.TrimPrefix(prefix, "data:"), FileName: text(body, "FileName"), Data: raw,
		}
	}
	switch {
	case u.link == nil:
		respond(w, http.StatusInternalServerError, "no session")
		return
	case refused && !how.posts:
		w.WriteHeader(how.status)
		fmt.Fprint(w, how.body)
		return
	}
	post, err := u.link.Post(core.JID(text(body, "Phone")), m)
	switch {
	case errors.Is(err, fakewhatsapp.ErrUnknownGroup):
		respond(w, http.StatusInternalServerError, "Error sending message: failed to get group members: that group does not exist")
	case err != nil:
		respond(w, http.StatusInternalServerError, "Error sending message: server returned error 403")
	case refused:
		w.WriteHeader(how.status)
		fmt.Fprint(w, how.body)
	default:
		respond(w, http.StatusOK, map[string]any{"Details": "Sent", "Id": post.ID, "Timestamp": post.At.Unix()})
	}
}

func (s *standIn) download(w http.ResponseWriter, u *user, body map[string]any) {
	for _, p := range s.world.Posted() {
		if p.Media != nil && text(body, "DirectPath") == "/v/"+string(p.ID) && u.link != nil {
			respond(w, http.StatusOK, map[string]any{
				"Mimetype": p.Media.MimeType, "Data": "data:" + p.Media.MimeType + ";base64," + base64.StdEncoding.EncodeToString(p.Media.Data),
			})
			return
		}
	}
	respond(w, http.StatusInternalServerError, "failed to download")
}

// tell posts an event as the server does by default: a signed form.
func (s *standIn) tell(u *user, event map[string]any) {
	data, err := json.Marshal(event)
	if err != nil {
		s.tb.Error(err)
		return
	}
	form := url.Values{"jsonData": {string(data)}, "token": {u.token}, "userID": {fmt.Sprint(u.id)}, "instanceName": {u.name}}.Encode()
	mac := hmac.New(sha256.New, []byte(u.hmacKey))
	mac.Write([]byte(form))
	s.courier.Send(webhooks.Letter{
		Session: u.name, Event: fmt.Sprint(event["type"]), URL: u.webhook, Body: []byte(form),
		Header: http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "X-Hmac-Signature": {hex.EncodeToString(mac.Sum(nil))},
		},
		Policy: webhooks.Policy{Attempts: 1, Timeout: 5 * time.Second},
	})
}

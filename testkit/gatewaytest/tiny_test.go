package gatewaytest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

// tinyProvider is a WhatsApp provider with one URL per call and JSON both ways.
type tinyProvider struct {
	url      string
	mu       sync.Mutex
	sessions map[string]*tinySession
	groups   int
	ids      int
}

type tinySession struct {
	state  gateway.State
	phone  string
	groups []core.Group
	posts  map[core.JID][]gatewaytest.Post
	refuse gatewaytest.Refusal
	media  []byte
}

const tinyKey = "tiny-admin-key"

type tinyCall struct {
	Name   string
	Chat   core.JID
	Text   string
	ID     core.MessageID
	Since  time.Time
	Media  *gateway.Media
	Handle string
}

type tinyAnswer struct {
	Kind   gateway.Kind
	State  gateway.State
	Phone  string
	QR     string
	ID     core.MessageID
	Found  bool
	Groups []core.Group
	Data   []byte
}

func (p *tinyProvider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c tinyCall
	if json.NewDecoder(r.Body).Decode(&c) != nil {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := tinyAnswer{Kind: gateway.KindAuth}
	if r.Header.Get("Key") == tinyKey {
		a = p.do(strings.TrimPrefix(r.URL.Path, "/"), c)
	}
	_ = json.NewEncoder(w).Encode(a)
}

func (p *tinyProvider) do(op string, c tinyCall) tinyAnswer {
	s := p.sessions[c.Name]
	switch {
	case op == "provision" && s != nil:
		return tinyAnswer{Kind: gateway.KindAlreadyExists}
	case op == "provision":
		p.sessions[c.Name] = &tinySession{state: gateway.StateClosed, posts: map[core.JID][]gatewaytest.Post{}}
		return tinyAnswer{}
	case op == "delete":
		delete(p.sessions, c.Name)
		return tinyAnswer{}
	case s == nil:
		return tinyAnswer{Kind: gateway.KindNotFound}
	case op == "connect" && s.state == gateway.StateOpen:
		return tinyAnswer{State: gateway.StateOpen}
	case op == "connect":
		s.state = gateway.StatePairing
		return tinyAnswer{State: s.state, QR: "2@tiny"}
	case op == "status":
		return tinyAnswer{State: s.state, Phone: s.phone}
	case s.state != gateway.StateOpen:
		return tinyAnswer{Kind: gateway.KindNotConnected}
	case op == "groups":
		return tinyAnswer{Groups: s.groups}
	case op == "find":
		return s.find(c)
	case op == "media":
		if c.Handle != "tiny" {
			return tinyAnswer{Kind: gateway.KindMediaUnavailable}
		}
		return tinyAnswer{Data: s.media}
	case op == "send":
		return p.send(s, c)
	}
	return tinyAnswer{Kind: gateway.KindInvalid}
}

func (p *tinyProvider) send(s *tinySession, c tinyCall) tinyAnswer {
	how := s.refuse
	s.refuse = ""
	member := false
	for _, g := range s.groups {
		member = member || g.JID == c.Chat
	}
	switch {
	case !member:
		return tinyAnswer{Kind: gateway.KindNotFound}
	case c.Text == "" && c.Media == nil:
		return tinyAnswer{Kind: gateway.KindInvalid}
	case how == gatewaytest.Throttled:
		return tinyAnswer{Kind: gateway.KindRateLimited}
	case how == gatewaytest.GroupForbids:
		return tinyAnswer{Kind: gateway.KindForbidden}
	}
	p.ids++
	post := gatewaytest.Post{ID: core.MessageID(fmt.Sprintf("TINY%d", p.ids)), Text: c.Text, Media: c.Media}
	s.posts[c.Chat] = append(s.posts[c.Chat], post)
	switch how {
	case gatewaytest.Lies:
		return tinyAnswer{Kind: gateway.KindUnknown}
	case gatewaytest.NamesNoID:
		return tinyAnswer{}
	}
	return tinyAnswer{ID: post.ID}
}

func (s *tinySession) find(c tinyCall) tinyAnswer {
	for _, post := range s.posts[c.Chat] {
		if c.Since.Before(time.Now()) && (c.ID == post.ID || c.ID == "" && c.Text == post.Text) {
			return tinyAnswer{Found: true, ID: post.ID}
		}
	}
	return tinyAnswer{}
}

// The harness side.

func (p *tinyProvider) Session(name string) gateway.Session {
	return gateway.Session{Name: name, ServerURL: p.url, ServerKey: core.NewSecret(tinyKey)}
}

func (p *tinyProvider) Webhook(name string) gateway.Webhook {
	return gateway.Webhook{URL: "http://localhost/hook", Secret: core.NewSecret("hook-secret-of-" + name)}
}

func (p *tinyProvider) session(name string, f func(*tinySession) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[name]
	if s == nil {
		return errors.New("no such session")
	}
	return f(s)
}

func (p *tinyProvider) Link(name, phone string) error {
	return p.session(name, func(s *tinySession) error {
		s.state, s.phone = gateway.StateOpen, phone
		return nil
	})
}

func (p *tinyProvider) Unlink(name string) error {
	return p.session(name, func(s *tinySession) error {
		s.state, s.phone = gateway.StateLoggedOut, ""
		return nil
	})
}

func (p *tinyProvider) AddGroup(name string, g gatewaytest.Group) (jid core.JID, err error) {
	err = p.session(name, func(s *tinySession) error {
		p.groups++
		jid = core.JID(fmt.Sprintf("12036300000000%04d@g.us", p.groups))
		s.groups = append(s.groups, core.Group{
			JID: jid, Name: g.Name, Participants: 2, CanPost: !g.Parent && (!g.Announce || g.Admin),
		})
		return nil
	})
	return jid, err
}

func (p *tinyProvider) Posts(name string, chat core.JID) (posts []gatewaytest.Post, err error) {
	err = p.session(name, func(s *tinySession) error {
		posts = append(posts, s.posts[chat]...)
		return nil
	})
	return posts, err
}

func (p *tinyProvider) Refuse(name string, how gatewaytest.Refusal) bool {
	return p.session(name, func(s *tinySession) error { s.refuse = how; return nil }) == nil
}

type tinyEvent struct {
	Session string
	Kind    gatewaytest.HappeningKind
	Key     core.MessageKey
	Text    string
	Media   bool
	At      time.Time
}

func (p *tinyProvider) Tell(name string, what gatewaytest.Happening) ([]gateway.Request, bool, error) {
	err := p.session(name, func(s *tinySession) error {
		switch what.Kind {
		case gatewaytest.LoggedOut:
			s.state = gateway.StateLoggedOut
		case gatewaytest.Echoed:
			p.send(s, tinyCall{Chat: what.Chat, Text: what.Text})
		case gatewaytest.Pictured:
			s.media = what.Media.Data
		}
		return nil
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if what.Kind != gatewaytest.Echoed {
		p.ids++
	}
	e := tinyEvent{Session: name, Kind: what.Kind, Key: what.Of, Text: what.Text, Media: what.Media.Data != nil, At: time.Now()}
	if e.Key.ID == "" {
		e.Key = core.MessageKey{Chat: what.Chat, Participant: "1@lid", ID: core.MessageID(fmt.Sprintf("TINY%d", p.ids))}
	}
	body, _ := json.Marshal(e)
	header := http.Header{"X-Secret": {"hook-secret-of-" + name}, "X-Session": {name}}
	return []gateway.Request{{Header: header, Body: body}}, true, err
}

// tiny is a correct gateway to it.
type tiny struct{ client *http.Client }

func (g *tiny) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{
		Provider: "tiny", ClientMessageID: gateway.ClientIDIgnored,
		SentLookup: gateway.LookupPositive, NeedsServer: true,
	}
}

func (g *tiny) call(ctx context.Context, s gateway.Session, op string, c tinyCall) (tinyAnswer, error) {
	fail := func(kind gateway.Kind) (tinyAnswer, error) {
		return tinyAnswer{}, &gateway.Error{Op: op, Kind: kind}
	}
	unsure := gateway.KindTemporary
	if op == "send" {
		unsure = gateway.KindUnknown
	}
	if !core.ValidInstanceName(s.Name) {
		return fail(gateway.KindInvalid)
	}
	if ctx.Err() != nil {
		return fail(gateway.KindTemporary)
	}
	c.Name = s.Name
	body, _ := json.Marshal(c)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.ServerURL+"/"+op, bytes.NewReader(body))
	if err != nil {
		return fail(gateway.KindInvalid)
	}
	req.Header.Set("Key", s.ServerKey.Reveal())
	res, err := g.client.Do(req)
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		return fail(gateway.KindTemporary)
	case err != nil:
		return fail(unsure)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusTooManyRequests {
		e := &gateway.Error{Op: op, Kind: gateway.KindRateLimited}
		if wait, err := time.ParseDuration(res.Header.Get("Retry-After") + "s"); err == nil {
			e.RetryAfter = min(wait, time.Hour)
		} else if at, err := http.ParseTime(res.Header.Get("Retry-After")); err == nil {
			e.RetryAfter = time.Until(at)
		}
		return tinyAnswer{}, e
	}
	var a tinyAnswer
	if json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&a) != nil || res.StatusCode != http.StatusOK {
		return fail(unsure)
	}
	if a.Kind != "" {
		return fail(a.Kind)
	}
	return a, nil
}

func (g *tiny) Provision(ctx context.Context, s gateway.Session, _ gateway.Webhook) (gateway.Provisioned, error) {
	_, err := g.call(ctx, s, "provision", tinyCall{})
	return gateway.Provisioned{}, err
}

func (g *tiny) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	a, err := g.call(ctx, s, "connect", tinyCall{})
	return gateway.Pairing{State: a.State, QR: a.QR}, err
}

func (g *tiny) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	a, err := g.call(ctx, s, "status", tinyCall{})
	return gateway.Status{State: a.State, Phone: a.Phone}, err
}

func (g *tiny) Delete(ctx context.Context, s gateway.Session) error {
	_, err := g.call(ctx, s, "delete", tinyCall{})
	return err
}

func (g *tiny) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	a, err := g.call(ctx, s, "groups", tinyCall{})
	return append([]core.Group{}, a.Groups...), err
}

func (g *tiny) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	a, err := g.call(ctx, s, "send", tinyCall{Chat: m.To, Text: m.Text, Media: m.Media})
	return gateway.Receipt{ID: a.ID}, err
}

func (g *tiny) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (bool, core.MessageID, error) {
	a, err := g.call(ctx, s, "find", tinyCall{Chat: q.Chat, ID: q.ID, Text: q.Text, Since: q.Since})
	return a.Found, a.ID, err
}

func (g *tiny) FetchMedia(ctx context.Context, s gateway.Session, m core.Media, limit int64) (gateway.Media, error) {
	a, err := g.call(ctx, s, "media", tinyCall{Handle: string(m.Handle)})
	if err == nil && int64(len(a.Data)) > limit {
		err = &gateway.Error{Op: "media", Kind: gateway.KindMediaUnavailable}
	}
	return gateway.Media{Kind: m.Kind, Data: a.Data}, err
}

func (g *tiny) Authenticate(r gateway.Request, s gateway.SessionAuth) error {
	if s.Secret.IsZero() || r.Header.Get("X-Secret") != s.Secret.Reveal() || r.Header.Get("X-Session") != s.Name {
		return &gateway.Error{Op: "authenticate", Kind: gateway.KindAuth}
	}
	return nil
}

func (g *tiny) Decode(r gateway.Request) (gateway.Inbound, error) {
	var e tinyEvent
	if json.Unmarshal(r.Body, &e) != nil {
		return gateway.Inbound{}, &gateway.Error{Op: "decode", Kind: gateway.KindInvalid}
	}
	return gateway.Inbound{Session: e.Session, Events: []gateway.Event{e.event()}}, nil
}

func (e tinyEvent) event() gateway.Event {
	switch e.Kind {
	case gatewaytest.EditedText:
		return gateway.Edited{Key: e.Key, Text: e.Text}
	case gatewaytest.Revoked:
		return gateway.Revoked{Key: e.Key}
	case gatewaytest.Echoed:
		return gateway.SendEcho{Chat: e.Key.Chat, ID: e.Key.ID, Text: e.Text}
	case gatewaytest.QRShown:
		return gateway.QR{Code: "2@tiny"}
	case gatewaytest.LoggedOut:
		return gateway.Connection{State: gateway.StateLoggedOut}
	case gatewaytest.Unimportant:
		return gateway.Ignored{What: "unimportant"}
	}
	m := gateway.Message{Key: e.Key, FromMe: e.Kind == gatewaytest.Ours, Text: e.Text, At: e.At}
	if e.Media {
		m.Media = &core.Media{Kind: core.Image, Handle: []byte("tiny")}
	}
	return m
}

func newTiny(tb testing.TB) (*tiny, *tinyProvider) {
	p := &tinyProvider{sessions: map[string]*tinySession{}}
	server := httptest.NewServer(p)
	tb.Cleanup(server.Close)
	p.url = server.URL
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &tiny{client: client}, p
}

package gatewaytest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
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
	said   []tinyEvent // messages of everybody
	refuse gatewaytest.Refusal
	media  []byte
	code   string
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
	Limit  int
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
	Said   []tinyEvent
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
	case op == "restart":
		return tinyAnswer{}
	case op == "code":
		return s.pairingCode(c.Text)
	case s.state != gateway.StateOpen:
		return tinyAnswer{Kind: gateway.KindNotConnected}
	case op == "list":
		return tinyAnswer{Said: s.list(c)}
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
	case how == gatewaytest.Restricted:
		return tinyAnswer{Kind: gateway.KindRestricted}
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

func (s *tinySession) pairingCode(phone string) tinyAnswer {
	switch {
	case len(phone) < 8 || len(phone) > 15 || strings.Trim(phone, "0123456789") != "":
		return tinyAnswer{Kind: gateway.KindInvalid}
	case s.state == gateway.StateOpen:
		return tinyAnswer{Kind: gateway.KindAlreadyExists}
	case s.state != gateway.StatePairing:
		return tinyAnswer{Kind: gateway.KindNotConnected}
	}
	s.code = "TINY-" + phone[len(phone)-4:]
	return tinyAnswer{QR: s.code}
}

func (s *tinySession) list(c tinyCall) []tinyEvent {
	var list []tinyEvent
	for _, e := range s.said {
		if e.Key.Chat == c.Chat && !e.At.Before(c.Since) {
			list = append(list, e)
		}
	}
	return list[max(0, len(list)-c.Limit):]
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

func (p *tinyProvider) TypeCode(name, phone, code string) error {
	return p.session(name, func(s *tinySession) error {
		if s.code == "" || s.code != code {
			return errors.New("no such code")
		}
		s.state, s.phone = gateway.StateOpen, phone
		return nil
	})
}

func (p *tinyProvider) Other() (phone, lid core.JID) { return "5511900000001@s.whatsapp.net", "1@lid" }

func (p *tinyProvider) SignsBodies() bool { return true }

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
	Media   core.MediaKind
	At      time.Time
}

// tell makes something happen and returns the event of it.
func (p *tinyProvider) tell(name string, what gatewaytest.Happening) (tinyEvent, error) {
	e := tinyEvent{Session: name, Kind: what.Kind, Key: what.Of, Text: what.Text, Media: what.Media.Kind, At: time.Now()}
	return e, p.session(name, func(s *tinySession) error {
		switch what.Kind {
		case gatewaytest.LoggedOut:
			s.state = gateway.StateLoggedOut
		case gatewaytest.Echoed:
			p.send(s, tinyCall{Chat: what.Chat, Text: what.Text})
		default:
			p.ids++
		}
		s.media = what.Media.Data
		if e.Key.ID == "" {
			e.Key = core.MessageKey{Chat: what.Chat, Participant: "1@lid", ID: core.MessageID(fmt.Sprintf("TINY%d", p.ids))}
		}
		if what.Kind == gatewaytest.Texted || what.Kind == gatewaytest.Ours {
			s.said = append(s.said, e)
		}
		return nil
	})
}

func (p *tinyProvider) Tell(name string, what gatewaytest.Happening) ([]gateway.Request, bool, error) {
	e, err := p.tell(name, what)
	body, _ := json.Marshal(e)
	secret := p.Webhook(name).Secret.Reveal()
	header := http.Header{"X-Secret": {secret}, "X-Session": {name}, "X-Sum": {tinySum(secret, body)}}
	return []gateway.Request{{Header: header, Body: body}}, true, err
}

func tinySum(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Package simulated plays the people for a conformance test: a gatewaytest provider over the
// simulated WhatsApp of testkit/fakewhatsapp.
//
// The author of an adapter who has a fake of the provider over such a world embeds a [Scene]
// in the provider given to gatewaytest.Run, and adds only what is the provider's own: how a
// session is reached, how its QR code is scanned, which refusals it knows.
package simulated

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

// Scene is a world with another person in it, and a receiver of webhooks.
type Scene struct {
	World *fakewhatsapp.World
	// Friend is the other person of every group.
	Friend *fakewhatsapp.Phone

	hooks string
	idle  func() error

	mu       sync.Mutex
	requests map[string][]gateway.Request
	phones   map[string]*fakewhatsapp.Phone
}

// New makes a scene. Tell it with [Scene.SetIdle] when the provider has told everything.
func New(tb testing.TB) *Scene {
	tb.Helper()
	s := &Scene{
		World: fakewhatsapp.New(fakewhatsapp.Options{}), idle: func() error { return nil },
		requests: map[string][]gateway.Request{}, phones: map[string]*fakewhatsapp.Phone{},
	}
	var err error
	if s.Friend, err = s.World.AddPhone("5511900000001", "Ana"); err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(s.receive))
	tb.Cleanup(server.Close)
	s.hooks = server.URL
	return s
}

// SetIdle tells how to wait until the provider has told everything that happened so far.
func (s *Scene) SetIdle(idle func() error) { s.idle = idle }

func (s *Scene) receive(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	s.requests[name] = append(s.requests[name], gateway.Request{Header: r.Header, Body: body})
}

// Webhook implements [gatewaytest.Provider]: an address of this scene.
func (s *Scene) Webhook(name string) gateway.Webhook {
	return gateway.Webhook{URL: s.hooks + "/" + name, Secret: core.NewSecret("webhook-secret-0123456789-of-" + name)}
}

// Other implements [gatewaytest.Others].
func (s *Scene) Other() (phone, lid core.JID) { return s.Friend.JID(), s.Friend.LID() }

// Phone is the phone of a session, added to the world at the first call.
func (s *Scene) Phone(session, number string) (*fakewhatsapp.Phone, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.phones[session]; p != nil {
		return p, nil
	}
	p, err := s.World.AddPhone(number, "Tenant")
	if err == nil {
		s.phones[session] = p
	}
	return p, err
}

func (s *Scene) ours(session string) (*fakewhatsapp.Phone, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.phones[session]; p != nil {
		return p, nil
	}
	return nil, errors.New("the session is not linked")
}

// AddGroup makes a group for [gatewaytest.Phones].
func (s *Scene) AddGroup(session string, g gatewaytest.Group) (core.JID, error) {
	us, err := s.ours(session)
	if err != nil {
		return "", err
	}
	spec := fakewhatsapp.GroupSpec{
		Subject: g.Name, Announce: g.Announce, Community: g.Parent,
		Admins: []*fakewhatsapp.Phone{s.Friend}, Members: []*fakewhatsapp.Phone{us},
	}
	if g.Admin {
		spec.Admins = append(spec.Admins, us)
	}
	group, err := s.World.AddGroup(spec)
	if err != nil {
		return "", err
	}
	return group.JID(), s.idle()
}

// Posts reads the ledger for [gatewaytest.Phones].
func (s *Scene) Posts(session string, chat core.JID) ([]gatewaytest.Post, error) {
	var posts []gatewaytest.Post
	for _, post := range s.World.PostedVia(session) {
		if post.Group != chat {
			continue
		}
		got := gatewaytest.Post{ID: post.ID, Text: post.Text}
		if post.Media != nil {
			got.Media = &gateway.Media{
				Kind: post.Media.Kind, MimeType: post.Media.MimeType,
				FileName: post.Media.FileName, Data: post.Media.Data,
			}
		}
		posts = append(posts, got)
	}
	return posts, nil
}

// Capture does something and returns the webhook requests that came of it.
func (s *Scene) Capture(session string, do func() error) ([]gateway.Request, error) {
	if err := s.idle(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	before := len(s.requests[session])
	s.mu.Unlock()
	if err := do(); err != nil {
		return nil, err
	}
	if err := s.idle(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[session][before:], nil
}

// ErrNotByPeople says that a happening is the provider's own to bring about.
var ErrNotByPeople = errors.New("simulated: not done by people")

// Happen does what people do in WhatsApp, and refuses the rest with [ErrNotByPeople].
func (s *Scene) Happen(session string, what gatewaytest.Happening) error {
	media := &fakewhatsapp.Media{
		Kind: what.Media.Kind, MimeType: what.Media.MimeType, FileName: what.Media.FileName, Data: what.Media.Data,
	}
	var m fakewhatsapp.Message
	switch what.Kind {
	case gatewaytest.Texted:
		m = fakewhatsapp.Message{Text: what.Text}
	case gatewaytest.TextedPreview:
		m = fakewhatsapp.Message{Text: what.Text, Wrap: fakewhatsapp.WrapPreview}
	case gatewaytest.Ephemeral:
		m = fakewhatsapp.Message{Text: what.Text, Wrap: fakewhatsapp.WrapEphemeral}
	case gatewaytest.Pictured, gatewaytest.Filmed:
		m = fakewhatsapp.Message{Text: what.Text, Media: media}
	case gatewaytest.Documented:
		m = fakewhatsapp.Message{Text: what.Text, Media: media, Wrap: fakewhatsapp.WrapCaption}
	case gatewaytest.ViewOnce:
		m = fakewhatsapp.Message{Text: what.Text, Media: media, Wrap: fakewhatsapp.WrapViewOnce}
	case gatewaytest.Unimportant:
		m = fakewhatsapp.Message{Content: fakewhatsapp.ContentSticker}
	case gatewaytest.Ours:
		us, err := s.ours(session)
		if err == nil {
			_, err = us.PostText(what.Chat, what.Text)
		}
		return err
	case gatewaytest.EditedText, gatewaytest.Revoked:
		return s.amend(what)
	default:
		return ErrNotByPeople
	}
	_, err := s.Friend.Post(what.Chat, m)
	return err
}

func (s *Scene) amend(what gatewaytest.Happening) error {
	for _, post := range s.World.PostedIn(what.Chat) {
		if post.ID != what.Of.ID {
			continue
		}
		if what.Kind == gatewaytest.Revoked {
			return s.Friend.Revoke(post)
		}
		return s.Friend.Edit(post, what.Text)
	}
	return errors.New("no such message")
}

package evolution_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

func TestConformance(t *testing.T) {
	for name, quirks := range map[string]fakeevolution.Quirks{
		"lid":        {},
		"base64":     {Encoding: fakeevolution.EncodingBase64, HideAlternate: true, RevokeAsDelete: true},
		"slowDelete": {DeletePolls: 3, Encoding: fakeevolution.EncodingBuffer},
	} {
		t.Run(name, func(t *testing.T) {
			gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
				p := newProvider(tb)
				p.server.SetQuirks(quirks)
				return gatewaytest.Harness{Gateway: newGateway(tb), Provider: p}
			})
		})
	}
}

func newGateway(tb testing.TB) *evolution.Gateway {
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	g, err := evolution.New(evolution.Options{Client: &http.Client{Transport: transport}})
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

const adminKey = "admin-key-of-the-conformance-test"

// provider scripts a fake Evolution API server for the suite.
type provider struct {
	world  *fakewhatsapp.World
	server *fakeevolution.Server
	url    string
	hooks  string
	friend *fakewhatsapp.Phone

	mu       sync.Mutex
	requests map[string][]gateway.Request
	phones   map[string]*fakewhatsapp.Phone
}

func newProvider(tb testing.TB) *provider {
	p := &provider{
		world:    fakewhatsapp.New(fakewhatsapp.Options{}),
		requests: map[string][]gateway.Request{},
		phones:   map[string]*fakewhatsapp.Phone{},
	}
	var err error
	if p.server, err = fakeevolution.New(p.world, fakeevolution.Options{APIKey: adminKey}); err != nil {
		tb.Fatal(err)
	}
	if p.friend, err = p.world.AddPhone("5511900000001", "Ana"); err != nil {
		tb.Fatal(err)
	}
	api := httptest.NewServer(p.server)
	hooks := httptest.NewServer(http.HandlerFunc(p.receive))
	tb.Cleanup(func() {
		p.server.Close()
		api.Close()
		hooks.Close()
	})
	p.url, p.hooks = api.URL, hooks.URL
	return p
}

func (p *provider) receive(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	p.requests[name] = append(p.requests[name], gateway.Request{Header: r.Header, Body: body})
}

func (p *provider) Session(name string) gateway.Session {
	return gateway.Session{Name: name, ServerURL: p.url, ServerKey: core.NewSecret(adminKey)}
}

func (p *provider) Webhook(name string) gateway.Webhook {
	return gateway.Webhook{URL: p.hooks + "/" + name, Secret: core.NewSecret("webhook-secret-of-" + name)}
}

func (p *provider) idle() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return p.server.WaitIdle(ctx)
}

func (p *provider) Link(name, number string) error {
	phone, err := p.world.AddPhone(number, "Tenant")
	if err != nil {
		return err
	}
	p.phones[name] = phone
	if err := p.server.Scan(name, phone); err != nil {
		return err
	}
	return p.idle()
}

func (p *provider) Unlink(name string) error {
	if err := p.server.LogoutFromPhone(name); err != nil {
		return err
	}
	return p.idle()
}

func (p *provider) AddGroup(name string, g gatewaytest.Group) (core.JID, error) {
	us := p.phones[name]
	if us == nil {
		return "", errors.New("the session is not linked")
	}
	spec := fakewhatsapp.GroupSpec{
		Subject: g.Name, Announce: g.Announce, Community: g.Parent,
		Admins: []*fakewhatsapp.Phone{p.friend}, Members: []*fakewhatsapp.Phone{us},
	}
	if g.Admin {
		spec.Admins = append(spec.Admins, us)
	}
	group, err := p.world.AddGroup(spec)
	if err != nil {
		return "", err
	}
	return group.JID(), p.idle()
}

func (p *provider) Posts(name string, chat core.JID) ([]gatewaytest.Post, error) {
	var posts []gatewaytest.Post
	for _, post := range p.world.PostedVia(name) {
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

func (p *provider) Refuse(name string, how gatewaytest.Refusal) bool {
	fault, ok := map[gatewaytest.Refusal]fakeevolution.Fault{
		gatewaytest.Throttled:    fakeevolution.RateOverlimit(),
		gatewaytest.GroupForbids: fakeevolution.NotAcceptable(),
		gatewaytest.Lies:         fakeevolution.TimedOut().AfterPosting(),
		gatewaytest.NamesNoID:    fakeevolution.NoKey(),
	}[how]
	if ok {
		p.server.Next(fault.For(name))
	}
	return ok
}

func (p *provider) Tell(name string, what gatewaytest.Happening) ([]gateway.Request, bool, error) {
	if err := p.idle(); err != nil {
		return nil, false, err
	}
	p.mu.Lock()
	before := len(p.requests[name])
	p.mu.Unlock()
	if err := p.happen(name, what); err != nil {
		return nil, false, err
	}
	if err := p.idle(); err != nil {
		return nil, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[name][before:], true, nil
}

func (p *provider) happen(name string, what gatewaytest.Happening) error {
	media := &fakewhatsapp.Media{Kind: what.Media.Kind, MimeType: what.Media.MimeType, Data: what.Media.Data}
	var err error
	switch what.Kind {
	case gatewaytest.Texted:
		_, err = p.friend.PostText(what.Chat, what.Text)
	case gatewaytest.TextedPreview:
		_, err = p.friend.Post(what.Chat, fakewhatsapp.Message{Text: what.Text, Wrap: fakewhatsapp.WrapPreview})
	case gatewaytest.Ephemeral:
		_, err = p.friend.Post(what.Chat, fakewhatsapp.Message{Text: what.Text, Wrap: fakewhatsapp.WrapEphemeral})
	case gatewaytest.Pictured:
		_, err = p.friend.PostMedia(what.Chat, *media, what.Text)
	case gatewaytest.ViewOnce:
		_, err = p.friend.Post(what.Chat, fakewhatsapp.Message{Text: what.Text, Media: media, Wrap: fakewhatsapp.WrapViewOnce})
	case gatewaytest.Ours:
		_, err = p.phones[name].PostText(what.Chat, what.Text)
	case gatewaytest.EditedText, gatewaytest.Revoked:
		err = p.amend(what)
	case gatewaytest.Echoed:
		err = p.call(http.MethodPost, "/message/sendText/"+name, fmt.Sprintf(`{"number":%q,"text":%s}`, what.Chat, quote(what.Text)))
	case gatewaytest.QRShown:
		err = p.call(http.MethodGet, "/instance/connect/"+name, "")
	case gatewaytest.LoggedOut:
		err = p.server.LogoutFromPhone(name)
	case gatewaytest.Unimportant:
		_, err = p.friend.Post(what.Chat, fakewhatsapp.Message{Content: fakewhatsapp.ContentSticker})
	default:
		err = fmt.Errorf("unknown happening %q", what.Kind)
	}
	return err
}

func (p *provider) amend(what gatewaytest.Happening) error {
	for _, post := range p.world.PostedIn(what.Chat) {
		if post.ID != what.Of.ID {
			continue
		}
		if what.Kind == gatewaytest.Revoked {
			return p.friend.Revoke(post)
		}
		return p.friend.Edit(post, what.Text)
	}
	return errors.New("no such message")
}

func (p *provider) call(method, path, body string) error {
	req, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("apikey", adminKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode > 299 {
		return fmt.Errorf("%s answered %s", path, res.Status)
	}
	return nil
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

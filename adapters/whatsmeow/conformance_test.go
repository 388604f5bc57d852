package whatsmeow_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

func TestConformance(t *testing.T) {
	for _, addressing := range []fakewhatsapp.Addressing{fakewhatsapp.ByLID, fakewhatsapp.ByPhone} {
		t.Run(string(addressing), func(t *testing.T) {
			gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
				p := &provider{scene: newScene(tb, nil), by: addressing, hosts: map[string]*host{}, phones: map[string]*fakewhatsapp.Phone{}}
				return gatewaytest.Harness{
					Gateway:  hosted{Gateway: p.gateway, MediaFetcher: p.gateway, PairingCoder: p.gateway, provider: p},
					Provider: p,
				}
			})
		})
	}
}

// hosted is the gateway with the host that the port asks for: whatever is provisioned is
// streamed until it is deleted.
type hosted struct {
	gateway.Gateway
	gateway.MediaFetcher
	gateway.PairingCoder
	provider *provider
}

// Provision starts to stream the session as well.
func (h hosted) Provision(ctx context.Context, s gateway.Session, w gateway.Webhook) (gateway.Provisioned, error) {
	p, err := h.Gateway.Provision(ctx, s, w)
	if err != nil {
		return p, err
	}
	streaming := h.provider.host(h.provider.gateway, s.Name)
	h.provider.mu.Lock()
	h.provider.hosts[s.Name] = streaming
	h.provider.mu.Unlock()
	return p, nil
}

type provider struct {
	*scene
	by     fakewhatsapp.Addressing
	mu     sync.Mutex
	hosts  map[string]*host
	phones map[string]*fakewhatsapp.Phone
}

func (p *provider) hostOf(name string) *host {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hosts[name]
}

func (p *provider) Session(name string) gateway.Session { return gateway.Session{Name: name} }

func (p *provider) Webhook(string) gateway.Webhook { return gateway.Webhook{} }

func (p *provider) Link(name, number string) error {
	phone, err := p.world.AddPhone(number, "Tenant")
	if err != nil {
		return err
	}
	p.phones[name] = phone
	h := p.hostOf(name)
	qr := await(h, func(gateway.QR) bool { return true })
	if err := p.server.Scan(phone, name, qr.Code); err != nil {
		return err
	}
	await(h, inState(gateway.StateOpen))
	return p.server.WaitConnected(p.ctx, name, true)
}

func (p *provider) Unlink(name string) error {
	if err := p.server.LogOut(name); err != nil {
		return err
	}
	if err := p.hostOf(name).outcome(); gateway.KindOf(err) != gateway.KindLoggedOut {
		return errors.New("the stream did not end as logged out")
	}
	return nil
}

func (p *provider) AddGroup(name string, g gatewaytest.Group) (core.JID, error) {
	spec := fakewhatsapp.GroupSpec{
		Subject: g.Name, Announce: g.Announce, Community: g.Parent, Addressing: p.by,
		Admins: []*fakewhatsapp.Phone{p.ana}, Members: []*fakewhatsapp.Phone{p.phones[name]},
	}
	if g.Admin {
		spec.Admins = append(spec.Admins, p.phones[name])
	}
	group, err := p.world.AddGroup(spec)
	if err != nil {
		return "", err
	}
	return group.JID(), nil
}

func (p *provider) Posts(name string, chat core.JID) ([]gatewaytest.Post, error) {
	var posts []gatewaytest.Post
	for _, post := range p.world.PostedVia(name) {
		if post.Group != chat {
			continue
		}
		got := gatewaytest.Post{ID: post.ID, Text: post.Text}
		if m := post.Media; m != nil {
			got.Media = &gateway.Media{Kind: m.Kind, MimeType: m.MimeType, FileName: m.FileName, Data: m.Data}
		}
		posts = append(posts, got)
	}
	return posts, nil
}

func (p *provider) Refuse(name string, how gatewaytest.Refusal) bool {
	fault, ok := map[gatewaytest.Refusal]endpoint.Fault{
		gatewaytest.Throttled:    endpoint.Refuse(429),
		gatewaytest.GroupForbids: endpoint.Refuse(403),
		gatewaytest.Lies:         endpoint.Silence(),
	}[how]
	if ok {
		p.server.NextSend(name, fault)
	}
	return ok
}

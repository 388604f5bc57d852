package whatsmeow_test

import (
	"errors"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest/simulated"
)

func TestConformance(t *testing.T) {
	for _, addressing := range []fakewhatsapp.Addressing{fakewhatsapp.ByLID, fakewhatsapp.ByPhone} {
		t.Run(string(addressing), func(t *testing.T) {
			gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
				people := simulated.New(tb)
				p := &provider{Scene: people, scene: newSceneIn(tb, people.World, people.Friend, nil), by: addressing}
				return gatewaytest.Harness{Gateway: p.scene.gateway, Provider: p}
			})
		})
	}
}

// provider is WhatsApp behind its endpoint.
type provider struct {
	*simulated.Scene
	scene *scene
	by    fakewhatsapp.Addressing
}

func (p *provider) Session(name string) gateway.Session { return gateway.Session{Name: name} }

// status waits until the gateway says that a session stands, or does not stand, open.
func (p *provider) status(name string, open bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := p.scene.gateway.Status(p.scene.ctx, p.Session(name))
		if (err == nil && now.State == gateway.StateOpen) == open {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.scene.ctx.Done():
			return errors.Join(p.scene.ctx.Err(), err)
		}
	}
}

func (p *provider) Link(name, number string) error {
	phone, err := p.Phone(name, number)
	if err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		pairing, err := p.scene.gateway.Connect(p.scene.ctx, p.Session(name))
		if err != nil {
			return err
		}
		if pairing.QR != "" {
			if err := p.scene.server.Scan(phone, name, pairing.QR); err != nil {
				return err
			}
			return p.status(name, true)
		}
		select {
		case <-tick.C:
		case <-p.scene.ctx.Done():
			return p.scene.ctx.Err()
		}
	}
}

func (p *provider) Unlink(name string) error {
	if err := p.scene.server.LogOut(name); err != nil {
		return err
	}
	return p.status(name, false)
}

// AddGroup is that of the scene, with members shown by number or by the other address.
func (p *provider) AddGroup(name string, g gatewaytest.Group) (core.JID, error) {
	us, err := p.Phone(name, "")
	if err != nil {
		return "", err
	}
	spec := fakewhatsapp.GroupSpec{
		Subject: g.Name, Announce: g.Announce, Community: g.Parent, Addressing: p.by,
		Admins: []*fakewhatsapp.Phone{p.Friend}, Members: []*fakewhatsapp.Phone{us},
	}
	if g.Admin {
		spec.Admins = append(spec.Admins, us)
	}
	group, err := p.World.AddGroup(spec)
	if err != nil {
		return "", err
	}
	return group.JID(), nil
}

func (p *provider) Refuse(name string, how gatewaytest.Refusal) bool {
	fault, ok := map[gatewaytest.Refusal]endpoint.Fault{
		gatewaytest.Throttled:    endpoint.Refuse(429),
		gatewaytest.GroupForbids: endpoint.Refuse(403),
		gatewaytest.Lies:         endpoint.Silence(),
	}[how]
	if ok {
		p.scene.server.NextSend(name, fault)
	}
	return ok
}

// Happen implements gatewaytest.Happener.
func (p *provider) Happen(name string, what gatewaytest.Happening) (bool, error) {
	switch what.Kind {
	case gatewaytest.QRShown:
		_, err := p.scene.gateway.Connect(p.scene.ctx, p.Session(name))
		return true, err
	case gatewaytest.LoggedOut:
		return true, p.scene.server.LogOut(name)
	}
	err := p.Scene.Happen(name, what)
	if errors.Is(err, simulated.ErrNotByPeople) {
		return false, nil
	}
	return true, err
}

// Package demo plays AutoPromo for a newcomer, without any WhatsApp: the real server, its
// real adapters and its public API, in front of a simulated WhatsApp behind a fake
// Evolution API. Nothing leaves the machine.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

const patience = 30 * time.Second // for what takes milliseconds unless it is broken

// Start starts the real server in front of a provider, without pacing and with a stand-in
// for the internet's short-link hosts. play is for a button of the console. It returns the
// server's base URL once it answers.
type Start func(ctx context.Context, providerURL string, providerKey core.Secret, shortLinks http.RoundTripper, play func(context.Context) error) (string, error)

// Options of a demo.
type Options struct {
	Start Start
	Out   io.Writer
	Color bool
	// Leave ends the demo after the story; otherwise it stays open until ctx ends.
	Leave bool
}

// Run plays the story, prints what each group finally received, and leaves the server and
// the simulated WhatsApp open until ctx ends, unless it shall leave. An error means that the story did not come
// out as it must.
func Run(ctx context.Context, o Options) error {
	s := &stage{console: console{out: o.Out, color: o.Color}, world: fakewhatsapp.New(fakewhatsapp.Options{Seed: 1})}
	if err := s.raise(ctx, o.Start); err != nil {
		return err
	}
	defer s.close()
	s.say("%s", s.paint(bold, "AutoPromo · demonstração"))
	s.say("Um WhatsApp de mentira e o servidor de verdade. Nada sai desta máquina.")
	if err := s.enter(ctx); err != nil {
		return err
	}
	if err := s.play(ctx); err != nil {
		return err
	}
	if err := s.sumUp(); err != nil {
		return err
	}
	if o.Leave {
		return nil
	}
	s.invite()
	<-ctx.Done()
	return nil
}

// stage is everything of a running demo.
type stage struct {
	console
	world     *fakewhatsapp.World
	evolution *fakeevolution.Server
	provider  *http.Server
	base      string
	ana       *fakewhatsapp.Phone
	source    *fakewhatsapp.Group
	actors    []*actor
	pressed   atomic.Int64 // how often the console's button was
}

// actor is a customer on stage.
type actor struct {
	customer
	*client
	phone  *fakewhatsapp.Phone
	groups []*fakewhatsapp.Group
	held   int // messages of the story that were not posted anywhere, or not everywhere
}

// raise builds the simulated WhatsApp, its Evolution API and the server.
func (s *stage) raise(ctx context.Context, start Start) error {
	const key = "chave-da-demonstracao"
	var err error
	if s.ana, err = s.world.AddPhone("5511900000001", "Ana Ofertas"); err != nil {
		return err
	}
	s.source, err = s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achadinhos da Ana 🔥", Admins: []*fakewhatsapp.Phone{s.ana}})
	if err != nil {
		return err
	}
	s.evolution, err = fakeevolution.New(s.world, fakeevolution.Options{
		APIKey: key, Delays: fakeevolution.Delays{Connect: 300 * time.Millisecond},
	})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.provider = &http.Server{Handler: s.evolution, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.provider.Serve(listener) }()
	s.base, err = start(ctx, "http://"+listener.Addr().String(), core.NewSecret(key), shortLinks, s.postAnother)
	if err != nil {
		s.close()
		return err
	}
	return nil
}

func (s *stage) close() {
	s.evolution.Close()
	_ = s.provider.Close()
}

// enter has every customer register, connect, choose groups and give tags, through the
// public API.
func (s *stage) enter(ctx context.Context) error {
	s.chapter("1 · Dois clientes no mesmo servidor, cada um com o seu WhatsApp e as suas tags")
	for _, c := range customers {
		a := &actor{customer: c}
		var err error
		if a.phone, err = s.world.AddPhone(c.number, c.name); err != nil {
			return err
		}
		s.source.Add(a.phone)
		for _, subject := range c.groups {
			g, err := s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: subject, Admins: []*fakewhatsapp.Phone{a.phone}})
			if err != nil {
				return err
			}
			a.groups = append(a.groups, g)
		}
		if a.client, err = login(ctx, s.base, c); err != nil {
			return err
		}
		if err := s.connect(ctx, a); err != nil {
			return fmt.Errorf("connecting %s: %w", c.name, err)
		}
		if err := s.choose(ctx, a); err != nil {
			return fmt.Errorf("setting %s up: %w", c.name, err)
		}
		s.actors = append(s.actors, a)
		s.say("   %s %-12s QR code lido, WhatsApp +%s conectado", s.paint(green, "✔"), c.name, c.number)
		s.say("     lê       %s", s.source.Info().Subject)
		s.say("     posta em %s", strings.Join(c.groups, " e "))
		var marks []string
		for _, slug := range []string{"amazon", "shopee", "mercadolivre", "magalu"} {
			if mark := c.marks[slug]; mark != "" {
				marks = append(marks, strings.Trim(mark, "/"))
			}
		}
		s.say("     tags     %s", s.paint(green, strings.Join(marks, " · ")))
	}
	return nil
}

// connect asks for a QR code and scans it with the customer's phone.
func (s *stage) connect(ctx context.Context, a *actor) error {
	var session struct {
		Name string `json:"instance_name"`
		QR   string `json:"qr_code"`
	}
	if err := a.Call(ctx, http.MethodPost, "/whatsapp/connect", map[string]string{}, &session); err != nil {
		return err
	}
	if session.QR == "" {
		return errors.New("the server gave no QR code")
	}
	if err := s.evolution.Scan(session.Name, a.phone); err != nil {
		return err
	}
	return s.until(ctx, "connected", func() (bool, error) {
		var status struct {
			Status string `json:"status"`
		}
		err := a.Call(ctx, http.MethodGet, "/whatsapp/status", nil, &status)
		return status.Status == string(core.InstanceConnected), err
	})
}

// choose discovers the groups and switches on what the customer wants.
func (s *stage) choose(ctx context.Context, a *actor) error {
	var found []struct {
		JID string `json:"source_group_id"`
	}
	if err := a.Call(ctx, http.MethodPost, "/whatsapp/discover-groups", nil, &found); err != nil {
		return err
	}
	if len(found) != 1+len(a.groups) {
		return fmt.Errorf("discovered %d groups, want %d", len(found), 1+len(a.groups))
	}
	err := a.Call(ctx, http.MethodPost, "/groups/source", map[string]any{
		"source_group_id": s.source.JID(), "label": s.source.Info().Subject,
	}, nil)
	if err != nil {
		return err
	}
	for i, g := range a.groups {
		err := a.Call(ctx, http.MethodPost, "/groups/destination", map[string]any{
			"destination_group_id": g.JID(), "label": a.customer.groups[i],
		}, nil)
		if err != nil {
			return err
		}
	}
	for _, tag := range a.tags {
		if err := a.Call(ctx, http.MethodPost, "/affiliate-tags", tag, nil); err != nil {
			return err
		}
	}
	return nil
}

// until asks again and again, a moment apart, until ok, an error or the end of patience.
func (s *stage) until(ctx context.Context, what string, ok func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ok()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("never %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

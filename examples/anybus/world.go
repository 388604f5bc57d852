package main

import (
	"context"
	"net/http"
	"net/http/httptest"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

const (
	providerKey = "provider-key"
	offer       = "Fone por R$ 99,90\nhttps://www.amazon.com.br/dp/B0TESTE001?tag=ana-20"
)

// world is a simulated WhatsApp with two people, and the servers around the engine.
type world struct {
	whatsapp       *fakewhatsapp.World
	provider       *fakeevolution.Server
	api            *httptest.Server // the provider's
	hooks          *httptest.Server // ours, where the provider delivers
	ana, bia       *fakewhatsapp.Phone
	source, target *fakewhatsapp.Group
}

func newWorld() (*world, error) {
	w := &world{whatsapp: fakewhatsapp.New(fakewhatsapp.Options{})}
	var err error
	if w.ana, err = w.whatsapp.AddPhone("5511900000001", "Ana"); err != nil {
		return nil, err
	}
	if w.bia, err = w.whatsapp.AddPhone("5511900000002", "Bia"); err != nil {
		return nil, err
	}
	both := []*fakewhatsapp.Phone{w.bia}
	if w.source, err = w.whatsapp.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achadinhos da Ana", Admins: []*fakewhatsapp.Phone{w.ana}, Members: both}); err != nil {
		return nil, err
	}
	if w.target, err = w.whatsapp.AddGroup(fakewhatsapp.GroupSpec{Subject: "Bia VIP", Admins: both}); err != nil {
		return nil, err
	}
	if w.provider, err = fakeevolution.New(w.whatsapp, fakeevolution.Options{APIKey: providerKey}); err != nil {
		return nil, err
	}
	w.api = httptest.NewServer(w.provider)
	return w, nil
}

func (w *world) close() {
	w.api.Close()
	w.provider.Close()
	if w.hooks != nil {
		w.hooks.Close()
	}
}

// engine is the engine as any embedder makes it, with the bus that was chosen.
func (w *world) engine(db repository.Repository, bus *watermillbus.Bus) (*engine.Engine, error) {
	evo, err := evolution.New(evolution.Options{Client: http.DefaultClient})
	if err != nil {
		return nil, err
	}
	guard, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		return nil, err
	}
	short, err := resolver.New(resolver.Options{Client: guard.Client(safehttp.ClientOptions{WebPortsOnly: true})})
	if err != nil {
		return nil, err
	}
	// The engine wants to know where its webhooks arrive before there is an engine to hand
	// them to.
	var handler http.Handler
	w.hooks = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	e, err := engine.New(engine.Deps{
		Repository: db, Publisher: bus, Subscriber: bus,
		Gateways: []gateway.Gateway{evo}, Resolver: short,
	}, engine.Config{
		PublicURL: w.hooks.URL, Servers: map[core.Provider]engine.Server{evolution.Name: {URL: w.api.URL, Key: core.NewSecret(providerKey)}},
		IDKey: core.NewSecret("keys the message ids"), WithoutPacing: true, // the gaps of a real number would be waited for
	})
	if err != nil {
		return nil, err
	}
	handler, err = httpapi.New(e, httpapi.Options{SigningKey: core.NewSecret("32 random bytes of another vault")})
	return e, err
}

// play lets Bia connect and Ana write, and returns what Bia's WhatsApp posted.
func (w *world) play(ctx context.Context, e *engine.Engine) (string, error) {
	account, err := e.Register(ctx, engine.NewTenant{Email: "bia@exemplo.com.br"})
	if err != nil {
		return "", err
	}
	bia := e.Tenant(account.ID)
	session, err := bia.Connect(ctx, engine.ConnectRequest{})
	if err != nil {
		return "", err
	}
	if err := w.provider.ScanCode(session.QRCode, w.bia); err != nil {
		return "", err
	}
	if err := w.provider.WaitIdle(ctx); err != nil {
		return "", err
	}
	if _, err := bia.AddSource(ctx, engine.NewGroup{JID: string(w.source.JID())}); err != nil {
		return "", err
	}
	if _, err := bia.AddDestination(ctx, engine.NewGroup{JID: string(w.target.JID())}); err != nil {
		return "", err
	}
	if _, err := bia.AddTag(ctx, engine.TagInput{Store: "amazon", Code: "bia-20"}); err != nil {
		return "", err
	}
	if _, err := w.ana.PostText(w.source.JID(), offer); err != nil {
		return "", err
	}
	post, err := w.whatsapp.WaitPosted(ctx, func(p fakewhatsapp.Post) bool { return p.Group == w.target.JID() })
	return post.Text, err
}

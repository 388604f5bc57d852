package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// TestProgram has a tenant connect through wuzapi, and an offer travel from one group to
// another with the tenant's tag in it.
func TestProgram(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	server := newStandIn(t, world)
	ana, err := world.AddPhone("5511900000001", "Ana")
	if err != nil {
		t.Fatal(err)
	}
	bia, err := world.AddPhone("5511900000002", "Bia")
	if err != nil {
		t.Fatal(err)
	}
	source, err := world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{ana}, Members: []*fakewhatsapp.Phone{bia}})
	if err != nil {
		t.Fatal(err)
	}
	target, err := world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Bia VIP", Admins: []*fakewhatsapp.Phone{bia}})
	if err != nil {
		t.Fatal(err)
	}

	ready := make(chan *engine.Engine, 1)
	ended := make(chan error, 1)
	stop, end := context.WithCancel(ctx)
	defer end()
	go func() {
		ended <- program{
			addr: "127.0.0.1:0", dir: t.TempDir(), key: core.NewSecret(strings.Repeat("k", 32)),
			provider: server.url, adminToken: core.NewSecret(adminToken), noPacing: true,
			ready: func(_ string, e *engine.Engine) { ready <- e },
		}.run(stop)
	}()
	var e *engine.Engine
	select {
	case e = <-ready:
	case err := <-ended:
		t.Fatalf("the program did not start: %v", err)
	}

	account, err := e.Register(ctx, engine.NewTenant{Email: "bia@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	tenant := e.Tenant(account.ID)
	instance, err := tenant.Connect(ctx, engine.ConnectRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.scan(instance.QRCode, bia); err != nil {
		t.Fatal(err)
	}
	if err := server.idle(); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.AddSource(ctx, engine.NewGroup{JID: string(source.JID())}); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.AddDestination(ctx, engine.NewGroup{JID: string(target.JID())}); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.AddTag(ctx, engine.TagInput{Store: "amazon", Code: "bia-20"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ana.PostText(source.JID(), "Fone por R$ 99,90\nhttps://www.amazon.com.br/dp/B0TESTE001?tag=ana-20"); err != nil {
		t.Fatal(err)
	}
	reposted, err := world.WaitPosted(ctx, func(post fakewhatsapp.Post) bool { return post.Group == target.JID() })
	if err != nil {
		offers, offersErr := tenant.Offers(t.Context(), repository.OfferQuery{Limit: 10})
		t.Fatalf("nothing was reposted: %v; the offers are %+v, %v", err, offers, offersErr)
	}
	if !strings.Contains(reposted.Text, "tag=bia-20") || strings.Contains(reposted.Text, "ana-20") {
		t.Errorf("reposted %q, want Bia's tag and not Ana's", reposted.Text)
	}
	end()
	if err := <-ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

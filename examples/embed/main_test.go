package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestProduct has a customer connect through the product, and an offer travel from one
// group to another with the customer's tag in it.
func TestProduct(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	whatsapp, err := fakeevolution.New(world, fakeevolution.Options{APIKey: "provider-key"})
	if err != nil {
		t.Fatal(err)
	}
	provider := httptest.NewServer(whatsapp)
	defer provider.Close()
	defer whatsapp.Close()
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

	type started struct {
		base   string
		engine *engine.Engine
	}
	ready := make(chan started, 1)
	ended := make(chan error, 1)
	stop, end := context.WithCancel(ctx)
	defer end()
	go func() {
		ended <- product{
			addr: "127.0.0.1:0", dir: t.TempDir(), key: core.NewSecret(strings.Repeat("k", 32)),
			provider: provider.URL, providerKey: core.NewSecret("provider-key"), noPacing: true,
			ready: func(base string, e *engine.Engine) { ready <- started{base, e} },
		}.run(stop)
	}()
	var p started
	select {
	case p = <-ready:
	case err := <-ended:
		t.Fatalf("the product did not start: %v", err)
	}

	code := post(ctx, t, p.base+"/customers/bia@example.com/connect")
	if err := whatsapp.ScanCode(code, bia); err != nil {
		t.Fatal(err)
	}
	if err := whatsapp.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	tenant, err := p.engine.TenantByEmail(ctx, "bia@example.com")
	if err != nil {
		t.Fatal(err)
	}
	customer := p.engine.Tenant(tenant.ID)
	if _, err := customer.AddSource(ctx, engine.NewGroup{JID: string(source.JID())}); err != nil {
		t.Fatal(err)
	}
	if _, err := customer.AddDestination(ctx, engine.NewGroup{JID: string(target.JID())}); err != nil {
		t.Fatal(err)
	}
	if _, err := customer.AddTag(ctx, engine.TagInput{Store: "amazon", Code: "bia-20"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ana.PostText(source.JID(), "Fone por R$ 99,90\nhttps://www.amazon.com.br/dp/B0TESTE001?tag=ana-20"); err != nil {
		t.Fatal(err)
	}
	reposted, err := world.WaitPosted(ctx, func(post fakewhatsapp.Post) bool { return post.Group == target.JID() })
	if err != nil {
		offers, offersErr := customer.Offers(t.Context(), repository.OfferQuery{Limit: 10})
		t.Fatalf("nothing was reposted: %v; the offers are %+v, %v", err, offers, offersErr)
	}
	if !strings.Contains(reposted.Text, "tag=bia-20") || strings.Contains(reposted.Text, "ana-20") {
		t.Errorf("reposted %q, want Bia's tag and not Ana's", reposted.Text)
	}
	end()
	if err := <-ended; err != nil {
		t.Errorf("the product ended with %v", err)
	}
}

// post returns the text the product answers with.
func post(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s, %v", response.StatusCode, body, err)
	}
	return strings.TrimSpace(string(body))
}

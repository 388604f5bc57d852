package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// saves is a repository whose offers are stored through save.
type saves struct {
	repository.Repository
	save func(own repository.Offers, ctx context.Context, all []repository.SaveOffer) ([]core.Offer, error)
}

func (r saves) Tenant(id core.TenantID) repository.Tenant {
	return savesTenant{r.Repository.Tenant(id), r}
}

type savesTenant struct {
	repository.Tenant
	r saves
}

func (t savesTenant) Offers() repository.Offers { return savesOffers{t.Tenant.Offers(), t.r} }

type savesOffers struct {
	repository.Offers
	r saves
}

func (o savesOffers) Save(ctx context.Context, all ...repository.SaveOffer) ([]core.Offer, error) {
	return o.r.save(o.Offers, ctx, all)
}

// opened opens short links and tells when it has opened some.
type opened struct {
	mu   sync.Mutex
	left int
	all  chan struct{}
}

func (o *opened) Resolve(_ context.Context, url string, _ func(string) bool) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.left--; o.left == 0 {
		close(o.all)
	}
	return "https://www.amazon.com.br/dp/B0TESTE" + url[len(url)-3:] + "?tag=outro-20", nil
}

// turn has the engine process messages in one turn, where no offer is stored before all links
// are open. The offers go through save.
func turn(t *testing.T, messages int, text func(i int) string, save func(own repository.Offers, ctx context.Context, all []repository.SaveOffer) ([]core.Offer, error)) *marketer {
	links := &opened{left: messages, all: make(chan struct{})}
	var first sync.Once
	h := buildOn(t, func(c *engine.Config) { c.Roles = engine.Worker }, func(d *engine.Deps) {
		d.Resolver = links
		d.Repository = saves{d.Repository, func(own repository.Offers, ctx context.Context, all []repository.SaveOffer) ([]core.Offer, error) {
			first.Do(func() { <-links.all })
			return save(own, ctx, all)
		}}
	})
	m := h.marketer("bia", "5511900000002", "bia-20")
	for i := range messages {
		h.post(text(i) + fmt.Sprintf(" https://amzn.to/curto%03d", i))
	}
	h.delivered()
	h.start()
	return m
}

func TestOffersOfATurnShareTransactions(t *testing.T) {
	const messages = 14
	var calls atomic.Int64
	m := turn(t, messages, func(i int) string { return fmt.Sprintf("Oferta %02d", i) },
		func(own repository.Offers, ctx context.Context, all []repository.SaveOffer) ([]core.Offer, error) {
			calls.Add(1)
			if !slices.IsSortedFunc(all, func(a, b repository.SaveOffer) int { return cmp.Compare(a.Entry.ID, b.Entry.ID) }) {
				t.Error("offers are stored in another order than their messages came in")
			}
			return own.Save(ctx, all...)
		})
	m.offers(messages, func(o core.Offer) bool { return len(o.Deliveries) == 1 })
	// All together, or the first, those that came meanwhile and what was under way then.
	if n := calls.Load(); n > 5 {
		t.Errorf("%d offers of one turn took %d transactions", messages, n)
	}
}

// A link that does not open holds up its own message only.
func TestASlowLinkHoldsUpNoOther(t *testing.T) {
	slow := make(chan struct{})
	h := buildOn(t, func(c *engine.Config) { c.Roles = engine.Worker }, func(d *engine.Deps) { d.Resolver = slowLink(slow) })
	m := h.marketer("bia", "5511900000002", "bia-20")
	h.post("Lento https://amzn.to/curto000")
	const others = 3
	for i := range others {
		h.post(fmt.Sprintf("Oferta %02d https://www.amazon.com.br/dp/B0BLCKC%03d?tag=outro-20", i, i))
	}
	h.delivered()
	h.start()
	m.offers(others, func(o core.Offer) bool { return strings.HasPrefix(o.Text, "Oferta") })
	close(slow)
	m.offers(1, func(o core.Offer) bool { return strings.HasPrefix(o.Text, "Lento") })
}

// slowLink opens links when it is closed.
type slowLink chan struct{}

func (s slowLink) Resolve(ctx context.Context, _ string, _ func(string) bool) (string, error) {
	select {
	case <-s:
		return "https://www.amazon.com.br/dp/B0TESTE000?tag=outro-20", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func TestAnOfferThatCannotBeStoredHoldsUpNoOther(t *testing.T) {
	const messages = 6
	m := turn(t, messages, func(i int) string {
		if i == 3 {
			return "Veneno"
		}
		return fmt.Sprintf("Oferta %02d", i)
	}, func(own repository.Offers, ctx context.Context, all []repository.SaveOffer) ([]core.Offer, error) {
		for _, s := range all {
			if strings.HasPrefix(s.Offer.Text, "Veneno") {
				return nil, core.NewError(core.CodeInternal, core.ReasonInternal, "")
			}
		}
		return own.Save(ctx, all...)
	})
	m.offers(messages-1, func(o core.Offer) bool { return len(o.Deliveries) == 1 })
}

func TestNearDuplicatesOfOneTurn(t *testing.T) {
	h := build(t, func(c *engine.Config) { c.Roles = engine.Worker })
	m := h.marketer("bia", "5511900000002", "bia-20")
	const page = "\nhttps://www.amazon.com.br/s?k="
	for i, text := range []string{
		"🔥 Seleção de fones com até R$ 30 de desconto no aplicativo da loja hoje",
		"👉 seleção de fones com até R$ 30 de desconto no aplicativo da loja hoje!!!",
		"Seleção de fones com até R$ 30 de desconto, no aplicativo da loja hoje 🔥",
	} {
		h.post(text + page + fmt.Sprint("fone", i))
	}
	h.delivered()
	h.start()
	posted := 0
	for _, o := range m.offers(3, func(o core.Offer) bool { return len(o.Deliveries) == 1 }) {
		switch d := o.Deliveries[0]; {
		case d.State == core.DeliveryPending:
			posted++
		case d.Reason != core.ReasonDuplicateText:
			t.Errorf("%q is %s, %s", o.Text, d.State, d.Reason)
		}
	}
	if posted != 1 {
		t.Errorf("%d of three that say the same are posted", posted)
	}
}

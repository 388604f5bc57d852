package engine

import (
	"context"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// closedLinks never open.
type closedLinks struct{}

func (closedLinks) Resolve(context.Context, string, func(string) bool) (string, error) {
	return "", links.ErrInconclusive
}

// What may pass is waited for, however many links it holds back, unless something that will
// not pass holds the message as well.
func TestPlanWaitsForWhatMayPass(t *testing.T) {
	const one, two, unknown = "https://amzn.to/um", "https://meli.la/dois", "https://loja.example/p/1"
	drop := core.DefaultSettings()
	drop.PartialLinks = core.DropPartial
	for _, c := range []struct {
		name  string
		s     core.Settings
		text  string
		last  bool
		waits bool
		final string
	}{
		{"one", core.DefaultSettings(), "Fone " + one, false, true, ""},
		{"two of different hosts", core.DefaultSettings(), "Fone " + one + "\nTv " + two, false, true, ""},
		{"with an unknown store", core.DefaultSettings(), "Fone " + one + "\nTv " + unknown, false, false, ""},
		{"sold out", core.DefaultSettings(), "ESGOTADO\nFone " + one, false, false, ""},
		{"dropping, with an unknown store", drop, rivalLink + "\nFone " + one + "\nTv " + unknown, false, true, ""},
		{"dropping, and nothing converts yet", drop, "Fone " + one + "\nTv " + unknown, false, true, ""},
		{"dropping, at last", drop, rivalLink + "\nFone " + one + "\nTv " + unknown, true, false, ourLink},
		{"dropping what will never convert", drop, rivalLink + "\nTv " + unknown, false, false, ourLink},
		{"dropping, with a deceptive link", drop, rivalLink + "\nFone " + one + "\nhttps://amazon.com.br@evil.example/x", false, false, ""},
	} {
		tenant := tenantWith(t, Deps{Resolver: closedLinks{}}, shelf{})
		p, err := tenant.plan(t.Context(), tenant.under(c.s), core.Source{}, c.text, c.last)
		if err != nil {
			t.Fatal(err)
		}
		final, err := tenant.write(t.Context(), p, core.SubID{})
		if err != nil {
			t.Fatal(err)
		}
		if p.waits() != c.waits || final != c.final {
			t.Errorf("%s: waits %v, %q, held: %v", c.name, p.waits(), final, p.holds)
		}
	}
}

// tenantWith is a tenant with an Amazon tag, those of data, and nothing behind it.
func tenantWith(t *testing.T, deps Deps, data shelf) *Tenant {
	t.Helper()
	stores, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	deps.Stores = stores
	data.tags = append(data.tags, core.Tag{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "nossa-20"}})
	e := &Engine{
		deps: deps, minters: map[string]links.Minter{}, log: slog.New(slog.DiscardHandler),
		config: Config{Now: time.Now}, random: mathrand.New(mathrand.NewPCG(1, 1)),
	}
	for _, m := range deps.Minters {
		e.minters[m.Store()] = m
	}
	return &Tenant{e: e, repo: data}
}

// slowStore is a store's API that answers, after a while.
type slowStore struct {
	takes time.Duration
	calls int
}

func (*slowStore) Store() string { return "shopee" }

func (s *slowStore) Mint(ctx context.Context, _ links.MintRequest) (string, error) {
	s.calls++
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(s.takes):
		return fmt.Sprintf("https://s.shopee.com.br/%05d", s.calls), nil
	}
}

// minted keeps the records of a test.
type minted struct {
	repository.MintedLinks
	byLink map[string]core.MintedLink
}

func (m minted) Save(_ context.Context, l core.MintedLink) error {
	m.byLink[l.Link] = l
	return nil
}

func (m minted) Get(_ context.Context, link string) (core.MintedLink, error) {
	if l, ok := m.byLink[link]; ok {
		return l, nil
	}
	return core.MintedLink{}, core.ErrNotFound
}

func (m minted) Find(_ context.Context, _, target, _ string, sub core.SubID) (core.MintedLink, error) {
	for _, l := range m.byLink {
		if l.Target == target && l.SubID == sub {
			return l, nil
		}
	}
	return core.MintedLink{}, core.ErrNotFound
}

// groups are n active destinations.
func groups(n int) (all []core.Destination) {
	for i := range n {
		all = append(all, core.Destination{ID: core.DestinationID(fmt.Sprint("grupo ", i)), JID: "120363000000000001@g.us", Active: true})
	}
	return all
}

// A message is judged and written for all its groups in good time, however slow a store's
// API is: what it did not make in time goes out in the form that needs no API.
func TestSlowStoresDoNotHoldAMessageForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, records := &slowStore{takes: mintTimeout - time.Second}, minted{byLink: map[string]core.MintedLink{}}
		tenant := tenantWith(t, Deps{Minters: []links.Minter{api}}, shelf{minted: records, groups: groups(50), tags: []core.Tag{
			{Store: "shopee", Fields: map[string]string{"affiliate_id": "18300000000", "app_id": "123456", "app_secret": "SEGREDODAANA234567"}},
		}})
		settings := core.DefaultSettings()
		settings.SubIDs = true
		start := time.Now()
		p, err := tenant.plan(t.Context(), tenant.under(settings), core.Source{}, "Luz https://shopee.com.br/product/123/456", false)
		if err != nil {
			t.Fatal(err)
		}
		list, err := tenant.deliveries(t.Context(), tenant.under(settings), core.InboxEntry{ID: "1"}, core.Offer{}, p)
		if err != nil || len(list) != 50 || len(p.holds) > 0 {
			t.Fatalf("%d deliveries, %v, %v", len(list), p.holds, err)
		}
		if took := time.Since(start); took > planTimeout+10*time.Second {
			t.Errorf("it took %v", took)
		}
		short, long := 0, 0
		for _, d := range list {
			if strings.Contains(d.Text, "https://s.shopee.com.br/") {
				short++
			} else if strings.Contains(d.Text, "affiliate_id=18300000000") {
				long++
			}
		}
		if short == 0 || short+long != len(list) {
			t.Errorf("%d short and %d long links", short, long)
		}
	})
}

// One store's API that is down says nothing about another's.
func TestStoresFailEachByItself(t *testing.T) {
	api, records := &slowStore{}, minted{byLink: map[string]core.MintedLink{}}
	tenant := tenantWith(t, Deps{Minters: []links.Minter{brokenStore{}, api}}, shelf{minted: records, tags: []core.Tag{
		{Store: "shopee", Fields: map[string]string{"affiliate_id": "18300000000", "app_id": "123456", "app_secret": "SEGREDODAANA234567"}},
		{Store: "aliexpress", Fields: map[string]string{"aff_short_key": "_mAbCdEf", "app_key": "500001", "app_secret": "SEGREDODAANA234567", "tracking_id": "default"}},
	}})
	p, err := tenant.plan(t.Context(), tenant.under(core.DefaultSettings()), core.Source{},
		"Cabo https://pt.aliexpress.com/item/1005001234567890.html\nLuz https://shopee.com.br/product/123/456", false)
	if err != nil || len(p.holds) > 0 || p.refused["aliexpress"] == nil || api.calls != 1 {
		t.Errorf("%d calls, %v, %v, %v", api.calls, p.refused, p.holds, err)
	}
}

// brokenStore is an API that is down.
type brokenStore struct{}

func (brokenStore) Store() string { return "aliexpress" }

func (brokenStore) Mint(context.Context, links.MintRequest) (string, error) {
	return "", fmt.Errorf("status 503")
}

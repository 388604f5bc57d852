package repositorytest

import (
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func mintedLinkCases() []Case {
	return []Case{
		{"MintedLinkIsStored", mintedLinkIsStored},
		{"MintedLinkIsReplaced", mintedLinkIsReplaced},
		{"MintedLinkIsFoundByEveryPart", mintedLinkByEveryPart},
		{"NewestMintedLinkIsFound", newestMintedLink},
		{"MintedLinksAreEachTenantsOwn", mintedLinksAreOwn},
	}
}

func (s *shop) newMintedLink(link string) core.MintedLink {
	return core.MintedLink{
		Link: link, Store: "shopee", Target: "https://shopee.com.br/product/1/2?a='b'", TagPrint: "print",
		SubID: core.SubID{Group: "g1", Offer: "o1"}, ProductKey: "shopee:1.2", CreatedAt: s.now,
	}
}

func (s *shop) mint(m core.MintedLink) {
	s.tb.Helper()
	s.ok("save minted link", s.MintedLinks().Save(s.ctx, m))
}

// find asks for a record by what m was made for.
func (s *shop) find(m core.MintedLink) (core.MintedLink, error) {
	return s.MintedLinks().Find(s.ctx, m.Store, m.Target, m.TagPrint, m.SubID)
}

func mintedLinkIsStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	bare := core.MintedLink{Link: "https://s.shopee.com.br/0", Store: "shopee", Target: "https://shopee.com.br/", TagPrint: "print", CreatedAt: w.now}
	full := s.newMintedLink("https://s.shopee.com.br/1aBc")
	for _, m := range []core.MintedLink{bare, full} {
		s.mint(m)
		got, err := s.MintedLinks().Get(w.ctx, m.Link)
		w.ok("get", err)
		w.same("record", got, m)
		got, err = s.find(m)
		w.ok("find", err)
		w.same("found record", got, m)
	}
	for _, other := range []string{"", strings.ToLower(full.Link), full.Link + " ", full.Link + "/", full.Link[:len(full.Link)-1], "%"} {
		_, err := s.MintedLinks().Get(w.ctx, other)
		w.fails("get of "+other, err, core.ErrNotFound)
	}
	w.fails("of an unknown tenant", r.Tenant(core.TenantID(w.id())).MintedLinks().Save(w.ctx, full), core.ErrNotFound)
}

func mintedLinkIsReplaced(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.newMintedLink("https://s.shopee.com.br/1")
	s.mint(first)
	second := core.MintedLink{
		Link: first.Link, Store: "awin", Target: "https://shopee.com.br/product/3/4", TagPrint: "another",
		SubID: core.SubID{Group: "g2", Offer: "o2"}, ProductKey: "awin:3", CreatedAt: w.now.Add(-time.Hour),
	}
	s.mint(second)
	got, err := s.MintedLinks().Get(w.ctx, first.Link)
	w.ok("get", err)
	w.same("record", got, second)
	got, err = s.find(second)
	w.ok("find", err)
	w.same("found record", got, second)
	_, err = s.find(first)
	w.fails("find of what was replaced", err, core.ErrNotFound)
}

func mintedLinkByEveryPart(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	known := s.newMintedLink("https://s.shopee.com.br/1")
	s.mint(known)
	for part, other := range map[string]func(*core.MintedLink){
		"store":  func(m *core.MintedLink) { m.Store = "awin" },
		"target": func(m *core.MintedLink) { m.Target = strings.ToUpper(m.Target) },
		"print":  func(m *core.MintedLink) { m.TagPrint = "another" },
		"group":  func(m *core.MintedLink) { m.SubID.Group = "" },
		"offer":  func(m *core.MintedLink) { m.SubID.Offer = "" },
		// The parts are not simply joined.
		"border of the parts": func(m *core.MintedLink) { m.SubID = core.SubID{Group: "g1o", Offer: "1"} },
	} {
		w.pass(time.Second)
		m := known
		other(&m)
		_, err := s.find(m)
		w.fails("find with another "+part, err, core.ErrNotFound)
		m.Link, m.CreatedAt = "https://s.shopee.com.br/"+part, w.now
		s.mint(m)
		got, err := s.find(m)
		w.ok("find", err)
		w.same("record with another "+part, got, m)
		got, err = s.find(known)
		w.ok("find", err)
		w.same("beside one with another "+part, got, known)
	}
}

func newestMintedLink(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var newest core.MintedLink
	// Neither the order of arrival nor that of the links decides.
	for i, link := range []string{"https://x.example/2", "https://x.example/1", "https://x.example/3"} {
		m := s.newMintedLink(link)
		m.CreatedAt = w.now.Add([]time.Duration{0, time.Microsecond, -time.Microsecond}[i])
		if i == 1 {
			newest = m
		}
		s.mint(m)
	}
	got, err := s.find(newest)
	w.ok("find", err)
	w.same("found record", got, newest)
}

func mintedLinksAreOwn(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	first := a.newMintedLink("https://s.shopee.com.br/1")
	a.mint(first)
	_, err := b.MintedLinks().Get(w.ctx, first.Link)
	w.fails("get of another tenant's", err, core.ErrNotFound)
	_, err = b.find(first)
	w.fails("find of another tenant's", err, core.ErrNotFound)

	// The same link, and the same request for a link, in two tenants.
	w.pass(time.Second)
	second := b.newMintedLink(first.Link)
	second.ProductKey = "shopee:3.4"
	b.mint(second)
	for tenant, want := range map[*shop]core.MintedLink{a: first, b: second} {
		got, err := tenant.MintedLinks().Get(w.ctx, want.Link)
		w.ok("get", err)
		w.same("own record", got, want)
		got, err = tenant.find(want)
		w.ok("find", err)
		w.same("own record found", got, want)
	}
}

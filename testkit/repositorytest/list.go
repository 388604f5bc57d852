package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func listCases() []Case {
	return []Case{
		{"OffersAreListedNewestFirst", listNewestFirst},
		{"OffersAreFilteredByStatus", listByStatus},
		{"OffersAreFilteredByProduct", listByProduct},
	}
}

func listNewestFirst(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var want []core.Offer
	for range 5 {
		w.pass(time.Second)
		want = append([]core.Offer{s.offer("", s.groups...)}, want...)
	}
	all, err := s.Offers().List(w.ctx, repository.OfferQuery{Limit: 10})
	w.ok("list", err)
	w.same("offers with their deliveries", all, want)
	page, err := s.Offers().List(w.ctx, repository.OfferQuery{Limit: 2})
	w.ok("list", err)
	w.same("first page", page, want[:2])
	page, err = s.Offers().List(w.ctx, repository.OfferQuery{Limit: 2, Before: page[1].ID})
	w.ok("list", err)
	w.same("second page", page, want[2:4])
	page, err = s.Offers().List(w.ctx, repository.OfferQuery{Limit: 2, Before: page[1].ID})
	w.ok("list", err)
	w.same("last page", page, want[4:])
}

func listByProduct(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	other.offer("amazon:1", other.groups...)
	var want []core.Offer
	for range 3 {
		w.pass(time.Hour)
		s.offer("amazon:2", s.groups[0])
		s.offer("", s.groups[0])
		w.pass(time.Hour)
		want = append([]core.Offer{s.offer("amazon:1", s.groups...)}, want...)
	}
	got, err := s.Offers().List(w.ctx, repository.OfferQuery{Product: "amazon:1", Limit: 10})
	w.ok("list", err)
	w.same("of one product", got, want)
	got, err = s.Offers().List(w.ctx, repository.OfferQuery{Product: "amazon:1", Before: want[0].ID, Limit: 1})
	w.ok("list", err)
	w.same("its second page", got, want[1:2])
	got, err = s.Offers().List(w.ctx, repository.OfferQuery{Product: "amazon:1", Status: core.OfferHeld, Limit: 10})
	w.ok("list", err)
	w.same("held ones of it", len(got), 0)
}

func listByStatus(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	// Every pair of states two deliveries of an offer can be in, each held and not, so that
	// the filter is compared with core.Offer.Status on all of its inputs.
	states := core.DeliveryStates()
	for _, one := range states {
		for _, two := range states {
			w.pass(time.Second)
			offer := s.offer("", s.groups...)
			s.advance(offer.Deliveries[0], one)
			s.advance(offer.Deliveries[1], two)
		}
		w.pass(time.Second)
		offer := s.offer("", s.groups[0])
		s.advance(offer.Deliveries[0], one)
		o := s.outcome(s.edition(offer), "")
		o.Offer.Hold = &core.Hold{Reason: core.ReasonSoldOut}
		s.save(o)
	}
	s.offer("") // no deliveries at all

	all, err := s.Offers().List(w.ctx, repository.OfferQuery{Limit: 1000})
	w.ok("list", err)
	want := map[core.OfferStatus][]core.Offer{}
	for _, o := range all {
		want[o.Status()] = append(want[o.Status()], o)
	}
	for _, status := range []core.OfferStatus{core.OfferHeld, core.OfferPending, core.OfferSent, core.OfferDiscarded} {
		got, err := s.Offers().List(w.ctx, repository.OfferQuery{Status: status, Limit: 1000})
		w.ok("list", err)
		w.same("offers that are "+string(status), got, want[status])
		// Pages are full although most offers are something else.
		page, err := s.Offers().List(w.ctx, repository.OfferQuery{Status: status, Limit: 3})
		w.ok("list", err)
		w.same("page of offers that are "+string(status), page, want[status][:3])
		page, err = s.Offers().List(w.ctx, repository.OfferQuery{Status: status, Limit: 2, Before: page[0].ID})
		w.ok("list", err)
		w.same("page after the first that is "+string(status), page, want[status][1:3])
	}
}

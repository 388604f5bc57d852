package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func offerCases() []Case {
	return []Case{
		{"OfferIsStored", offerIsStored},
		{"HeldOfferIsStored", heldOfferIsStored},
		{"FactsAreStored", factsAreStored},
		{"SaveOfAStaleClaimStoresNothing", staleSave},
		{"FailedSaveKeepsTheClaim", failedSave},
		{"SaveAgainKeepsIdAndCreation", saveAgain},
		{"SaveAgainUpdatesPendingText", saveUpdatesPending},
		{"SaveAgainLeavesWhatHasLeft", saveLeaves},
		{"SaveAgainCancelsUnwanted", saveCancelsUnwanted},
		{"SaveAgainRevivesWhatAnEditCancelled", saveRevives},
		{"SaveMakesTheLaneDue", saveWakes},
	}
}

func offerIsStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	o := s.outcome(s.claim(s.accept(s.message())), "amazon:1", s.groups...)
	got := s.save(o)
	w.same("result", got, o.Offer)
	got, err := s.Offers().Get(w.ctx, o.Offer.ID)
	w.ok("get", err)
	w.same("offer", got, o.Offer)
	got, err = s.Offers().ByInbox(w.ctx, o.Entry.ID)
	w.ok("by inbox entry", err)
	w.same("offer by inbox entry", got, o.Offer)
	w.same("delivery", s.delivery(o.Offer.Deliveries[1].ID), o.Offer.Deliveries[1])
	w.fails("the claim is finished", s.Inbox().Finish(w.ctx, o.Entry), core.ErrConflict)

	_, err = s.Offers().Get(w.ctx, core.OfferID(w.id()))
	w.fails("unknown offer", err, core.ErrNotFound)
	_, err = s.Offers().ByInbox(w.ctx, core.InboxID(w.id()))
	w.fails("unknown inbox entry", err, core.ErrNotFound)
	_, err = s.Deliveries().Get(w.ctx, core.DeliveryID(w.id()))
	w.fails("unknown delivery", err, core.ErrNotFound)
}

func heldOfferIsStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	o := s.outcome(s.claim(s.accept(s.message())), "")
	o.Offer.Hold = &core.Hold{Reason: core.ReasonNoTag, Detail: "amazon"}
	o.Offer.FinalText, o.Offer.Links, o.Offer.Facts, o.Offer.Media = "", nil, core.Facts{}, nil
	w.same("result", s.save(o), o.Offer)
	got, err := s.Offers().Get(w.ctx, o.Offer.ID)
	w.ok("get", err)
	w.same("offer", got, o.Offer)
}

func factsAreStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	// One fact at a time, so that none can be taken for another.
	for _, facts := range []core.Facts{
		{Price: core.Price{Cents: 129990}}, {ListPrice: core.Price{Cents: 5_000_000_000}}, {Discount: 35},
		{Coupons: []string{"DEZ", "VINTE"}}, {FreeShipping: true}, {AppOnly: true}, {CouponOnly: true}, {SoldOut: true},
	} {
		o := s.outcome(s.claim(s.accept(s.message())), "")
		o.Offer.Facts = facts
		w.same("result", s.save(o), o.Offer)
		got, err := s.Offers().Get(w.ctx, o.Offer.ID)
		w.ok("get", err)
		w.same("offer", got, o.Offer)
	}
}

func staleSave(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	lost := s.claim(s.accept(s.message()))
	w.pass(time.Minute)
	current := s.claim(lost.ID)
	_, err := s.Offers().Save(w.ctx, s.outcome(lost, "amazon:1", s.groups...))
	w.fails("save of a lost claim", err, core.ErrConflict)
	_, err = s.Offers().ByInbox(w.ctx, lost.ID)
	w.fails("its offer", err, core.ErrNotFound)
	s.save(s.outcome(current, "amazon:1", s.groups...))
}

func failedSave(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.offer("amazon:1", s.groups...)
	o := s.outcome(s.claim(s.accept(s.message())), "amazon:2", s.groups...)
	good := o.Offer.Deliveries[1].ID
	o.Offer.Deliveries[1].ID = first.Deliveries[0].ID // taken
	_, err := s.Offers().Save(w.ctx, o)
	w.fails("save with a taken delivery id", err, core.ErrConflict)
	_, err = s.Offers().ByInbox(w.ctx, o.Entry.ID)
	w.fails("its offer", err, core.ErrNotFound)
	_, err = s.Deliveries().Get(w.ctx, o.Offer.Deliveries[0].ID)
	w.fails("its first delivery", err, core.ErrNotFound)
	o.Offer.Deliveries[1].ID = good
	s.save(o)
}

// edition claims the entry of a saved offer again, with another text.
func (s *shop) edition(offer core.Offer) core.InboxEntry {
	s.tb.Helper()
	e := s.message()
	e.Key = offer.Source
	if _, changed := s.edit(e, e.Text); !changed {
		s.tb.Fatal("edit: nothing changed")
	}
	return s.claim(offer.InboxID)
}

func saveAgain(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.offer("amazon:1", s.groups...)
	w.pass(time.Minute)
	o := s.outcome(s.edition(first), "shopee:2", s.groups...)
	got := s.save(o)
	want := o.Offer
	want.ID, want.CreatedAt = first.ID, first.CreatedAt
	want.Deliveries, got.Deliveries = nil, nil
	w.same("offer", got, want)
	_, err := s.Offers().Get(w.ctx, o.Offer.ID)
	w.fails("the new id", err, core.ErrNotFound)
	all, err := s.Offers().List(w.ctx, repository.OfferQuery{Limit: 10})
	w.ok("list", err)
	w.same("number of offers", len(all), 1)
}

func saveUpdatesPending(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.offer("amazon:1", s.groups[0])
	w.pass(time.Minute)
	o := s.outcome(s.edition(first), "amazon:1", s.groups...)
	got := s.save(o)
	w.same("number of deliveries", len(got.Deliveries), 2)
	kept, added := got.Deliveries[0], got.Deliveries[1]
	want := first.Deliveries[0]
	want.Text, want.UpdatedAt = o.Offer.Deliveries[0].Text, kept.UpdatedAt
	w.same("pending delivery", kept, want)
	w.same("the new destination", added.DestinationID, s.groups[1].ID)
	w.same("its offer", added.OfferID, first.ID)
	w.same("stored", s.delivery(kept.ID), kept)
}

func saveLeaves(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, state := range core.DeliveryStates() {
		if state == core.DeliveryPending {
			continue
		}
		left := s.inState(state, "amazon:"+string(state), s.groups[0])
		offer, err := s.Offers().Get(w.ctx, left.OfferID)
		w.ok("get", err)
		w.pass(time.Minute)
		got := s.save(s.outcome(s.edition(offer), "amazon:"+string(state), s.groups[0]))
		w.same("delivery that is "+string(state), got.Deliveries, []core.Delivery{left})
	}
}

func saveCancelsUnwanted(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.offer("amazon:1", s.groups...)
	w.pass(time.Minute)
	o := s.outcome(s.edition(first), "")
	o.Offer.Hold = &core.Hold{Reason: core.ReasonNoTag}
	begun := s.begin(first.Deliveries[0])
	got := s.save(o)
	w.same("delivery on its way", got.Deliveries[0], begun)
	w.same("pending delivery", got.Deliveries[1].State, core.DeliveryCancelled)
	w.same("its reason", got.Deliveries[1].Reason, core.ReasonEdited)
	w.same("hold", got.Hold, o.Offer.Hold)
}

func saveRevives(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.offer("amazon:1", s.groups...)
	byPerson := s.move(first.Deliveries[1], core.DeliveryCancelled)
	byPerson.Reason = core.ReasonByPerson
	stays, err := s.Deliveries().Settle(w.ctx, byPerson)
	w.ok("cancel", err)
	w.pass(time.Minute)
	s.save(s.outcome(s.edition(first), "amazon:1")) // wants nobody
	w.same("cancelled", s.delivery(first.Deliveries[0].ID).State, core.DeliveryCancelled)
	w.pass(time.Minute)
	o := s.outcome(s.edition(first), "amazon:1", s.groups...)
	got := s.save(o)
	w.same("number of deliveries", len(got.Deliveries), 2)
	w.same("revived", got.Deliveries[0].State, core.DeliveryPending)
	w.same("its reason", got.Deliveries[0].Reason, core.Reason(""))
	w.same("its text", got.Deliveries[0].Text, o.Offer.Deliveries[0].Text)
	w.same("cancelled by a person", got.Deliveries[1], stays)
}

func saveWakes(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("amazon:1", s.groups[0])
	lane := s.take()
	w.ok("release", s.Lane().Release(w.ctx, lane, w.now.Add(time.Hour)))
	w.pass(time.Minute)
	s.save(s.outcome(s.claim(s.accept(s.message())), "")) // nothing pending
	_, err := r.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
	w.fails("an offer without deliveries", err, core.ErrNotFound)
	s.offer("amazon:2", s.groups[0])
	s.take()
}

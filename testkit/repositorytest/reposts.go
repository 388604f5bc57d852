package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func repostCases() []Case {
	return []Case{
		{"RepostOfAProductIsCancelled", func(tb testing.TB, r repository.Repository) { repost(tb, r, true) }},
		{"RepostOfATextIsCancelled", func(tb testing.TB, r repository.Repository) { repost(tb, r, false) }},
		{"EmptyKeysAreNoRepost", emptyKeys},
		{"OnlyOccupyingDeliveriesBoundReposts", occupying},
		{"RepostRaceSendsOnce", repostRace},
	}
}

func repost(tb testing.TB, r repository.Repository, byProduct bool) {
	w := newWorld(tb, r)
	// Products and texts have bounds of their own: neither no other bound nor one that lets
	// everything pass makes a difference.
	for _, unused := range []time.Time{{}, w.now.Add(24 * time.Hour)} {
		repostWithin(w, byProduct, unused)
	}
}

func repostWithin(w *world, byProduct bool, unused time.Time) {
	s, other := w.shop(), w.shop()
	since := w.now
	save := func(s *shop, since time.Time, groups ...core.Destination) []core.Delivery {
		w.pass(time.Minute)
		o := s.outcome(s.claim(s.accept(s.message())), "", groups...)
		if byProduct {
			o.Offer.ProductKey, o.RepostSince, o.TextSince = "amazon:1", since, unused
		} else {
			o.TextKey, o.TextSince, o.RepostSince = "fingerprint", since, unused
		}
		return s.save(o).Deliveries
	}
	reason := core.ReasonDuplicateText
	if byProduct {
		reason = core.ReasonDuplicateProduct
	}
	w.same("the first", save(s, since, s.groups[0])[0].State, core.DeliveryPending)
	created := w.now
	got := save(s, since, s.groups...)
	w.same("again to the group", got[0].State, core.DeliveryCancelled)
	w.same("its reason", got[0].Reason, reason)
	w.same("to another group", got[1].State, core.DeliveryPending)
	w.same("another tenant's", save(other, since, other.groups[0])[0].State, core.DeliveryPending)
	w.same("inside the window", save(s, created.Add(-time.Microsecond), s.groups[0])[0].State, core.DeliveryCancelled)
	w.same("outside the window", save(s, created, s.groups[0])[0].State, core.DeliveryPending)
}

func emptyKeys(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	since := w.now
	for range 2 {
		w.pass(time.Minute)
		o := s.outcome(s.claim(s.accept(s.message())), "", s.groups[0])
		o.RepostSince, o.TextSince = since, since
		w.same("offer without keys", s.save(o).Deliveries[0].State, core.DeliveryPending)
	}
}

func occupying(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, state := range core.DeliveryStates() {
		since := w.now
		w.pass(time.Minute)
		product := "amazon:" + string(state)
		s.inState(state, product, s.groups[0])
		w.pass(time.Minute)
		o := s.outcome(s.claim(s.accept(s.message())), product, s.groups[0])
		o.RepostSince = since
		want := core.DeliveryPending
		if state.Occupies() {
			want = core.DeliveryCancelled
		}
		w.same("beside a delivery that is "+string(state), s.save(o).Deliveries[0].State, want)
	}
}

func repostRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	since := w.now
	w.pass(time.Minute)
	var outcomes [20]repository.SaveOffer
	for i := range outcomes {
		outcomes[i] = s.outcome(s.claim(s.accept(s.message())), "amazon:1", s.groups[0])
		outcomes[i].RepostSince = since
	}
	for _, err := range together(len(outcomes), func(i int) error {
		_, err := s.Offers().Save(w.ctx, outcomes[i])
		return err
	}) {
		w.ok("save", err)
	}
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("deliveries", stats.Deliveries, map[core.DeliveryState]int{
		core.DeliveryPending: 1, core.DeliveryCancelled: len(outcomes) - 1,
	})
}

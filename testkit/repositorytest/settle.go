package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func settleCases() []Case {
	return []Case{
		{"SettleFollowsTheArrowsOnly", settleArrows},
		{"SettleStoresWhatIsSaid", settleStores},
		{"StaleSettleReturnsTheDelivery", staleSettle},
		{"SettleRaceHasOneWinner", settleRace},
		{"RevokeWinsAgainstComingBack", revokeRace},
		{"UnsettledAreListed", unsettled},
	}
}

func settleArrows(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, from := range core.DeliveryStates() {
		for _, to := range core.DeliveryStates() {
			d := s.inState(from, "", s.groups[0])
			got, err := s.Deliveries().Settle(w.ctx, s.move(d, to))
			what := "settle " + string(from) + " to " + string(to)
			// Only Begin permits an attempt.
			if from.CanBecome(to) && to != core.DeliveryDispatching {
				w.ok(what, err)
				w.same(what, got.State, to)
				w.same(what+", stored", s.delivery(d.ID).State, to)
				continue
			}
			w.fails(what, err, core.ErrInvalid)
			w.same(what+", stored", s.delivery(d.ID), d)
		}
	}
}

func settleStores(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.begin(s.offer("", s.groups[0]).Deliveries[0])
	w.pass(time.Second)
	move := s.move(d, core.DeliveryAmbiguous)
	move.Reason, move.Detail, move.MessageID = core.ReasonOutcomeUnknown, "timeout", "3EB0REAL"
	move.NotBefore, move.WithoutMedia = w.now.Add(time.Minute), true
	got, err := s.Deliveries().Settle(w.ctx, move)
	w.ok("settle", err)
	d.State, d.Reason, d.Detail, d.MessageID = move.To, move.Reason, move.Detail, move.MessageID
	d.NotBefore, d.WithoutMedia = move.NotBefore, true
	d.Deadline, d.UpdatedAt = got.Deadline, w.now
	w.same("ambiguous", got, d)

	w.pass(time.Second)
	move = s.move(got, core.DeliveryPending)
	move.RaiseEpoch = true
	got, err = s.Deliveries().Settle(w.ctx, move)
	w.ok("settle", err)
	d.State, d.Reason, d.Detail, d.Epoch = core.DeliveryPending, "", "", 1
	d.NotBefore, d.Deadline, d.UpdatedAt = time.Time{}, got.Deadline, w.now
	w.same("pending again: the message id and the lost media are kept", got, d)
	w.same("stored", s.delivery(d.ID), d)

	d = s.begin(got)
	w.same("attempt", d.Attempt, 2)
	w.pass(time.Second)
	got = s.settle(d, core.DeliverySent)
	w.same("sent at", got.SentAt, w.now)
	_, err = s.Deliveries().Settle(w.ctx, repository.Settle{
		ID: core.DeliveryID(w.id()), From: core.DeliveryPending, To: core.DeliveryExpired, Now: w.now,
	})
	w.fails("unknown id", err, core.ErrNotFound)
}

func staleSettle(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.begin(s.offer("", s.groups[0]).Deliveries[0])
	second := s.begin(s.settle(first, core.DeliveryPending))
	// The first attempt's late answer must not end the second.
	got, err := s.Deliveries().Settle(w.ctx, s.move(first, core.DeliverySent))
	w.fails("another attempt", err, core.ErrConflict)
	w.same("the stored delivery is returned", got, second)
	stale := s.move(second, core.DeliverySent)
	stale.From = core.DeliveryAmbiguous
	got, err = s.Deliveries().Settle(w.ctx, stale)
	w.fails("another state", err, core.ErrConflict)
	w.same("the stored delivery is returned", got, second)
	w.same("stored", s.delivery(second.ID), second)
}

// revokeRace: whichever comes first, what was taken back does not wait to be sent.
func revokeRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for range 20 {
		e := s.message()
		s.accept(e)
		d := s.begin(s.save(s.outcome(s.claim(e.ID), "", s.groups[0])).Deliveries[0])
		for _, err := range together(2, func(i int) error {
			if i == 0 {
				return s.Inbox().Revoke(w.ctx, e)
			}
			_, err := s.Deliveries().Settle(w.ctx, s.move(d, core.DeliveryPending))
			return err
		}) {
			w.ok("revoke, or settle", err)
		}
		d = s.delivery(d.ID)
		w.same("state", d.State, core.DeliveryCancelled)
		w.same("reason", d.Reason, core.ReasonRevoked)
	}
}

func settleRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.begin(s.offer("", s.groups[0]).Deliveries[0])
	w.oneWinner("settle", together(20, func(i int) error {
		to := core.DeliverySent
		if i%2 == 0 {
			to = core.DeliveryAmbiguous
		}
		_, err := s.Deliveries().Settle(w.ctx, s.move(d, to))
		return err
	}), core.ErrConflict)
}

func unsettled(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	running := a.inState(core.DeliveryDispatching, "", a.groups[0]) // a minute
	unsure := b.begin(b.offer("", b.groups[0]).Deliveries[0])
	move := b.move(unsure, core.DeliveryAmbiguous)
	move.NotBefore = w.now.Add(30 * time.Second)
	_, err := b.Deliveries().Settle(w.ctx, move)
	w.ok("settle", err)
	for _, state := range []core.DeliveryState{core.DeliveryPending, core.DeliverySent, core.DeliveryUnconfirmed} {
		b.inState(state, "", b.groups[1])
	}
	list := func(limit int) []repository.DeliveryRef {
		tb.Helper()
		refs, err := r.Queue().Unsettled(w.ctx, w.now, limit)
		w.ok("unsettled", err)
		return refs
	}
	w.pass(30*time.Second - time.Microsecond)
	w.same("early", list(10), []repository.DeliveryRef{})
	w.pass(time.Microsecond)
	w.same("ambiguous", list(10), []repository.DeliveryRef{{Tenant: b.id, ID: unsure.ID}})
	w.pass(time.Minute)
	both := list(10)
	w.same("number of both", len(both), 2)
	want := map[repository.DeliveryRef]bool{{Tenant: a.id, ID: running.ID}: true, {Tenant: b.id, ID: unsure.ID}: true}
	w.same("both", map[repository.DeliveryRef]bool{both[0]: true, both[1]: true}, want)
	w.same("limit", len(list(1)), 1)
}

package repositorytest

import (
	"errors"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func backlogCases() []Case {
	return []Case{
		{"BacklogListsWhoWaits", backlogListed},
		{"LedgerCountsEverything", ledgerCounts},
		{"LedgerIsOfOneMoment", ledgerMoment},
		{"ClockNeverGoesBack", clockForward},
	}
}

func backlogListed(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	b, a, done := w.shop(), w.shop(), w.shop() // the longest-waiting is not the first by id
	backlog := func(limit int) []repository.Backlog {
		tb.Helper()
		list, err := r.Queue().Backlog(w.ctx, w.now, limit)
		w.ok("backlog", err)
		return list
	}
	w.same("of nobody", len(backlog(10)), 0)
	done.offer("", done.groups[0])
	claimed := b.claim(b.accept(b.message())) // until a minute later
	w.pass(time.Second)
	retry := a.claim(a.accept(a.message()))
	retry.State, retry.RetryAt = core.InboxNew, w.now.Add(30*time.Second)
	w.ok("finish", a.Inbox().Finish(w.ctx, retry))
	since := w.now
	a.accept(a.message())
	w.pass(time.Second)
	a.accept(a.message())

	w.same("new ones", backlog(10), []repository.Backlog{{Tenant: a.id, Waiting: 2, Since: since}})
	w.pass(30 * time.Second)
	w.same("with a retry", backlog(10), []repository.Backlog{{Tenant: a.id, Waiting: 3, Since: since}})
	w.pass(time.Minute)
	w.same("with an expired claim", backlog(10), []repository.Backlog{
		{Tenant: a.id, Waiting: 3, Since: since},
		{Tenant: b.id, Waiting: 1, Since: claimed.ReceivedAt.Add(time.Minute)},
	})
	w.same("limit", backlog(1), []repository.Backlog{{Tenant: a.id, Waiting: 3, Since: since}})
	w.same("nothing asked for", len(backlog(0)), 0)
}

func ledgerCounts(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	ledger := func() repository.Ledger {
		tb.Helper()
		l, err := r.Queue().Ledger(w.ctx)
		w.ok("ledger", err)
		return l
	}
	w.same("empty", ledger(), repository.Ledger{Inbox: map[core.InboxState]int{}, Deliveries: map[core.DeliveryState]int{}})
	a.begin(a.offer("", a.groups...).Deliveries[0])
	held := b.outcome(b.claim(b.accept(b.message())), "")
	held.Offer.Hold = &core.Hold{Reason: core.ReasonNoTag}
	b.save(held)
	b.accept(b.message())
	want := repository.Ledger{
		Inbox:      map[core.InboxState]int{core.InboxDone: 2, core.InboxNew: 1},
		Offers:     2,
		Held:       1,
		Deliveries: map[core.DeliveryState]int{core.DeliveryDispatching: 1, core.DeliveryPending: len(a.groups) - 1},
	}
	w.same("ledger", ledger(), want)

	// What is nowhere is lost: an entry that ended without an offer, an offer for nobody.
	e := b.claim(b.accept(b.message()))
	e.State = core.InboxDone
	w.ok("finish without an offer", b.Inbox().Finish(w.ctx, e))
	b.save(b.outcome(b.claim(b.accept(b.message())), ""))
	want.Inbox[core.InboxDone] += 2
	delete(want.Inbox, core.InboxNew)
	want.Inbox[core.InboxClaimed] = 1
	want.Offers, want.Lost = 3, 2
	w.same("ledger with losses", ledger(), want)
}

// ledgerMoment: whatever is under way, nothing is between two places.
func ledgerMoment(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var offers []repository.SaveOffer
	for range 40 {
		offers = append(offers, s.outcome(s.claim(s.accept(s.message())), "", s.groups...))
	}
	var failed error
	saved := make(chan struct{})
	go func() {
		defer close(saved)
		for _, o := range offers {
			_, err := s.Offers().Save(w.ctx, o)
			failed = errors.Join(failed, err)
		}
	}()
	defer func() { <-saved }()
	for running := true; running; {
		select {
		case <-saved:
			running = false
		default:
		}
		l, err := r.Queue().Ledger(w.ctx)
		w.ok("ledger", err)
		done := l.Inbox[core.InboxDone]
		w.same("entries", done+l.Inbox[core.InboxClaimed], len(offers))
		w.same("offers", l.Offers, done)
		w.same("deliveries", l.Deliveries[core.DeliveryPending], done*len(s.groups))
		w.same("lost", l.Lost, 0)
	}
	w.ok("save", failed)
}

func clockForward(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	last := r.Now()
	w.same("a time", last.IsZero(), false)
	for range 1000 {
		now := r.Now()
		if now.Before(last) {
			tb.Fatalf("now: %v after %v", now, last)
		}
		last = now
	}
}

package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func backlogCases() []Case {
	return []Case{
		{"BacklogListsWhoWaits", backlogListed},
		{"LedgerCountsEverything", ledgerCounts},
		{"ClockNeverGoesBack", clockForward},
	}
}

func backlogListed(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b, done := w.shop(), w.shop(), w.shop()
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
	want.Inbox[core.InboxClaimed], want.Inbox[core.InboxNew] = 1, 0
	delete(want.Inbox, core.InboxNew)
	want.Offers, want.Lost = 3, 2
	w.same("ledger with losses", ledger(), want)
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

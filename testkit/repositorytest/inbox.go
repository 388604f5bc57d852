package repositorytest

import (
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func inboxCases() []Case {
	return []Case{
		{"MessageIsAcceptedOnce", acceptedOnce},
		{"AcceptRaceStoresOne", acceptRace},
		{"EveryPartOfTheKeyCounts", keyParts},
		{"ClaimReturnsTheMessage", claimReturns},
		{"ClaimIsExclusive", claimIsExclusive},
		{"ClaimRaceHasOneWinner", claimRace},
		{"ExpiredClaimIsTakenOver", expiredClaim},
		{"RetryIsNotClaimedEarly", retryNotEarly},
		{"FinishStoresTheOutcome", finishStores},
		{"StaleFinishIsConflict", staleFinish},
		{"PoisonDies", poisonDies},
		{"RetriesAreNoPoison", retriesAreNoPoison},
		{"DueInboxIsListed", dueInbox},
	}
}

func acceptedOnce(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	w.same("stored id", s.accept(e), e.ID)
	again := e
	again.ID, again.Text = core.InboxID(w.id()), "another text"
	id, created, err := s.Inbox().Accept(w.ctx, again)
	w.ok("accept again", err)
	w.same("created", created, false)
	w.same("stored id", id, e.ID)
	w.same("text", s.claim(e.ID).Text, e.Text)
	// Whatever became of it, it is not new again.
	done := e
	done.State, done.Starts = core.InboxDone, 1
	w.ok("finish", s.Inbox().Finish(w.ctx, done))
	_, created, err = s.Inbox().Accept(w.ctx, again)
	w.ok("accept a third time", err)
	w.same("created", created, false)
	_, err = s.Inbox().Claim(w.ctx, e.ID, w.now, w.now.Add(time.Minute))
	w.fails("claim of a done entry", err, core.ErrConflict)
}

func acceptRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.message()
	var entries [50]core.InboxEntry
	for i := range entries {
		entries[i] = first
		entries[i].ID = core.InboxID(w.id())
	}
	var mu sync.Mutex
	ids, news := map[core.InboxID]bool{}, 0
	for _, err := range together(len(entries), func(i int) error {
		id, created, err := s.Inbox().Accept(w.ctx, entries[i])
		mu.Lock()
		defer mu.Unlock()
		ids[id] = true
		if created {
			news++
		}
		return err
	}) {
		w.ok("accept", err)
	}
	w.same("created", news, 1)
	w.same("different ids", len(ids), 1)
}

func keyParts(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	for _, change := range []func(*core.MessageKey){
		func(k *core.MessageKey) { k.Chat = "55@g.us" },
		func(k *core.MessageKey) { k.Participant = "43@lid" },
		func(k *core.MessageKey) { k.Participant = "" },
		func(k *core.MessageKey) { k.ID = "m1" },
	} {
		other := e
		other.ID = core.InboxID(w.id())
		change(&other.Key)
		s.accept(other)
	}
	sameID := s.message()
	sameID.ID = e.ID
	_, _, err := s.Inbox().Accept(w.ctx, sameID)
	w.fails("another message under a taken id", err, core.ErrConflict)
}

func claimReturns(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	want := s.message()
	s.accept(want)
	got := s.claim(want.ID)
	want.State, want.Starts = core.InboxClaimed, 1
	w.same("claimed entry", got, want)
	bare := s.message()
	bare.Media, bare.Text = nil, ""
	s.accept(bare)
	got = s.claim(bare.ID)
	bare.State, bare.Starts = core.InboxClaimed, 1
	w.same("entry without text and media", got, bare)
	_, err := s.Inbox().Claim(w.ctx, core.InboxID(w.id()), w.now, w.now.Add(time.Minute))
	w.fails("unknown id", err, core.ErrNotFound)
}

func claimIsExclusive(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.claim(s.accept(s.message()))
	w.pass(time.Minute - time.Microsecond)
	_, err := s.Inbox().Claim(w.ctx, e.ID, w.now, w.now.Add(time.Minute))
	w.fails("claim of a claimed entry", err, core.ErrConflict)
}

func claimRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	id := s.accept(s.message())
	w.oneWinner("claim", together(30, func(int) error {
		_, err := s.Inbox().Claim(w.ctx, id, w.now, w.now.Add(time.Minute))
		return err
	}), core.ErrConflict)
}

func expiredClaim(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.claim(s.accept(s.message()))
	w.pass(time.Minute)
	second := s.claim(first.ID)
	w.same("starts", second.Starts, 2)
	first.State = core.InboxDone
	w.fails("finish of the lost claim", s.Inbox().Finish(w.ctx, first), core.ErrConflict)
	second.State = core.InboxDone
	w.ok("finish of the current claim", s.Inbox().Finish(w.ctx, second))
}

func retryNotEarly(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.claim(s.accept(s.message()))
	e.State, e.Reason, e.RetryAt = core.InboxNew, core.ReasonLinkUnresolved, w.now.Add(time.Minute)
	w.ok("finish with a retry", s.Inbox().Finish(w.ctx, e))
	w.pass(time.Minute - time.Microsecond)
	_, err := s.Inbox().Claim(w.ctx, e.ID, w.now, w.now.Add(time.Hour))
	w.fails("claim before the retry", err, core.ErrConflict)
	w.pass(time.Microsecond)
	got := s.claim(e.ID)
	w.same("starts", got.Starts, 2)
	w.same("retry time", got.RetryAt, e.RetryAt)
}

func finishStores(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, state := range []core.InboxState{core.InboxDone, core.InboxSkipped, core.InboxDead} {
		e := s.claim(s.accept(s.message()))
		e.State, e.Reason = state, core.ReasonNoLink
		w.ok("finish", s.Inbox().Finish(w.ctx, e))
		_, err := s.Inbox().Claim(w.ctx, e.ID, w.now.Add(time.Hour), w.now.Add(2*time.Hour))
		w.fails("claim of an entry that ended as "+string(state), err, core.ErrConflict)
		stats, err := s.Account().Stats(w.ctx, w.now)
		w.ok("stats", err)
		w.same("entries that ended as "+string(state), stats.Inbox[state], 1)
	}
	unknown := s.message()
	unknown.State, unknown.Starts = core.InboxDone, 1
	w.fails("unknown id", s.Inbox().Finish(w.ctx, unknown), core.ErrNotFound)
}

func staleFinish(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	e.State = core.InboxDone
	w.fails("finish without a claim", s.Inbox().Finish(w.ctx, e), core.ErrConflict)
	e = s.claim(e.ID)
	for _, change := range []func(*core.InboxEntry){
		func(e *core.InboxEntry) { e.Starts-- },
		func(e *core.InboxEntry) { e.Starts++ },
		func(e *core.InboxEntry) { e.Revision++ },
	} {
		stale := e
		stale.State = core.InboxDone
		change(&stale)
		w.fails("finish of another claim", s.Inbox().Finish(w.ctx, stale), core.ErrConflict)
	}
	e.State = core.InboxDone
	w.ok("finish", s.Inbox().Finish(w.ctx, e))
	w.fails("second finish", s.Inbox().Finish(w.ctx, e), core.ErrConflict)
}

func poisonDies(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	id := s.accept(s.message())
	for n := 1; n <= core.MaxStarts; n++ {
		w.same("starts", s.claim(id).Starts, n)
		w.pass(time.Minute)
	}
	_, err := s.Inbox().Claim(w.ctx, id, w.now, w.now.Add(time.Minute))
	w.fails("one start too many", err, core.ErrConflict)
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("inbox", stats.Inbox, map[core.InboxState]int{core.InboxDead: 1})
	refs, err := r.Queue().DueInbox(w.ctx, w.now.Add(time.Hour), w.now.Add(time.Hour), 10)
	w.ok("due inbox", err)
	w.same("due entries", len(refs), 0)
}

// retriesAreNoPoison: a try that ended and agreed on another one says nothing against the
// message; only tries that never ended do.
func retriesAreNoPoison(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	id := s.accept(s.message())
	for n := range 2 * core.MaxStarts {
		e := s.claim(id)
		w.same("retries", e.Retries, n)
		w.same("starts", e.Starts, n+1)
		e.State, e.RetryAt = core.InboxNew, w.now
		w.ok("finish", s.Inbox().Finish(w.ctx, e))
	}
	for range core.MaxStarts {
		s.claim(id)
		w.pass(time.Minute)
	}
	_, err := s.Inbox().Claim(w.ctx, id, w.now, w.now.Add(time.Minute))
	w.fails("one start without an end too many", err, core.ErrConflict)
}

func dueInbox(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	old := a.accept(a.message())
	w.pass(time.Second)
	claimed := b.claim(b.accept(b.message())) // until a minute later
	w.pass(time.Second)
	retry := a.claim(a.accept(a.message()))
	retry.State, retry.RetryAt = core.InboxNew, w.now.Add(30*time.Second)
	w.ok("finish", a.Inbox().Finish(w.ctx, retry))
	fresh := b.accept(b.message())

	due := func(before time.Time, limit int, want ...repository.InboxRef) {
		tb.Helper()
		got, err := r.Queue().DueInbox(w.ctx, w.now, before, limit)
		w.ok("due inbox", err)
		have := map[repository.InboxRef]bool{}
		for _, ref := range got {
			have[ref] = true
		}
		w.same("number of due entries", len(got), len(want))
		for _, ref := range want {
			if !have[ref] {
				w.tb.Fatalf("due inbox: entry %s is missing", ref.ID)
			}
		}
	}
	oldRef := repository.InboxRef{Tenant: a.id, ID: old}
	retryRef := repository.InboxRef{Tenant: a.id, ID: retry.ID}
	freshRef := repository.InboxRef{Tenant: b.id, ID: fresh}
	claimedRef := repository.InboxRef{Tenant: b.id, ID: claimed.ID}

	due(w.now, 10, oldRef) // fresh was received just now, which is not before now
	due(w.now.Add(time.Microsecond), 10, oldRef, freshRef)
	w.pass(30 * time.Second)
	due(w.now.Add(-time.Second), 10, oldRef, freshRef)
	due(w.now.Add(time.Second), 10, oldRef, freshRef, retryRef)
	w.pass(time.Minute)
	due(w.now.Add(-time.Second), 10, oldRef, freshRef, retryRef, claimedRef)
	got, err := r.Queue().DueInbox(w.ctx, w.now, w.now, 2)
	w.ok("due inbox", err)
	w.same("limit", len(got), 2)
}

package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func claimCases() []Case {
	return []Case{
		{"ClaimReturnsTheMessage", claimReturns},
		{"ClaimIsExclusive", claimIsExclusive},
		{"ClaimRaceHasOneWinner", claimRace},
		{"ClaimsAreOldestFirst", claimOldestFirst},
		{"ExpiredClaimIsTakenOver", expiredClaim},
		{"RenewalKeepsAClaim", renewedClaim},
		{"LostClaimIsNotRenewed", lostClaim},
		{"RetryIsNotClaimedEarly", retryNotEarly},
		{"FinishStoresTheOutcome", finishStores},
		{"FinishEndsSeveral", finishSeveral},
		{"StaleFinishIsConflict", staleFinish},
		{"PoisonDies", poisonDies},
		{"SuspectIsClaimedAlone", suspectAlone},
		{"RetriesAreNoPoison", retriesAreNoPoison},
		{"RetriesAreClaimedTogether", retriesTogether},
	}
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
	s.nothingDue("all are claimed", w.now)
}

func claimIsExclusive(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.claim(s.accept(s.message()))
	w.pass(time.Minute - time.Microsecond)
	s.nothingDue("a claimed entry", w.now)
}

func claimRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	accepted := map[core.InboxID]int{}
	for range 40 {
		accepted[s.accept(s.message())] = 0
	}
	lists := make([][]core.InboxEntry, 30)
	for _, err := range together(len(lists), func(i int) (err error) {
		lists[i], err = s.Inbox().Claim(w.ctx, w.now, w.now.Add(time.Minute), 2)
		return err
	}) {
		w.ok("claim", err)
	}
	// Losers may find nothing; what they left is there for the next.
	lists = append(lists, s.claims(w.now, 100))
	for _, list := range lists {
		for _, e := range list {
			accepted[e.ID]++
			w.same("starts", e.Starts, 1)
		}
	}
	w.same("entries", len(accepted), 40)
	for id, times := range accepted {
		w.same("claims of "+string(id), times, 1)
	}
}

func claimOldestFirst(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	retry := s.claim(s.accept(s.message()))
	var want []core.InboxID
	for range 4 {
		want = append(want, s.accept(s.message()))
		w.pass(time.Second)
	}
	// What was due first is not what came first.
	retry.State, retry.RetryAt = core.InboxNew, w.now
	w.ok("finish with a retry", s.Inbox().Finish(w.ctx, retry))
	want = append(want, retry.ID)
	w.same("nothing asked for", len(s.claims(w.now, 0)), 0)
	var got []core.InboxID
	for _, limit := range []int{2, 10} {
		for _, e := range s.claims(w.now, limit) {
			got = append(got, e.ID)
		}
		w.same("number", len(got), min(limit, 5))
	}
	w.same("order", got, want)
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

// renewedClaim: a renewal is for claims that are still held, and only ever makes them longer.
func renewedClaim(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	renew := func(until time.Duration, claims ...core.InboxEntry) {
		tb.Helper()
		w.ok("renew", s.Inbox().Renew(w.ctx, claims, w.now.Add(until)))
	}
	renew(time.Hour)
	kept, left, ended := s.claim(s.accept(s.message())), s.claim(s.accept(s.message())), s.claim(s.accept(s.message()))
	w.pass(30 * time.Second)
	ended.State = core.InboxDone
	w.ok("finish", s.Inbox().Finish(w.ctx, ended))
	ended.State = core.InboxClaimed
	renew(time.Minute, kept, ended)
	renew(time.Second, kept)
	w.pass(30 * time.Second)
	taken := s.claims(w.now, 10)
	w.same("claims that expired", len(taken), 1)
	w.same("the expired one", taken[0].ID, left.ID)
	kept.State = core.InboxDone
	w.ok("finish of the renewed claim", s.Inbox().Finish(w.ctx, kept))
}

func lostClaim(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	taken, edited := s.claim(s.accept(s.message())), s.message()
	before := s.claim(s.accept(edited))
	s.edit(edited, "outro texto")
	after := s.claim(edited.ID)
	w.same("starts of the edited entry", after.Starts, before.Starts)
	w.pass(time.Minute)
	current := s.claims(w.now, 1)
	w.same("claims taken over", len(current), 1)
	w.same("the one taken over", current[0].ID, taken.ID)
	w.ok("renew", s.Inbox().Renew(w.ctx, []core.InboxEntry{taken, before}, w.now.Add(time.Hour)))
	// Their successors' claims end when they said.
	w.same("claims of the edited entry", s.claim(after.ID).Starts, after.Starts+1)
	w.pass(time.Minute)
	w.same("claims of the entry taken over", s.claim(taken.ID).Starts, current[0].Starts+1)
	// A claim that ended with another try agreed is not put off by a renewal that comes late.
	ended := s.claim(s.accept(s.message()))
	ended.State, ended.RetryAt = core.InboxNew, w.now
	w.ok("finish with a retry", s.Inbox().Finish(w.ctx, ended))
	w.ok("renew", s.Inbox().Renew(w.ctx, []core.InboxEntry{ended}, w.now.Add(time.Hour)))
	w.same("starts of the retry", s.claim(ended.ID).Starts, ended.Starts+1)
}

func retryNotEarly(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.claim(s.accept(s.message()))
	e.State, e.Reason, e.RetryAt = core.InboxNew, core.ReasonLinkUnresolved, w.now.Add(time.Minute)
	w.ok("finish with a retry", s.Inbox().Finish(w.ctx, e))
	w.pass(time.Minute - time.Microsecond)
	s.nothingDue("before the retry", w.now)
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
		s.nothingDue("an entry that ended as "+string(state), w.now.Add(time.Hour))
		stats, err := s.Account().Stats(w.ctx, w.now)
		w.ok("stats", err)
		w.same("entries that ended as "+string(state), stats.Inbox[state], 1)
	}
	unknown := s.message()
	unknown.State, unknown.Starts = core.InboxDone, 1
	w.fails("unknown id", s.Inbox().Finish(w.ctx, unknown), core.ErrNotFound)
}

func finishSeveral(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for range 3 {
		s.accept(s.message())
	}
	all, err := s.Inbox().Claim(w.ctx, w.now, w.now.Add(time.Minute), 10)
	w.ok("claim", err)
	w.same("claimed", len(all), 3)
	all[0].State = core.InboxDone
	all[1].State, all[1].Revision = core.InboxDone, all[1].Revision+1
	all[2].State, all[2].RetryAt = core.InboxNew, w.now.Add(time.Hour)
	w.fails("finish with one that is not the current claim", s.Inbox().Finish(w.ctx, all...), core.ErrConflict)
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("states", stats.Inbox, map[core.InboxState]int{core.InboxDone: 1, core.InboxClaimed: 1, core.InboxNew: 1})
	again, err := s.Inbox().Claim(w.ctx, w.now.Add(time.Hour), w.now.Add(2*time.Hour), 10)
	w.ok("claim", err)
	if len(again) != 1 || again[0].ID != all[1].ID { // it may have killed its worker, so it is claimed alone
		tb.Errorf("claimed %+v, want the one whose claim ran out", again)
	}
	w.ok("finish of nothing", s.Inbox().Finish(w.ctx))
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
	next := s.accept(s.message())
	rest := s.claims(w.now, 10)
	w.same("claims after one start too many", len(rest), 1)
	w.same("the one behind it", rest[0].ID, next)
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("inbox", stats.Inbox, map[core.InboxState]int{core.InboxDead: 1, core.InboxClaimed: 1})
	s.nothingDue("a dead entry", w.now.Add(30*time.Second))
}

// suspectAlone: whatever killed the worker may do it again, and must not use up the starts
// of others.
func suspectAlone(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	a, b := s.accept(s.message()), s.accept(s.message())
	w.same("fresh ones together", len(s.claims(w.now, 10)), 2)
	w.pass(30 * time.Second)
	c := s.accept(s.message()) // due before the claims expire
	w.pass(30 * time.Second)
	d := s.accept(s.message())
	for _, want := range []struct {
		ids    []core.InboxID
		starts int
	}{{[]core.InboxID{c, d}, 1}, {[]core.InboxID{a}, 2}, {[]core.InboxID{b}, 2}} {
		got := s.claims(w.now, 10)
		var ids []core.InboxID
		for _, e := range got {
			ids = append(ids, e.ID)
			w.same("starts", e.Starts, want.starts)
		}
		w.same("claimed together", ids, want.ids)
	}
}

// retriesTogether: a start that ended with another try agreed makes no suspect.
func retriesTogether(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	again := s.claim(s.accept(s.message()))
	again.State, again.RetryAt = core.InboxNew, w.now
	w.ok("finish with a retry", s.Inbox().Finish(w.ctx, again))
	fresh := s.accept(s.message())
	starts := map[core.InboxID]int{}
	for _, e := range s.claims(w.now, 10) {
		starts[e.ID] = e.Starts
	}
	w.same("starts", starts, map[core.InboxID]int{again.ID: 2, fresh: 1})
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
	s.nothingDue("one start without an end too many", w.now)
}

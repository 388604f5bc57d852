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
		{"ClaimsAreOldestFirst", claimOldestFirst},
		{"SuspectIsClaimedAlone", suspectAlone},
		{"RenewalKeepsAClaim", renewedClaim},
		{"AcceptMaySkip", skippedAtOnce},
		{"NewestMessageOfAChat", newestMessage},
		{"DeadLettersAreListedAndRedriven", deadLetters},
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
	s.nothingDue("a done entry", w.now)
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
	var want []core.InboxID
	for range 5 {
		want = append(want, s.accept(s.message()))
		w.pass(time.Second)
	}
	w.same("nothing asked for", len(s.claims(w.now, 0)), 0)
	var got []core.InboxID
	for _, limit := range []int{2, 10} {
		for _, e := range s.claims(w.now, limit) {
			got = append(got, e.ID)
		}
		if limit == 2 {
			w.same("limit", len(got), 2)
		}
	}
	w.same("order", got, want)
}

// suspectAlone: whatever killed the worker may do it again, and must not use up the starts
// of others.
func suspectAlone(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	a, b := s.accept(s.message()), s.accept(s.message())
	w.same("fresh ones together", len(s.claims(w.now, 10)), 2)
	w.pass(time.Minute)
	c := s.accept(s.message())
	for _, id := range []core.InboxID{a, b} {
		alone := s.claims(w.now, 10)
		w.same("begun with a suspect", len(alone), 1)
		w.same("its starts", alone[0].Starts, 2)
		w.same("the suspect", alone[0].ID, id)
	}
	rest := s.claims(w.now, 10)
	w.same("the fresh one", len(rest), 1)
	w.same("its id", rest[0].ID, c)
	w.same("its starts", rest[0].Starts, 1)
}

func renewedClaim(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	kept, lost, ended := s.claim(s.accept(s.message())), s.claim(s.accept(s.message())), s.claim(s.accept(s.message()))
	w.pass(30 * time.Second)
	ended.State = core.InboxDone
	w.ok("finish", s.Inbox().Finish(w.ctx, ended))
	stale := lost
	stale.Starts--
	w.ok("renew", s.Inbox().Renew(w.ctx, []core.InboxEntry{kept, stale, ended}, w.now.Add(time.Minute)))
	w.ok("renew nothing", s.Inbox().Renew(w.ctx, nil, w.now.Add(time.Minute)))
	w.pass(30 * time.Second)
	taken := s.claims(w.now, 10)
	w.same("claims that expired", len(taken), 1)
	w.same("the expired one", taken[0].ID, lost.ID)
	kept.State = core.InboxDone
	w.ok("finish of the renewed claim", s.Inbox().Finish(w.ctx, kept))
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

func skippedAtOnce(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	e.State, e.Reason = core.InboxSkipped, core.ReasonBacklog
	s.accept(e)
	s.nothingDue("a skipped entry", w.now.Add(time.Hour))
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("skipped", stats.SkippedByReason, map[core.Reason]int{core.ReasonBacklog: 1})
	_, created, err := s.Inbox().Accept(w.ctx, e)
	w.ok("accept again", err)
	w.same("created", created, false)
}

func newestMessage(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	newest := func(chat core.JID) time.Time {
		at, err := s.Inbox().Newest(w.ctx, chat)
		w.ok("newest", err)
		return at
	}
	w.same("of an unknown chat", newest("55@g.us").IsZero(), true)
	late := s.message()
	w.pass(-time.Hour)
	early := s.message()
	w.pass(2 * time.Hour)
	s.accept(late)
	s.accept(early)
	other.accept(other.message())
	elsewhere := s.message()
	elsewhere.Key.Chat = "55@g.us"
	s.accept(elsewhere)
	w.same("newest", newest(late.Key.Chat), late.SentAt)
}

func deadLetters(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var dead []core.InboxEntry
	for range 3 {
		e := s.claim(s.accept(s.message()))
		e.State, e.Reason = core.InboxDead, core.ReasonPoison
		w.ok("finish", s.Inbox().Finish(w.ctx, e))
		dead = append(dead, e)
	}
	alive := s.accept(s.message())
	list := func(before core.InboxID, limit int) (ids []core.InboxID) {
		entries, err := s.Inbox().Dead(w.ctx, before, limit)
		w.ok("dead letters", err)
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		return ids
	}
	w.same("first page", list("", 2), []core.InboxID{dead[2].ID, dead[1].ID})
	w.same("second page", list(dead[1].ID, 2), []core.InboxID{dead[0].ID})
	w.same("nothing asked for", len(list("", 0)), 0)

	w.fails("redrive of a living entry", s.Inbox().Redrive(w.ctx, alive, w.now), core.ErrConflict)
	w.fails("redrive of an unknown entry", s.Inbox().Redrive(w.ctx, core.InboxID(w.id()), w.now), core.ErrNotFound)
	s.claim(alive)
	w.pass(time.Second)
	w.ok("redrive", s.Inbox().Redrive(w.ctx, dead[0].ID, w.now))
	w.same("left", list("", 10), []core.InboxID{dead[2].ID, dead[1].ID})
	again := s.claims(w.now, 10)
	w.same("due again", len(again), 1)
	w.same("id", again[0].ID, dead[0].ID)
	w.same("starts", again[0].Starts, 1)
	w.same("reason", again[0].Reason, core.Reason(""))
}

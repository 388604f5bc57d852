package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func deadLetterCases() []Case {
	return []Case{
		{"DeadLettersAreListed", deadListed},
		{"DeadLetterIsRedriven", deadRedriven},
		{"RedriveEndsOldClaims", redriveEndsClaims},
	}
}

// buried is an entry that was set aside.
func (s *shop) buried() core.InboxEntry {
	s.tb.Helper()
	e := s.claim(s.accept(s.message()))
	e.State, e.Reason = core.InboxDead, core.ReasonPoison
	s.ok("finish", s.Inbox().Finish(s.ctx, e))
	return e
}

func deadListed(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	list := func(before core.InboxID, limit int) []core.InboxEntry {
		tb.Helper()
		entries, err := s.Inbox().Dead(w.ctx, before, limit)
		w.ok("dead letters", err)
		return entries
	}
	w.same("none", len(list("", 10)), 0)
	first, second, third := s.buried(), s.buried(), s.buried()
	s.accept(s.message())
	w.same("first page", list("", 2), []core.InboxEntry{third, second})
	w.same("second page", list(second.ID, 2), []core.InboxEntry{first})
	w.same("last page", len(list(first.ID, 2)), 0)
	w.same("nothing asked for", len(list("", 0)), 0)
}

func deadRedriven(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var starts int
	e := s.accept(s.message())
	for range core.MaxStarts {
		starts = s.claim(e).Starts
		w.pass(time.Minute)
	}
	w.same("starts", starts, core.MaxStarts)
	s.nothingDue("poison", w.now)
	w.ok("redrive", s.Inbox().Redrive(w.ctx, e, w.now.Add(time.Second)))
	w.fails("second redrive", s.Inbox().Redrive(w.ctx, e, w.now), core.ErrConflict)
	dead, err := s.Inbox().Dead(w.ctx, "", 10)
	w.ok("dead letters", err)
	w.same("dead letters left", len(dead), 0)
	w.pass(time.Second - time.Microsecond)
	s.nothingDue("before the redrive's time", w.now)
	w.pass(time.Microsecond)
	again := s.claim(e)
	w.same("starts", again.Starts, 1)
	w.same("retries", again.Retries, 0)
	w.same("reason", again.Reason, core.Reason(""))

	w.fails("redrive of a living entry", s.Inbox().Redrive(w.ctx, e, w.now), core.ErrConflict)
	w.fails("redrive of an unknown entry", s.Inbox().Redrive(w.ctx, core.InboxID(w.id()), w.now), core.ErrNotFound)
}

// redriveEndsClaims: starts count from one again, and the worker of an old claim may still
// be alive.
func redriveEndsClaims(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	dead := s.buried()
	w.ok("redrive", s.Inbox().Redrive(w.ctx, dead.ID, w.now))
	current := s.claim(dead.ID)
	old := s.outcome(dead, "amazon:1", s.groups...)
	w.fails("finish of the old claim", s.Inbox().Finish(w.ctx, old.Entry), core.ErrConflict)
	_, err := s.Offers().Save(w.ctx, old)
	w.fails("save of the old claim", err, core.ErrConflict)
	current.State = core.InboxDone
	w.ok("finish of the current claim", s.Inbox().Finish(w.ctx, current))
}

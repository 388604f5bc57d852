package repositorytest

import (
	"strings"
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
		{"AcceptMaySkip", acceptSkipped},
		{"OddCharactersLoseNoMessage", oddCharacters},
		{"NewestMessageOfAChat", newestMessage},
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

func acceptSkipped(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	e.State, e.Reason = core.InboxSkipped, core.ReasonBacklog
	s.accept(e)
	_, created, err := s.Inbox().Accept(w.ctx, e)
	w.ok("accept again", err)
	w.same("created", created, false)
	s.nothingDue("a skipped entry", w.now.Add(time.Hour))
	// An edit that came first has another text, of which the reason need not be true.
	edited := s.message()
	waiting, _ := s.edit(edited, "outro texto")
	edited.State, edited.Reason = core.InboxSkipped, core.ReasonBacklog
	id, created, err := s.Inbox().Accept(w.ctx, edited)
	w.ok("accept after an edit", err)
	w.same("created", created, true)
	w.same("id", id, waiting)

	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("inbox", stats.Inbox, map[core.InboxState]int{core.InboxSkipped: 1, core.InboxNew: 1})
	w.same("skipped", stats.SkippedByReason, map[core.Reason]int{core.ReasonBacklog: 1})
}

// oddCharacters: what a database cannot store may be missing, the message must not be.
func oddCharacters(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	e.Text = "Oferta\x00 R$ 10\xff"
	e.Key = core.MessageKey{Chat: e.Key.Chat, Participant: "4\x002@lid", ID: "M\x00\xfe"}
	e.Media.FileName = "foto\x00\xff.jpg"
	s.accept(e)
	_, created, err := s.Inbox().Accept(w.ctx, e)
	w.ok("accept again", err)
	w.same("created", created, false)
	text := s.claim(e.ID).Text
	w.same("the text: "+text, strings.HasPrefix(text, "Oferta") && strings.Contains(text, " R$ 10"), true)

	id, changed := s.edit(e, "Oferta\x00 R$ 9\xff")
	w.same("edited entry", id, e.ID)
	w.same("changed", changed, true)
	_, changed = s.edit(e, "Oferta\x00 R$ 9\xff")
	w.same("changed by the same edit", changed, false)
	w.ok("revoke", s.Inbox().Revoke(w.ctx, e))
	s.nothingDue("a revoked message", w.now)
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

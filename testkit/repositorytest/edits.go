package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func editCases() []Case {
	return []Case{
		{"EditMakesTheMessageNewAgain", editMakesNew},
		{"EditEndsTheClaim", editEndsClaim},
		{"EditWithTheSameTextChangesNothing", editSameText},
		{"EditGivesNewStarts", editGivesStarts},
		{"EditBeforeTheMessageWaits", editBefore},
		{"RevokeCancelsWhatIsPending", revokeCancels},
		{"RevokeEndsTheClaim", revokeEndsClaim},
		{"RevokeBeforeTheMessageWins", revokeBefore},
		{"RevokedMessageIsNotEdited", revokedNotEdited},
		{"EditWithoutAuthorFindsTheMessage", editWithoutAuthor},
		{"RevokeWithoutAuthorFindsTheMessage", revokeWithoutAuthor},
		{"OtherFormOfTheAuthorFindsTheMessage", otherForm},
		{"OlderEditChangesNothing", olderEdit},
	}
}

func (s *shop) edited(e core.InboxEntry, text string) core.InboxEntry {
	e.ID, e.Text, e.ReceivedAt = core.InboxID(s.world.id()), text, s.now
	return e
}

func (s *shop) edit(e core.InboxEntry, text string) (core.InboxID, bool) {
	s.tb.Helper()
	id, changed, err := s.Inbox().Edit(s.ctx, s.edited(e, text))
	s.ok("edit", err)
	return id, changed
}

func editMakesNew(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	done := s.claim(e.ID)
	done.State, done.Reason = core.InboxSkipped, core.ReasonNoLink
	w.ok("finish", s.Inbox().Finish(w.ctx, done))
	w.pass(time.Minute)
	id, changed := s.edit(e, "outro texto")
	w.same("id", id, e.ID)
	w.same("changed", changed, true)
	got := s.claim(e.ID)
	w.same("text", got.Text, "outro texto")
	w.same("revision", got.Revision, 1)
	w.same("reason", got.Reason, core.Reason(""))
	w.same("media", got.Media, e.Media)
	got.State, got.RetryAt = core.InboxNew, w.now.Add(time.Hour)
	w.ok("finish with a retry", s.Inbox().Finish(w.ctx, got))
	_, changed = s.edit(e, "terceiro texto")
	w.same("changed", changed, true)
	w.same("revision, due at once", s.claim(e.ID).Revision, 2)
}

func editEndsClaim(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	claimed := s.claim(e.ID)
	s.edit(e, "outro texto")
	stale := s.outcome(claimed, "amazon:1", s.groups...)
	w.fails("finish of the old text", s.Inbox().Finish(w.ctx, stale.Entry), core.ErrConflict)
	_, err := s.Offers().Save(w.ctx, stale)
	w.fails("save of the old text", err, core.ErrConflict)
	current := s.claim(e.ID)
	w.same("text", current.Text, "outro texto")
	w.fails("finish of the old text", s.Inbox().Finish(w.ctx, stale.Entry), core.ErrConflict)
	s.save(s.outcome(current, "amazon:1", s.groups...))
}

func editSameText(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	claimed := s.claim(e.ID)
	id, changed := s.edit(e, e.Text)
	w.same("id", id, e.ID)
	w.same("changed", changed, false)
	claimed.State = core.InboxDone
	w.ok("the claim goes on", s.Inbox().Finish(w.ctx, claimed))
}

func editGivesStarts(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	for range core.MaxStarts {
		s.claim(e.ID)
		w.pass(time.Minute)
	}
	s.edit(e, "outro texto")
	w.same("starts", s.claim(e.ID).Starts, 1)
}

func editBefore(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	text := "o texto da edição"
	waiting, changed := s.edit(e, text)
	w.same("changed", changed, false)
	s.nothingDue("a waiting entry", w.now.Add(time.Hour))
	again, _ := s.edit(e, text+"!")
	w.same("second edit", again, waiting)

	w.pass(time.Second)
	id, created, err := s.Inbox().Accept(w.ctx, e)
	w.ok("accept", err)
	w.same("created", created, true)
	w.same("id", id, waiting)
	got := s.claim(id)
	w.same("text", got.Text, text+"!")
	w.same("media", got.Media, e.Media)
	w.same("sent at", got.SentAt, e.SentAt)
	_, created, err = s.Inbox().Accept(w.ctx, e)
	w.ok("accept again", err)
	w.same("created", created, false)
}

func revokeCancels(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	bystander := s.offer("amazon:9", s.groups[0])
	w.pass(time.Second)
	e := s.message()
	s.accept(e)
	offer := s.save(s.outcome(s.claim(e.ID), "amazon:1", s.groups...))
	begun := s.begin(offer.Deliveries[0])
	w.ok("revoke", s.Inbox().Revoke(w.ctx, e))
	w.same("delivery on its way", s.delivery(begun.ID), begun)
	cancelled := s.delivery(offer.Deliveries[1].ID)
	w.same("pending delivery", cancelled.State, core.DeliveryCancelled)
	w.same("its reason", cancelled.Reason, core.ReasonRevoked)
	w.same("delivery of another offer", s.delivery(bystander.Deliveries[0].ID), bystander.Deliveries[0])
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("inbox", stats.Inbox, map[core.InboxState]int{core.InboxRevoked: 1, core.InboxDone: 1})
	w.ok("second revoke", s.Inbox().Revoke(w.ctx, e))
}

func revokeEndsClaim(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	claimed := s.claim(e.ID)
	w.ok("revoke", s.Inbox().Revoke(w.ctx, e))
	_, err := s.Offers().Save(w.ctx, s.outcome(claimed, "amazon:1", s.groups...))
	w.fails("save of a revoked message", err, core.ErrConflict)
	s.nothingDue("a revoked message", w.now.Add(time.Hour))
}

func revokeBefore(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	w.ok("revoke", s.Inbox().Revoke(w.ctx, e))
	late := e
	late.ID = core.InboxID(w.id())
	id, created, err := s.Inbox().Accept(w.ctx, late)
	w.ok("accept", err)
	w.same("created", created, false)
	w.same("id", id, e.ID)
	s.nothingDue("a revoked message", w.now)
}

func revokedNotEdited(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	w.ok("revoke", s.Inbox().Revoke(w.ctx, e))
	_, changed := s.edit(e, "outro texto")
	w.same("changed", changed, false)
	s.nothingDue("a revoked message", w.now)
}

// anonymous is e as an event that does not name the author tells of it.
func anonymous(e core.InboxEntry) core.InboxEntry {
	e.Key.Participant = ""
	return e
}

func editWithoutAuthor(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	id, changed := s.edit(anonymous(e), "outro texto")
	w.same("id", id, e.ID)
	w.same("changed", changed, true)
	w.same("text", s.claim(e.ID).Text, "outro texto")

	late := s.message()
	waiting, _ := s.edit(anonymous(late), "antes da mensagem")
	id, created, err := s.Inbox().Accept(w.ctx, late)
	w.ok("accept", err)
	w.same("created", created, true)
	w.same("id", id, waiting)
	got := s.claim(id)
	w.same("text", got.Text, "antes da mensagem")
	w.same("key", got.Key, late.Key)
}

func revokeWithoutAuthor(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message()
	s.accept(e)
	w.ok("revoke", s.Inbox().Revoke(w.ctx, anonymous(e)))
	s.nothingDue("a revoked message", w.now)

	late := s.message()
	w.ok("revoke before the message", s.Inbox().Revoke(w.ctx, anonymous(late)))
	_, created, err := s.Inbox().Accept(w.ctx, late)
	w.ok("accept", err)
	w.same("created", created, false)
}

func otherForm(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	e := s.message() // by 42@lid
	s.accept(e)
	other := e
	other.Key.Participant = "5511900000042@s.whatsapp.net"
	id, changed := s.edit(other, "outro texto")
	w.same("id", id, e.ID)
	w.same("changed", changed, true)
	stranger := e
	stranger.Key.Participant = "43@lid"
	if id, _ = s.edit(stranger, "texto de outro autor"); id == e.ID {
		tb.Fatal("an edit by somebody else found the message")
	}
	w.same("text", s.claim(e.ID).Text, "outro texto")

	late := s.message()
	other = late
	other.Key.Participant = "5511900000042@s.whatsapp.net"
	w.ok("revoke before the message", s.Inbox().Revoke(w.ctx, other))
	_, created, err := s.Inbox().Accept(w.ctx, late)
	w.ok("accept", err)
	w.same("created", created, false)
}

func olderEdit(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, before := range []bool{false, true} {
		e := s.message()
		if !before {
			s.accept(e)
		}
		first, second := e, e
		first.SentAt, second.SentAt = w.now.Add(time.Second), w.now.Add(2*time.Second)
		s.edit(first, "primeiro")
		id, _ := s.edit(second, "segundo")
		if before {
			s.accept(e)
		}
		_, changed := s.edit(first, "primeiro")
		w.same("changed by an older edit", changed, false)
		got := s.claim(id)
		w.same("text", got.Text, "segundo")
		w.same("sent at", got.SentAt, e.SentAt)
	}
}

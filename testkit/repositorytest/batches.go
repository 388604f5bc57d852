package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func batchCases() []Case {
	return []Case{
		{"SaveStoresSeveral", saveSeveral},
		{"SaveOfSeveralLeavesLostClaimsOut", saveSomeLost},
		{"SaveOfSeveralFindsReposts", saveReposts},
		{"SaveOfSeveralWakesTheLane", saveSeveralWakes},
	}
}

// drafts are outcomes of fresh messages, to save together.
func (s *shop) drafts(n int, groups ...core.Destination) []repository.SaveOffer {
	s.tb.Helper()
	out := make([]repository.SaveOffer, n)
	for i := range out {
		out[i] = s.outcome(s.claim(s.accept(s.message())), "", groups...)
	}
	return out
}

func saveSeveral(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	before := s.offer("amazon:1", s.groups[0])
	again := s.outcome(s.edition(before), "amazon:2", s.groups...)
	drafts := s.drafts(3, s.groups...)
	drafts[1].Offer.Deliveries = nil
	all := []repository.SaveOffer{drafts[0], again, drafts[1], drafts[2]}
	saved, err := s.Offers().Save(w.ctx, all...)
	w.ok("save", err)
	w.same("offers saved", len(saved), len(all))
	for i, o := range saved {
		w.same("entry", o.InboxID, all[i].Entry.ID)
		w.same("product", o.ProductKey, all[i].Offer.ProductKey)
		w.same("deliveries", len(o.Deliveries), len(all[i].Offer.Deliveries))
		stored, err := s.Offers().ByInbox(w.ctx, all[i].Entry.ID)
		w.ok("stored offer", err)
		w.same("stored offer", stored, o)
		_, changed, err := s.Inbox().Accept(w.ctx, all[i].Entry)
		w.ok("accept again", err)
		w.same("accepted again", changed, false)
	}
	w.same("the one that was there", saved[1].ID, before.ID)
	w.pass(time.Hour)
	left, err := s.Inbox().Claim(w.ctx, w.now, w.now.Add(time.Minute), 10)
	w.ok("claim", err)
	w.same("claims left", len(left), 0)
	none, err := s.Offers().Save(w.ctx)
	w.ok("save nothing", err)
	w.same("nothing", len(none), 0)
}

func saveSomeLost(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	stale := s.drafts(1, s.groups...)[0]
	w.pass(time.Minute)
	current := s.claim(stale.Entry.ID)
	drafts := s.drafts(2, s.groups...)
	saved, err := s.Offers().Save(w.ctx, drafts[0], stale, drafts[1])
	w.fails("save", err, core.ErrConflict)
	w.same("offers saved", len(saved), 2)
	w.same("the first", saved[0].InboxID, drafts[0].Entry.ID)
	w.same("the last", saved[1].InboxID, drafts[1].Entry.ID)
	for _, d := range drafts {
		_, err := s.Offers().ByInbox(w.ctx, d.Entry.ID)
		w.ok("stored offer", err)
	}
	_, err = s.Offers().ByInbox(w.ctx, stale.Entry.ID)
	w.fails("offer of the lost claim", err, core.ErrNotFound)
	s.save(s.outcome(current, "", s.groups...))

	gone := s.drafts(1, s.groups...)[0]
	gone.Entry.ID = core.InboxID(w.id())
	_, err = s.Offers().Save(w.ctx, gone)
	w.fails("save of an entry that is not there", err, core.ErrNotFound)
}

func saveReposts(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	since := w.now
	w.pass(time.Minute)
	first, second := s.groups[:1], s.groups[1:2]
	draft := func(product, text string, since time.Time, groups []core.Destination) repository.SaveOffer {
		d := s.drafts(1, groups...)[0]
		d.Offer.ProductKey, d.TextKey, d.RepostSince, d.TextSince = product, text, since, since
		return d
	}
	steps := []struct {
		what  string
		draft repository.SaveOffer
		want  core.Reason
	}{
		{"the first of a product", draft("amazon:1", "", since, first), ""},
		{"the second", draft("amazon:1", "", since, first), core.ReasonDuplicateProduct},
		{"to another group", draft("amazon:1", "", since, second), ""},
		{"outside the window", draft("amazon:1", "", w.now, first), ""},
		{"the first of a text", draft("", "text", since, first), ""},
		{"the second of a text", draft("amazon:2", "text", since, first), core.ReasonDuplicateText},
		{"the text in another group", draft("", "text", since, second), ""},
		{"the text outside the window", draft("", "text", w.now, first), ""},
		{"the product says more than the text", draft("amazon:1", "text", since, first), core.ReasonDuplicateProduct},
		{"what was cancelled occupies nothing", draft("amazon:2", "", since, first), ""},
		{"without keys", draft("", "", since, first), ""},
		{"without keys again", draft("", "", since, first), ""},
	}
	all := make([]repository.SaveOffer, len(steps))
	for i, step := range steps {
		all[i] = step.draft
	}
	saved, err := s.Offers().Save(w.ctx, all...)
	w.ok("save", err)
	for i, step := range steps {
		w.same(step.what, saved[i].Deliveries[0].Reason, step.want)
		w.same("state of "+step.what, saved[i].Deliveries[0].State == core.DeliveryPending, step.want == "")
	}
	// What is stored counts for each of a later call, within the window of each.
	w.pass(time.Minute)
	later, err := s.Offers().Save(w.ctx, draft("amazon:3", "", since, first), draft("amazon:1", "", since, second), draft("amazon:1", "", w.now, first),
		draft("amazon:3", "text", since, second))
	w.ok("save later", err)
	for i, want := range []core.Reason{"", core.ReasonDuplicateProduct, "", core.ReasonDuplicateText} {
		w.same("of a later call", later[i].Deliveries[0].Reason, want)
	}
}

func saveSeveralWakes(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	held := s.drafts(2)
	_, err := s.Offers().Save(w.ctx, held...)
	w.ok("save", err)
	_, err = r.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
	w.fails("lane without work", err, core.ErrNotFound)
	drafts := s.drafts(2, s.groups[0])
	drafts[1].Offer.Deliveries = nil
	_, err = s.Offers().Save(w.ctx, drafts...)
	w.ok("save", err)
	lane, err := r.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
	w.ok("lane with work", err)
	w.same("lane", lane.Instance, s.instance.ID)
}

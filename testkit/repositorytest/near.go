package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func nearCases() []Case {
	return []Case{
		{"NearTextsAreFoundByKey", nearByKey},
		{"NearTextsAreNewestFirst", nearNewestFirst},
		{"NearTextsAreCreatedSince", nearSince},
		{"NearTextIsOfTheLastSave", nearLastSave},
		{"NearTextsAreEachTenantsOwn", nearIsOwn},
	}
}

// near saves an offer with a text and keys, and returns what Near says of it.
func (s *shop) near(text, nearKey string) repository.NearText {
	s.tb.Helper()
	o := s.outcome(s.claim(s.accept(s.message())), "")
	o.Offer.FinalText, o.TextKey, o.NearKey = text, "key of "+text, nearKey
	s.save(o)
	return repository.NearText{TextKey: o.TextKey, Text: text}
}

// wantNear checks the texts found since a time.
func (s *shop) wantNear(what, nearKey string, since time.Time, want ...repository.NearText) {
	s.tb.Helper()
	got, err := s.Offers().Near(s.ctx, nearKey, since, 100)
	s.ok("near", err)
	s.same(what, got, want)
}

func nearByKey(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	before := w.now.Add(-time.Hour)
	one, two := s.near("um 'texto'", "alike"), s.near("outro", "another")
	s.near("sem chave", "")
	for _, bare := range []func(*repository.SaveOffer){
		func(o *repository.SaveOffer) { o.TextKey = "" },
		func(o *repository.SaveOffer) { o.Offer.FinalText = "" },
	} {
		o := s.outcome(s.claim(s.accept(s.message())), "")
		o.TextKey, o.NearKey = "key", "alike"
		bare(&o)
		s.save(o)
	}
	s.wantNear("by a key", "alike", before, one)
	s.wantNear("by another", "another", before, two)
	s.wantNear("by an unknown one", "Alike", before)
	s.wantNear("by none", "", before)
}

func nearNewestFirst(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	before := w.now.Add(-time.Hour)
	var want []repository.NearText
	for _, text := range []string{"b", "a", "c"} {
		w.pass(time.Microsecond)
		want = append([]repository.NearText{s.near(text, "alike")}, want...)
	}
	s.wantNear("newest first", "alike", before, want...)
	for limit := range len(want) {
		got, err := s.Offers().Near(w.ctx, "alike", before, limit)
		w.ok("near", err)
		w.same("limit", got, want[:limit])
	}
}

func nearSince(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	created := w.now
	text := s.near("texto", "alike")
	w.pass(time.Hour)
	s.wantNear("before it was created", "alike", created.Add(-time.Microsecond), text)
	s.wantNear("when it was created", "alike", created)
	s.wantNear("since ever", "alike", time.Time{}, text)
}

func nearLastSave(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	created := w.now
	o := s.outcome(s.claim(s.accept(s.message())), "")
	o.TextKey, o.NearKey = "old text", "old"
	first := s.save(o)
	w.pass(time.Hour)
	o = s.outcome(s.edition(first), "")
	o.TextKey, o.NearKey = "new text", "new"
	s.save(o)
	s.wantNear("by the old key", "old", created.Add(-time.Second))
	s.wantNear("by the new key", "new", created.Add(-time.Second), repository.NearText{TextKey: "new text", Text: o.Offer.FinalText})
	s.wantNear("an edited offer is as old as its first text", "new", created)

	w.pass(time.Hour)
	o = s.outcome(s.edition(first), "")
	o.TextKey, o.NearKey, o.Offer.FinalText = "", "", ""
	o.Offer.Hold = &core.Hold{Reason: core.ReasonSoldOut}
	s.save(o)
	s.wantNear("held", "new", created.Add(-time.Second))
}

func nearIsOwn(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	before := w.now.Add(-time.Hour)
	text := a.near("texto", "alike")
	b.wantNear("of another tenant", "alike", before)
	own := b.near("outro texto", "alike")
	a.wantNear("the first tenant's", "alike", before, text)
	b.wantNear("the second tenant's", "alike", before, own)
}

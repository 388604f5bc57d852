package affiliate

import (
	"math/rand"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// seedLinks are links of every store, deceptions and, where it is, the corpus.
func seedLinks(f *testing.F, r *Registry) {
	f.Helper()
	for _, s := range []string{
		"https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20", "https://www.amazon.com.br/s?k=a%26tag%3Db&tag=c-20",
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F1%2F2&affiliate_id=18311111111",
		"https://www.mercadolivre.com.br/a/p/MLB1?matt_word=rival", "https://www.magazinevoce.com.br/rival/a/p/12345/te/ab/?seller_id=x",
		"https://www.google.com/url?q=https%3A%2F%2Famzn.to%2F3", "https://xn--mazon-3ve.com.br:80/%2e%2e/", "https://amazon。com。br./dp/B0",
		"https://www.google.com/amp/s/www.amazon.com.br/dp/B0TESTE001", "https://www.mercadolivre.com.br/social/rival?matt_word=rival",
	} {
		f.Add(s)
	}
	random := rand.New(rand.NewSource(1))
	for _, s := range r.stores {
		if len(s.Fields()) == 0 {
			continue
		}
		tag := randomTag(f, random, r, s)
		for _, link := range linksFor(f, random, r, s, tag) {
			f.Add(link)
			if final, err := r.Rewrite(r.Classify(link), []core.Tag{tag}); err == nil {
				f.Add(final)
			}
		}
	}
	for _, link := range corpusLinks(f) {
		f.Add(link.URL)
	}
}

// everyTag is one tag of each store that has any.
func everyTag(t testing.TB, r *Registry, seed int64) []core.Tag {
	t.Helper()
	random := rand.New(rand.NewSource(seed))
	var tags []core.Tag
	for _, s := range r.stores {
		if len(s.Fields()) > 0 {
			tags = append(tags, randomTag(t, random, r, s))
		}
	}
	return tags
}

func FuzzParse(f *testing.F) {
	seedLinks(f, builtin(f))
	f.Fuzz(func(t *testing.T, link string) {
		u, err := Parse(link)
		if err != nil {
			return
		}
		if again, err := Parse(u.String()); err != nil || again != u {
			t.Fatalf("%q is not stable: %+v, %+v, %v", link, u, again, err)
		}
	})
}

// FuzzClassify follows a link from anybody through the whole engine.
func FuzzClassify(f *testing.F) {
	r := builtin(f)
	seedLinks(f, r)
	own, rival := r.Identity(everyTag(f, r, 11)), r.Identity(everyTag(f, r, 12))
	sub := core.NewSubID("group", "message")
	f.Fuzz(func(t *testing.T, link string) {
		target := r.Classify(link)
		if (target.Kind == Product || target.Kind == Page || target.Kind == Short) == (target.Hold.Reason != "") {
			t.Fatalf("%q: %+v", link, target)
		}
		final, err := own.Rewrite(target, sub)
		if err != nil {
			return
		}
		if err := own.Verify(final, sub); err != nil {
			t.Fatalf("%q → %q: %v", link, final, err)
		}
		if again, err := own.Rewrite(r.Classify(final), sub); listed(r, final) && (err != nil || again != final) {
			t.Fatalf("%q → %q → %q, %v", link, final, again, err)
		}
		if rival.Verify(final, sub) == nil {
			t.Fatalf("%q is proven for the rival", final)
		}
	})
}

// FuzzVerify looks for a link that is proven without being what Rewrite makes.
func FuzzVerify(f *testing.F) {
	r := builtin(f)
	seedLinks(f, r)
	own, sub := r.Identity(everyTag(f, r, 1)), core.SubID{}
	f.Fuzz(func(t *testing.T, link string) {
		if own.Verify(link, sub) == nil && !rewritesToItself(r, link, own, sub) {
			t.Fatalf("%q is proven", link)
		}
	})
}

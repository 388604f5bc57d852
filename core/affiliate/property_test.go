package affiliate

import (
	"fmt"
	"math/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// randomTag makes a well-formed tag of a store.
func randomTag(random *rand.Rand, s Store) core.Tag {
	word := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[random.Intn(len(alphabet))]
		}
		return string(b)
	}
	tag := core.Tag{Store: s.Slug(), Fields: map[string]string{}}
	if markets := s.Marketplaces(); len(markets) > 0 {
		tag.Marketplace = markets[random.Intn(len(markets))]
	}
	for _, f := range s.Fields() {
		switch {
		case !f.Required && random.Intn(2) == 0:
		case s.Slug() == "amazon":
			tag.Fields[f.Name] = word("abcdefgh123-", 3+random.Intn(8)) + fmt.Sprintf("-%d", 20+random.Intn(3))
		case f.accepts("12345678"):
			tag.Fields[f.Name] = word("0123456789", 8)
		default:
			tag.Fields[f.Name] = word("abcdefghijk123", 4+random.Intn(8))
		}
	}
	return tag
}

// randomLink makes a product link of a store with junk and a foreign identity in it.
func randomLink(random *rand.Rand, tag, foreign core.Tag) string {
	digits := fmt.Sprint(1_000_000 + random.Intn(8_000_000))
	junk := []string{"", "?utm_source=x", "?ref=y&th=1", "?a=%20b&c", "#frag"}[random.Intn(5)]
	switch tag.Store {
	case "amazon":
		path := []string{"/dp/B0A%s", "/gp/product/B0A%s/ref=x", "/Nome-do-produto/dp/B0A%s", "/o/ASIN/B0A%s"}[random.Intn(4)]
		return "https://" + []string{"", "www.", "m."}[random.Intn(3)] + tag.Marketplace + fmt.Sprintf(path, digits) +
			[]string{junk, "?tag=" + foreign.Fields["tag"], "?TAG=" + foreign.Fields["tag"] + "#tag=" + foreign.Fields["tag"]}[random.Intn(3)]
	case "shopee":
		link := "https://shopee.com.br" + fmt.Sprintf([]string{"/product/%[1]s/%[1]s", "/nome-i.%[1]s.%[1]s", "/opaanlp/%[1]s/%[1]s"}[random.Intn(3)], digits) + junk
		if random.Intn(2) == 0 {
			link = "https://shope.ee/an_redir?origin_link=" + url.QueryEscape(link) + "&affiliate_id=" + foreign.Fields["affiliate_id"]
		}
		return link
	case "mercadolivre":
		return fmt.Sprintf([]string{"https://www.mercadolivre.com.br/nome/p/MLB%s", "https://produto.mercadolivre.com.br/MLB-%s-nome-_JM",
			"https://mercadolivre.com.br/nome/up/MLBU%s"}[random.Intn(3)], digits) +
			[]string{junk, "?matt_word=" + foreign.Fields["matt_word"] + "&matt_tool=1"}[random.Intn(2)]
	}
	return fmt.Sprintf([]string{"https://www.magazineluiza.com.br/nome/p/%s/te/ab/", "https://www.magazinevoce.com.br/" +
		foreign.Fields["store"] + "/nome/p/%s/te/ab/"}[random.Intn(2)], digits) + []string{junk, "?promoter_id=1", "?seller_id=loja"}[random.Intn(3)]
}

// For any tenant and any link: the rewritten link is proven for that tenant and for nobody
// else, names the same product, does not change when rewritten again, and holds nothing of
// the identity that was in it.
func TestRewriteAndVerifyAgree(t *testing.T) {
	r := builtin(t)
	for seed := range int64(4) {
		random := rand.New(rand.NewSource(seed))
		for range 500 {
			s := r.stores[random.Intn(len(r.stores))]
			own, foreign := randomTag(random, s), randomTag(random, s)
			foreign.Marketplace = own.Marketplace
			link := randomLink(random, own, foreign)
			target := r.Classify(link)
			final, err := r.Rewrite(target, []core.Tag{own})
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, link, err)
			}
			if err := r.Verify(final, []core.Tag{own}); err != nil {
				t.Fatalf("seed %d: %s → %s: %v", seed, link, final, err)
			}
			again := r.Classify(final)
			if again != target {
				t.Fatalf("seed %d: %s is %+v, its link %s is %+v", seed, link, target, final, again)
			}
			if twice, err := r.Rewrite(again, []core.Tag{own}); err != nil || twice != final {
				t.Fatalf("seed %d: %s again %s, %v", seed, final, twice, err)
			}
			if fmt.Sprint(own.Fields) != fmt.Sprint(foreign.Fields) && r.Verify(final, []core.Tag{foreign}) == nil {
				t.Fatalf("seed %d: %s is proven for %v too", seed, final, foreign.Fields)
			}
			mutated := mutate(random, final)
			if mutated != final && r.Verify(mutated, []core.Tag{own}) == nil && !rewritesToItself(r, mutated, own) {
				t.Fatalf("seed %d: %s is proven, made of %s", seed, mutated, final)
			}
		}
	}
}

// mutate adds something to a link or changes a letter of it.
func mutate(random *rand.Rand, link string) string {
	switch random.Intn(4) {
	case 0:
		return link + []string{"&tag=rival-20", "#x", "&a=b", "9", "%20", "/x", "?y=1"}[random.Intn(7)]
	case 1:
		return strings.Replace(link, "?", "?TAG=rival-20&", 1) + "x"
	case 2:
		i := random.Intn(len(link))
		return link[:i] + string("abc/?&=%#.9"[random.Intn(11)]) + link[i+1:]
	}
	i := random.Intn(len(link))
	return link[:i] + "x" + link[i:]
}

// rewritesToItself says whether a mutated link is simply the tenant's own link to another
// page: then it is what Rewrite makes of it.
func rewritesToItself(r *Registry, link string, own core.Tag) bool {
	final, err := r.Rewrite(r.Classify(link), []core.Tag{own})
	return err == nil && final == link
}

func FuzzClassify(f *testing.F) {
	r := builtin(f)
	for _, s := range []string{
		"https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20", "https://www.amazon.com.br/s?k=a%26tag%3Db&tag=c-20",
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F1%2F2&affiliate_id=18311111111",
		"https://www.mercadolivre.com.br/a/p/MLB1?matt_word=rival", "https://www.magazinevoce.com.br/rival/a/p/12345/te/ab/?seller_id=x",
		"https://www.google.com/url?q=https%3A%2F%2Famzn.to%2F3", "https://xn--mazon-3ve.com.br:80/%2e%2e/", "https://amazon。com。br./dp/B0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if u, err := Parse(link); err == nil {
			if again, err := Parse(u.String()); err != nil || again != u {
				t.Fatalf("%q is not stable: %+v, %+v, %v", link, u, again, err)
			}
		}
		target := r.Classify(link)
		if (target.Kind == Product || target.Kind == Page || target.Kind == Short) == (target.Hold.Reason != "") {
			t.Fatalf("%q: %+v", link, target)
		}
		final, err := r.Rewrite(target, ourTags)
		if err != nil {
			if r.Verify(link, ourTags) == nil {
				t.Fatalf("%q is proven but cannot be rewritten", link)
			}
			return
		}
		if err := r.Verify(final, ourTags); err != nil {
			t.Fatalf("%q → %q: %v", link, final, err)
		}
		if again := r.Classify(final); again != target {
			t.Fatalf("%q is %+v, %q is %+v", link, target, final, again)
		}
		if r.Verify(final, rivalTags) == nil {
			t.Fatalf("%q is proven for the rival", final)
		}
	})
}

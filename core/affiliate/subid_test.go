package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// A sub-id goes where the programme has a place for it, and is proven only for the delivery
// it was made for.
func TestSubIDs(t *testing.T) {
	r := builtin(t)
	own := r.Identity(ourTags)
	sub := core.SubID{Group: "g1a2b3c4d", Offer: "o5e6f7g8h"}
	for link, want := range map[string]string{
		"https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20&ascsubtag=rival": "https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&ascsubtag=g1a2b3c4do5e6f7g8h",
		"https://www.amazon.com.br/s?k=tv":                                     "https://www.amazon.com.br/s?k=tv&tag=nossa-20&ascsubtag=g1a2b3c4do5e6f7g8h",
		"https://shopee.com.br/product/11/22": "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22" +
			"&affiliate_id=18399999999&sub_id=g1a2b3c4d-o5e6f7g8h",
		"https://www.mercadolivre.com.br/p/MLB123":                  "https://www.mercadolivre.com.br/p/MLB123?matt_word=nosso&matt_tool=22222222",
		"https://www.magazineluiza.com.br/coisa/p/123456700/te/ab/": "https://www.magazinevoce.com.br/magazinenossa/coisa/p/123456700/te/ab/",
	} {
		final, err := own.Rewrite(r.Classify(link), sub)
		if err != nil || final != want {
			t.Errorf("%s → %s, %v; want %s", link, final, err, want)
			continue
		}
		plain, err := own.Rewrite(r.Classify(link), core.SubID{})
		if err != nil {
			t.Error(err)
		}
		for _, fine := range []string{final, plain} {
			if err := own.Verify(fine, sub); err != nil {
				t.Errorf("%s: %v", fine, err)
			}
		}
		if final == plain {
			continue
		}
		for _, bad := range []core.SubID{{}, {Group: "g1a2b3c4d", Offer: "o00000000"}, {Group: "g00000000", Offer: "o5e6f7g8h"}, {Group: "g1a2b3c4do5e6f7g8h"}} {
			if own.Verify(final, bad) == nil {
				t.Errorf("%s is proven for %v", final, bad)
			}
		}
		for _, end := range []string{"x", "&tag=rival-20", "&ascsubtag=rival", "&sub_id=rival", "-rival", "#x"} {
			if own.Verify(final+end, sub) == nil {
				t.Errorf("%s is proven", final+end)
			}
		}
	}
}

// A malformed sub-id counts as none, as a malformed tag does.
func TestMalformedSubIDIsNone(t *testing.T) {
	r := builtin(t)
	own := r.Identity(ourTags)
	for _, bad := range []core.SubID{{Group: "g1&tag=rival-20", Offer: "o1"}, {Group: "g1"}, {Offer: "o1"}, {Group: "é", Offer: "o1"}} {
		final, err := own.Rewrite(r.Classify("https://www.amazon.com.br/dp/B0TESTE001"), bad)
		if err != nil || final != "https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20" {
			t.Errorf("%v: %s, %v", bad, final, err)
		}
		if own.Verify("https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&ascsubtag="+bad.String(), bad) == nil {
			t.Errorf("%v is proven", bad)
		}
	}
}

package affiliate_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/extract"
)

// benchText is a typical promotion of 600 bytes with two links.
var benchText = "🔥 *Air Fryer Teste 4L 1.500W* com cesto antiaderente\n" +
	strings.Repeat("Frete grátis para todo o Brasil, corre que acaba hoje! ", 3) + "\n\nDe: ~R$ 399,90~\nPor: *R$ 299,90* no Pix\nCupom: CASA10\n\n" +
	"🛒 https://www.amazon.com.br/Air-Fryer-Teste/dp/B0TESTE001?tag=rival-20&linkCode=ll1&linkId=0123456789abcdef\n" +
	"ou https://www.mercadolivre.com.br/air-fryer-teste-4l/p/MLB123456?matt_word=rival&matt_tool=12345678#position=1\n\n" +
	"_Promoção sujeita a alteração de preço e estoque sem aviso_"

var benchTags = []core.Tag{
	{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "nossa-20"}},
	{Store: "shopee", Fields: map[string]string{"affiliate_id": "18399999999"}},
	{Store: "mercadolivre", Fields: map[string]string{"matt_word": "nosso", "matt_tool": "22222222"}},
	{Store: "magalu", Fields: map[string]string{"store": "magazinenossa"}},
	{Store: "aliexpress", Fields: map[string]string{"aff_short_key": "_nossa"}},
	{Store: "awin", Marketplace: "kabum.com.br", Fields: map[string]string{"awinaffid": "222222"}},
}

func newRegistry(b *testing.B) *affiliate.Registry {
	b.Helper()
	registry, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		b.Fatal(err)
	}
	return registry
}

// BenchmarkCycle is what a message's links go through: found, classified, rewritten with a
// sub-id and proven. Its yardstick is [BenchmarkRegexpFind].
func BenchmarkCycle(b *testing.B) {
	registry := newRegistry(b)
	identity := registry.Identity(benchTags)
	sub := core.NewSubID("group", "message")
	b.ReportAllocs()
	for b.Loop() {
		proven := 0
		for _, link := range extract.Links(benchText) {
			final, err := identity.Rewrite(registry.Classify(link.URL), sub)
			if err != nil {
				b.Fatal(err)
			}
			if err := identity.Verify(final, sub); err != nil {
				b.Fatal(err)
			}
			proven++
		}
		if proven != 2 {
			b.Fatal("links lost")
		}
	}
}

// BenchmarkRegexpFind merely finds the links of the same text with a regular expression.
func BenchmarkRegexpFind(b *testing.B) {
	link := regexp.MustCompile(`https?://[^\s]+`)
	b.ReportAllocs()
	for b.Loop() {
		if len(link.FindAllStringIndex(benchText, -1)) != 2 {
			b.Fatal("links lost")
		}
	}
}

// BenchmarkClassify is one link of each kind of store.
func BenchmarkClassify(b *testing.B) {
	registry := newRegistry(b)
	for name, link := range map[string]string{
		"amazon":       "https://www.amazon.com.br/Air-Fryer-Teste/dp/B0TESTE001?tag=rival-20&linkCode=ll1",
		"shopee":       "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22&affiliate_id=18311111111",
		"mercadolivre": "https://www.mercadolivre.com.br/air-fryer-teste-4l/p/MLB123456?matt_word=rival&matt_tool=12345678",
		"magalu":       "https://www.magazinevoce.com.br/magazinerival/air-fryer-teste/p/123456700/te/abcd/?seller_id=loja",
		"aliexpress":   "https://pt.aliexpress.com/item/1005001234567890.html?aff_fcid=rival",
		"awin":         "https://www.awin1.com/cread.php?awinmid=17729&awinaffid=111111&ued=https%3A%2F%2Fwww.kabum.com.br%2Fproduto%2F123456%2Ffone",
		"short":        "https://amzn.to/3abcDEF",
		"unknown":      "https://www.loja.example/produto/123456/air-fryer",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if registry.Classify(link).Kind == affiliate.Refused {
					b.Fatal("refused")
				}
			}
		})
	}
}

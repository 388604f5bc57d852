package affiliate_test

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/compose"
	"github.com/autopromo-cloud/autopromo/core/extract"
)

// BenchmarkCycle is the whole pure part of one message: facts, links, classification,
// rewriting, composition and the proof of the result.
func BenchmarkCycle(b *testing.B) {
	registry, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		b.Fatal(err)
	}
	tags := []core.Tag{
		{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "nossa-20"}},
		{Store: "mercadolivre", Fields: map[string]string{"matt_word": "nosso", "matt_tool": "22222222"}},
	}
	text := "🔥 Air Fryer Teste 4L 1.500W\nDe: ~R$ 399,90~\nPor: *R$ 299,90* no Pix\nCupom: CASA10\n" +
		"🛒 https://www.amazon.com.br/Coisa/dp/B0TESTE001?tag=rival-20\nou https://www.mercadolivre.com.br/coisa/p/MLB123?matt_word=rival\n\n" +
		"Grupo: https://chat.whatsapp.com/EXEMPLO\n"
	b.ReportAllocs()
	for b.Loop() {
		facts, key := extract.Offer(text), extract.TextKey(text)
		var edits []compose.Edit
		for _, l := range extract.Links(text) {
			final, err := registry.Rewrite(registry.Classify(l.URL), tags)
			edits = append(edits, compose.Edit{Start: l.Start, End: l.End, Text: final, DropLine: err != nil})
		}
		out, err := compose.Apply(text, edits)
		if err != nil || !facts.Price.Known() || key == "" {
			b.Fatal(err)
		}
		proven := 0
		for _, l := range extract.Links(out) {
			if err := registry.Verify(l.URL, tags); err != nil {
				b.Fatal(err)
			}
			proven++
		}
		if proven != 2 {
			b.Fatal("links lost")
		}
	}
}

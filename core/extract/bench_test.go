package extract

import (
	"regexp"
	"testing"
)

// promotion is a message of the usual size and shape.
const promotion = "🔥🔥 *BAIXOU DEMAIS!* 🔥🔥\n\n" +
	"🍟 *Fritadeira Elétrica sem Óleo Teste 4,2L 1.500W 220V Preta com Timer e Cesto Antiaderente*\n\n" +
	"❌ De: ~R$ 399,90~\n✅ Por: *R$ 299,90* à vista no Pix\n💳 ou 10x de R$ 33,32 sem juros\n\n" +
	"🎟️ Use o cupom: *CASA10* (válido só hoje, até durar o estoque.)\n\n" +
	"🛒 Compre aqui 👇\nhttps://www.amazon.com.br/dp/B0TESTE001?tag=outro-20&linkCode=ogi&th=1\n\n" +
	"🚚 Frete grátis para Sul e Sudeste. Vendido e entregue pela loja oficial, nota 4.8 em mais de 2 mil avaliações.\n\n" +
	"⚠️ Promoção sujeita a alteração de preço e estoque a qualquer momento.\n" +
	"☑️ Convide seus amigos: https://chat.whatsapp.com/EXEMPLOdeCONVITE123\n"

func BenchmarkLinks(b *testing.B) {
	b.SetBytes(int64(len(promotion)))
	b.ReportAllocs()
	for b.Loop() {
		if len(Links(promotion)) != 2 {
			b.Fatal("links lost")
		}
	}
}

// BenchmarkRegexp is what Links is measured against: a pattern that finds only "http" links
// and takes along whatever is glued to them.
func BenchmarkRegexp(b *testing.B) {
	pattern := regexp.MustCompile(`https?://[^\s]+`)
	b.SetBytes(int64(len(promotion)))
	b.ReportAllocs()
	for b.Loop() {
		if len(pattern.FindAllStringIndex(promotion, -1)) != 2 {
			b.Fatal("links lost")
		}
	}
}

package extract

import (
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestOfferPrice(t *testing.T) {
	tests := []struct {
		text  string
		cents int64
	}{
		{"Fone\nR$ 1.299,90", 129990},
		{"Fone R$1299", 129900},
		{"Fone R$ 679.99", 67999},
		{"Fone\nPOR 1.599 à vista", 159900},
		{"Fone\nDe: R$ ~325,99~\nPor: R$ *240,58 _(COM CUPOM)_*", 24058},
		{"Fone\nPOR: 281", 28100},
		{"Fone por 643 reais", 64300},
		{"DE 3.429 | POR 1.531", 153100},
		{"De R$188 → Por R$116", 11600},
		{"Tv R$ 649 em 10x sem juros", 64900},
		{"Tv 12x de R$ 274,91", 0},
		{"Tv\nPor R$ 100,00\nou 5x de R$ 20,00\nR$ 90,00 no Pix", 9000},
		{"Tv R$ 688 ou R$ 764 em 10x", 68800},
		{"250 GB por R$ 89,90 / 500 GB por R$ 139,90", 0},
		{"A por R$ 10\nhttps://a.co/d/1\nB por R$ 20\nhttps://a.co/d/2", 0},
		{"R$ 30 OFF em compras", 0},
		{"Ganhe R$ 40 e economize R$ 20", 0},
		{"15% OFF acima de R$ 299, limite R$ 60", 0},
		{"Cupom de R$ 80, desconto de R$ 50", 0},
		{"Frete R$ 12,90", 0},
		{"Entrega R$ 9,90", 0},
		{"Tv por R$ 900 + R$ 12 de frete", 90000},
		{"Tv R$ 900 frete grátis", 90000},
		{"Você economiza R$ 50", 0},
		{"-R$ 20 no carrinho", 0},
		{"Tv - R$ 900", 90000},
		{"R$ 50 a menos", 0},
		{"A cada R$ 500 em compras", 0},
		{"em 10 vezes R$ 20, 10 parcelas R$ 20, 10 x R$ 20", 0},
		{"Console X R$ 900", 90000},
		{"R$ 20 por mês ou R$ 200 mensal", 0},
		{"Casa por R$ 2 mil", 0},
		{"Preço normal R$ 300", 0},
		{"Tênis original R$ 300", 30000},
		{"Leve 3 por R$ 100", 0},
		{"Fone X 24 por R$ 100", 10000},
		{"Tv por R$ 900\nFrete: R$ 30,00", 90000},
		{"Tv por R$ 900 (300 cada)", 90000},
		{"Plano por R$ 19,90/mês", 0},
		{"Por US$ 19.99", 0},
		{"Tv de 50 por 30 dias", 0},
		{"R$ 50 para clientes VIP", 0},
		{"Por: R$ 56,64\nMarque recorrência", 0},
		{"2 unidades\nPOR: 585", 0},
		{"De R$ 50 por R$ 80", 0},
		{"R$ 1.29", 129},
		{"R$ 1.2999", 0},
		{"R$ 1299,9", 0},
		{"R$ ９９,９０", 9990},
		{"Monitor 27 144hz 4k 500GB", 0},
	}
	for _, tt := range tests {
		if got := Offer(tt.text).Price.Cents; got != tt.cents {
			t.Errorf("Offer(%q): price %d, want %d", tt.text, got, tt.cents)
		}
	}
}

func TestOfferCoupons(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"CUPOM: *CASA10*", []string{"CASA10"}},
		{"use o cupom TECH15 no app", []string{"TECH15"}},
		{"Código:  SUPER10OFF", []string{"SUPER10OFF"}},
		{"Cupom: `C0M3C0`", []string{"C0M3C0"}},
		{"Cupom:\n\nSITEINTEIRO", []string{"SITEINTEIRO"}},
		{"Cupom: MODA ou MODA20 + LIVRE10", []string{"MODA", "MODA20", "LIVRE10"}},
		{"12% OFF acima de R$79, limite R$60: DOZEOFF\n10% OFF hoje - TESTE15", []string{"DOZEOFF", "TESTE15"}},
		{"Cupom extra: PEGA1", []string{"PEGA1"}},
		{"USE O CUPOM PROMOZAO", []string{"PROMOZAO"}},
		{"Cupom: CASA10\nAplique o cupom CASA10", []string{"CASA10"}},
		{"Cupom: CASA10 + 596 moedas", []string{"CASA10"}},
		{"RESGATE O CUPOM AQUI", nil},
		{"NOVO CUPOM MERCADO LIVRE", nil},
		{"CUPOM ESGOTANDOO", nil},
		{"CUPOM RELÂMPAGO NA LOJA", nil},
		{"Cupom de 20% OFF no anúncio", nil},
		{"Resgate os cupons: https://s.shopee.com.br/CUPONS1", nil},
		{"Use moedas no app", nil},
		{"Cupom: NÃO PRECISA\nCupom: NENHUM\nCUPOM: AUTOMÁTICO", nil},
		{"CUPOM: DIRETO NO LINK\nCUPOM: OFERTA DO DIA", nil},
		{"Cupom: MODA no app", []string{"MODA"}},
		{"com cupom: MODA R$ 20 OFF", []string{"MODA"}},
		{"Código do produto: ABC123", nil},
		{"Código promocional: ABC123", []string{"ABC123"}},
		{"40% OFF - TECLADO", nil},
	}
	for _, tt := range tests {
		if got := Offer(tt.text).Coupons; !slices.Equal(got, tt.want) {
			t.Errorf("Offer(%q): coupons %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestOfferSoldOut(t *testing.T) {
	for text, want := range map[string]bool{
		"ESGOTADO":                     true,
		"❌ *A C* acabou!":              true,
		"Promoção encerrada":           true,
		"ainda não acabou":             false,
		"quase esgotado, corre":        false,
		"acabou de baixar":             false,
		"A promoção acaba hoje":        false,
		"CUPOM ESGOTANDO":              false,
		"até quando durar o estoque":   false,
		"https://loja.com.br/esgotado": false,
	} {
		if got := Offer(text).SoldOut; got != want {
			t.Errorf("Offer(%q).SoldOut = %v", text, got)
		}
	}
}

func TestTextKey(t *testing.T) {
	a := TextKey("🔥 *Air Fryer* 4L por R$ 299,90\nhttps://amzn.to/3abc")
	same := []string{
		"air fryer 4l por r$ 299,90!! https://meli.la/outro12",
		"ÁIR FRYER — 4L\nPor: R$ 299,90",
		"Air\u200b Fry\u200ber 4L  por R$ 299,90 ✅",
	}
	if len(a) != 32 {
		t.Fatalf("key %q", a)
	}
	for _, s := range same {
		if TextKey(s) != a {
			t.Errorf("%q has another key", s)
		}
	}
	if TextKey("Air Fryer 4L por R$ 199,90") == a {
		t.Error("another price has the same key")
	}
	for _, s := range []string{"", "Confira aqui https://amzn.to/3abc", "🔥🔥🔥"} {
		if got := TextKey(s); got != "" {
			t.Errorf("TextKey(%q) = %q, want none", s, got)
		}
	}
}

// Texts made to be slow must not be: one that takes quadratic time would make this test
// run for minutes.
func TestHostileTextsEnd(t *testing.T) {
	for _, unit := range []string{
		"(", ")", "https://x.co/)", "a+", "a.", "@a", "1 ", "R$ 1 ", "por 1 ", "use ", "cupom ", "_", "\u202e",
		"http://", "a\u0301", "a@b.c/", "javascript:", "meli.la/", "amzn.to/a", "://", "&#1;", "&amp;", "a。", "a.co@",
		"_ x.co/__ ", "x.co/_ ", "1.1.1.1.", "🔥.com", "*.", "\u200b.", "*a*.co ", "a.No ", "x://", "https://🔥", "a@", "aa.aa.",
		"1", "1,", "1%", "de R$ 1 por ", "de 1 por ", "R$ 1 a ", "50% off ", "frete gratis ", "so no app ou ", "esgotado? ", "~", "~a", "`A1B` ",
		"use A1B ", "cupom A: ", "cupons:\nA1B ", "\nR$ 30 off\ncupom ", "A1B\n", "vip ", "leve 1 ", "mil ", "9\u2079",
	} {
		text := strings.Repeat(unit, 1<<16/len(unit))
		Offer(Unglue(text))
		TextKey("https://x.co/" + text)
	}
}

// checkFacts tests what holds for the facts of any text.
func checkFacts(t *testing.T, text string, f core.Facts) {
	t.Helper()
	if f.Price.Cents < 0 || f.ListPrice.Cents < 0 || f.ListPrice.Known() && (!f.Price.Known() || f.ListPrice.Cents <= f.Price.Cents) {
		t.Errorf("%q: price %d, list price %d", text, f.Price.Cents, f.ListPrice.Cents)
	}
	if f.Discount < 0 || f.Discount > 99 {
		t.Errorf("%q: discount %d", text, f.Discount)
	}
	if f.CouponOnly && f.Price.Known() {
		t.Errorf("%q: a price in a coupon post", text)
	}
	seen := map[string]bool{}
	for _, c := range f.Coupons {
		if seen[c] || !isCode(c) && !isSmallCode(c) {
			t.Errorf("%q: coupons %q", text, f.Coupons)
		}
		seen[c] = true
	}
}

func FuzzOffer(f *testing.F) {
	for _, s := range []string{
		"De R$ 1.299,90 por R$ 999\nCupom: CASA10", "R$1.2,3 por: 5x de 7 reais", "CUPOM:\nABC ou DEF +",
		"ｃｕｐｏｍ：İSTANBUL", "12% OFF: \x00X1Y", "~R$ 9~ `A1B`\n_A_B_ R$ 9⁹", "Cupom Shopee\n20%OFF em casa: CASA_1\nfrete grátis",
		"Pix: R$ 1 | Cartão R$ 2, R$ 3 a R$ 4", "acabou? só no app, \"esgotado\"", strings.Repeat("de R$ por 1", 1<<16/11),
		strings.Repeat("9", 1<<16),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkFacts(t, text, Offer(text))
		if k := TextKey(text); k != "" && len(k) != 32 {
			t.Fatalf("%q: key %q", text, k)
		}
	})
}

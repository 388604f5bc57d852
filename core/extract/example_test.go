package extract_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/core/extract"
)

func ExampleLinks() {
	text := "👉 *amzn.to/3abcdef*, dúvidas: oi@loja.com.br"
	for _, l := range extract.Links(text) {
		fmt.Println(l.URL, text[l.Start:l.End])
	}
	// Output:
	// https://amzn.to/3abcdef amzn.to/3abcdef
	// mailto:oi@loja.com.br oi@loja.com.br
}

func ExampleUnglue() {
	fmt.Println(extract.Unglue("Chegou.No Pix sai mais barato"))
	// Output: Chegou. No Pix sai mais barato
}

func ExampleOffer() {
	facts := extract.Offer("Air Fryer\nDe: ~R$ 399,90~\nPor: *R$ 299,90* no Pix ou 10x de R$ 32,00\n" +
		"Cupom: CASA10\nFrete grátis\nSó no app\nhttps://amzn.to/3abcdef")
	fmt.Println(facts.Price, "instead of", facts.ListPrice, facts.Discount, "% off")
	fmt.Println(facts.Coupons, facts.FreeShipping, facts.AppOnly, facts.CouponOnly, facts.SoldOut)

	facts = extract.Offer("Cupom Shopee: R$ 30 OFF acima de R$ 299\nhttps://s.shopee.com.br/abc")
	fmt.Printf("%q %t\n", facts.Price, facts.CouponOnly)
	// Output:
	// R$ 299,90 instead of R$ 399,90 25 % off
	// [CASA10] true true false false
	// "" true
}

func ExampleTextKey() {
	a := extract.TextKey("🔥 Air Fryer 4L por R$ 299,90 https://amzn.to/3abcdef")
	b := extract.TextKey("AIR FRYER 4L\npor R$ 299,90 https://meli.la/1abcdef")
	fmt.Println(a == b)
	// Output: true
}

func ExampleClutter() {
	text := "amazon.com.br\nAir Fryer Teste 4L\nhttps://www.amazon.com.br/dp/B0TESTE001\nEntre no nosso grupo VIP"
	for _, s := range extract.Clutter(text) {
		fmt.Println(text[s.Start:s.End], s.Kind == extract.Repeated, s.Kind == extract.Invitation)
	}
	// Output:
	// amazon.com.br true false
	// Entre no nosso grupo VIP false true
}

func ExampleSimilar() {
	a := "Air Fryer Teste 4L Preta 220V de R$ 399 por R$ 299 no Pix https://amzn.to/3abcdef"
	b := "Bom dia! AIR FRYER TESTE 4L preta 220V 🔥 de R$ 399 por *R$ 299* no pix"
	fmt.Println(extract.NearKey(a) == extract.NearKey(b), extract.Similar(a, b))
	// Output: true true
}

func ExampleWord() {
	fmt.Println(extract.Word("iPhone usado, *Frete Grátis*", []string{"recondicionado", "frete gratis"}))
	// Output: frete gratis true
}

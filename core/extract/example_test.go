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
	facts := extract.Offer("Air Fryer\nDe: ~R$ 399,90~\nPor: *R$ 299,90* no Pix\nCupom: CASA10\nhttps://amzn.to/3abcdef")
	fmt.Println(facts.Price, facts.Coupons, facts.SoldOut)
	// Output: R$ 299,90 [CASA10] false
}

func ExampleTextKey() {
	a := extract.TextKey("🔥 Air Fryer 4L por R$ 299,90 https://amzn.to/3abcdef")
	b := extract.TextKey("AIR FRYER 4L\npor R$ 299,90 https://meli.la/1abcdef")
	fmt.Println(a == b)
	// Output: true
}

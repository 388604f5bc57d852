package extract

import "testing"

func TestDiscount(t *testing.T) {
	for text, want := range map[string]int{
		"Fone Brisa 50% OFF por R$ 99,90":                    50,
		"Fone Brisa -30% R$ 70":                              30,
		"Fone Brisa com 20% de desconto":                     20,
		"Fone Brisa com desconto de 20%":                     20,
		"Fone Brisa\nDe R$ 300 por R$ 200":                   33,
		"Fone Brisa\nDe R$ 300 por R$ 200\n34% OFF":          34, // rounded up by the shop
		"Fone Brisa\nDe R$ 100 por R$ 80\n50% OFF":           20,
		"Fone Brisa\nDe R$ 100 por R$ 80\nCupom 10% OFF":     20,
		"Fone Brisa\nDe R$ 100 por R$ 99,50":                 0,
		"Fone Brisa\nDe R$ 99.999 por R$ 1":                  99,
		"Fone Brisa 50% OFF\nAgora 40% OFF":                  0,
		"Fone Brisa 50% OFF, 40% OFF":                        0,
		"Fone Brisa até 50% OFF":                             0,
		"Fone Brisa 150% OFF":                                0,
		"Fone Brisa 0% OFF":                                  0,
		"Fone Brisa 12,5% OFF":                               0,
		"Fone Brisa R$ 80\n10% OFF no cupom CASA10":          0,
		"Fone Brisa R$ 80\n10% OFF\nCupom: CASA10":           0,
		"Fone Brisa R$ 80\n10% OFF no Pix":                   0,
		"Fone Brisa R$ 80\n5% de cashback":                   0,
		"60% OFF em toda a loja":                             0,
		"2ª unidade com 50% OFF\nFone Brisa R$ 80":           0,
		"Sérum vitamina C 20% R$ 80":                         0,
		"Algodão 100% R$ 80":                                 0,
		"Fone Brisa 10% OFF na primeira compra\nPor R$ 80":   0,
		"Fone Brisa 99999999999999999999999% OFF por R$ 100": 0,
	} {
		if got := Offer(text).Discount; got != want {
			t.Errorf("Offer(%q).Discount = %d, want %d", text, got, want)
		}
	}
}

package extract

import "testing"

func TestFreeShipping(t *testing.T) {
	for text, want := range map[string]bool{
		"Frete grátis":                        true,
		"FRETE GRÁTIS!":                       true,
		"Fone R$ 90 com frete free":           true,
		"Fone R$ 90 + frete grátis":           true,
		"Frete grátis para todo o Brasil":     true,
		"Frete grátis e 10x sem juros":        true,
		"Entrega grátis":                      true,
		"Frete zero":                          true,
		"Sem frete":                           true,
		"R$ 90 sem frete":                     false, // the freight may come on top
		"Frete grátis acima de R$ 79":         false,
		"Frete grátis a partir de R$ 79":      false,
		"Frete grátis > R$ 79":                false,
		"Frete grátis\nacima de R$ 79":        false,
		"Frete grátis SP":                     false,
		"Frete grátis para Sul e Sudeste":     false,
		"Frete grátis em algumas regiões":     false,
		"Frete grátis | Prime":                false,
		"Frete grátis com cupom":              false,
		"Frete grátis para assinantes":        false,
		"Frete grátis (consulte)":             false,
		"Cupom de frete grátis":               false,
		"Não tem frete grátis":                false,
		"Sem frete grátis":                    false,
		"Frete grátis?":                       false,
		"Frete R$ 0,99":                       false,
		"Frete grátis\nFrete grátis no Prime": false,
		"Brinde grátis":                       false,
	} {
		if got := Offer(text).FreeShipping; got != want {
			t.Errorf("Offer(%q).FreeShipping = %v", text, got)
		}
	}
}

func TestAppOnly(t *testing.T) {
	for text, want := range map[string]bool{
		"Só no app":                            true,
		"📱 SOMENTE PELO APLICATIVO":            true,
		"Exclusivo app":                        true,
		"Oferta exclusiva no app":              true,
		"Compre pelo app":                      true,
		"Cupom válido só no app":               true,
		"No app apenas":                        true,
		"Sai por R$ 90 no app":                 false, // the site may ask the same
		"Não é só no app":                      false,
		"Compre pelo app ou pelo site":         false,
		"Compre pelo site ou no app":           false,
		"Frete grátis só no app":               false,
		"30 moedas só no app":                  false,
		"Entre no app":                         false,
		"Link do app: https://loja.example/so": false,
	} {
		if got := Offer(text).AppOnly; got != want {
			t.Errorf("Offer(%q).AppOnly = %v", text, got)
		}
	}
}

func TestSoldOut(t *testing.T) {
	for text, want := range map[string]bool{
		"❌ OFERTA ENCERRADA ❌":                 true,
		"Acabou a promoção":                    true,
		"Acabou!":                              true,
		"Pena que acabou":                      true,
		"Tênis branco ESGOTADO":                true,
		"CUPOM SHOPEE ESGOTADO":                true, // nothing else is offered
		"Acabou o cupom\nFone R$ 30":           false,
		"Fone R$ 30\nCupom esgotado":           false,
		"Últimas unidades":                     false,
		"Quase esgotado":                       false,
		"Não vai acabar":                       false,
		"Não está esgotado":                    false,
		"~ESGOTADO~ Fone R$ 30":                false,
		"Estava esgotado, mas voltou":          false,
		"Voltou! Tinha esgotado":               false,
		"Acabou? Nada disso":                   false,
		"Se aparecer \"esgotado\", atualize":   false,
		"Tamanho M esgotado":                   false,
		"Acabou a espera":                      false,
		"Acabou com o frio":                    false,
		"Esgotou em minutos da última vez":     false,
		"Quando estiver esgotado não tem mais": false,
	} {
		if got := Offer(text).SoldOut; got != want {
			t.Errorf("Offer(%q).SoldOut = %v", text, got)
		}
	}
}

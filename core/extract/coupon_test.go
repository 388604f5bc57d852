package extract

import (
	"slices"
	"testing"
)

func TestCoupons(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"Cupons: A1B2, C3D4 e E5F6", []string{"A1B2", "C3D4", "E5F6"}},
		{"Cupons:\nA1B2\nC3D4\nhttps://loja.example", []string{"A1B2", "C3D4"}},
		{"Cupons:\nA1B2\nAPROVEITEM", []string{"A1B2"}},
		{"CUPOM\nCASA10", []string{"CASA10"}},
		{"Use o cupom\nMODANOVA", []string{"MODANOVA"}},
		{"CUPOM\nMODANOVA", nil},
		{"CUPOM VENTO10 NO SITE, CUPOM VENTO20 NO APP", []string{"VENTO10", "VENTO20"}},
		{"Cupom 👉 CASA10", []string{"CASA10"}},
		{"Cupom → CASA10", []string{"CASA10"}},
		{"Cupom “CASA10”", []string{"CASA10"}},
		{"(cupom 'CASA10')", []string{"CASA10"}},
		{"🎟 `CASA10`", []string{"CASA10"}},
		{"🎟 ```CASA10```", []string{"CASA10"}},
		{"modelo `ABC`", nil},
		{"Cupom de R$ 20: PEGA20", []string{"PEGA20"}},
		{"Cupom exclusivo: VEM10 (só hoje)", []string{"VEM10"}},
		{"Cupom: CASA_10", []string{"CASA_10"}},
		{"_Cupom: CASA10_", []string{"CASA10"}},
		{"Cupom: CASA-10", []string{"CASA-10"}},
		{"Cupom: ＣＡＳＡ１０", []string{"CASA10"}},
		{"Cupom: MAÇÃ10", nil},
		{"Cupom: casa10", []string{"casa10"}},
		{"Use o cupom Bora20 no app", []string{"Bora20"}},
		{"cupom de 10off", nil},
		{"Voucher: CASA10", []string{"CASA10"}},
		{"Aplique VENTO10 no carrinho", []string{"VENTO10"}},
		{"Use CAPACETE sempre", nil},
		{"10% de desconto\nUse TECHNOVO no carrinho", []string{"TECHNOVO"}},
		{"Não precisa do cupom CASA10", nil},
		{"Sem cupom: CASA10", nil},
		{"CUPOM MALUCO NA LOJA", nil},
		{"CUPOM BEMVINDO", nil},
		{"Cupom: BEMVINDO", []string{"BEMVINDO"}},
		{"CUPOM: SELECIONE NO APP", nil},
		{"CUPOM: VER NO SITE", nil},
		{"Cupom disponível. Grupo: PROMOS", nil},
		{"Cupom expira em: 10H", nil},
		{"Código: 7891234567895", nil},
		{"Código de barras: ABC1234", nil},
		{"10% OFF - CAMISETA", nil},
		{"Compre 10X NO CARTÃO", nil},
	}
	for _, tt := range tests {
		if got := Offer(tt.text).Coupons; !slices.Equal(got, tt.want) {
			t.Errorf("Offer(%q): coupons %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestCouponOnly(t *testing.T) {
	for text, want := range map[string]bool{
		"CUPOM R$ 30 OFF acima de R$ 299 na Shopee":                                     true,
		"CUPOM R$ 30 OFF acima de R$ 299 na Shopee: PEGA30":                             true,
		"🎟 Novos cupons Amazon\n15% OFF em casa e jardim: CASA15\nhttps://loja.example": true,
		"Cupom Magalu\nR$ 50 OFF em R$ 500\nCupom: MAGA50":                              true,
		"Cupom Amazon\nResgate aqui: https://loja.example":                              true,
		"Cupom Amazon\nFone Brisa Tune 510\nhttps://loja.example":                       false,
		"50% OFF em Air Fryer Mondial\nCupom: AIR50":                                    false,
		"Cupom: CASA10\nhttps://loja.example":                                           false, // the picture may show a product
		"Cupom Shopee\nR$ 89,90\nhttps://loja.example":                                  false,
		"Cupom Shopee\nDe R$ 89,90\nhttps://loja.example":                               false,
		"Fone Brisa R$ 89,90\nCupom: CASA10 10% OFF":                                    false,
		"Promoção Shopee": false,
		"":                false,
	} {
		if got := Offer(text).CouponOnly; got != want {
			t.Errorf("Offer(%q).CouponOnly = %v", text, got)
		}
	}
}

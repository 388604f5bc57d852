package extract

import (
	"slices"
	"testing"
)

func TestNameWords(t *testing.T) {
	for name, want := range map[string][]string{
		"":                            nil,
		"Achadinhos da Ana 🔥":         nil,
		"PROMOÇÕES do Zézão":          {"zezao"},
		"Ofertas Relâmpago | Amazon":  nil,
		"*Garimpeira* Descontos VIP":  {"garimpeira"},
		"Cupons Mercado Livre & Nike": nil,
	} {
		if got := NameWords(name); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

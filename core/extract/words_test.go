package extract

import "testing"

func TestWord(t *testing.T) {
	tests := []struct {
		text, rule string
		want       bool
	}{
		{"Novo *iPhone* 15", "iphone", true},
		{"Capas para iPhones", "iphone", false},
		{"FRETE GRÁTIS hoje", "frete gratis", true},
		{"Frete\n*grátis*!", "Frete Grátis", true},
		{"Frete 100% grátis", "frete gratis", false},
		{"Frete gratisimo", "frete gratis", false},
		{"pré-venda", "pre venda", true},
		{"FRETE GRATIS", " frete  gratis ", true},
		{"frete gratis", "FRETE GRATIS", true},
		{"r\u200befurbished", "refurbished", true},
		{"Só +18", "+18", true},
		{"50% OFF", "50%", true},
		{"acerto de compra, certo", "certo", true},
		{"oferta 🔞 aqui", "🔞", true},
		{"oferta aqui", "🔞", false},
		{"veja https://loja.example/iphone-15", "iphone", false},
		{"ａｄｕｌｔｏ", "adulto", true},
		{"", "a", false},
		{"a", "  ", false},
	}
	for _, tt := range tests {
		rule, found := Word(tt.text, []string{"nunca visto", tt.rule})
		if found != tt.want || found && rule != tt.rule || !found && rule != "" {
			t.Errorf("Word(%q, %q) = %q, %v", tt.text, tt.rule, rule, found)
		}
	}
	if rule, _ := Word("um dois", []string{"tres", "dois", "um"}); rule != "dois" {
		t.Errorf("got rule %q, want the first that matches", rule)
	}
	if _, found := Word("texto", nil); found {
		t.Error("found without rules")
	}
}

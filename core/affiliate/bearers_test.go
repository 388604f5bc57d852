package affiliate

import (
	"slices"
	"testing"
)

func TestBearers(t *testing.T) {
	for link, want := range map[string][]string{
		"https://www.amazon.com.br/dp/B0TESTE001?th=1":                                                                         nil,
		"https://www.amazon.com.br/dp/B0TESTE001?TAG=Rival-20&linkId=abcdef":                                                   {"rival-20"},
		"https://www.amazon.com.br/shop/rival?ref=x":                                                                           {"rival"},
		"https://shopee.com.br/product/1/2?utm_source=an_7777777&utm_medium=af":                                                {"7777777"},
		"https://loja.com.br/p/1?utm_source=whatsapp":                                                                          nil,
		"https://www.magazinevoce.com.br/magazinerival/fone/p/123456700/te/ab/":                                                {"rival"},
		"https://www.mercadolivre.com.br/social/rival?matt_word=outro#x":                                                       {"rival", "outro"},
		"https://www.awin1.com/cread.php?awinaffid=7777777&clickref=rival&ued=https%3A%2F%2Floja.com.br%2F%3F%2574ag%3Dela-20": {"7777777", "rival", "ela-20"},
		"https://l.facebook.com/l.php?u=https%253A%252F%252Famzn.to%252Fx%253Ftag%253Drival-20":                                {"rival-20"},
		"https://www.anrdoezrs.net/links/7777777/type/dlg/sid/rival/https://loja.com.br/":                                      {"7777777", "rival"},
		"%%%": nil, "": nil,
	} {
		if got := Bearers(link); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", link, got, want)
		}
	}
}

func TestBears(t *testing.T) {
	for text, want := range map[string]bool{
		"rival-20": true, "use RIVAL-20!": true, "https://x.com/rival%2D20/": true, "ri\u200bval-20": true,
		"rival": false, "rival-201": false, "arrival-20": false, "arrival-20 e rival-20": true, "": false,
	} {
		if Bears(text, []string{"outra", "rival-20"}) != want {
			t.Errorf("%q: %v, want %v", text, !want, want)
		}
	}
	if Bears("rival 1234", []string{"rival", "1234"}) {
		t.Error("a plain word, or a short number, is taken for somebody's")
	}
}

package extract

import (
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core/compose"
)

// withoutClutter returns text as it is after the lines of the given kinds are dropped.
func withoutClutter(t *testing.T, text string, kinds ...ClutterKind) string {
	t.Helper()
	var edits []compose.Edit
	for _, s := range Clutter(text) {
		if slices.Contains(kinds, s.Kind) {
			edits = append(edits, compose.Edit{Start: s.Start, End: s.End, DropLine: true})
		}
	}
	out, err := compose.Apply(text, edits)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return out
}

func TestClutter(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"link card", "Fone Teste Bluetooth 5.3 Preto\namazon.com.br\n\n🎧 *Fone Teste Bluetooth 5.3 Preto*\nPor R$ 99,90\nhttps://www.amazon.com.br/dp/B0TESTE001", "🎧 *Fone Teste Bluetooth 5.3 Preto*\nPor R$ 99,90\nhttps://www.amazon.com.br/dp/B0TESTE001"},
		{"card of a short link", "mercadolivre.com.br\r\nFone Teste por R$ 99\r\nmeli.la/1vMs9xn", "Fone Teste por R$ 99\r\nmeli.la/1vMs9xn"},
		{"site in a text of another", "amazon.com.br\nFone por R$ 99\nmeli.la/1vMs9xn", "="},
		{"link twice", "Fone R$ 99\nhttps://amzn.to/3abcdef\n\nhttps://amzn.to/3abcdef", "Fone R$ 99\nhttps://amzn.to/3abcdef"},
		{"link under its label", "Fone R$ 99\nNo app:\nhttps://amzn.to/3abcdef\nNo computador 👇\nhttps://amzn.to/3abcdef", "="},
		{"link with words stays", "https://amzn.to/3abcdef\nFone R$ 99 em https://amzn.to/3abcdef", "Fone R$ 99 em https://amzn.to/3abcdef"},
		{"link a prefix", "https://a.co/d/1\nhttps://a.co/d/12", "="},
		{"cut title", "Cafeteira Teste Expresso 15 Bar...\nCafeteira Teste Expresso 15 Bar Preta 220V\nR$ 299\namzn.to/3abcdef", "Cafeteira Teste Expresso 15 Bar Preta 220V\nR$ 299\namzn.to/3abcdef"},
		{"another variant", "Tênis Teste Corrida 7 Branco\nTênis Teste Corrida 7 Branco e Preto", "="},
		{"separators", "a\n➖➖➖\nb\n➖➖➖\n----\n----\n🔥🔥\n🔥🔥", "="},
		{"short words", "Corre!\nFone\nCorre!", "="},
		{"price of each", "Fone A\nPor R$ 99,90 no Pix\namzn.to/3abcdef\nFone B\nPor R$ 99,90 no Pix\namzn.to/3abcdeg", "="},
		{"line of each", "Fone A\nVendido pela loja oficial\namzn.to/3abcdef\nFone B\nVendido pela loja oficial\namzn.to/3abcdeg", "="},
		{"title with its link stays", "Fone Teste Bluetooth Preto\nFone Teste Bluetooth Preto: amzn.to/3abcdef", "Fone Teste Bluetooth Preto: amzn.to/3abcdef"},
		{"crossed out", "~Fone Teste Bluetooth Preto~\nFone Teste Bluetooth Preto", "="},
		{"line separator", "Fone Teste Bluetooth Preto\u2028Fone Teste Bluetooth Preto", "Fone Teste Bluetooth Preto"},

		{"bio", "Fone R$ 99\n🔗 Link na bio", "Fone R$ 99"},
		{"group", "Fone R$ 99\nEntre no nosso grupo 👉 https://chat.whatsapp.com/EXEMPLO", "Fone R$ 99"},
		{"group without link", "Fone R$ 99\n*Participe do grupo VIP!*", "Fone R$ 99"},
		{"handle", "Fone R$ 99\nSiga @fulano_ofertas", "Fone R$ 99"},
		{"channel", "Fone R$ 99\nSiga nosso canal no Telegram\nt.me/exemplo", "Fone R$ 99"},
		{"friends", "Fone R$ 99\nConvide seus amigos 💛", "Fone R$ 99"},
		{"bell", "Fone R$ 99\n🔔 Ative as notificações do grupo para não perder nada", "Fone R$ 99"},
		{"heading", "Fone R$ 99\nGrupo VIP 👇\nhttps://chat.whatsapp.com/EXEMPLO", "Fone R$ 99"},
		{"coupon on the line", "Entre no grupo e use o cupom CASA10", "="},
		{"price on the line", "Entre no nosso grupo: Fone por R$ 99", "="},
		{"product on the line", "Siga nosso grupo e leve a Air Fryer Teste", "="},
		{"product link on the line", "Entre no grupo https://amzn.to/3abcdef", "="},
		{"product named so", "Meu Primeiro Instagram", "="},
		{"only a place", "Grupo", "="},
		{"store page", "Siga a loja para liberar o desconto", "="},
		{"phone case", "Tripé para TikTok e YouTube", "="},
		{"app", "Entre no app e aproveite", "="},
		{"empty", "", "="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == "=" {
				want = tt.text
			}
			if got := withoutClutter(t, tt.text, Repeated, Invitation); got != want {
				t.Errorf("%q\n got %q\nwant %q", tt.text, got, want)
			}
		})
	}
}

// Taking clutter away must not change what a real message offers.
func TestClutterKeepsOffers(t *testing.T) {
	for _, text := range corpusTexts(t) {
		before, clean := Offer(text), withoutClutter(t, text, Repeated)
		after := Offer(clean)
		if before.Price != after.Price || !slices.Equal(before.Coupons, after.Coupons) {
			t.Errorf("%q became %q: %v, %v", text, clean, before, after)
		}
		if got, want := fullLinks(clean), fullLinks(text); !slices.Equal(got, want) {
			t.Errorf("%q became %q: links %q, want %q", text, clean, got, want)
		}
	}
}

// fullLinks returns the links of a text that have a path, sorted, each once.
func fullLinks(text string) []string {
	var urls []string
	for _, l := range Links(text) {
		if bareSite(l.URL) == "" {
			urls = append(urls, l.URL)
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls)
}

func FuzzClutter(f *testing.F) {
	f.Add("amazon.com.br\nFone Teste Preto\n\nFone Teste Preto\r\nhttps://amzn.to/3abcdef\u2028Siga @x")
	f.Add("a b c...\na b c d\n@a _@b\nt.me/x\n~a b c~\namzn.to/x amzn.to/x")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, s := range Clutter(text) {
			if s.Start < last || s.End <= s.Start || s.End > len(text) || s.Kind == 0 {
				t.Fatalf("%q: %v after %d", text, s, last)
			}
			if strings.ContainsFunc(text[s.Start:s.End], endsLine) {
				t.Fatalf("%q: %v is not one line", text, s)
			}
			last = s.End
		}
		clean := withoutClutter(t, text, Repeated)
		if len(fullLinks(clean)) < len(fullLinks(text)) {
			t.Fatalf("%q became %q: a link is gone", text, clean)
		}
	})
}

// Texts made to be slow must not be: cubic time would make this test run for minutes.
func TestHostileClutterEnds(t *testing.T) {
	for _, unit := range []string{"a b c\n", "a b c\u2028", "amazon.com.br\n", "t.me/x\n", "@a ", "bom dia ", "amzn.to/x "} {
		text := strings.Repeat(unit, 1<<17/len(unit))
		if found := Clutter(text); len(found) > maxClutterLines {
			t.Errorf("%q: %d lines", unit, len(found))
		}
		Similar(text, "x "+text)
		Word(text, []string{"a b d", unit})
	}
}

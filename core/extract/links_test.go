package extract

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLinks(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"none", "Só texto, R$1.299,90 às 14.30 no app. Ver arquivo.pdf e nota.txt", nil},
		{"scheme", "veja https://amzn.to/3abcdef agora", []string{"https://amzn.to/3abcdef"}},
		{"upper case scheme", "HTTPS://AMZN.TO/3abcdef", []string{"HTTPS://AMZN.TO/3abcdef"}},
		{"http stays", "http://bit.ly/x", []string{"http://bit.ly/x"}},
		{"bare", "amzn.to/3abc e evil.com.br", []string{"https://amzn.to/3abc", "https://evil.com.br"}},
		{"www", "www.amazon.com.br/dp/B0.", []string{"https://www.amazon.com.br/dp/B0"}},
		{"www without a real domain", "www.loja.exemplo", []string{"https://www.loja.exemplo"}},
		{"brackets and comma", "(https://amzn.to/3abc),", []string{"https://amzn.to/3abc"}},
		{"balanced brackets", "https://x.example/a_(b)", []string{"https://x.example/a_(b)"}},
		{"markdown", "[aqui](https://amzn.to/3abc)", []string{"https://amzn.to/3abc"}},
		{"bold", "*https://amzn.to/3abc*", []string{"https://amzn.to/3abc"}},
		{"bold text glued", "https://amzn.to/3abc*Cupom* https://a.co/?x=1~R$ https://b.example/?id=a*b&u=c", []string{"https://amzn.to/3abc", "https://a.co/?x=1", "https://b.example/?id=a*b&u=c"}},
		{"italic", "_https://amzn.to/3abc_", []string{"https://amzn.to/3abc"}},
		{"code ends in underscore", "https://s.example/e/_c3E_", []string{"https://s.example/e/_c3E_"}},
		{"strike and code", "~amzn.to/a~ `amzn.to/b`", []string{"https://amzn.to/a", "https://amzn.to/b"}},
		{"word joiner", "https://amzn.to/3abc\u2060", []string{"https://amzn.to/3abc"}},
		{"zero width cuts", "https://amzn.to/3abc\u200bCupom", []string{"https://amzn.to/3abc"}},
		{"goes on behind the invisible", "https://amzn.to/3abc\u200b?tag=x https://amzn.to/3abc\u2060\ufe0f/x", []string{"https://amzn.to/3abc\u200b?tag=x", "https://amzn.to/3abc\u2060\ufe0f/x"}},
		{"goes on behind a wide sign", "https://amzn.to/3abc？tag＝x https://amzn.to/3abc！", []string{"https://amzn.to/3abc？tag＝x", "https://amzn.to/3abc"}},
		{"somebody's page", "https://a.co/d/1/~ana https://a.co/?u=x%2F~ana", []string{"https://a.co/d/1/~ana", "https://a.co/?u=x%2F~ana"}},
		{"bidi inside stays", "https://amzn.to/\u202e3abc", []string{"https://amzn.to/\u202e3abc"}},
		{"bidi after goes", "https://amzn.to/3abc\u200e fim", []string{"https://amzn.to/3abc"}},
		{"emoji", "👉amzn.to/3abc👈 ➡️https://a.co/d/1✅️", []string{"https://amzn.to/3abc", "https://a.co/d/1"}},
		{"letter-like emoji", "https://a.co/d/1ℹ️", []string{"https://a.co/d/1"}},
		{"glued links", "https://amzn.to/3abchttps://a.co/d/1", []string{"https://amzn.to/3abc", "https://a.co/d/1"}},
		{"glued short links", "https://meli.la/2RNUWDHmeli.la/1zx1PDb", []string{"https://meli.la/2RNUWDH", "https://meli.la/1zx1PDb"}},
		{"nested target", "https://www.google.com/url?q=https://www.amazon.com.br/dp/B0", []string{"https://www.google.com/url?q=https://www.amazon.com.br/dp/B0"}},
		{"price glued to a code", "https://meli.la/1aMs9xn167.51:443/TcpFull ok", []string{"https://meli.la/1aMs9xn"}},
		{"time glued to a code", "https://mercadolivre.com/sec/28ABteu15:14", []string{"https://mercadolivre.com/sec/28ABteu"}},
		{"time glued to codes", "meli.la/1vMs9xn16:51 https://mercadolivre.com/sec/28ARteu15:14 amzn.to/3abcdef9:30", []string{"https://meli.la/1vMs9xn", "https://mercadolivre.com/sec/28ARteu", "https://amzn.to/3abcdef"}},
		{"price glued to codes", "amzn.to/3abcR$99 meli.la/1vMs9xnR$ 99 divulgador.magalu.com/aB3dE6gH1.299,90 s.shopee.com.br/1abcdefghR$9", []string{"https://amzn.to/3abc", "https://meli.la/1vMs9xn", "https://divulgador.magalu.com/aB3dE6gH", "https://s.shopee.com.br/1abcdefgh"}},
		{"word glued to codes", "https://meli.la/1vMs9xnCupom https://amzn.to/3abcdefFrete, divulgador.magalu.com/aB3dE6gHPor: 9", []string{"https://meli.la/1vMs9xn", "https://amzn.to/3abcdef", "https://divulgador.magalu.com/aB3dE6gH"}},
		{"word perhaps of the code", "meli.la/1vMs9xncupom meli.la/ganheiMais mercadolivre.com/sec/28ARteUupom s.shopee.com.br/1abcdefghPromo", []string{"https://meli.la/1vMs9xncupom", "https://meli.la/ganheiMais", "https://mercadolivre.com/sec/28ARteUupom", "https://s.shopee.com.br/1abcdefghPromo"}},
		{"time of two readings", "https://mercadolivre.com/sec/28ARte15:14", []string{"https://mercadolivre.com/sec/28ARte15:14"}},
		{"price in a query", "https://amzn.to/3abcdef?q=R$9", []string{"https://amzn.to/3abcdef?q=R$9"}},
		{"emoji and zero width glued", "🔥https://amzn.to/3abcdef🔥 \u200bhttps://meli.la/1vMs9xn\u200b\ufeff ✅amzn.to/3abcdef✅", []string{"https://amzn.to/3abcdef", "https://meli.la/1vMs9xn", "https://amzn.to/3abcdef"}},
		{"every mark", "*amzn.to/3abcdef* _amzn.to/3abcdef_ ~amzn.to/3abcdef~ `amzn.to/3abcdef` ```amzn.to/3abcdef```", []string{"https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef"}},
		{"punctuation", "(amzn.to/3abcdef). amzn.to/3abcdef! amzn.to/3abcdef?! amzn.to/3abcdef; \"amzn.to/3abcdef\" 'amzn.to/3abcdef'", []string{"https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef", "https://amzn.to/3abcdef"}},
		{"one a prefix of another", "https://a.co/d/1 https://a.co/d/12 https://a.co/d/1", []string{"https://a.co/d/1", "https://a.co/d/12", "https://a.co/d/1"}},
		{"long code without evidence", "meli.la/ganheimais", []string{"https://meli.la/ganheimais"}},
		{"word glued to a host", "https://mercadolivre.comPower Bank", []string{"https://mercadolivre.com"}},
		{"words glued to hosts", "mercadolivre.comPower Bank https://www.mercadolivre.com.brFone https://amzn.toCompre", []string{"https://mercadolivre.com", "https://www.mercadolivre.com.br", "https://amzn.to"}},
		{"word glued to a bare host", "loja.com.brCupom", []string{"https://loja.com.br"}},
		{"word joined to a host", "loja.com-cupom, *loja.com.br-CASA10*", []string{"https://loja.com", "https://loja.com.br"}},
		{"unreal end of a host", "evil.com.xyzzy", []string{"https://evil.com"}},
		{"text glued before", "aquihttps://a.co/d/1 oláhttps://a.co/d/2 aqui.http://a.co/d/3", []string{"https://a.co/d/1", "https://a.co/d/2", "http://a.co/d/3"}},
		{"label", "Link:amzn.to/3abc", []string{"https://amzn.to/3abc"}},
		{"no scheme", "//www.amazon.com.br/dp/B0", []string{"https://www.amazon.com.br/dp/B0"}},
		{"javascript", "javascript:alert(1)//amazon.com.br", []string{"javascript:alert(1)//amazon.com.br"}},
		{"intent", "intent://amazon.com.br#Intent;scheme=https;end", []string{"intent://amazon.com.br#Intent;scheme=https;end"}},
		{"scheme of an app", "tg://resolve?domain=x whatsapp://send?phone=1", []string{"tg://resolve?domain=x", "whatsapp://send?phone=1"}},
		{"scheme with dots", "x.whatsapp://send?text=1 a-b://c", []string{"x.whatsapp://send?text=1", "a-b://c"}},
		{"no scheme after all", "e/ou:// veja://", nil},
		{"symbols for a host", "https://🔥amzn.to/x http://\u200bamzn.to/y https://… fim", []string{"https://🔥amzn.to/x", "http://\u200bamzn.to/y", "https://…"}},
		{"emoji in a host", "i❤.ws/promo 🔥.com ⓔⓥⓘⓛ.com.br", []string{"https://i❤.ws/promo", "https://🔥.com", "https://ⓔⓥⓘⓛ.com.br"}},
		{"emoji before a full stop", "chegou 🔥. Corre ✅.confira", nil},
		{"marks in a host", "*loja*.com/x, _loja_.com `loja`.com.br loja.*com*", []string{"https://loja.com/x", "https://loja.com", "https://com.br", "https://loja.com"}},
		{"marks around a sentence", "*Chegou*. *Corre*.Aproveite a_b.c*d", nil},
		{"invisible behind masks", "loja.*com\u200bveja lo*ja.com*br", []string{"https://loja.com", "https://ja.com"}},
		{"e-mail glued to a link", "ana@loja.com.https://a.co/d/1 ana@a_loja.com", []string{"mailto:ana@loja.com", "https://a.co/d/1", "mailto:ana@a_loja.com"}},
		{"host glued to a link", "loja.com.https://a.co/d/1", []string{"https://loja.com", "https://a.co/d/1"}},
		{"invisible in a host", "lo\u200bja.com loja\u200b.com/x loja\u00ad.com", []string{"https://ja.com", "https://loja\u200b.com/x", "https://loja\u00ad.com"}},
		{"accent over a domain", "loja.com\u0301", []string{"https://loja.com"}},
		{"another scheme", "hxxps://amzn.to/3abc", []string{"hxxps://amzn.to/3abc"}},
		{"e-mail", "fale com ana@loja.com.br ou ana.me@loja.com.br, b+x@loja.com.br", []string{"mailto:ana@loja.com.br", "mailto:ana.me@loja.com.br", "mailto:b+x@loja.com.br"}},
		{"no e-mail", "3@9.90 ana@casa, @ana", nil},
		{"domain before an at", "loja.com@promo", []string{"https://loja.com"}},
		{"user name with a path", "amazon.com.br@evil.com.br/dp/B0", []string{"https://amazon.com.br@evil.com.br/dp/B0"}},
		{"handle", "@loja.com.br", []string{"https://loja.com.br"}},
		{"html", "https://x.example/?a=1&amp;b=2&#038;c=3", []string{"https://x.example/?a=1&b=2&c=3"}},
		{"html name kept", "https://x.example/?a=1&copy=2", []string{"https://x.example/?a=1&copy=2"}},
		{"crlf", "a\r\nhttps://amzn.to/3abc\r\nb", []string{"https://amzn.to/3abc"}},
		{"accents in a path", "https://www.amazon.com.br/Echo-5ª-geração/dp/B09B8W5FW7", []string{"https://www.amazon.com.br/Echo-5ª-geração/dp/B09B8W5FW7"}},
		{"cyrillic", "https://аmazon.com.br/dp/B0", []string{"https://аmazon.com.br/dp/B0"}},
		{"wide dots", "https://amazon。com。br/dp/B0 amazon。com。br/dp/B1", []string{"https://amazon。com。br/dp/B0", "https://amazon。com。br/dp/B1"}},
		{"ellipsis", "olha...amzn.to/3abc...", []string{"https://amzn.to/3abc"}},
		{"address", "http://169.254.169.254/x e 10.0.0.1/y 192.0.2.1.5", []string{"http://169.254.169.254/x", "https://10.0.0.1/y", "https://192.0.2.1.5"}},
		{"no address", "11.999.888.777 v1.2.3.4 1.2.3 123.456.789-00", nil},
		{"dot before a path", "amazon.com.br./dp/B0", []string{"https://amazon.com.br./dp/B0"}},
		{"no host", "https:// amzn.to/3abc", []string{"https://amzn.to/3abc"}},
		{"backslash", `amazon.com.br\@evil.com.br/`, []string{`https://amazon.com.br\@evil.com.br/`}},
		{"invalid utf-8", "\xff amzn.to/3abc\xff", []string{"https://amzn.to/3abc"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, l := range Links(tt.text) {
				got = append(got, l.URL)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Links(%q)\n got %q\nwant %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestLinksCoverWhatTheyReplace(t *testing.T) {
	text := "a *https://amzn.to/3abc*\u2060, //a.co/d/1 fim meli.la/1aMs9xn167.51"
	var b strings.Builder
	last := 0
	for _, l := range Links(text) {
		b.WriteString(text[last:l.Start] + "<>")
		last = l.End
	}
	b.WriteString(text[last:])
	if got, want := b.String(), "a *<>*\u2060, <> fim <>167.51"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnglue(t *testing.T) {
	for text, want := range map[string]string{
		"chegou.No pix":                 "chegou. No pix",
		"R$ 1.299,90.No pix":            "R$ 1.299,90. No pix",
		"R$ 1.299.No pix":               "R$ 1.299. No pix",
		"CHEGOU.NO APP":                 "CHEGOU. NO APP",
		"chegou.no pix, corre.na loja":  "chegou. no pix, corre. na loja",
		"*Chegou*.*No pix* 🔥.Com frete": "*Chegou*. *No pix* 🔥. Com frete",
		"_oferta.Com frete_":            "_oferta. Com frete_",
		"aproveite.Link: x":             "aproveite. Link: x",
		"amei.Ps: bom.De novo":          "amei. Ps: bom. De novo",
	} {
		if got := Unglue(text); got != want || len(Links(got)) != 0 {
			t.Errorf("Unglue(%q) = %q with links %v, want %q", text, got, Links(got), want)
		}
	}
	for _, text := range []string{
		"", "R$1.299,90", "Obs.: veja", "Node.js S24.Ultra 15.Confira 5.0L etc...Corre", // no link to begin with
		"loja.com", "LOJA.COM", "Achados.Link", "meli.la", "Fulano.Me", "T.No", // may be somebody's
		"loja.No/x", "loja.No?x", "loja.No:80", "loja.No@x", "loja.Com.br", "www.loja.No", "a-b.No", "a_b.No",
		"https://loja.com/x,casa.No y", "https://loja.com/?a=casa.No y", "ana@casa.No", "loja.Nov",
	} {
		if got := Unglue(text); got != text {
			t.Errorf("Unglue(%q) = %q", text, got)
		}
	}
}

func FuzzLinks(f *testing.F) {
	for _, s := range []string{
		"veja https://amzn.to/3abc👈 e evil.com.br", "*//a.co/d/1*\u2060", "https://meli.la/1aMs9xn167.51:443/x",
		"hxxps://amzn.to x@y.com/z", "*a*.com i❤.ws lo\u200bja.\u200bco a.b@c.de http://🔥", "intent://a.com javascript:b", "a.com-b x.a://b c.com.https://d", "*a.*com\u200bb a@b_c.com", "https://a.co/b？c＝d\u2060/e/~f", "amazon。com\\@x", "\xff.com",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if spaced := Unglue(text); strings.ReplaceAll(spaced, " ", "") != strings.ReplaceAll(text, " ", "") {
			t.Fatalf("%q became %q", text, spaced)
		}
		last := 0
		for _, l := range Links(text) {
			if l.Start < last || l.End <= l.Start || l.End > len(text) {
				t.Fatalf("%q: range %d:%d after %d", text, l.Start, l.End, last)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[l.Start:l.End]) {
				t.Fatalf("%q: %q is cut inside a character", text, text[l.Start:l.End])
			}
			if !strings.Contains(l.URL, ":") {
				t.Fatalf("%q: %q has no scheme", text, l.URL)
			}
			last = l.End
		}
		// A link stays one whatever stands before its line.
		after := Links("Oferta: R$ 1.299,90.\n" + text)
		if len(after) != len(Links(text)) {
			t.Fatalf("%q: %v, on a second line %v", text, Links(text), after)
		}
	})
}

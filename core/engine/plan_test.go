package engine

import (
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
)

const (
	rivalLink = "https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20"
	ourLink   = "https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20"
)

func planOf(t *testing.T, text string) plan {
	t.Helper()
	stores, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	e := &Engine{deps: Deps{Stores: stores}}
	tags := []core.Tag{{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "nossa-20"}}}
	return e.plan(t.Context(), core.Settings{ForeignLinks: core.DropForeignLinks}, tags, text)
}

// What a phone would make clickable, and what names a rival, never leaves.
func TestPlanHoldsWhatItCannotProve(t *testing.T) {
	for _, hidden := range []string{
		"evil.com", "EVIL.COM/x", "@evil.com.br", "www.evil.xyzzy", "http://evil", "192.0.2.1/x", "192.0.2.1.5",
		"*evil*.com/x", "_evil_.com", "`evil`.com", "evil.*com*", "*192*.0.2.1/x", "> evil.com", "```evil.com```",
		"evil\u200b.com/x", "evil\u00ad.com", "evil.\u2060com", "\u202eevil.com", "evil。com", "evil.ｃｏｍ", "ｅｖｉｌ.com",
		"i❤.ws/promo", "🔥.com", "ⓔⓥⓘⓛ.com", "evil.рф", "evil.com\u0301", "https：//evil.com", `http:\\evil.com`,
		"javascript:alert(1)//evil.com/x", "intent://evil.com#Intent;end", "tg://resolve?domain=evil", "ftp://evil/x",
		"evil.com@promo", "http://ana:x@evil.com", "https://🔥evil.com", "https://\u200bevil.com", "\u00a0evil.com",
		"\u2028evil.com", "\revil.com", "(evil.com)", "evil.com,", "arquivo.zip", "chegou.No/x",
		"evil.comhttps://www.amazon.com.br/dp/B0TESTE002", "tag=rival-20", "x&TAG=rival-20",
		"https://www.amazon.com.br/s?k=tag%3Drival-20",
	} {
		for _, text := range []string{rivalLink + " " + hidden, hidden + " fim\n*" + rivalLink + "*"} {
			if p := planOf(t, text); p.text != "" || len(p.holds) == 0 {
				t.Errorf("%q became %q", text, p.text)
			}
		}
	}
}

// Ordinary messages go out with their text as it was.
func TestPlanKeepsTheRest(t *testing.T) {
	for text, want := range map[string]string{
		"Tv 50\" R$1.299,90 @ana Obs.: Node.js S24.Ultra 5.0L 14.30 #hoje site: www... nota.pdf <>": "",
		"*<>* _<>_ ~<>~ `<>` ```<>``` (<>), “<>”.":                                                  "",
		"*Veja\n<>*\n_fim_ https://":                                                                "",
		"👉<>👈 ✅Corre":                                                                               "👉<> 👈 ✅Corre",
		"aqui<>":                                                                                    "aqui <>",
		"<>*Cupom X*":                                                                               "<> *Cupom X*",
		"Chegou.No pix R$ 99,90.Com frete, corre.no app <>":                                         "Chegou. No pix R$ 99,90. Com frete, corre. no app <>",
		"a\r\nGrupo: t.me/x\r\n<>\r\nb":                                                             "a\r\n<>\r\nb",
		"Tv\rGrupo: t.me/x\r<>":                                                                     "Tv\r<>",
		"Tv\u2028Grupo: t.me/x\u2028<>":                                                             "Tv\u2028<>",
		"<>\nDúvidas: ana@loja.com.br\nfim":                                                         "<>\nfim",
		"<> | Grupo: wa.me/5511":                                                                    "<> | Grupo: ",
		"Por R$ 90 t.me/x\n<>":                                                                      "Por R$ 90 \n<>",
		"Cupom CASA10 só no t.me/x\n<>":                                                             "Cupom CASA10 só no \n<>",
	} {
		if want == "" {
			want = text
		}
		p := planOf(t, strings.ReplaceAll(text, "<>", rivalLink))
		if got := strings.ReplaceAll(p.text, ourLink, "<>"); got != want || len(p.holds) > 0 {
			t.Errorf("%q became %q, %v; want %q", text, got, p.holds, want)
		}
	}
}

func TestPlanRefusesAWallOfLinks(t *testing.T) {
	if p := planOf(t, strings.Repeat(rivalLink+"\n", maxLinks+1)); len(p.holds) != 1 || p.holds[0].Reason != core.ReasonTooLong || !p.sells {
		t.Errorf("%+v", p.holds)
	}
	if p := planOf(t, strings.Repeat(rivalLink+"\n", maxLinks)); p.text == "" {
		t.Errorf("%+v", p.holds)
	}
}

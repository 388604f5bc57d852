package engine

import (
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	rivalLink = "https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20"
	ourLink   = "https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20"
)

// shelf is the little of a tenant's data that planning needs.
type shelf struct {
	repository.Tenant
	tags   []core.Tag
	minted repository.MintedLinks
	groups []core.Destination
}

func (s shelf) MintedLinks() repository.MintedLinks { return s.minted }

// under is what judging sees of a tenant of tenantWith with these rules.
func (t *Tenant) under(s core.Settings) view {
	data := t.repo.(shelf)
	return view{tenant: core.Tenant{Active: true, Settings: s}, destinations: data.groups, tags: data.tags}
}

// planWith judges and writes a text under these rules; the text is "" when held.
func planWith(t *testing.T, s core.Settings, source core.Source, text string) (*plan, string) {
	t.Helper()
	tenant := tenantWith(t, Deps{}, shelf{})
	p, err := tenant.plan(t.Context(), tenant.under(s), source, text, true)
	if err != nil {
		t.Fatal(err)
	}
	final, err := tenant.write(t.Context(), p, core.SubID{})
	if err != nil {
		t.Fatal(err)
	}
	return p, final
}

func planOf(t *testing.T, text string) (*plan, string) {
	t.Helper()
	return planWith(t, core.DefaultSettings(), core.Source{}, text)
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
		"https://www.amazon.com.br/s?k=tag%3Drival-20", "evil.com-Cupom", "x.app://evil", "use rival-20", "Cupom: RIVAL10",
		"?x=evil", "tag%3Devil", "tag＝evil", "&#116;ag=evil",
	} {
		for _, text := range []string{rivalLink + " " + hidden, hidden + " fim\n*" + rivalLink + "*"} {
			if p, final := planOf(t, text); final != "" || len(p.holds) == 0 {
				t.Errorf("%q became %q", text, final)
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
		p, final := planOf(t, strings.ReplaceAll(text, "<>", rivalLink))
		if got := strings.ReplaceAll(final, ourLink, "<>"); got != want || len(p.holds) > 0 {
			t.Errorf("%q became %q, %v; want %q", text, got, p.holds, want)
		}
	}
}

func TestPlanRefusesAWallOfLinks(t *testing.T) {
	if p, _ := planOf(t, strings.Repeat(rivalLink+"\n", maxLinks+1)); len(p.holds) != 1 || p.holds[0].Reason != core.ReasonTooLong || !p.sells {
		t.Errorf("%+v", p.holds)
	}
	if p, final := planOf(t, strings.Repeat(rivalLink+" ", maxLinks)); final == "" {
		t.Errorf("%+v", p.holds)
	}
}

// A tenant's rules keep messages back, each with its own reason; the message that breaks
// none goes out.
func TestPlanKeepsTheTenantsRules(t *testing.T) {
	const offer = "Fone Bluetooth ÁGATA\nDe R$ 200,00 por R$ 100,00\nCupom: GARIMPO10\n" + rivalLink
	for _, c := range []struct {
		name   string
		change func(*core.Settings)
		source core.Source
		want   core.Reason
	}{
		{"no rules", func(*core.Settings) {}, core.Source{Label: "Ofertas da Ana"}, ""},
		{"blocked store", func(s *core.Settings) { s.BlockedStores = []string{"amazon"} }, core.Source{}, core.ReasonStoreBlocked},
		{"not an allowed store", func(s *core.Settings) { s.AllowedStores = []string{"shopee"} }, core.Source{}, core.ReasonStoreNotAllowed},
		{"allowed store", func(s *core.Settings) { s.AllowedStores = []string{"amazon"} }, core.Source{}, ""},
		{"blocked word", func(s *core.Settings) { s.Words.Block = []string{"agata"} }, core.Source{}, core.ReasonWordBlocked},
		{"part of a word", func(s *core.Settings) { s.Words.Block = []string{"aga"} }, core.Source{}, ""},
		{"required word", func(s *core.Settings) { s.Words.Require = []string{"FONE BLUETOOTH"} }, core.Source{}, ""},
		{"required word is missing", func(s *core.Settings) { s.Words.Require = []string{"tv"} }, core.Source{}, core.ReasonWordMissing},
		{"the source's word", func(*core.Settings) {}, core.Source{Words: core.WordRules{Block: []string{"fone"}}}, core.ReasonWordBlocked},
		{"too cheap", func(s *core.Settings) { s.MinPrice.Cents = 10001 }, core.Source{}, core.ReasonPriceBelow},
		{"too dear", func(s *core.Settings) { s.MaxPrice.Cents = 9999 }, core.Source{}, core.ReasonPriceAbove},
		{"in the bounds", func(s *core.Settings) { s.MinPrice.Cents, s.MaxPrice.Cents, s.MinDiscount = 10000, 10000, 50 }, core.Source{}, ""},
		{"too small a discount", func(s *core.Settings) { s.MinDiscount = 51 }, core.Source{}, core.ReasonDiscountBelow},
		{"the group's own coupon", func(*core.Settings) {}, core.Source{Label: "Garimpo da Ana"}, core.ReasonForeignCoupon},
	} {
		s := core.DefaultSettings()
		c.change(&s)
		p, final := planWith(t, s, c.source, offer)
		if c.want == "" && (len(p.holds) > 0 || !strings.Contains(final, ourLink)) {
			t.Errorf("%s: held: %v, %q", c.name, p.holds, final)
		}
		if c.want != "" && (final != "" || len(p.holds) != 1 || p.holds[0].Reason != c.want) {
			t.Errorf("%s: %v, %q; want %s", c.name, p.holds, final, c.want)
		}
	}
	s := core.DefaultSettings()
	s.MaxPrice.Cents = 10000
	if p, final := planWith(t, s, core.Source{}, "Olha que achado!\n"+rivalLink); final != "" || p.holds[0].Reason != core.ReasonPriceUnclear {
		t.Errorf("an unclear price passes a bound: %v, %q", p.holds, final)
	}
}

// Where only some links convert, the tenant chooses; a deceptive link is never a matter of
// choice.
func TestPlanPartial(t *testing.T) {
	const unknown = "https://loja.example/p/1"
	const text = "Fone\n" + rivalLink + "\nCabo: " + unknown + "\nfim"
	drop := core.DefaultSettings()
	drop.PartialLinks = core.DropPartial
	if p, final := planOf(t, text); final != "" || p.holds[0].Reason != core.ReasonLinkUnknownStore {
		t.Errorf("hold: %v, %q", p.holds, final)
	}
	p, final := planWith(t, drop, core.Source{}, text)
	if want := "Fone\n" + ourLink + "\nfim"; final != want || len(p.holds) > 0 {
		t.Errorf("drop: %v, %q, want %q", p.holds, final, want)
	}
	if p.links[1].Action != core.LinkDropped || p.links[1].Hold.Reason != core.ReasonLinkUnknownStore {
		t.Errorf("the reason is lost: %+v", p.links[1])
	}
	if p, final := planWith(t, drop, core.Source{}, "só "+unknown); final != "" || len(p.holds) == 0 {
		t.Errorf("nothing converts: %v, %q", p.holds, final)
	}
	if p, final := planWith(t, drop, core.Source{}, rivalLink+"\nhttps://amazon.com.br@evil.example/x"); final != "" || len(p.holds) == 0 {
		t.Errorf("deceptive: %v, %q", p.holds, final)
	}
}

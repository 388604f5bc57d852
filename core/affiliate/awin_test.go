package affiliate

import (
	"errors"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	magaluPage  = "https%3A%2F%2Fwww.magazineluiza.com.br%2Fcoisa-boa%2Fp%2F123456700%2Fte%2Fabcd%2F"
	magaluFinal = "https://www.magazinevoce.com.br/magazinenossa/coisa-boa/p/123456700/te/abcd/"
)

func TestAwin(t *testing.T) {
	const own = "https://www.awin1.com/cread.php?awinmid=17729&awinaffid=424242&ued=" + kabumPageEncoded
	const awin = "https://www.awin1.com/"
	networkTest{
		tag:    core.Tag{Store: "awin", Fields: map[string]string{"awinaffid": "424242"}},
		plain:  own,
		marked: own + "&clickref=g1234abcdo5678efgh",
		rivals: map[string]string{"awinaffid": "666666", "awinmid": "17730"},
		tampered: []string{
			awin + "cread.php?awinaffid=424242&awinmid=17729&ued=" + kabumPageEncoded,
			awin + "cread.php?awinmid=17729&awinaffid=424242&awinaffid=666666&ued=" + kabumPageEncoded,
			awin + "cread.php?awinmid=17729&awinaffid=%34%32%34%32%34%32&ued=" + kabumPageEncoded,
			awin + "cread.php?awinmid=17729&AWINAFFID=424242&ued=" + kabumPageEncoded,
			awin + "cread.php?awinmid=17729&awinaffid=4242420&ued=" + kabumPageEncoded,
			awin + "cread.php?awinmid=17729&awinaffid=424242&clickref=rival&ued=" + kabumPageEncoded,
			awin + "cread.php?awinmid=17729&awinaffid=424242",
			awin + "Cread.php?awinmid=17729&awinaffid=424242&ued=" + kabumPageEncoded,
			awin + "cread.php/?awinmid=17729&awinaffid=424242&ued=" + kabumPageEncoded,
			"https://awin1.com/cread.php?awinmid=17729&awinaffid=424242&ued=" + kabumPageEncoded,
			own + "&clickref=", own + "&clickref=g1234abcdo5678efgh&clickref=rival", own + "&clickref2=rival",
		},
		incoming: []incomingCase{
			{link: awin + "cread.php?awinmid=17729&awinaffid=666666&ued=" + kabumPageEncoded + "&clickref=canal&campaign=x", kind: Unknown, final: own},
			{link: awin + "cread.php?awinmid=17729&awinaffid=666666&clickref=&p=" + kabumPageEncoded, kind: Unknown, final: own},
			{link: awin + "cread.php?awinmid=17729&awinaffid=666666&p=%5B%5B" + kabumPageEncoded + "%5D%5D", kind: Unknown, final: own},
			{link: awin + "cread.php?awinmid=99&awinaffid=666666&ued=" + magaluPage, kind: Product, final: magaluFinal},
			{link: "http://www.awin1.com/cread.php?awinmid=99&awinaffid=1&ued=https%253A%252F%252Fwww.kabum.com.br%252Fproduto%252F123456%252Ffone-sem-fio", kind: Unknown, final: own},
			{link: awin + "cread.php?awinmid=1&awinaffid=666666&ued=https%3A%2F%2Ftidd.ly%2Fabc", kind: Short},
			{link: awin + "cread.php?awinmid=1&awinaffid=6&ued=https%3A%2F%2Fkabum.com.br.evil.example%2Fx", kind: Unknown, reason: core.ReasonLinkUnknownStore},
			{link: awin + "cread.php?awinmid=1&awinaffid=6&ued=" + kabumPageEncoded + "&ued=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: awin + "cread.php?awinmid=1&awinaffid=6&ued=" + kabumPageEncoded + "&p=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: awin + "cread.php?awinmid=17729&awinaffid=666666", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: awin + "cread.php?s=1234567&v=1234&q=123456&r=666666", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: awin + "pclick.php?p=12345678901&a=666666&m=17729", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: awin, kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: "https://tidd.ly/4abcDEF", kind: Short},
			{link: "https://tidd.ly/", kind: Refused, reason: core.ReasonLinkNotProduct},
		},
	}.run(t)
}

func TestAwinMerchantNumber(t *testing.T) {
	r := withNetworks(t)
	target := r.Classify("https://www.outraloja.com.br/produto/1")
	tag := core.Tag{Store: "awin", Marketplace: "outraloja.com.br", Fields: map[string]string{"awinaffid": "424242"}}
	var held *core.Error
	if _, err := r.CheckTag(tag); !errors.As(err, &held) || held.Reason != core.ReasonTagFieldMissing || held.Field != "fields.awinmid" {
		t.Errorf("a merchant without number: %v", err)
	}
	tag.Fields["awinmid"] = "555"
	const want = "https://www.awin1.com/cread.php?awinmid=555&awinaffid=424242&ued=https%3A%2F%2Fwww.outraloja.com.br%2Fproduto%2F1"
	if got, err := r.Rewrite(target, []core.Tag{tag}); err != nil || got != want {
		t.Errorf("rewritten to %s, %v", got, err)
	}
	for _, bad := range []string{"", "0123", "12a", "1&awinaffid=2", "1 "} {
		if _, err := r.CheckTag(core.Tag{Store: "awin", Fields: map[string]string{"awinaffid": bad}}); err == nil {
			t.Errorf("publisher %q accepted", bad)
		}
	}
}

package affiliate

import (
	"maps"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

var impactFields = map[string]string{"publisher": "4242424", "ad": "424552", "campaign": "7490", "host": "kabum.pxf.io"}

func TestImpact(t *testing.T) {
	const impact = "https://kabum.pxf.io/"
	const own = impact + "c/4242424/424552/7490?u=" + kabumPageEncoded
	networkTest{
		tag:    core.Tag{Store: "impact", Marketplace: "kabum.com.br", Fields: impactFields},
		plain:  own,
		marked: own + "&subId1=g1234abcdo5678efgh",
		rivals: map[string]string{"publisher": "6666666", "ad": "6", "campaign": "6", "host": "outra.pxf.io"},
		tampered: []string{
			impact + "c/4242424/424552/7490/?u=" + kabumPageEncoded,
			impact + "c/6666666/4242424/424552/7490?u=" + kabumPageEncoded,
			impact + "c/4242424/424552/7490", impact + "c/4242424/424552/7490?subId1=g1234abcdo5678efgh",
			impact + "c/4242424/424552/7490?subId1=rival&u=" + kabumPageEncoded,
			"https://kabum.sjv.io/c/4242424/424552/7490?u=" + kabumPageEncoded,
			own + "&u=https%3A%2F%2Fevil.example", own + "&subId1=", own + "&subId2=rival", own + "&sharedid=rival",
		},
		incoming: []incomingCase{
			{link: impact + "c/6666666/424552/7490?u=" + kabumPageEncoded + "&subId1=canal", kind: Unknown, final: own},
			{link: "https://outra.sjv.io/c/6666666/1/2?subId1=1&u=" + magaluPage, kind: Product, final: magaluFinal},
			{link: "https://outra.evyy.net/AbC123", kind: Short},
			{link: impact + "c/6666666/424552/7490?subId1=canal", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: impact + "c/6666666/424552/7490?u=" + kabumPageEncoded + "&u=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: impact + "i/6666666/424552/7490", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: impact, kind: Refused, reason: core.ReasonLinkNotProduct},
		},
	}.run(t)
}

func TestImpactHost(t *testing.T) {
	r := withNetworks(t)
	for host, want := range map[string]bool{
		"loja.pxf.io": true, "loja-br.sjv.io": true, "loja.evyy.net": true, "loja.i123456.net": true,
		"pxf.io": false, "www.pxf.io": false, "a.b.pxf.io": false, "Loja.pxf.io": false, "loja.pxf.io.": false,
		"loja.pxf.io/c": false, "loja.pxf.io:80": false, "loja.i12x.net": false, "loja.inet.net": false, "evil.example": false, "": false,
	} {
		fields := maps.Clone(impactFields)
		fields["host"] = host
		_, err := r.CheckTag(core.Tag{Store: "impact", Marketplace: "kabum.com.br", Fields: fields})
		if (err == nil) != want {
			t.Errorf("host %q: %v", host, err)
		}
	}
}

package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestCJ(t *testing.T) {
	const cj = "https://www.anrdoezrs.net/"
	const own = cj + "links/4242424/type/dlg/" + kabumPage
	networkTest{
		tag:    core.Tag{Store: "cj", Marketplace: "kabum.com.br", Fields: map[string]string{"pid": "4242424"}},
		plain:  own,
		marked: cj + "links/4242424/type/dlg/sid/g1234abcdo5678efgh/" + kabumPage,
		rivals: map[string]string{"pid": "6666666"},
		tampered: []string{
			cj + "links/4242424/type/dlg/sid/rival/" + kabumPage,
			cj + "links/4242424/type/dlg/sid//" + kabumPage,
			cj + "links/4242424/type/dlg/" + kabumPageEncoded,
			cj + "links/4242424/type/am/" + kabumPage,
			cj + "links/42424240/type/dlg/" + kabumPage,
			cj + "links/6666666/type/dlg/" + own,
			cj + "links/4242424/type/dlg/" + cj + "links/6666666/type/dlg/" + kabumPage,
			"https://www.jdoqocy.com/links/4242424/type/dlg/" + kabumPage,
			cj + "click-4242424-1?url=" + kabumPageEncoded,
			own + "?sid=rival", own + "?cjevent=1",
		},
		incoming: []incomingCase{
			{link: cj + "links/6666666/type/dlg/sid/canal/" + kabumPage + "?utm_source=canal", kind: Unknown, final: own},
			{link: "http://www.tkqlhce.com/links/6666666/type/dlg/" + kabumPageEncoded, kind: Unknown, final: own},
			{link: "https://www.dpbolvw.net/click-6666666-13572468?url=" + kabumPageEncoded + "&sid=canal", kind: Unknown, final: own},
			{link: "https://www.kqzyfj.com/links/6666666/type/dlg/https://www.magazineluiza.com.br/coisa-boa/p/123456700/te/abcd/", kind: Product, final: magaluFinal},
			{link: "https://www.kqzyfj.com/links/6666666/type/dlg/" + cj + "links/6/type/dlg/" + kabumPage, kind: Unknown, final: own},
			{link: cj + "click-6666666-13572468", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: cj + "click-6666666-1?url=" + kabumPageEncoded + "&url=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: cj + "links/6666666/type/dlg/", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: cj + "links/6666666/type/dlg/www.kabum.com.br/produto/1", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: cj + "abc", kind: Refused, reason: core.ReasonLinkNotProduct},
		},
	}.run(t)
}

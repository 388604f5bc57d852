package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestTradedoubler(t *testing.T) {
	const click = "https://clk.tradedoubler.com/click?"
	const own = click + "p=123456&a=4242424&url=" + kabumPageEncoded
	networkTest{
		tag:    core.Tag{Store: "tradedoubler", Marketplace: "kabum.com.br", Fields: map[string]string{"p": "123456", "a": "4242424"}},
		plain:  own,
		marked: own + "&epi=g1234abcdo5678efgh",
		rivals: map[string]string{"a": "6666666", "p": "6"},
		tampered: []string{
			click + "a=4242424&p=123456&url=" + kabumPageEncoded,
			click + "p=123456&a=4242424&a=6666666&url=" + kabumPageEncoded,
			click + "p=123456&a=4242424&epi=rival&url=" + kabumPageEncoded,
			click + "p(123456)a(4242424)url(" + kabumPage + ")",
			own + "&url=https%3A%2F%2Fevil.example", own + "&epi=", own + "&epi2=rival",
		},
		incoming: []incomingCase{
			{link: click + "p=1&a=6666666&g=2&epi=canal&url=" + kabumPageEncoded, kind: Unknown, final: own},
			{link: click + "p=1&a=6666666&url=" + magaluPage, kind: Product, final: magaluFinal},
			{link: click + "p=1&a=6666666", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: click + "p(1)a(6666666)url(" + kabumPage + ")", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: click + "p=1&a=6&url=" + kabumPageEncoded + "&url=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
		},
	}.run(t)
}

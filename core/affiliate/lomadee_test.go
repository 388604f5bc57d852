package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestLomadee(t *testing.T) {
	const lomadee = "https://redir.lomadee.com/v2/"
	const own = lomadee + "deeplink?url=" + kabumPageEncoded + "&sourceId=42424242"
	networkTest{
		tag:    core.Tag{Store: "lomadee", Marketplace: "kabum.com.br", Fields: map[string]string{"sourceId": "42424242"}},
		plain:  own,
		marked: own + "&mdasc=g1234abcdo5678efgh",
		rivals: map[string]string{"sourceId": "66666666"},
		tampered: []string{
			lomadee + "deeplink?sourceId=42424242&url=" + kabumPageEncoded,
			lomadee + "deeplink?url=" + kabumPageEncoded + "&sourceId=66666666&sourceId=42424242",
			lomadee + "deeplink?url=" + kabumPageEncoded + "&mdasc=rival&sourceId=42424242",
			lomadee + "deeplink?url=" + kabumPageEncoded + "&sourceid=42424242",
			lomadee + "deeplink?sourceId=42424242",
			lomadee + "abc?sourceId=42424242", lomadee + "abc",
			own + "&mdasc=", own + "0",
		},
		incoming: []incomingCase{
			{link: lomadee + "deeplink?url=" + kabumPageEncoded + "&sourceId=66666666&mdasc=canal", kind: Unknown, final: own},
			{link: lomadee + "deeplink?sourceId=66666666&url=" + magaluPage, kind: Product, final: magaluFinal},
			{link: lomadee + "1a2b3c4d5e6", kind: Short},
			{link: lomadee + "deeplink?sourceId=66666666", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: lomadee + "deeplink?url=" + kabumPageEncoded + "&url=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: "https://www.lomadee.com/", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: lomadee + "a;b", kind: Refused, reason: core.ReasonLinkNotProduct},
		},
	}.run(t)
}

package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestRakuten(t *testing.T) {
	const own = "https://click.linksynergy.com/deeplink?id=aB3dE*gH1jK&mid=43860&murl=" + kabumPageEncoded
	const rakuten = "https://click.linksynergy.com/"
	networkTest{
		tag:    core.Tag{Store: "rakuten", Marketplace: "kabum.com.br", Fields: map[string]string{"id": "aB3dE*gH1jK", "mid": "43860"}},
		plain:  own,
		marked: own + "&u1=g1234abcdo5678efgh",
		rivals: map[string]string{"id": "rival*H1jKL", "mid": "43861"},
		tampered: []string{
			rakuten + "deeplink?id=aB3dE%2AgH1jK&mid=43860&murl=" + kabumPageEncoded,
			rakuten + "deeplink?mid=43860&id=aB3dE*gH1jK&murl=" + kabumPageEncoded,
			rakuten + "deeplink?id=aB3dE*gH1jK&mid=43860&mid=1&murl=" + kabumPageEncoded,
			rakuten + "deeplink?id=ab3de*gh1jk&mid=43860&murl=" + kabumPageEncoded,
			rakuten + "link?id=aB3dE*gH1jK&mid=43860&murl=" + kabumPageEncoded,
			rakuten + "deeplink/?id=aB3dE*gH1jK&mid=43860&murl=" + kabumPageEncoded,
			own + "&murl=https%3A%2F%2Fevil.example", own + "&u1=",
		},
		incoming: []incomingCase{
			{link: rakuten + "deeplink?id=rival*H1jKL&mid=43860&murl=" + kabumPageEncoded + "&u1=canal", kind: Unknown, final: own},
			{link: rakuten + "link?id=rival*H1jKL&offerid=1.2&type=2&murl=" + kabumPageEncoded, kind: Unknown, final: own},
			{link: rakuten + "fs-bin/click?id=rival*H1jKL&subid=0&offerid=1.1&type=10&RD_PARM1=https%253A%252F%252Fwww.kabum.com.br%252Fproduto%252F123456%252Ffone-sem-fio", kind: Unknown, final: own},
			{link: rakuten + "deeplink?id=rival*H1jKL&mid=1&murl=" + magaluPage, kind: Product, final: magaluFinal},
			{link: rakuten + "deeplink?id=rival*H1jKL&mid=1&murl=https%3A%2F%2Fwww.awin1.com%2Fcread.php%3Fawinmid%3D1%26awinaffid%3D6%26ued%3Dhttps%253A%252F%252Fwww.kabum.com.br%252Fproduto%252F123456%252Ffone-sem-fio", kind: Unknown, final: own},
			{link: rakuten + "deeplink?id=rival*H1jKL&mid=1&murl=" + kabumPageEncoded + "&MURL=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
			{link: rakuten + "deeplink?id=rival*H1jKL&mid=1", kind: Refused, reason: core.ReasonLinkNotProduct},
			{link: rakuten + "fs-bin/click?id=rival*H1jKL&offerid=1.1&type=3", kind: Refused, reason: core.ReasonLinkNotProduct},
		},
	}.run(t)
}

package affiliate

import (
	"net/url"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestShopee(t *testing.T) {
	const key = "shopee:11.22"
	const final = "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22&affiliate_id=18399999999"
	redirect := func(target string) string {
		return "https://s.shopee.com.br/an_redir?origin_link=" + url.QueryEscape(target) + "&affiliate_id=18311111111"
	}
	runLinkCases(t, []linkCase{
		{link: "https://shopee.com.br/product/11/22", kind: Product, key: key, final: final},
		{link: "http://m.shopee.com.br/product/11/22/?mmp_pid=an_1&utm_source=an_1", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/Capa-i.de-celular-i.11.22?gads=x#y", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/-i.11.22", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/opaanlp/11/22?credential_token=a", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/universal-link?redir=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22%3Faf_siteid%3Dan_1", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/universal-link/product/11/22?utm_source=an_18311111111&deep_and_deferred=1", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/universal-link/Capa-i.11.22?smtt=0.0.9", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/universal-link/product/11/22?redir=https%3A%2F%2Fshopee.com.br%2Fproduct%2F33%2F44", kind: Product, key: "shopee:33.44", final: strings.Replace(final, "11%2F22", "33%2F44", 1)},
		{link: "https://shopee.com.br/universal-link/product/11/22?redir=https%3A%2F%2Fevil.example", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://shopee.com.br/universal-link/shop/11", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/buyer/login?next=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22%3Fmmp_pid%3Dan_1", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/buyer/login?next=https%3A%2F%2Fevil.example%2Fproduct%2F11%2F22", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://shopee.com.br/uma.loja_x/11/22?gads_t_sig=y&mmp_pid=an_1", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/Fone-5.3-100%25-Original,-(novo)-i.11.22?sp_atk=a", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/collections/11/22", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/m/11/22", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: redirect("https://shopee.com.br/product/11/22"), kind: Product, key: key, final: final},
		{link: redirect(redirect("https://shopee.com.br/product/11/22")), kind: Product, key: key, final: final},
		{link: "https://shope.ee/an_redir?origin_link=https%253A%252F%252Fshopee.com.br%252Fproduct%252F11%252F22", kind: Product, key: key, final: final},
		{link: redirect("https://s.shopee.com.br/1abcDEF"), kind: Short},
		{link: "https://s.shopee.com.br/1abcDEF?lp=aff", kind: Short},
		{link: "https://br.shp.ee/abc", kind: Short},
		{link: redirect("https://evil.example/product/11/22"), kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: redirect("https://shopee.com.br.evil.example/product/11/22"), kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: redirect("https://shopee.com.br@evil.example/product/11/22"), kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: redirect("javascript:alert(1)"), kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: redirect("https://shopee.com.br/product/11/22") + "&ORIGIN_LINK=https%3A%2F%2Fx.example", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://s.shopee.com.br/an_redir", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/user/voucher-wallet", kind: Page},
		{link: "https://shopee.com.br/m/cupom?mmp_pid=an_1", kind: Page},
		{link: "https://shopee.com.br/m/an_18311111111", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/m/a/b", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/m/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/user/voucher-wallet/x", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/product/11/22/33", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/product//11/22", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/product/11/٢٢", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/product/11%2F22", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22;affiliate_id=18311111111", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: redirect("https://shopee.com.br/product/11/22") + "&amp;affiliate_id=18311111111", kind: Product, key: key, final: final},
		{link: "https://shopee.com.br/uma.loja", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://live.shopee.com.br/share?id=1", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.br/product/11/22x", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://shopee.com.my/product/11/22", kind: Unknown, key: "shopee.com.my:/product/11/22", reason: core.ReasonLinkUnknownStore},
	})
}

func TestShopeeVerifyRefuses(t *testing.T) {
	const own = "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22&affiliate_id=18399999999"
	mustNotVerify(t,
		own+"&affiliate_id=18311111111",
		own+"&AFFILIATE_ID=18311111111",
		own+"&sub_id=x",
		own+"9",
		own[:len(own)-1],
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Frival%2F11%2F22&affiliate_id=18399999999",
		own+"#affiliate_id=18311111111",
		"https://s.shopee.com.br/an_redir?affiliate_id=18311111111&origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22&affiliate_id=18399999999",
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22%3Fmmp_pid%3Dan_1&affiliate_id=18399999999",
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fevil.example%2Fproduct%2F11%2F22&affiliate_id=18399999999",
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fs.shopee.com.br%2Fan_redir%3Faffiliate_id%3D18311111111&affiliate_id=18399999999",
		"https://shope.ee/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F11%2F22&affiliate_id=18399999999",
		own+"&sub_id=", own+"&sub_id=g0000000a-o0000000b",
		"https://shopee.com.br/product/11/22",
		"https://s.shopee.com.br/1abcDEF",
	)
}

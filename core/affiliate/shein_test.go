package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestShein(t *testing.T) {
	const (
		name  = "Vestido-De-Teste-p-12345678"
		page  = "https://br.shein.com/" + name + "-cat-1727.html"
		key   = "shein:12345678"
		final = page + "?url_from=affiliate_koc_1"
	)
	refused := func(link string, reason core.Reason) linkCase {
		return linkCase{link: link, kind: Refused, reason: reason}
	}
	storeTest{
		store: Shein{},
		own:   core.Tag{Store: "shein", Fields: map[string]string{"url_from": "affiliate_koc_1"}},
		rival: core.Tag{Store: "shein", Fields: map[string]string{"url_from": "affiliate_koc_2"}},
		cases: []linkCase{
			{link: page, kind: Product, key: key, final: final},
			{link: final, kind: Product, key: key, final: final},
			{link: page + "?URL_FROM=affiliate_koc_2&onelink=x&src_module=y#url_from=affiliate_koc_2", kind: Product, key: key, final: final},
			{link: "http://m.shein.com/br/" + name + "-cat-1727.html", kind: Product, key: key, final: final},
			{link: "https://www.shein.com/" + name + ".html", kind: Product, key: key, final: "https://br.shein.com/" + name + ".html?url_from=affiliate_koc_1"},
			{link: "https://br.shein.com/Kit-p-1-p-12345678.html", kind: Product, key: key, final: "https://br.shein.com/Kit-p-1-p-12345678.html?url_from=affiliate_koc_1"},
			{link: "https://onelink.shein.com/55/abc123def?url_from=x", kind: Short},
			refused("https://onelink.shein.com/", core.ReasonLinkNotProduct),
			refused("https://us.shein.com/"+name+".html", core.ReasonLinkMarketplace),
			refused("https://m.shein.com/us/"+name+".html", core.ReasonLinkMarketplace),
			refused("https://br.shein.com/"+name+".html/rival", core.ReasonLinkNotProduct),
			refused("https://br.shein.com/rival/"+name+".html", core.ReasonLinkNotProduct),
			refused("https://br.shein.com/"+name+"-cat-x.html", core.ReasonLinkNotProduct),
			refused("https://br.shein.com/Vestido;url_from=affiliate_koc_2-p-12345678.html", core.ReasonLinkNotProduct),
			refused("https://br.shein.com//"+name+"//x.html", core.ReasonLinkDeceptive),
			refused("https://br.shein.com/campaign/promo?url_from=affiliate_koc_2", core.ReasonLinkNotProduct),
			refused("https://api-shein.shein.com/h5/sharejump/appjump?link=abc", core.ReasonLinkNotProduct),
			{link: "https://br-shein.com/" + name + ".html", kind: Unknown, key: "br-shein.com:/" + name + ".html", reason: core.ReasonLinkUnknownStore},
		},
		forged: []string{
			"https://www.shein.com/" + name + ".html?url_from=affiliate_koc_1",
			"https://br.shein.com/campaign/promo?url_from=affiliate_koc_1",
			"https://onelink.shein.com/55/abc123def?url_from=affiliate_koc_1",
		},
	}.run(t)
}

package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestAmazon(t *testing.T) {
	const final, key = "https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20", "amazon:amazon.com.br:B0TESTE001"
	runLinkCases(t, []linkCase{
		{link: "https://www.amazon.com.br/dp/B0TESTE001", kind: Product, key: key, final: final},
		{link: "http://amazon.com.br/dp/b0teste001/", kind: Product, key: key, final: final},
		{link: "https://m.amazon.com.br/gp/aw/d/B0TESTE001?tag=rival-20", kind: Product, key: key, final: final},
		{link: "https://smile.amazon.com.br/gp/product/B0TESTE001/ref=as_li?tag=rival-20&linkId=1", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/gp/offer-listing/B0TESTE001?smid=A1", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/exec/obidos/asin/B0TESTE001/rival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/o/ASIN/B0TESTE001/rival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/Coisa-5ª-geração/dp/B0TESTE001?th=1&psc=1#tag=rival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/dp/B0TESTE001?TAG=rival-20&%74ag=rival-20&ascsubtag=x", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/dp/8535902775", kind: Product, key: "amazon:amazon.com.br:8535902775", final: "https://www.amazon.com.br/dp/8535902775?tag=nossa-20"},
		{link: "https://www.amazon.com.br/", kind: Page, final: "https://www.amazon.com.br/?tag=nossa-20"},
		{link: "https://www.amazon.com.br/deals?tag=rival-20&tag=rival2-20", kind: Page, final: "https://www.amazon.com.br/deals?tag=nossa-20"},
		{link: "https://www.amazon.com.br/promotion/psp/A1B2/ref=x?tag=rival-20", kind: Page, final: "https://www.amazon.com.br/promotion/psp/A1B2?tag=nossa-20"},
		{link: "https://www.amazon.com.br/s?rh=n%3A1%2Cp_36%3A-500&k=air+fryer&linkCode=ll2&tag=rival-20", kind: Page, final: "https://www.amazon.com.br/s?k=air+fryer&rh=n%3A1%2Cp_36%3A-500&tag=nossa-20"},
		{link: "https://www.amazon.com.br/s?k=a&k=b", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/s?k=tag%3Drival-20", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=tv&rh=tag%253Drival-20", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=fone+rival.com", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=fone+rival.com-x", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=fone+*rival*", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=5.0l+s24.ultra", kind: Page, final: "https://www.amazon.com.br/s?k=5.0l+s24.ultra&tag=nossa-20"},
		{link: "https://www.amazon.com.br/s?k=a+rival-20", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=x&rh=https%3A%2F%2Frival.example", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=tv+50-55&rh=p_36%3A1000-50", kind: Page, final: "https://www.amazon.com.br/s?k=tv+50-55&rh=p_36%3A1000-50&tag=nossa-20"},
		{link: "HTTPS://WWW.AMAZON.COM.BR./dp/B0TESTE001?tag=rival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br:443/dp/B0TESTE001/?&tag=rival-20&amp;tag=rival-20;tag=rival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/dp/B0TESTE001/ref=cm_sw_r_rival-20/rival-20?url=https%3A%2F%2Frival.example%3Ftag%3Drival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/-/pt/rival-20/dp/B0TESTE001/dp/b0teste001", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/dp/B0TESTE001/dp/B0TESTE002", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/dp/B0TESTE001;tag=rival-20", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/-/pt/Nome-%C3%89/dp/8535902775/ref=sr_1_1?crid=1&dib=x", kind: Product, key: "amazon:amazon.com.br:8535902775", final: "https://www.amazon.com.br/dp/8535902775?tag=nossa-20"},
		{link: "https://www.amazon.com.br/sspa/click?ie=UTF8&spc=x&url=%2FCoisa%2Fdp%2FB0TESTE001%2Fref%3Dsr_1_1%3Ftag%3Drival-20", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/gp/slredirect/picassoRedirect.html/ref=pa_sp?url=%2Fdp%2FB0TESTE001", kind: Product, key: key, final: final},
		{link: "https://www.amazon.com.br/sspa/click?url=%2Fdp%2FB0TESTE001&url=%2Fdp%2FB0TESTE002", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/sspa/click?url=https%3A%2F%2Fevil.example%2Fdp%2FB0TESTE001", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/sspa/click?url=%40evil.example%2Fdp%2FB0TESTE001", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/sspa/click?url=%2Fdeals", kind: Refused, reason: core.ReasonLinkNotProduct},
		// A product id that is none would be a page that does not exist.
		{link: "https://www.amazon.com.br/dp/B0TESTE001_", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/dp/B0TESTE0011?tag=rival-20", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/gp/product/handle-buy-box", kind: Refused, reason: core.ReasonLinkNotProduct},
		// Lists are what their parameters say; names in front change nothing.
		{link: "https://www.amazon.com.br/Eletr%C3%B4nicos/b/ref=x?ie=UTF8&node=16209062011&tag=rival-20", kind: Page, final: "https://www.amazon.com.br/b?node=16209062011&tag=nossa-20"},
		{link: "https://www.amazon.com.br/-/pt/s/rival-20?k=tv", kind: Page, final: "https://www.amazon.com.br/s?k=tv&tag=nossa-20"},
		{link: "https://www.amazon.com.br/s?me=A1RIVAL&tag=rival-20", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/s?k=tv&me=A1RIVAL&tag=rival-20", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/b?tag=rival-20", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/s?k=tv%E2%80%8B", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/s?k=tv%EF%B8%8F", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br/deals/rival-20_x", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/stores/Marca/page/ABCD1234-AB12-4C3D-9E8F-0123456789AB?channel=rival", kind: Page, final: "https://www.amazon.com.br/stores/Marca/page/ABCD1234-AB12-4C3D-9E8F-0123456789AB?tag=nossa-20"},
		// People's pages, in front of which a language changes nothing.
		{link: "https://www.amazon.com.br/-/pt/shop/rival", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://www.amazon.com.br/shop/b?node=1", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://www.amazon.com.br/ideas/amzn1.account.A1/1B", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://www.amazon.com.br/vdp/0abc?product=B0TESTE001", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://www.amzn.to/3abcdef", kind: Short},
		{link: "https://www.amazon.com.br/b/.oculto", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/dp%2FB0TESTE001", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/dp/B0TESTE٠٠١", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/s?k=tv;tag=rival-20", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://www.amazon.com.br:8443/dp/B0TESTE001", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://amzn.to/3abcdef", kind: Short},
		{link: "https://a.co/d/1abc", kind: Short},
		{link: "https://link.amazon/B0abc", kind: Short},
		{link: "https://amzn.to/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/shop/alguem", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://www.amazon.com.br/hz/wishlist/ls/1", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://www.amazon.com.br/gp/redirect.html?location=https://x.example", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br/b/rival-20", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://music.amazon.com.br/dp/B0TESTE001", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.amazon.com.br//evil/dp/B0TESTE001", kind: Refused, reason: core.ReasonLinkDeceptive},
	})
}

func TestAmazonMarketplaces(t *testing.T) {
	r := builtin(t)
	target := r.Classify("https://www.amazon.com/dp/B0TESTE001?tag=rival-20")
	if target.Marketplace != "amazon.com" || target.ProductKey != "amazon:amazon.com:B0TESTE001" {
		t.Fatalf("%+v", target)
	}
	_, err := r.Rewrite(target, ourTags)
	wantError(t, err, core.CodePrecondition, core.ReasonNoTag, "", "Amazon (amazon.com)")
	american := append(ourTags, core.Tag{Store: "amazon", Marketplace: "amazon.com", Fields: map[string]string{"tag": "nossaus-20"}})
	final, err := r.Rewrite(target, american)
	if err != nil || final != "https://www.amazon.com/dp/B0TESTE001?tag=nossaus-20" {
		t.Fatal(final, err)
	}
	if r.Verify("https://www.amazon.com/dp/B0TESTE001?tag=nossa-20", american) == nil {
		t.Error("a Brazilian tag was proven for another marketplace")
	}
	_, err = r.Rewrite(r.Classify("https://www.amazon.com.br/dp/B0TESTE001"), nil)
	wantError(t, err, core.CodePrecondition, core.ReasonNoTag, "", "Amazon")
}

func TestAmazonVerifyRefuses(t *testing.T) {
	mustNotVerify(t,
		"https://www.amazon.com.br/dp/B0TESTE001",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&tag=rival-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&TAG=rival-20",
		"https://www.amazon.com.br/dp/B0TESTE001?%74ag=rival-20&tag=nossa-20",
		"https://www.amazon.com.br/dp/B0TESTE001?TAG=nossa-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20#tag=rival-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&ascsubtag=x",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-200",
		"https://www.amazon.com.br/dp/B0TESTE001/rival-20?tag=nossa-20",
		"https://www.amazon.com.br/rival-20/dp/B0TESTE001?tag=nossa-20",
		"https://www.amazon.com.br/s?k=tv&m=RIVAL&tag=nossa-20",
		"https://www.amazon.com.br/s?k=tv&k=tv&tag=nossa-20",
		"https://www.amazon.com.br/s?tag=nossa-20&k=tv",
		"https://www.amazon.com.br/s?k=tag%3Drival-20&tag=nossa-20",
		"https://www.amazon.com.br/s?k=tv+rival-20&tag=nossa-20",
		"https://www.amazon.com.br/s?k=tv%E2%80%8B&tag=nossa-20",
		"https://www.amazon.com.br/deals/rival-20_x?tag=nossa-20",
		"https://www.amazon.com.br/deals/rival-20?tag=nossa-20",
		"https://www.amazon.com.br/deals/?tag=nossa-20",
		"https://www.amazon.com.br/s/rival?tag=nossa-20",
		"https://www.amazon.com.br/dp/B0TESTE0011?tag=nossa-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=minhanossa-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=ossa-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=Nossa-20",
		"https://www.amazon.com.br/s?k=tag%253Drival-20&tag=nossa-20",
		"https://www.amazon.com.br/s?i=x&k=tv&tag=nossa-20",
		"https://www.amazon.com.br/s?k=tv%20x&tag=nossa-20",
		"https://www.amazon.com.br/rival?tag=nossa-20",
		"https://www.amazon.com.br/dp/b0teste001?tag=nossa-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&ascsubtag=",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20&amp;tag=rival-20",
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20;tag=rival-20",
		"https://www.amazon.com.br/shop/rival?tag=nossa-20",
		"https://www.amazon.com.br/b/tag=rival-20?tag=nossa-20",
		"https://amazon.com.br/dp/B0TESTE001?tag=nossa-20",
		"http://www.amazon.com.br/dp/B0TESTE001?tag=nossa-20",
		"https://www.amazon.com.br:8443/dp/B0TESTE001?tag=nossa-20",
		"https://www.amazon.com.br.evil.example/dp/B0TESTE001?tag=nossa-20",
		"https://www.google.com/url?q=https%3A%2F%2Fwww.amazon.com.br%2Fdp%2FB0TESTE001%3Ftag%3Dnossa-20",
		"https://amzn.to/3abcdef",
	)
}

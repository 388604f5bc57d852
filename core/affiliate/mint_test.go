package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

var mintingTag = core.Tag{Store: "shopee", Fields: map[string]string{
	"affiliate_id": "18399999999", "app_id": "18399999999", "app_secret": "SEGREDODETESTE234567SEGREDO23456",
}}

func TestShopeeCredentials(t *testing.T) {
	r := builtin(t)
	if _, err := r.CheckTag(mintingTag); err != nil {
		t.Fatal(err)
	}
	if !(Shopee{}).CanMint(mintingTag) || (Shopee{}).CanMint(ourTags[1]) {
		t.Error("minting does not depend on the credentials")
	}
	for missing, other := range map[string]string{"app_id": "app_secret", "app_secret": "app_id"} {
		half := core.Tag{Store: "shopee", Fields: map[string]string{"affiliate_id": "18399999999", other: mintingTag.Fields[other]}}
		_, err := r.CheckTag(half)
		wantError(t, err, core.CodeInvalid, core.ReasonTagFieldMissing, "fields."+missing, missing)
	}
	bad := core.Tag{Store: "shopee", Fields: map[string]string{"affiliate_id": "18399999999", "app_id": "1x", "app_secret": "curto"}}
	_, err := r.CheckTag(bad)
	wantError(t, err, core.CodeInvalid, core.ReasonTagField, "fields.app_id", "app_id (ex.: 18312345678)")
}

// A page that only the API can link to is nobody's, has a payer and no offline form.
func TestMintOnlyPages(t *testing.T) {
	r := builtin(t)
	own := r.Identity([]core.Tag{mintingTag})
	for link, want := range map[string]string{
		"https://shopee.com.br/user/voucher-wallet?mmp_pid=an_18311111111&utm_source=an_18311111111":                             "https://shopee.com.br/user/voucher-wallet",
		"https://m.shopee.com.br/m/cupom-de-desconto/?smtt=rival#rival":                                                          "https://shopee.com.br/m/cupom-de-desconto",
		"https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fm%2Fofertas%3Fmmp_pid%3Dan_1&affiliate_id=1": "https://shopee.com.br/m/ofertas",
	} {
		target := r.Classify(link)
		if target.Kind != Page || !target.MintOnly || target.URL != want || target.ProductKey != "" {
			t.Errorf("%s is %+v", link, target)
		}
		if p, err := own.Payer(target); err != nil || p.Tag.Store != "shopee" {
			t.Errorf("%s: payer %v, %v", link, p, err)
		}
		_, err := own.Rewrite(target, core.SubID{})
		wantError(t, err, core.CodePrecondition, core.ReasonLinkNeedsAPI, "", "Shopee")
	}
	network := r.Identity([]core.Tag{{Store: "awin", Marketplace: "shopee.com.br", Fields: map[string]string{"awinaffid": "222222"}}})
	_, err := network.Payer(r.Classify("https://shopee.com.br/m/ofertas"))
	wantError(t, err, core.CodePrecondition, core.ReasonNoTag, "", "Shopee")
}

func TestShopeeMinted(t *testing.T) {
	for link, want := range map[string]bool{
		"https://s.shopee.com.br/1abcDEF9xy":     true,
		"https://s.shopee.com.br/1abcDEF9xy/":    false,
		"https://s.shopee.com.br/1abcDEF9xy?a=b": false,
		"https://s.shopee.com.br/1abcDEF9xy#a":   false,
		"https://s.shopee.com.br/1abc%44EF9xy":   false,
		"https://s.shopee.com.br/a/1abcDEF9xy":   false,
		"https://s.shopee.com.br/an_redir":       false,
		"https://s.shopee.com.br/":               false,
		"http://s.shopee.com.br/1abcDEF9xy":      false,
		"https://s.shopee.com.br:8443/1abcDEF9":  false,
		"https://shope.ee/1abcDEF9xy":            false,
		"https://shopee.com.br/1abcDEF9xy":       false,
	} {
		u, err := Parse(link)
		if err != nil || (Shopee{}).Minted(u) != want {
			t.Errorf("%s: want %v (%v)", link, want, err)
		}
	}
}

// A minted link is proven by the tenant's own record of today's tag, and by nothing else.
func TestVerifyMinted(t *testing.T) {
	r := builtin(t)
	own := r.Identity([]core.Tag{mintingTag})
	sub := core.SubID{Group: "g1a2b3c4d", Offer: "o5e6f7g8h"}
	const link = "https://s.shopee.com.br/1abcDEF9xy"
	checked, err := r.CheckTag(mintingTag)
	if err != nil {
		t.Fatal(err)
	}
	record := core.MintedLink{Link: link, Store: "shopee", Target: "https://shopee.com.br/product/11/22", TagPrint: checked.Print(), SubID: sub}
	if err := own.VerifyMinted(link, record, sub); err != nil {
		t.Fatal(err)
	}
	if own.Verify(link, sub) == nil {
		t.Error("proven without a record")
	}
	if !own.MayBeMinted(link) || own.MayBeMinted("https://amzn.to/3abc") || r.Identity(nil).MayBeMinted(link) {
		t.Error("MayBeMinted does not depend on the form")
	}
	refused := map[string]struct {
		link   string
		change func(m *core.MintedLink)
		sub    core.SubID
		tags   []core.Tag
	}{
		"another link":     {link: "https://s.shopee.com.br/1abcDEF9xz"},
		"another store":    {change: func(m *core.MintedLink) { m.Store = "amazon" }},
		"another tag":      {change: func(m *core.MintedLink) { m.TagPrint = "x" }},
		"another sub-id":   {sub: core.SubID{Group: "g00000000", Offer: "o00000000"}},
		"no credentials":   {tags: ourTags},
		"no tag":           {tags: []core.Tag{}},
		"not the API's":    {link: "https://shope.ee/1abc", change: func(m *core.MintedLink) { m.Link = "https://shope.ee/1abc" }},
		"not even a link":  {link: "x", change: func(m *core.MintedLink) { m.Link = "x" }},
		"the empty record": {change: func(m *core.MintedLink) { *m = core.MintedLink{} }},
	}
	for name, c := range refused {
		m, identity, asked, shown := record, own, sub, link
		if c.change != nil {
			c.change(&m)
		}
		if c.tags != nil {
			identity = r.Identity(c.tags)
		}
		if c.sub != (core.SubID{}) {
			asked = c.sub
		}
		if c.link != "" {
			shown = c.link
		}
		if identity.VerifyMinted(shown, m, asked) == nil {
			t.Errorf("%s: proven", name)
		}
	}
}

package affiliate

import (
	"errors"
	"net/url"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func aliExpressLink(key, target string) string {
	return "https://s.click.aliexpress.com/deep_link.htm?aff_short_key=" + key + "&dl_target_url=" + url.QueryEscape(target)
}

func TestAliExpress(t *testing.T) {
	const (
		key   = "aliexpress:1005001112223"
		pt    = "https://pt.aliexpress.com/item/1005001112223.html"
		www   = "https://www.aliexpress.com/item/1005001112223.html"
		coins = "https://m.aliexpress.com/p/coin-index/index.html?_immersiveMode=true&from=syicon&productIds=1005001112223"
	)
	product := func(link, page string) linkCase {
		return linkCase{link: link, kind: Product, key: key, final: aliExpressLink("_ours1", page)}
	}
	refused := func(link string, reason core.Reason) linkCase {
		return linkCase{link: link, kind: Refused, reason: reason}
	}
	share := func(target string) string {
		return "https://star.aliexpress.com/share/share.htm?platform=AE&redirectUrl=" + url.QueryEscape(target)
	}
	storeTest{
		store: AliExpress{},
		own:   core.Tag{Store: "aliexpress", Fields: map[string]string{"aff_short_key": "_ours1"}},
		rival: core.Tag{Store: "aliexpress", Fields: map[string]string{"aff_short_key": "_rival"}},
		cases: []linkCase{
			product(pt, pt),
			product(pt+"?aff_short_key=_rival&aff_platform=api&pdp_npi=4%40dis#sk=_rival", pt),
			product("http://aliexpress.com/item/1005001112223.html?spm=a", www),
			product("https://m.aliexpress.com/item/1005001112223.html", www),
			product("https://m.pt.aliexpress.com/i/1005001112223.html?AFF_FCID=1", pt),
			product("https://www.aliexpress.com/i/1005001112223.html", www),
			product("https://www.aliexpress.com/item/Fone-sem-fio/1005001112223.html", www),
			product("https://www.aliexpress.us/item/1005001112223.html", "https://www.aliexpress.us/item/1005001112223.html"),
			product(coins, coins),
			product("https://m.aliexpress.com/p/coin-index/index.html?aff_fsk=_rival&PRODUCTIDS=1005001112223&sk=_rival", coins),
			product(aliExpressLink("_rival", pt+"?sk=_rival"), pt),
			product(aliExpressLink("_rival", coins), coins),
			product(aliExpressLink("_rival", aliExpressLink("_other", www)), www),
			product("https://s.click.aliexpress.com/deep_link.htm?dl_target_url=https%253A%252F%252Fpt.aliexpress.com%252Fitem%252F1005001112223.html", pt),
			product(share(pt+"?sourceType=562"), pt),
			{link: aliExpressLink("_rival", "https://a.aliexpress.com/_mXyZ1"), kind: Short},
			{link: "https://s.click.aliexpress.com/e/_c3ABcdE?af=rival", kind: Short},
			{link: "https://s.click.aliexpress.com/s/8SDabc", kind: Short},
			{link: "https://a.aliexpress.com/_mXyZ1", kind: Short},
			{link: "https://star.aliexpress.com/abc", kind: Short},
			refused(aliExpressLink("_rival", "https://evil.example/item/1005001112223.html"), core.ReasonLinkDeceptive),
			refused(aliExpressLink("_rival", "https://pt.aliexpress.com.evil.example/item/1005001112223.html"), core.ReasonLinkDeceptive),
			refused(aliExpressLink("_rival", "https://pt.aliexpress.com@evil.example/item/1005001112223.html"), core.ReasonLinkDeceptive),
			refused(aliExpressLink("_rival", "https://pt.aliexpress.com:8080/item/1005001112223.html"), core.ReasonLinkDeceptive),
			refused(aliExpressLink("_rival", "javascript:alert(1)"), core.ReasonLinkDeceptive),
			refused(aliExpressLink("_rival", pt)+"&DL_target_url=https%3A%2F%2Fevil.example", core.ReasonLinkDeceptive),
			refused(nested(12, pt), core.ReasonLinkDeceptive),
			refused(share("https://evil.example/"), core.ReasonLinkDeceptive),
			refused("https://s.click.aliexpress.com/deep_link.htm?aff_short_key=_rival", core.ReasonLinkNotProduct),
			refused("https://m.aliexpress.com/p/coin-index/index.html?productIds=1005001112223&productids=1005009998887", core.ReasonLinkDeceptive),
			refused("https://m.aliexpress.com/p/coin-index/index.html?productIds=1005001112223,1005009998887", core.ReasonLinkNotProduct),
			refused("https://m.aliexpress.com/p/coin-index/index.html", core.ReasonLinkNotProduct),
			refused("https://www.aliexpress.com//item/1005001112223.html", core.ReasonLinkDeceptive),
			refused("https://www.aliexpress.com/item/1005001112223.html/rival", core.ReasonLinkNotProduct),
			refused("https://www.aliexpress.com/item/1005001112223.html%3Faff=rival", core.ReasonLinkNotProduct),
			refused("https://sale.aliexpress.com/item/1005001112223.html", core.ReasonLinkNotProduct),
			refused("https://www.aliexpress.com/", core.ReasonLinkNotProduct),
			refused("https://s.click.aliexpress.com/e/_c3ABcdE/x", core.ReasonLinkNotProduct),
			{link: "https://aliexpress.com.evil.example/item/1005001112223.html", kind: Unknown, key: "aliexpress.com.evil.example:/item/1005001112223.html", reason: core.ReasonLinkUnknownStore},
			{link: "https://xaliexpress.com/item/1005001112223.html", kind: Unknown, key: "xaliexpress.com:/item/1005001112223.html", reason: core.ReasonLinkUnknownStore},
		},
		forged: []string{
			"https://s.click.aliexpress.com/e/_c3ABcdE",
			aliExpressLink("", pt),
			aliExpressLink("_ours1", "https://evil.example/item/1005001112223.html"),
			aliExpressLink("_ours1", "https://px.aliexpress.com/item/1005001112223.html"),
			aliExpressLink("_ours1", pt+"?aff_short_key=_rival"),
			aliExpressLink("_ours1", pt+"#aff_short_key=_rival"),
			aliExpressLink("_ours1", aliExpressLink("_rival", pt)),
			aliExpressLink("_ours1", coins+"&aff_fsk=_rival"),
			aliExpressLink("_ours1", coins+",1005009998887"),
			"https://s.click.aliexpress.com/deep_link.htm?dl_target_url=" + url.QueryEscape(pt) + "&aff_short_key=_ours1",
			"https://s.click.aliexpress.com/deep_link.htm?aff_short_key=_ours1&dl_target_url=" + pt,
		},
	}.run(t)
}

func nested(n int, target string) string {
	for range n {
		target = aliExpressLink("_rival", target)
	}
	return target
}

func TestAliExpressTagNeedsKeyOrAPI(t *testing.T) {
	r, err := NewRegistry(AliExpress{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"aff_short_key": "_ours1", "app_key": "512345", "app_secret": "abcdef0123456789", "tracking_id": "nossa"}
	for _, c := range []struct {
		names   []string
		missing string
		mints   bool
	}{
		{names: []string{"aff_short_key"}},
		{names: []string{"app_key", "app_secret", "tracking_id"}, mints: true},
		{names: []string{"aff_short_key", "app_key", "app_secret", "tracking_id"}, mints: true},
		{missing: "aff_short_key"},
		{names: []string{"app_secret", "tracking_id"}, missing: "app_key"},
		{names: []string{"app_key", "tracking_id"}, missing: "app_secret"},
		{names: []string{"aff_short_key", "app_key", "app_secret"}, missing: "tracking_id"},
	} {
		tag := core.Tag{Store: "aliexpress", Fields: map[string]string{}}
		for _, name := range c.names {
			tag.Fields[name] = all[name]
		}
		_, err := r.CheckTag(tag)
		if c.missing == "" {
			if err != nil || (AliExpress{}).CanMint(tag) != c.mints {
				t.Errorf("%v: %v, mints %t", c.names, err, AliExpress{}.CanMint(tag))
			}
			continue
		}
		var e *core.Error
		if !errors.As(err, &e) || e.Field != "fields."+c.missing || e.Reason != core.ReasonTagFieldMissing {
			t.Errorf("%v: %v, want %s to be missing", c.names, err, c.missing)
		}
	}
}

// With the API alone nothing can be made offline, and nothing offline is proven.
func TestAliExpressMinted(t *testing.T) {
	r, err := NewRegistry(AliExpress{})
	if err != nil {
		t.Fatal(err)
	}
	const item, made = "https://pt.aliexpress.com/item/1005001112223.html", "https://s.click.aliexpress.com/e/_c3ABcdE"
	tag := core.Tag{Store: "aliexpress", Fields: map[string]string{"app_key": "512345", "app_secret": "abcdef0123456789", "tracking_id": "nossa"}}
	_, err = r.Rewrite(r.Classify(item), []core.Tag{tag})
	var e *core.Error
	if !errors.As(err, &e) || e.Reason != core.ReasonMintFailed {
		t.Errorf("Rewrite: %v, want %s", err, core.ReasonMintFailed)
	}
	for _, link := range []string{made, aliExpressLink("", item), aliExpressLink("nossa", item)} {
		if r.Verify(link, []core.Tag{tag}) == nil {
			t.Errorf("proven: %s", link)
		}
	}
	record := core.MintedLink{Link: made, Store: "aliexpress", Target: item, TagPrint: tag.Print()}
	identity := r.Identity([]core.Tag{tag})
	if err := identity.VerifyMinted(made, record, core.SubID{}); err != nil {
		t.Errorf("the record is no proof: %v", err)
	}
	for _, link := range []string{
		"http://s.click.aliexpress.com/e/_c3ABcdE", made + "?af=rival", made + "#x", made + "/x", made + "%20",
		"https://s.click.aliexpress.com:444/e/_c3ABcdE", "https://s.click.aliexpress.com/e/c3ABcdE",
		"https://s.click.aliexpress.com/s/_c3ABcdE", "https://a.aliexpress.com/_c3ABcdE", "https://s.click.aliexpress.us/e/_c3ABcdE",
		"https://s.click.aliexpress.com.evil.example/e/_c3ABcdE",
	} {
		if identity.MayBeMinted(link) {
			t.Errorf("taken for a link of the API: %s", link)
		}
	}
}

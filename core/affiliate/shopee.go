package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Shopee is Shopee Brazil. Its affiliate link is a redirector that names the product and
// the affiliate: s.shopee.com.br/an_redir?origin_link=…&affiliate_id=….
type Shopee struct{}

// Slug implements [Store].
func (Shopee) Slug() string { return "shopee" }

// Name implements [Store].
func (Shopee) Name() string { return "Shopee" }

// Marketplaces implements [Store].
func (Shopee) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Shopee) Fields() []Field {
	return []Field{{
		Name: "affiliate_id", Main: true, Required: true, Example: "18312345678",
		Check: func(v string) bool { return allBytes(v, 4, 20, isDigit) },
		Help: map[core.Language]string{
			core.Portuguese: "O número de afiliado, que aparece no topo do painel de afiliados da Shopee.",
			core.English:    "The affiliate number shown at the top of the Shopee affiliate panel.",
		},
	}}
}

// Classify implements [Store].
func (s Shopee) Classify(u URL) (Target, bool) { return s.classify(u, 0) }

func (s Shopee) classify(u URL, layer int) (Target, bool) {
	if !shopeeHost(u.Host) {
		return Target{}, false
	}
	if param := shopeeRedirect(u); param != "" {
		value, n := queryParam(u.Query, param)
		if n == 0 {
			return refuse("shopee", core.ReasonLinkNotProduct, u.Host), true
		}
		// The redirectors are open: only a target at Shopee, given once, is trusted.
		inner, err := Parse(unwrapTwice(value))
		if n > 1 || err != nil || inner.Port != "" || layer == maxLayers || !shopeeHost(inner.Host) {
			return refuse("shopee", core.ReasonLinkDeceptive, u.Host), true
		}
		return s.classify(inner, layer+1)
	}
	switch u.Host {
	case "s.shopee.com.br", "shope.ee", "shp.ee", "br.shp.ee", "s.shp.ee":
		if t, ok := shortLink("shopee", u); ok {
			return t, true
		}
	case "shopee.com.br", "www.shopee.com.br", "m.shopee.com.br":
		if shop, item, ok := shopeeProduct(u.Path); ok {
			return Target{
				Kind: Product, Store: "shopee",
				ProductKey: "shopee:" + shop + "." + item,
				URL:        "https://shopee.com.br/product/" + shop + "/" + item,
			}, true
		}
	}
	// Campaigns, coupons, lives and shops: the link forms that pay for them are unproven.
	return refuse("shopee", core.ReasonLinkNotProduct, u.Host), true
}

func shopeeHost(host string) bool {
	return hostWithin(host, "shopee.com.br") || hostWithin(host, "shope.ee") || hostWithin(host, "shp.ee")
}

// shopeeRedirect names the parameter that holds the target when u is a redirector.
func shopeeRedirect(u URL) string {
	switch strings.TrimSuffix(u.Path, "/") {
	case "/an_redir":
		return "origin_link"
	case "/universal-link":
		return "redir"
	}
	return ""
}

// shopeeProduct reads /product/<shop>/<item>, /opaanlp/<shop>/<item> and
// /<slug>-i.<shop>.<item>.
func shopeeProduct(path string) (shop, item string, ok bool) {
	parts, ok := segments(path)
	switch {
	case !ok:
		return "", "", false
	case len(parts) == 3 && (parts[0] == "product" || parts[0] == "opaanlp"):
		shop, item = parts[1], parts[2]
	case len(parts) == 1:
		i := strings.LastIndex(parts[0], "i.")
		if i < 0 || i > 0 && parts[0][i-1] != '-' {
			return "", "", false
		}
		shop, item, _ = strings.Cut(parts[0][i+2:], ".")
	default:
		return "", "", false
	}
	return shop, item, allBytes(shop, 1, 20, isDigit) && allBytes(item, 1, 20, isDigit)
}

// Rewrite implements [Store].
func (Shopee) Rewrite(t Target, tag core.Tag) (string, error) {
	return "https://s.shopee.com.br/an_redir?origin_link=" + url.QueryEscape(t.URL) +
		"&affiliate_id=" + tag.Fields["affiliate_id"], nil
}

// Verify implements [Store]. The whole link is compared, so a second id, a sub-id or another
// target anywhere in it fails.
func (Shopee) Verify(u URL, tag core.Tag) error {
	const origin = "origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F"
	if u.Scheme != "https" || u.Host != "s.shopee.com.br" || u.Port != "" || u.Path != "/an_redir" || u.Fragment != "" {
		return errIdentity
	}
	middle, hasOrigin := strings.CutPrefix(u.Query, origin)
	middle, hasID := strings.CutSuffix(middle, "&affiliate_id="+tag.Fields["affiliate_id"])
	shop, item, both := strings.Cut(middle, "%2F")
	if !hasOrigin || !hasID || !both || shop == "" || item == "" || strings.Trim(shop+item, "0123456789") != "" {
		return errIdentity
	}
	return nil
}

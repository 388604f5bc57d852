package affiliate

import (
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Shopee is Shopee Brazil. Its affiliate link is a redirector that names the product and
// the affiliate: s.shopee.com.br/an_redir?origin_link=…&affiliate_id=….
type Shopee struct{}

const shopeeProductURL = "https://shopee.com.br/product/"

// Slug implements [Store].
func (Shopee) Slug() string { return "shopee" }

// Name implements [Store].
func (Shopee) Name() string { return "Shopee" }

// Hosts implements [Store].
func (Shopee) Hosts() []string {
	return []string{"shopee.com.br", "shope.ee", "shp.ee"}
}

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
	}, {
		Name: "app_id", Example: "18312345678",
		Check: func(v string) bool { return allBytes(v, 4, 20, isDigit) },
		Help: map[core.Language]string{
			core.Portuguese: "Opcional, junto com app_secret: o AppID, no painel de afiliados da Shopee, em Open API. Com ele saem links curtos e também páginas de cupons e campanhas.",
			core.English:    "Optional, together with app_secret: the AppID, in the Shopee affiliate panel under Open API. With it links are short, and coupon and campaign pages can go out too.",
		},
	}, {
		Name: "app_secret", Secret: true, Example: "EXEMPLO234567EXEMPLO234567EXEMPL",
		Check: func(v string) bool { return allBytes(v, 16, 128, isAlnum) },
		Help: map[core.Language]string{
			core.Portuguese: "Opcional, junto com app_id: a senha da API (Secret), no mesmo lugar do painel de afiliados, em Open API.",
			core.English:    "Optional, together with app_id: the API's Secret, at the same place of the affiliate panel under Open API.",
		},
	}}
}

// Missing wants both credentials of the API or none.
func (Shopee) Missing(tag core.Tag) string {
	id, secret := tag.Fields["app_id"] != "", tag.Fields["app_secret"] != ""
	switch {
	case id && !secret:
		return "app_secret"
	case secret && !id:
		return "app_id"
	}
	return ""
}

// CanMint implements [Minter].
func (Shopee) CanMint(tag core.Tag) bool {
	return tag.Fields["app_id"] != "" && tag.Fields["app_secret"] != ""
}

// Minted implements [Minter].
func (Shopee) Minted(u URL) bool {
	code, ok := strings.CutPrefix(u.Path, "/")
	return ok && u.Scheme == "https" && u.Host == "s.shopee.com.br" && u.Port == "" &&
		u.Query == "" && u.Fragment == "" && allBytes(code, 4, 32, isAlnum)
}

// Classify implements [Store].
func (s Shopee) Classify(u URL) (Target, bool) { return s.classify(u, 0) }

func (s Shopee) classify(u URL, layer int) (Target, bool) {
	if !shopeeHost(u.Host) {
		return Target{}, false
	}
	u.Path = shopeePath(u)
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
				URL:        shopeeProductURL + shop + "/" + item,
			}, true
		}
		if page, ok := shopeePage(u.Path); ok {
			return Target{Kind: Page, Store: "shopee", URL: "https://shopee.com.br" + page, MintOnly: true}, true
		}
	}
	// Lives, shops and all else: the link forms that pay for them are unproven.
	return refuse("shopee", core.ReasonLinkNotProduct, u.Host), true
}

func shopeeHost(host string) bool {
	return hostWithin(host, "shopee.com.br") || hostWithin(host, "shope.ee") || hostWithin(host, "shp.ee")
}

// shopeePath is u's path without the "universal-link/" that opens the same page in the app.
// With a target beside it, the target counts.
func shopeePath(u URL) string {
	if page, ok := strings.CutPrefix(u.Path, "/universal-link/"); ok {
		if _, n := queryParam(u.Query, "redir"); n > 0 {
			return "/universal-link"
		}
		return "/" + page
	}
	return u.Path
}

// shopeeRedirect names the parameter that holds the target when u is a redirector, or the
// page that asks visitors to sign in.
func shopeeRedirect(u URL) string {
	switch strings.TrimSuffix(u.Path, "/") {
	case "/an_redir":
		return "origin_link"
	case "/universal-link":
		return "redir"
	case "/buyer/login":
		return "next"
	}
	return ""
}

// shopeePage knows the pages that are nobody's: the voucher wallet and Shopee's campaigns.
// The offline link form is unproven for them.
func shopeePage(path string) (page string, ok bool) {
	page = strings.TrimSuffix(path, "/")
	slug, campaign := strings.CutPrefix(page, "/m/")
	if campaign && allBytes(slug, 1, 128, isPathByte) && isAlnum(slug[0]) && !strings.HasPrefix(strings.ToLower(slug), "an_") {
		return page, true
	}
	return page, page == "/user/voucher-wallet"
}

// shopeeProduct reads /<word>/<shop>/<item> and /<slug>-i.<shop>.<item>. The word is
// "product", "opaanlp" or the name of the shop.
func shopeeProduct(path string) (shop, item string, ok bool) {
	path, ok = trimPath(path)
	if !ok {
		return "", "", false
	}
	if first, rest, more := strings.Cut(path, "/"); more {
		if !shopeeShop(first) {
			return "", "", false
		}
		shop, item, _ = strings.Cut(rest, "/")
	} else {
		i := strings.LastIndex(path, "i.")
		if i < 0 || i > 0 && path[i-1] != '-' {
			return "", "", false
		}
		shop, item, _ = strings.Cut(path[i+2:], ".")
	}
	return shop, item, allBytes(shop, 1, 20, isDigit) && allBytes(item, 1, 20, isDigit)
}

// shopeeShop says whether a word may be a shop's name: the others are parts of the site.
func shopeeShop(word string) bool {
	switch word {
	case "shop", "shops", "mall", "live", "user", "buyer", "seller", "search", "list", "collections", "events", "api", "cart":
		return false
	}
	return allBytes(word, 3, 64, isPathByte)
}

// Rewrite implements [Store]. The sub-ids of the programme are joined by "-".
func (Shopee) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	ids, ok := strings.CutPrefix(t.URL, shopeeProductURL)
	shop, item, _ := strings.Cut(ids, "/")
	if !ok || t.MintOnly {
		return "", core.NewError(core.CodePrecondition, core.ReasonLinkNeedsAPI, "Shopee")
	}
	link := "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F" + shop + "%2F" + item +
		"&affiliate_id=" + tag.Fields["affiliate_id"]
	if sub != (core.SubID{}) {
		link += "&sub_id=" + sub.Group + "-" + sub.Offer
	}
	return link, nil
}

// Verify implements [Store]. The whole link is compared, so a second id, another sub-id or
// another target anywhere in it fails.
func (Shopee) Verify(u URL, tag core.Tag, sub core.SubID) error {
	const origin = "origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F"
	if u.Host != "s.shopee.com.br" || u.Path != "/an_redir" || u.Scheme != "https" || u.Port != "" || u.Fragment != "" {
		return errIdentity
	}
	query := u.Query
	if sub != (core.SubID{}) {
		query = cutProvenSub(query, "&sub_id=", sub.Group+"-"+sub.Offer)
	}
	middle, hasOrigin := strings.CutPrefix(query, origin)
	middle, id, hasID := strings.Cut(middle, "&affiliate_id=")
	shop, item, both := strings.Cut(middle, "%2F")
	if !hasOrigin || !hasID || !both || id != tag.Fields["affiliate_id"] || !onlyDigits(shop, 20) || !onlyDigits(item, 20) {
		return errIdentity
	}
	return nil
}

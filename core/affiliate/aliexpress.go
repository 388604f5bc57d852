package affiliate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// AliExpress pays through links of its own: a redirector that names the affiliate and the
// page, s.click.aliexpress.com/deep_link.htm?aff_short_key=…&dl_target_url=…, and short
// links that its API makes for tenants who give their credentials. It implements [Minter].
//
// The page of a product in the app's coin programme has a price of its own, so a link to it
// stays a link to it; its key is that of the product.
type AliExpress struct{}

// Slug implements [Store].
func (AliExpress) Slug() string { return "aliexpress" }

// Name implements [Store].
func (AliExpress) Name() string { return "AliExpress" }

// Hosts implements [Store].
func (AliExpress) Hosts() []string { return []string{"aliexpress.com", "aliexpress.us"} }

// Marketplaces implements [Store].
func (AliExpress) Marketplaces() []string { return nil }

// Fields implements [Store]. A tag has the key, the three API fields or all of them; see
// [AliExpress.Missing].
func (AliExpress) Fields() []Field {
	return []Field{{
		Name: "aff_short_key", Main: true, Example: "_c3ABcdE",
		Check: func(v string) bool { return allBytes(v, 4, 32, func(c byte) bool { return isAlnum(c) || c == '_' }) },
		Help: map[core.Language]string{
			core.Portuguese: "A chave que aparece depois de aff_short_key= nos links do AliExpress Portals. Dispensável com os dados da API.",
			core.English:    "The key after aff_short_key= in links of AliExpress Portals. Not needed with the API's data.",
		},
	}, {
		Name: "app_key", Example: "512345",
		Check: func(v string) bool { return allBytes(v, 4, 20, isDigit) },
		Help: map[core.Language]string{
			core.Portuguese: "O App Key do seu aplicativo em openservice.aliexpress.com. Com app_secret e tracking_id, os links são curtos e oficiais.",
			core.English:    "The App Key of your app at openservice.aliexpress.com. With app_secret and tracking_id, links are short and official.",
		},
	}, {
		Name: "app_secret", Secret: true,
		Check: func(v string) bool { return allBytes(v, 8, 64, isAlnum) },
		Help: map[core.Language]string{
			core.Portuguese: "O App Secret do mesmo aplicativo. Fica cifrado e não é mostrado de novo.",
			core.English:    "The App Secret of the same app. It is stored encrypted and never shown again.",
		},
	}, {
		Name: "tracking_id", Example: "minhaloja",
		Help: map[core.Language]string{
			core.Portuguese: "O Tracking ID criado no AliExpress Portals, que recebe as comissões.",
			core.English:    "The Tracking ID made in AliExpress Portals, which the commissions go to.",
		},
	}}
}

// aliExpressAPI are the fields that its API needs together.
var aliExpressAPI = []string{"app_key", "app_secret", "tracking_id"}

// Missing names the field without which a tag cannot make links, neither with the key nor
// with all the fields of the API. Half the credentials are a mistake in either case.
func (AliExpress) Missing(tag core.Tag) string {
	missing, given := "", 0
	for _, name := range aliExpressAPI {
		if tag.Fields[name] != "" {
			given++
		} else if missing == "" {
			missing = name
		}
	}
	if given == 0 {
		missing = ""
		if tag.Fields["aff_short_key"] == "" {
			missing = "aff_short_key"
		}
	}
	return missing
}

// CanMint implements [Minter].
func (AliExpress) CanMint(tag core.Tag) bool {
	return !slices.ContainsFunc(aliExpressAPI, func(name string) bool { return tag.Fields[name] == "" })
}

// Minted implements [Minter].
func (AliExpress) Minted(u URL) bool {
	code, ok := strings.CutPrefix(u.Path, "/e/_")
	return ok && u.Scheme == "https" && u.Host == "s.click.aliexpress.com" && u.Port == "" &&
		u.Query == "" && u.Fragment == "" && allBytes(code, 3, 32, isAlnum)
}

// Classify implements [Store].
func (s AliExpress) Classify(u URL) (Target, bool) { return s.classify(u, 0) }

func (s AliExpress) classify(u URL, layer int) (Target, bool) {
	site, ok := aliExpressSite(u.Host)
	if !ok {
		return Target{}, false
	}
	if param := aliExpressRedirect(u); param != "" {
		value, n := queryParam(u.Query, param)
		if n == 0 {
			return refuse("aliexpress", core.ReasonLinkNotProduct, u.Host), true
		}
		// The redirectors are open: only a target at AliExpress, given once, is trusted.
		inner, err := Parse(unwrapTwice(value))
		if n == 1 && err == nil && inner.Port == "" && layer < maxLayers {
			if t, ok := s.classify(inner, layer+1); ok {
				return t, true
			}
		}
		return refuse("aliexpress", core.ReasonLinkDeceptive, u.Host), true
	}
	parts, clean := segments(u.Path)
	switch {
	case !clean:
		return refuse("aliexpress", core.ReasonLinkDeceptive, u.Host), true
	case aliExpressShort(u.Host, parts):
		return Target{Kind: Short, Store: "aliexpress", URL: "https://" + u.Host + "/" + strings.Join(parts, "/")}, true
	case site == "":
		return refuse("aliexpress", core.ReasonLinkNotProduct, u.Host), true
	}
	if id := aliExpressItem(parts); id != "" {
		return aliExpressProduct(id, "https://"+site+"/item/"+id+".html"), true
	}
	if strings.Join(parts, "/") == "p/coin-index/index.html" {
		id, n := queryParam(u.Query, "productIds")
		switch {
		case n == 1 && aliExpressID(id):
			return aliExpressProduct(id, aliExpressCoins+id), true
		case n > 1:
			return refuse("aliexpress", core.ReasonLinkDeceptive, u.Host), true
		}
	}
	return refuse("aliexpress", core.ReasonLinkNotProduct, u.Host), true
}

// aliExpressCoins is the coin programme's page, to be followed by a product id, as the app
// shares it. It is the same page whatever the language.
const aliExpressCoins = "https://m.aliexpress.com/p/coin-index/index.html?_immersiveMode=true&from=syicon&productIds="

func aliExpressProduct(id, link string) Target {
	return Target{Kind: Product, Store: "aliexpress", ProductKey: "aliexpress:" + id, URL: link}
}

// aliExpressLanguages are the sites below aliexpress.com that show the same items.
var aliExpressLanguages = []string{
	"ar", "de", "es", "fr", "he", "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "vi",
}

// aliExpressSite returns the site that shows items for a host of AliExpress, "" for a host
// that shows none; ok=false for a host of somebody else. The mobile hosts lead to the same
// items as their site.
func aliExpressSite(host string) (site string, ok bool) {
	for _, domain := range []string{"aliexpress.com", "aliexpress.us"} {
		if !hostWithin(host, domain) {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(host, domain), ".")
		name = strings.TrimPrefix(strings.TrimPrefix(name, "m."), "www.")
		switch {
		case name == "", name == "www", name == "m":
			return "www." + domain, true
		case domain == "aliexpress.com" && slices.Contains(aliExpressLanguages, name):
			return name + "." + domain, true
		}
		return "", true
	}
	return "", false
}

// aliExpressRedirect names the parameter that holds the target when u is a redirector.
func aliExpressRedirect(u URL) string {
	switch u.Host + strings.TrimSuffix(u.Path, "/") {
	case "s.click.aliexpress.com/deep_link.htm":
		return "dl_target_url"
	case "star.aliexpress.com/share/share.htm":
		return "redirectUrl"
	}
	return ""
}

// aliExpressShort knows the forms of short links. Their query may carry somebody's identity
// and is not needed.
func aliExpressShort(host string, parts []string) bool {
	code := ""
	switch {
	case host == "s.click.aliexpress.com" && len(parts) == 2 && (parts[0] == "e" || parts[0] == "s"):
		code = parts[1]
	case (host == "a.aliexpress.com" || host == "star.aliexpress.com") && len(parts) == 1:
		code = parts[0]
	}
	return allBytes(code, 1, 512, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' })
}

// aliExpressItem reads item/<id>.html, item/<slug>/<id>.html and i/<id>.html.
func aliExpressItem(parts []string) string {
	if n := len(parts); n == 2 && (parts[0] == "item" || parts[0] == "i") || n == 3 && parts[0] == "item" {
		if id, ok := strings.CutSuffix(parts[n-1], ".html"); ok && aliExpressID(id) {
			return id
		}
	}
	return ""
}

func aliExpressID(s string) bool { return allBytes(s, 6, 20, isDigit) }

// Rewrite implements [Store]. A tag with the API's fields alone cannot make a link here:
// [core.ReasonMintFailed]. No place for a sub-id in the redirector is documented.
func (AliExpress) Rewrite(t Target, tag core.Tag, _ core.SubID) (string, error) {
	key := tag.Fields["aff_short_key"]
	if key == "" {
		return "", core.NewError(core.CodePrecondition, core.ReasonMintFailed, "AliExpress")
	}
	return "https://s.click.aliexpress.com/deep_link.htm?aff_short_key=" + key + "&dl_target_url=" + url.QueryEscape(t.URL), nil
}

// provenAliExpressPage is the encoded target of a link of ours: an item or the coin page.
var provenAliExpressPage = regexp.MustCompile(`^https%3A%2F%2F(?:` +
	`(?:www\.aliexpress\.us|(?:www|ar|de|es|fr|he|id|it|ja|ko|nl|pl|pt|ru|th|tr|vi)\.aliexpress\.com)%2Fitem%2F[0-9]{6,20}\.html|` +
	`m\.aliexpress\.com%2Fp%2Fcoin-index%2Findex\.html%3F_immersiveMode%3Dtrue%26from%3Dsyicon%26productIds%3D[0-9]{6,20})$`)

// Verify implements [Store]. The whole link is compared; a short link shows nothing and is
// never proven here.
func (AliExpress) Verify(u URL, tag core.Tag, _ core.SubID) error {
	key := tag.Fields["aff_short_key"]
	page, ours := strings.CutPrefix(u.Query, "aff_short_key="+key+"&dl_target_url=")
	if key == "" || !ours || u.Scheme != "https" || u.Host != "s.click.aliexpress.com" || u.Port != "" ||
		u.Path != "/deep_link.htm" || u.Fragment != "" || !provenAliExpressPage.MatchString(page) {
		return errIdentity
	}
	return nil
}

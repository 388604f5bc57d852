package affiliate

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/autopromo-cloud/autopromo/core"
)

// Amazon pays per marketplace through the query parameter "tag".
type Amazon struct{}

// amazonMarketplaces are the domains with a programme of their own.
var amazonMarketplaces = []string{
	"amazon.com.br", "amazon.com", "amazon.com.mx", "amazon.es", "amazon.co.uk", "amazon.de",
	"amazon.fr", "amazon.it", "amazon.ca", "amazon.co.jp", "amazon.in", "amazon.nl", "amazon.pl",
	"amazon.se", "amazon.com.au", "amazon.ae", "amazon.sa", "amazon.sg", "amazon.com.tr", "amazon.com.be",
}

// Slug implements [Store].
func (Amazon) Slug() string { return "amazon" }

// Name implements [Store].
func (Amazon) Name() string { return "Amazon" }

// Marketplaces implements [Store].
func (Amazon) Marketplaces() []string { return slices.Clone(amazonMarketplaces) }

// Fields implements [Store].
func (Amazon) Fields() []Field {
	return []Field{{
		Name: "tag", Main: true, Required: true, Example: "minhaloja-20",
		Check: amazonTrackingID,
		Help: map[core.Language]string{
			core.Portuguese: "O ID de rastreamento do Programa de Associados, com o sufixo, como minhaloja-20.",
			core.English:    "The tracking id of the Associates programme with its suffix, such as minhaloja-20.",
		},
	}}
}

// amazonTrackingID accepts letters, digits and hyphens that end in a two-digit suffix.
func amazonTrackingID(v string) bool {
	n := len(v)
	return allBytes(v, 4, 64, func(c byte) bool { return isAlnum(c) || c == '-' }) &&
		v[n-3] == '-' && isDigit(v[n-2]) && isDigit(v[n-1])
}

// Classify implements [Store]. A seller pin (smid, m) is dropped and does not change the
// key: the product page is what the tag is paid for, and the same product from another
// seller is the same news to a group.
func (Amazon) Classify(u URL) (Target, bool) {
	switch u.Host {
	case "amzn.to", "a.co", "amzn.eu", "link.amazon", "amzlink.to", "amzn.divulgador.link":
		if t, ok := shortLink("amazon", u); ok {
			return t, true
		}
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	if !strings.Contains(u.Host, "amazon.") {
		return Target{}, false
	}
	i := slices.IndexFunc(amazonMarketplaces, func(m string) bool { return hostWithin(u.Host, m) })
	if i < 0 {
		return Target{}, false
	}
	market := amazonMarketplaces[i]
	parts, ok := segments(u.Path)
	if !ok {
		return refuse("amazon", core.ReasonLinkDeceptive, u.Host), true
	}
	switch strings.TrimSuffix(u.Host, market) {
	case "", "www.", "m.", "smile.":
	default:
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	if asin := amazonASIN(parts); asin != "" {
		return Target{
			Kind: Product, Store: "amazon", Marketplace: market,
			ProductKey: "amazon:" + market + ":" + asin,
			URL:        "https://www." + market + "/dp/" + asin,
		}, true
	}
	if len(parts) > 0 && (parts[0] == "shop" || parts[0] == "hz" || parts[0] == "live") {
		return refuse("amazon", core.ReasonLinkForeignProfile, u.Host), true
	}
	page, ok := amazonPage(parts)
	if !ok {
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	query, ok := amazonSearch(u.Query)
	if !ok {
		return refuse("amazon", core.ReasonLinkDeceptive, u.Host), true
	}
	if query != "" {
		page += "?" + query
	}
	return Target{Kind: Page, Store: "amazon", Marketplace: market, URL: "https://www." + market + page}, true
}

// amazonASIN finds the product id behind one of the markers Amazon has used. Books have
// ISBN-10s, so it need not begin with B0.
func amazonASIN(parts []string) string {
	for i, p := range parts {
		var after int
		switch p := strings.ToLower(p); {
		case p == "dp", p == "product":
			after = i + 1
		case p == "d" && i > 0 && parts[i-1] == "aw":
			after = i + 1
		case p == "offer-listing" && i > 0 && parts[i-1] == "gp":
			after = i + 1
		case p == "asin" && i > 0 && (parts[i-1] == "o" || parts[i-1] == "obidos"):
			after = i + 1
		}
		if after > 0 && after < len(parts) && allBytes(parts[after], 10, 10, isAlnum) {
			return strings.ToUpper(parts[after])
		}
	}
	return ""
}

// amazonPage returns the path of a page that is known to be nobody's: the store's own
// searches, campaigns and brand pages. What follows "ref=" is tracking.
func amazonPage(parts []string) (string, bool) {
	for i, p := range parts {
		if strings.HasPrefix(p, "ref=") {
			parts = parts[:i]
			break
		}
	}
	if len(parts) == 0 {
		return "/", true
	}
	first := parts[0]
	if first == "gp" && len(parts) > 1 {
		first = "gp/" + parts[1]
	}
	switch first {
	case "s", "b", "dp", "deals", "promotion", "events", "prime", "amazonprime", "coupons",
		"stores", "bestsellers", "gp/goldbox", "gp/bestsellers", "gp/browse.html",
		"gp/new-releases", "gp/movers-and-shakers", "gp/prime", "gp/product":
	default:
		return "", false
	}
	for _, p := range parts {
		if !allBytes(p, 1, 128, isPathByte) || amazonTrackingID(p) {
			return "", false
		}
	}
	return "/" + strings.Join(parts, "/"), true
}

// isPathByte accepts what needs no escape and has no meaning of its own in a path.
func isPathByte(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' || c == '~' }

// amazonSearch keeps what a search or category page needs, in a fixed order; ok=false when a
// value could carry somebody's identity.
func amazonSearch(query string) (kept string, ok bool) {
	var pairs []string
	for _, name := range []string{"k", "i", "rh", "node"} {
		value, n := queryParam(query, name)
		if n != 1 || value == "" {
			continue
		}
		if !amazonSearchValue(value) {
			return "", false
		}
		pairs = append(pairs, name+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&"), true
}

// amazonSearchValue accepts words and filters ("n:165,p_36:1000-5000"), but no parameter, no
// address, nothing encoded once more and no tracking id: the page would show somebody else's
// name to whoever opens it.
func amazonSearchValue(value string) bool {
	if hasControl(value) || strings.ContainsAny(value, "=&%#?;@/\\<>\"") {
		return false
	}
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r != '-' && (r > 'z' || !isAlnum(byte(r))) }) {
		n := len(word)
		if n > 3 && word[n-3] == '-' && isDigit(word[n-2]) && isDigit(word[n-1]) && strings.ContainsFunc(word, unicode.IsLetter) {
			return false
		}
	}
	return true
}

func hasControl(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) >= 0
}

// Rewrite implements [Store].
func (Amazon) Rewrite(t Target, tag core.Tag) (string, error) {
	link := t.URL
	if strings.Contains(link, "?") {
		return link + "&tag=" + tag.Fields["tag"], nil
	}
	return link + "?tag=" + tag.Fields["tag"], nil
}

// Verify implements [Store].
func (Amazon) Verify(u URL, tag core.Tag) error {
	want := "tag=" + tag.Fields["tag"]
	if u.Scheme != "https" || u.Host != "www."+tag.Marketplace || u.Port != "" || u.Fragment != "" {
		return errIdentity
	}
	if asin, isProduct := strings.CutPrefix(u.Path, "/dp/"); isProduct && len(asin) == 10 {
		for i := range len(asin) {
			if !isDigit(asin[i]) && (asin[i] < 'A' || asin[i] > 'Z') {
				return errIdentity
			}
		}
		if u.Query != want {
			return errIdentity
		}
		return nil
	}
	if !provenAmazonPage(u.Path, u.Query, want) {
		return errIdentity
	}
	return nil
}

// provenAmazonPage reads the path and query of a page strictly: no escapes or signs in the
// path, no profile, no segment shaped like a tracking id; the parameters a search needs at
// most once each, and want as the last one.
func provenAmazonPage(path, query, want string) bool {
	for _, segment := range strings.Split(path, "/")[1:] {
		if strings.ContainsAny(segment, "%=:;,@!$&'()*+") ||
			segment == "shop" || segment == "hz" || segment == "live" {
			return false
		}
		if n := len(segment); n > 3 && segment[n-3] == '-' && strings.Trim(segment[n-2:], "0123456789") == "" {
			return false
		}
	}
	pairs := strings.Split(query, "&")
	last := len(pairs) - 1
	seen := map[string]bool{}
	for _, pair := range pairs[:last] {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "k", "i", "rh", "node":
		default:
			return false
		}
		shown, err := url.QueryUnescape(value)
		if seen[name] || err != nil || value == "" || strings.ContainsAny(value, "=;#?/@") || signInSearch.MatchString(shown) {
			return false
		}
		seen[name] = true
	}
	return pairs[last] == want
}

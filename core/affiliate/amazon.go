package affiliate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

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

// Hosts implements [Store].
func (Amazon) Hosts() []string {
	return append(slices.Clone(amazonMarketplaces),
		"amzn.to", "a.co", "amzn.eu", "amzn.com", "amzn.asia", "link.amazon", "amzlink.to", "amzn.divulgador.link")
}

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
	if amazonShort(strings.TrimPrefix(u.Host, "www.")) {
		if t, ok := shortLink("amazon", u); ok {
			return t, true
		}
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	market := amazonMarket(u.Host)
	click, isClick := amazonClick(u)
	if isClick {
		u.Path = click
	}
	path, clean := trimPath(u.Path)
	switch {
	case !clean:
		return refuse("amazon", core.ReasonLinkDeceptive, u.Host), true
	case market == "":
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	asin, ok := amazonASIN(path)
	switch {
	case !ok:
		return refuse("amazon", core.ReasonLinkDeceptive, u.Host), true
	case asin != "":
		return Target{
			Kind: Product, Store: "amazon", Marketplace: market,
			ProductKey: "amazon:" + market + ":" + asin,
			URL:        "https://www." + market + "/dp/" + asin,
		}, true
	case isClick:
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	path = amazonPath(path)
	if amazonPersonal(path) {
		return refuse("amazon", core.ReasonLinkForeignProfile, u.Host), true
	}
	page, ok := amazonPage(path)
	if !ok {
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	query, ok := amazonSearch(u.Query)
	if !ok {
		return refuse("amazon", core.ReasonLinkDeceptive, u.Host), true
	}
	if amazonList(page) && (query == "" || amazonSeller(u.Query)) {
		return refuse("amazon", core.ReasonLinkNotProduct, u.Host), true
	}
	if query != "" {
		page += "?" + query
	}
	return Target{Kind: Page, Store: "amazon", Marketplace: market, URL: "https://www." + market + page}, true
}

// amazonClick returns the path that a counted click on a sponsored product leads to, "" when
// it is not shown or shown twice; ok=false when u is no such click.
func amazonClick(u URL) (path string, ok bool) {
	if u.Path != "/sspa/click" && !strings.HasPrefix(u.Path, "/gp/slredirect/") {
		return "", false
	}
	value, n := queryParam(u.Query, "url")
	target, err := Parse("https://" + u.Host + value)
	if n != 1 || err != nil || !strings.HasPrefix(value, "/") {
		return "", true
	}
	return target.Path, true
}

func amazonShort(host string) bool {
	switch host {
	case "amzn.to", "a.co", "amzn.eu", "amzn.com", "amzn.asia", "link.amazon", "amzlink.to", "amzn.divulgador.link":
		return true
	}
	return false
}

// amazonMarket is the marketplace whose shop host is, "" when it is another of its sites.
func amazonMarket(host string) string {
	for _, front := range []string{"www.", "m.", "smile.", ""} {
		site, ok := strings.CutPrefix(host, front)
		if ok && slices.Contains(amazonMarketplaces, site) {
			return site
		}
	}
	return ""
}

// amazonASIN finds the product id behind one of the markers Amazon has used; "" when there
// is none. Two different ones are ok=false: nobody can say which is meant. Books have
// ISBN-10s, so it need not begin with B0.
func amazonASIN(path string) (asin string, ok bool) {
	before, segment := "", ""
	for rest, more := path, true; more; before = segment {
		segment, rest, more = strings.Cut(rest, "/")
		next, _, _ := strings.Cut(rest, "/")
		if !amazonMarker(before, segment) || !allBytes(next, 10, 10, isAlnum) {
			continue
		}
		if asin != "" && !strings.EqualFold(asin, next) {
			return "", false
		}
		asin = next
	}
	return strings.ToUpper(asin), true
}

// amazonMarker says whether a segment, with the one before it, announces a product id.
func amazonMarker(before, segment string) bool {
	switch len(segment) {
	case 1:
		return (segment == "d" || segment == "D") && strings.EqualFold(before, "aw")
	case 2:
		return strings.EqualFold(segment, "dp")
	case 4:
		return strings.EqualFold(segment, "asin") && (strings.EqualFold(before, "o") || strings.EqualFold(before, "obidos"))
	case 7:
		return strings.EqualFold(segment, "product")
	case 13:
		return strings.EqualFold(segment, "offer-listing") && strings.EqualFold(before, "gp")
	}
	return false
}

// amazonPath is path without the language in front ("-/pt/") and the tracking at the end
// ("ref=…").
func amazonPath(path string) string {
	if rest, ok := strings.CutPrefix(path, "-/"); ok {
		_, path, _ = strings.Cut(rest, "/")
	}
	path, _, _ = strings.Cut("/"+path, "/ref=")
	return strings.Trim(path, "/")
}

// amazonPersonal knows the pages of people: influencers' shops, lists, videos and lives.
func amazonPersonal(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return slices.Contains([]string{"shop", "hz", "live", "ideas", "vdp", "registry"}, first)
}

// amazonPage returns the path of a page that is known to be nobody's: the store's own
// searches, categories, campaigns and brand pages. Lists may have a name in front
// ("Eletronicos/b") that changes nothing, so it goes.
func amazonPage(path string) (string, bool) {
	first, rest, _ := strings.Cut(path, "/")
	switch {
	case path == "":
		return "/", true
	case first == "s", rest == "s":
		return "/s", true
	case first == "b", rest == "b":
		return "/b", true
	case first == "gp":
		first, _, _ = strings.Cut(rest, "/")
		if !slices.Contains([]string{"goldbox", "bestsellers", "browse.html", "new-releases", "movers-and-shakers", "prime"}, first) {
			return "", false
		}
	case !slices.Contains([]string{"deals", "promotion", "events", "prime", "amazonprime", "coupons", "stores", "bestsellers"}, first):
		return "", false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if !allBytes(segment, 1, 128, isPathByte) || segment[0] == '.' || !amazonSearchValue(segment) {
			return "", false
		}
	}
	return "/" + path, true
}

// amazonList says whether page shows only what its parameters ask for.
func amazonList(page string) bool { return page == "/s" || page == "/b" || page == "/gp/browse.html" }

// amazonSeller says whether a search is limited to one seller: without that it would be
// another page.
func amazonSeller(query string) bool {
	_, me := queryParam(query, "me")
	_, seller := queryParam(query, "seller")
	return me+seller > 0
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
// address, nothing encoded once more or hidden, and no tracking id: the page would show
// somebody else's name to whoever opens it.
func amazonSearchValue(value string) bool {
	words := strings.FieldsFunc(strings.ToLower(norm.NFKC.String(value)), func(r rune) bool {
		return r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for _, word := range words {
		for _, label := range strings.Split(word, ".")[1:] {
			if _, isDomain := publicsuffix.PublicSuffix("x." + label); isDomain {
				return false
			}
		}
	}
	if strings.ContainsAny(value, "=&%#?;@/\\<>*`~\"") || strings.ContainsFunc(value, func(r rune) bool { return r != ' ' && isHidden(r) }) {
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

// Rewrite implements [Store]. The sub-id travels in ascsubtag.
func (Amazon) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	mark := "?tag="
	if strings.Contains(t.URL, "?") {
		mark = "&tag="
	}
	if sub == (core.SubID{}) {
		return t.URL + mark + tag.Fields["tag"], nil
	}
	return t.URL + mark + tag.Fields["tag"] + "&ascsubtag=" + sub.String(), nil
}

// Verify implements [Store].
func (Amazon) Verify(u URL, tag core.Tag, sub core.SubID) error {
	host, ok := strings.CutPrefix(u.Host, "www.")
	if !ok || host != tag.Marketplace || u.Scheme != "https" || u.Port != "" || u.Fragment != "" {
		return errIdentity
	}
	query, ok := strings.CutSuffix(cutProvenSub(u.Query, "&ascsubtag=", sub.String()), "tag="+tag.Fields["tag"])
	if !ok {
		return errIdentity
	}
	if asin, isProduct := strings.CutPrefix(u.Path, "/dp/"); isProduct && len(asin) == 10 {
		if query != "" || !onlyWord(asin, 10, 10) || strings.ToUpper(asin) != asin {
			return errIdentity
		}
		return nil
	}
	if !provenAmazonPage.MatchString(u.Path) || provenTracking.MatchString(u.Path) || !provenAmazonSearch(query) {
		return errIdentity
	}
	return nil
}

// provenAmazonPage is one of the store's own pages, in plain words.
var provenAmazonPage = regexp.MustCompile(`^/(?:[sb]|` +
	`(?:gp/(?:goldbox|bestsellers|browse\.html|new-releases|movers-and-shakers|prime)|` +
	`deals|promotion|events|prime|amazonprime|coupons|stores|bestsellers)(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127})*)?$`)

// provenTracking finds a word that ends like a tracking id.
var provenTracking = regexp.MustCompile(`[A-Za-z][A-Za-z0-9-]*-[0-9]{2}(?:[^A-Za-z0-9-]|$)`)

// provenAmazonSearch wants the parameters of a search, each followed by "&", in the order
// they are written in and with values nothing can hide in.
func provenAmazonSearch(query string) bool {
	for _, name := range []string{"k=", "i=", "rh=", "node="} {
		rest, ok := strings.CutPrefix(query, name)
		if !ok {
			continue
		}
		value, after, closed := strings.Cut(rest, "&")
		shown, err := url.QueryUnescape(value)
		if !closed || err != nil || shown == "" || url.QueryEscape(shown) != value ||
			!plainSearch(shown) || provenTracking.MatchString(shown) || showsDomain(shown) {
			return false
		}
		query = after
	}
	return query == ""
}

// showsDomain says whether a word of a search is an address that somebody could type.
func showsDomain(shown string) bool {
	for _, ending := range dottedWord.FindAllStringSubmatch(norm.NFKC.String(shown), -1) {
		if _, isDomain := publicsuffix.PublicSuffix("x." + strings.ToLower(ending[1])); isDomain {
			return true
		}
	}
	return false
}

// dottedWord finds the word behind each dot.
var dottedWord = regexp.MustCompile(`\.([\p{L}\p{Nd}]+)`)

// plainSearch wants words people can see, without what could carry a parameter or an address.
func plainSearch(shown string) bool {
	return !strings.ContainsAny(shown, "=&%#?;@/\\<>*`~\"\uFFFD") && strings.IndexFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

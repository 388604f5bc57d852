package affiliate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"github.com/autopromo-cloud/autopromo/core"
)

// The proof that a finished link leads to a merchant's own page and to nobody else's. It
// shares nothing with destination.go, so that a mistake there is caught here.

// provenDestination proves that encoded, decoded exactly once, is a page of site with no
// parameters but those in keep. There is one way to encode it, so nothing else can be there.
func provenDestination(encoded, site string, keep ...string) bool {
	address, err := url.QueryUnescape(encoded)
	return err == nil && url.QueryEscape(address) == encoded && provenPage(address, site, keep...)
}

// provenPage is provenDestination for an address that is not encoded.
func provenPage(address, site string, keep ...string) bool {
	if len(address) > 2048 {
		return false
	}
	parts := pageAddress.FindStringSubmatch(address)
	if parts == nil || site == "" {
		return false
	}
	host, path, query := parts[1], parts[2], parts[3]
	shown, err := url.PathUnescape(path)
	return err == nil && provenHost(host, site) && provenPlace(path) && legible.MatchString(shown) &&
		(provenNoPerson(shown) || longProductName.MatchString(path)) && productForm(path, query) && provenQuery(query, keep)
}

// pageAddress is an https address without user, port and fragment, with a path of plain
// words. "=", "&", ":", "@" and whatever else could carry a parameter or an address are in
// no word, and no escape stands for ASCII.
var pageAddress = regexp.MustCompile(`^https://([a-z0-9-]+(?:\.[a-z0-9-]+)+)` +
	`((?:/(?:[A-Za-z0-9._~+-]|%[89A-Fa-f][0-9A-Fa-f])+)+/?)(?:\?([A-Za-z0-9._=&-]+))?$`)

// provenHost proves that host is site itself or a part of the shop that is no person's.
func provenHost(host, site string) bool {
	if neverProven.MatchString(host) {
		return false
	}
	part, below := strings.CutSuffix(host, "."+site)
	return host == site || below && shopPart.MatchString(part)
}

var shopPart = regexp.MustCompile(`^(?:www|m|mobile|loja|shop|store|produtos?|br|pt|es|en)$`)

// neverProven are hosts whose paths name people, lead on, or that no network pays for.
var neverProven = regexp.MustCompile(`(?:^|\.)(?:` +
	`magazinevoce\.com\.br|divulgador\.link|onelink\.me|app\.link|page\.link|` +
	`hotmart\.com|eduzz\.com|monetizze\.com\.br|kiwify\.com(?:\.br)?|braip\.com|` +
	`minhaloja\.[a-z.]+|marykay\.com\.br|amazon\.[a-z.]+|mercadoli[vb]re\.[a-z.]+|` +
	`instagram\.com|facebook\.com|tiktok\.com|whatsapp\.com|youtube\.com|telegram\.[a-z]+|linktr\.ee|` +
	`awin1\.com|linksynergy\.com|anrdoezrs\.net|jdoqocy\.com|tkqlhce\.com|dpbolvw\.net|kqzyfj\.com|` +
	`pxf\.io|sjv\.io|evyy\.net|admitad\.com|alitems\.(?:com?|site)|wextap\.com|rzekl\.com|rcpsj\.com|` +
	`lomadee\.com|tradedoubler\.com|prf\.hn|zenaps\.com|shareasale\.com|tradetracker\.net|afilio\.com\.br|` +
	`skimresources\.com|viglink\.com|rstyle\.me|shopmy\.us|geni\.us|sites\.google\.com|elo7\.com\.br|enjoei\.com\.br|` +
	`bit\.ly|bitly\.com|j\.mp|tinyurl\.com|cutt\.ly|t\.co|is\.gd|v\.gd|rb\.gy|ow\.ly|buff\.ly|goo\.gl|` +
	`shorturl\.at|t\.ly|tidd\.ly|kb\.um|curt\.link|encurtador\.com\.br|abre\.ai|` +
	`amzn\.to|a\.co|meli\.la|maga\.lu|shope\.ee|shp\.ee|wa\.me|t\.me)$`)

// provenPlace proves that no segment is hidden, is cut off in messages, or is an address
// of its own.
func provenPlace(path string) bool {
	if strings.Contains(path, "/.") || strings.Contains(path, "./") || strings.TrimRight(path, "._~") != path || secondAddress.MatchString(path) {
		return false
	}
	for _, ending := range wordEnding.FindAllStringSubmatch(path, -1) {
		_, isDomain := publicsuffix.PublicSuffix("x." + strings.ToLower(ending[1]))
		if isDomain && ending[0] != "-br.lr" && !strings.HasPrefix(ending[0], "-br.lr/") {
			return false
		}
	}
	return true
}

// secondAddress finds what can only be an address among the words of a path: "http" in
// base64, "://" in hexadecimal digits, four numbers.
var secondAddress = regexp.MustCompile(`(?i)/www\.|ahr0c|3a2f2f|(?:^|[-/+~_])(?:[0-9]+\.){3}[0-9]+(?:[-/+~_]|$)`)

// wordEnding finds the letters behind the last dot of a word, which could be a domain's.
var wordEnding = regexp.MustCompile(`(?:-br)?\.(xn--[A-Za-z0-9-]+|[A-Za-z]+)\.*(?:[-/+~_]|$)`)

// legible is text in Latin letters with the signs of product names, none of which a server
// could take for another.
var legible = regexp.MustCompile(`^[\x00-\x7fªµºÀ-ɏ°²³¹½¼¾®©™×–—‘’“”•]*$`)

// provenNoPerson proves that no segment leads to somebody's page, or on to another: a shop's
// word must be followed by a product. Accents make no difference.
func provenNoPerson(shown string) bool {
	plain := accents.ReplaceAllString(norm.NFKD.String(shown), "")
	words := strings.Split(plain, "/")
	for i, word := range words {
		if shopWord.MatchString(word) && (i+2 >= len(words) || !productSegment.MatchString(words[i+1]) || words[i+2] == "") {
			return false
		}
	}
	return !personsPage.MatchString(plain)
}

var accents = regexp.MustCompile(`\pM`)

var personsPage = regexp.MustCompile(`(?i)/(?:` +
	`(?:afiliad|affiliat|aff[-_.]|parceir|parceria|partner|influenc|consultor|divulgador|revendedor|vendedor|` +
	`promoter|embaixador|ambassador|achadinho|minha-?loja|indique-|indicacao-|cupom[-_]|redirect|utm|an_)[^/]*|` +
	`(?:aff|affid|social|sec|perfi(?:l|s)|profiles?|u|users?|usuarios?|members?|membros?|creators?|criador(?:as?|es)?|` +
	`curador(?:a|ia)?|colab|collabs?|promotor(?:a|es)?|representantes?|distribuidora?|sellers?|lojistas?|vitrines?|` +
	`sua-?loja|espaco|canal|bio|listas?|lists?|wishlist|cupo(?:m|ns)|coupons?|vouchers?|campanhas?|campaigns?|lp|landing|` +
	`ref|refer|referral|invite|convite|indica(?:do|cao)?|indique|mgm|tag|[apus]id|subid|clickref|clickid|` +
	`[rlstx]|go|goto|ir|to|out|outbound|sair|exit|away|jump|forward|external|externo|redir|redirecionar|rd|links?|` +
	`url|https?|click|clk|clique|share|track|tracking|deeplink|universal-link)(?:\.(?:html?|php|aspx?|jsp))?` +
	`)(?:/|$)`)

// shopWord stands before the name of somebody's shop, productSegment before a product's.
var (
	shopWord       = regexp.MustCompile(`(?i)^(?:lojas?|stores?|shops?)(?:\.(?:html?|php|aspx?|jsp))?$`)
	productSegment = regexp.MustCompile(`(?i)^` + productWord + `$`)
)

const productWord = `(?:p|dp|pd|prod|produtos?|products?|item|detalhes?|ver)(?:\.(?:html?|php|aspx?|jsp))?`

// longProductName is the whole path of a product whose name of four words or more starts
// with one that could also be a person's.
var longProductName = regexp.MustCompile(`(?i)^/(?:` +
	friendly + `/p|` + friendly + `\.html|` + productWord + `/(?:[0-9]{1,20}/)?` + friendly + `)/?$`)

const friendly = `(?:parceir|partner|vendedor)[a-z]*(?:[-_+.~]+[a-z0-9%]+){3,}[-_+~]*`

// productForm proves that a path is shaped as a product's, not as the name of a shop.
func productForm(path, query string) bool {
	return productPath.MatchString(path) || query != "" && productWithID.MatchString(path)
}

var productPath = regexp.MustCompile(`(?i)/` + productWord + `/[^/]|[^/]/p/?$|\.(?:html?|php|aspx?|jsp)(?:/|$)|` +
	`(?:^|[^0-9%])[0-9]{5}|(?:%[0-9a-f]{2})[0-9]{5}|/[-_+.~]*[^/_+.~-]+(?:[-_+.~]+[^/_+.~-]+){2}`)

var productWithID = regexp.MustCompile(`(?i)/` + productWord + `/?$`)

// provenQuery proves that each parameter is one to keep, there once, with a plain value.
func provenQuery(query string, keep []string) bool {
	if query == "" {
		return true
	}
	seen := map[string]bool{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if seen[name] || !slices.Contains(keep, name) || programmesParam.MatchString(name) ||
			!variantValue.MatchString(value) || trackingValue.MatchString(value) {
			return false
		}
		seen[name] = true
	}
	return true
}

// programmesParam are names of parameters that programmes use.
var programmesParam = regexp.MustCompile(`(?i)^(?:utm|aff|afil|parc|partner|promo|ref|tag|sub|click|matt|camp|awc|tracking)`)

var variantValue = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$`)

var trackingValue = regexp.MustCompile(`(?i)^an_|[a-z0-9]-[0-9]{2}$`)

// provenStart proves that u is https on host's own port without a fragment.
func provenStart(u URL, host string) bool {
	return u.Scheme == "https" && u.Host == host && u.Port == "" && u.Fragment == ""
}

// cutSubID takes the parameter with the sub-id off the end of query. Only exactly sub is
// taken off: any other stays, and fails as part of the destination.
func cutSubID(query, param string, sub core.SubID) string {
	if sub == (core.SubID{}) {
		return query
	}
	return strings.TrimSuffix(query, "&"+param+"="+sub.String())
}

package affiliate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
	return err == nil && provenHost(host, site) && !strings.Contains(path, "/.") && strings.TrimRight(path, "._~") == path &&
		!secondAddress.MatchString(path) && legible(shown) && !personsPage.MatchString(shown) && provenQuery(query, keep)
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
	`pxf\.io|sjv\.io|evyy\.net|admitad\.com|alitems\.com?|wextap\.com|rzekl\.com|rcpsj\.com|` +
	`lomadee\.com|tradedoubler\.com|prf\.hn|` +
	`bit\.ly|bitly\.com|j\.mp|tinyurl\.com|cutt\.ly|t\.co|is\.gd|v\.gd|rb\.gy|ow\.ly|buff\.ly|goo\.gl|` +
	`shorturl\.at|t\.ly|tidd\.ly|kb\.um|curt\.link|encurtador\.com\.br|abre\.ai|` +
	`amzn\.to|a\.co|meli\.la|maga\.lu|shope\.ee|shp\.ee|wa\.me|t\.me)$`)

// secondAddress finds a host among the words of a path.
var secondAddress = regexp.MustCompile(`(?i)/www\.|\.(?:com|br|net|org|io|ly|me|to|la|co|link|shop|store|app)(?:/|$)`)

// personsPage finds a segment that leads to somebody's page, or on to another.
var personsPage = regexp.MustCompile(`(?i)/(?:` +
	`(?:afiliad|affiliate|aff[-_]|parceir|parceria|partner|influencer|influenciador|consultor|` +
	`divulgador|revendedor|vendedor|promoter|embaixador|ambassador)[^/]*|` +
	`aff|social|sec|perfi(?:l|s)|profiles?|u|users?|usu[aá]rios?|members?|creators?|criador(?:a|es)?|` +
	`(?:minha|sua)-?loja|espa[cç]o|ref|refer|referral|invite|convite|indica|indica[cç][aã]o|indique|` +
	`r|go|goto|out|redir|redirect|redirecionar|links?|url|click|clique|track|tracking|deeplink|an_redir|universal-link` +
	`)(?:/|$)`)

// legible says whether everything that is not ASCII is a sign people can see by itself.
func legible(shown string) bool {
	return utf8.ValidString(shown) && strings.IndexFunc(shown, func(r rune) bool {
		return !unicode.IsPrint(r) || unicode.IsMark(r)
	}) < 0
}

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

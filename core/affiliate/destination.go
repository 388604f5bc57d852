package affiliate

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/autopromo-cloud/autopromo/core"
)

// What a network's link may lead to, as it is made. The proof that a finished link leads
// nowhere else stands on its own in destination_proof.go.

// cleanDestination returns the address of t's page on site, the domain a network's tag is
// for, with nobody's identity in it: host and path, and of the query the parameters in keep.
// The canonical address of a known store is taken whole or not at all, because what is left
// in it decides what is sold. The error is a *core.Error that says what is wrong with t.
func cleanDestination(t Target, site string, keep ...string) (string, error) {
	if t.MintOnly || t.Kind != Product && t.Kind != Page && t.Kind != Unknown {
		return "", cannotCarry(t)
	}
	u, err := Parse(t.URL)
	if err != nil {
		return "", err
	}
	reason := hostObjection(u, site)
	if reason == "" {
		reason = pathObjection(u.Path)
	}
	if reason == "" && losesPage(t, u, keep) {
		reason = core.ReasonLinkNotProduct
	}
	if reason != "" {
		return "", core.NewError(core.CodePrecondition, reason, u.Host)
	}
	query, ok := keptQuery(u.Query, keep)
	if !ok {
		return "", core.NewError(core.CodePrecondition, core.ReasonLinkDeceptive, u.Host)
	}
	if !isProductPath(u.Path, query != "") {
		return "", core.NewError(core.CodePrecondition, core.ReasonLinkNotProduct, u.Host)
	}
	return "https://" + u.Host + u.Path + query, nil
}

// hostObjection says why pages of u's host are nobody's to link to under a tag for site; ""
// when they are fine. Below site only names of a shop's own parts are: "fulano.loja.com.br"
// may well be a person's. A tag can name such a host as its marketplace.
func hostObjection(u URL, site string) core.Reason {
	part, within := strings.CutSuffix(u.Host, site)
	switch {
	case !within || u.Port != "" || u.Host != site && !strings.HasSuffix(part, "."):
		return core.ReasonLinkDeceptive
	case isShortener(u.Host):
		return core.ReasonLinkUnresolved
	case isForeignChannel(u.Host):
		return core.ReasonLinkForeignChannel
	case paysAlone(u.Host):
		return core.ReasonNoTag
	case slices.ContainsFunc(identityHosts, func(domain string) bool { return hostWithin(u.Host, domain) }),
		part != "" && !slices.Contains(shopParts, part):
		return core.ReasonLinkForeignProfile
	}
	return ""
}

// paysAlone knows the stores that no network pays for and whose paths can name people.
func paysAlone(host string) bool {
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	name, _, _ := strings.Cut(site, ".")
	return err == nil && (name == "amazon" || name == "mercadolivre" || name == "mercadolibre")
}

// identityHosts are domains whose addresses are somebody's: storefronts of partners, links
// that apps or networks made for one person, hotlinks.
var identityHosts = []string{
	"magazinevoce.com.br", "divulgador.link", "onelink.me", "app.link", "page.link",
	"hotmart.com", "eduzz.com", "monetizze.com.br", "kiwify.com.br", "kiwify.com", "braip.com",
	"minhaloja.natura.com", "marykay.com.br",
	"awin1.com", "linksynergy.com", "anrdoezrs.net", "jdoqocy.com", "tkqlhce.com", "dpbolvw.net",
	"kqzyfj.com", "pxf.io", "sjv.io", "evyy.net", "admitad.com", "alitems.com", "alitems.co",
	"alitems.site", "wextap.com", "rzekl.com", "rcpsj.com", "lomadee.com", "tradedoubler.com", "prf.hn",
	"zenaps.com", "shareasale.com", "tradetracker.net", "afilio.com.br", "skimresources.com", "viglink.com",
	"rstyle.me", "shopmy.us", "geni.us", "sites.google.com", "elo7.com.br", "enjoei.com.br",
}

// shopParts are names in front of a shop's domain that are no person's.
var shopParts = []string{"www.", "m.", "mobile.", "loja.", "shop.", "store.", "produto.", "produtos.", "br.", "pt.", "es.", "en."}

// losesPage says whether t's address without the parameters that are not kept would be
// another page.
func losesPage(t Target, u URL, keep []string) bool {
	needed := []string{
		"id", "q", "k", "query", "search", "busca", "termo", "produto", "product", "productid", "product_id",
		"idproduto", "id_produto", "produtoid", "codproduto", "codigo", "cod", "item", "item_id", "itemid",
	}
	script := slices.Contains([]string{".php", ".asp", ".aspx", ".jsp"}, strings.ToLower(path.Ext(strings.TrimSuffix(u.Path, "/"))))
	for pair := range strings.SplitSeq(u.Query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		name = strings.ToLower(queryDecode(name))
		kept := slices.ContainsFunc(keep, func(k string) bool { return strings.EqualFold(k, name) })
		if pair != "" && !kept && (t.Kind != Unknown || script || slices.Contains(needed, name)) {
			return true
		}
	}
	return false
}

// keptQuery returns the parameters to keep, with "?" in front; ok=false when one is there
// twice or its value could be more than a word or a number.
func keptQuery(query string, keep []string) (kept string, ok bool) {
	mark := "?"
	for _, name := range keep {
		value, n := queryParam(query, name)
		switch {
		case n == 0:
			continue
		case n > 1 || !isPlainValue(value):
			return "", false
		}
		kept += mark + name + "=" + value
		mark = "&"
	}
	return kept, true
}

// isPlainValue accepts the number or name of a variant, but nothing shaped like a tracking
// id ("name-20", "an_123").
func isPlainValue(value string) bool {
	n := len(value)
	if !allBytes(value, 1, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' }) ||
		!isAlnum(value[0]) || !isAlnum(value[n-1]) {
		return false
	}
	tracking := n > 3 && value[n-3] == '-' && isDigit(value[n-2]) && isDigit(value[n-1])
	return !tracking && !strings.HasPrefix(strings.ToLower(value), "an_") && !isPersonal(value)
}

// isKeepable says whether a parameter may be kept: its name is plain and no programme's.
func isKeepable(name string) bool {
	name = strings.ToLower(name)
	if !allBytes(name, 1, 32, func(c byte) bool { return isAlnum(c) || c == '_' || c == '-' }) || identityParams[name] || isPersonal(name) {
		return false
	}
	return !slices.ContainsFunc([]string{
		"utm", "aff", "afil", "parc", "partner", "promo", "influ", "consult", "divulg", "revend", "vended",
		"ref", "tag", "sub", "click", "clk", "matt", "camp", "src", "sck", "source", "track", "gcl", "fbcl",
		"awc", "irc", "irg", "ran", "siteid", "cj", "admitad", "tagtag", "cup", "coup", "vouch",
		"pid", "aid", "sid", "uid", "url", "dest", "redir", "next", "goto", "target", "u1",
		"franq", "opn", "epar", "via", "invit", "convit", "indic", "embaix", "ambass", "creator", "criador",
	}, func(start string) bool { return strings.HasPrefix(name, start) })
}

// withSubID puts a sub-id at the end of a link where there is one.
func withSubID(link, param string, sub core.SubID) string {
	if sub == (core.SubID{}) {
		return link
	}
	return link + "&" + param + "=" + sub.String()
}

// shownDestination returns what a network's link shows in one of the named parameters.
// Given twice, or in two of them, it is "", which cannot be parsed, and so is refused.
func shownDestination(u URL, names ...string) (target string, ok bool) {
	found := 0
	for _, name := range names {
		value, n := queryParam(u.Query, name)
		if n > 0 {
			target = value
		}
		found += n
	}
	switch {
	case found > 1:
		return "", true
	case target == "":
		return "", false
	}
	return unwrapTwice(target), true
}

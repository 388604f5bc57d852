package affiliate

import (
	"regexp"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Netshoes is Netshoes and its sister store Zattini, whose own programme pays through the
// query parameter "campaign". Each of the two is a marketplace with a tag of its own.
//
// That the parameter earns a commission on any product page was seen used, but is not
// documented by the store. Tenants who are not sure use a network instead: without a tag
// here, a tag of a network for the domain pays.
type Netshoes struct{}

// Slug implements [Store].
func (Netshoes) Slug() string { return "netshoes" }

// Name implements [Store].
func (Netshoes) Name() string { return "Netshoes" }

// Hosts implements [Store].
func (n Netshoes) Hosts() []string { return n.Marketplaces() }

// Marketplaces implements [Store].
func (Netshoes) Marketplaces() []string { return []string{"netshoes.com.br", "zattini.com.br"} }

// Fields implements [Store].
func (Netshoes) Fields() []Field {
	return []Field{{
		Name: "campaign", Main: true, Required: true, Example: "aBcDeFgHiJk",
		Check: func(v string) bool {
			return allBytes(v, 3, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) && isAlnum(v[len(v)-1])
		},
		Help: map[core.Language]string{
			core.Portuguese: "O código depois de campaign= nos links do programa próprio da loja. A loja não documenta este formato: confira no painel se os cliques contam, ou use uma rede de afiliados.",
			core.English:    "The code after campaign= in links of the store's own programme. The store does not document this form: check in its panel that clicks count, or use an affiliate network.",
		},
	}}
}

// Classify implements [Store].
func (n Netshoes) Classify(u URL) (Target, bool) {
	for _, market := range n.Marketplaces() {
		if !hostWithin(u.Host, market) {
			continue
		}
		parts, clean := segments(u.Path)
		if !clean {
			return refuse("netshoes", core.ReasonLinkDeceptive, u.Host), true
		}
		switch strings.TrimSuffix(u.Host, market) {
		case "", "www.", "m.":
		default:
			return refuse("netshoes", core.ReasonLinkNotProduct, u.Host), true
		}
		if len(parts) != 2 || parts[0] != "p" || !isSlug(parts[1]) {
			return refuse("netshoes", core.ReasonLinkNotProduct, u.Host), true
		}
		id, ok := netshoesID(parts[1])
		if !ok {
			return refuse("netshoes", core.ReasonLinkNotProduct, u.Host), true
		}
		name, _, _ := strings.Cut(market, ".")
		return Target{
			Kind: Product, Store: "netshoes", Marketplace: market, ProductKey: name + ":" + id,
			URL: "https://www." + market + "/p/" + parts[1],
		}, true
	}
	return Target{}, false
}

// netshoesID reads the end of a slug: model, product and colour, as in 2FW-2898-912.
func netshoesID(slug string) (id string, ok bool) {
	n := len(slug) - len("2FW-2898-912")
	if n < 2 || slug[n-1] != '-' {
		return "", false
	}
	id = slug[n:]
	upper := func(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'Z' }
	return id, allBytes(id[:3], 3, 3, upper) && id[3] == '-' && allBytes(id[4:8], 4, 4, upper) && id[8] == '-' && allBytes(id[9:], 3, 3, upper)
}

// Rewrite implements [Store]. No place for a sub-id is known.
func (Netshoes) Rewrite(t Target, tag core.Tag, _ core.SubID) (string, error) {
	return t.URL + "?campaign=" + tag.Fields["campaign"], nil
}

var provenNetshoesPath = regexp.MustCompile(`^/p/[A-Za-z0-9._~-]+-[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{3}$`)

// Verify implements [Store].
func (Netshoes) Verify(u URL, tag core.Tag, _ core.SubID) error {
	if u.Scheme != "https" || u.Host != "www."+tag.Marketplace || u.Port != "" || u.Fragment != "" ||
		u.Query != "campaign="+tag.Fields["campaign"] || !provenNetshoesPath.MatchString(u.Path) {
		return errIdentity
	}
	return nil
}

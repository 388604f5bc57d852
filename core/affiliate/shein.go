package affiliate

import (
	"regexp"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Shein is Shein Brazil. Identity is the query parameter "url_from"; the form was seen in
// affiliates' links, but is not documented by the store.
type Shein struct{}

// Slug implements [Store].
func (Shein) Slug() string { return "shein" }

// Name implements [Store].
func (Shein) Name() string { return "Shein" }

// Hosts implements [Store].
func (Shein) Hosts() []string { return []string{"shein.com"} }

// Marketplaces implements [Store].
func (Shein) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Shein) Fields() []Field {
	return []Field{{
		Name: "url_from", Main: true, Required: true, Example: "affiliate_koc_1234567890",
		Check: func(v string) bool {
			return allBytes(v, 4, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) && isAlnum(v[len(v)-1])
		},
		Help: map[core.Language]string{
			core.Portuguese: "O valor depois de url_from= nos links que o programa de afiliados da Shein gera para você. A loja não documenta este formato: confira no painel se os cliques contam.",
			core.English:    "The value after url_from= in links that Shein's affiliate programme makes for you. The store does not document this form: check in its panel that clicks count.",
		},
	}}
}

// Classify implements [Store]. Other countries' sites are other programmes; the addresses
// without a country send Brazilians to the Brazilian site.
func (Shein) Classify(u URL) (Target, bool) {
	parts, clean := segments(u.Path)
	if !clean {
		return refuse("shein", core.ReasonLinkDeceptive, u.Host), true
	}
	switch u.Host {
	case "onelink.shein.com":
		if t, ok := shortLink("shein", u); ok {
			return t, true
		}
		return refuse("shein", core.ReasonLinkNotProduct, u.Host), true
	case "br.shein.com", "www.shein.com", "shein.com":
	case "m.shein.com":
		if len(parts) > 1 && parts[0] == "br" {
			parts = parts[1:]
		}
		if len(parts) > 1 && len(parts[0]) == 2 {
			return refuse("shein", core.ReasonLinkMarketplace, u.Host), true
		}
	default:
		if country, _, _ := strings.Cut(u.Host, "."); len(country) == 2 {
			return refuse("shein", core.ReasonLinkMarketplace, u.Host), true
		}
		return refuse("shein", core.ReasonLinkNotProduct, u.Host), true
	}
	if len(parts) == 1 && isSlug(parts[0]) {
		if id, ok := sheinID(parts[0]); ok {
			return Target{Kind: Product, Store: "shein", ProductKey: "shein:" + id, URL: "https://br.shein.com/" + parts[0]}, true
		}
	}
	return refuse("shein", core.ReasonLinkNotProduct, u.Host), true
}

// sheinID reads <slug>-p-<id>.html and <slug>-p-<id>-cat-<category>.html.
func sheinID(page string) (id string, ok bool) {
	page, isPage := strings.CutSuffix(page, ".html")
	i := strings.LastIndex(page, "-p-")
	if !isPage || i < 1 {
		return "", false
	}
	id, category, hasCategory := strings.Cut(page[i+len("-p-"):], "-cat-")
	if hasCategory && !allBytes(category, 1, 12, isDigit) {
		return "", false
	}
	return id, allBytes(id, 3, 15, isDigit)
}

// Rewrite implements [Store]. No place for a sub-id is known.
func (Shein) Rewrite(t Target, tag core.Tag, _ core.SubID) (string, error) {
	return t.URL + "?url_from=" + tag.Fields["url_from"], nil
}

var provenSheinPath = regexp.MustCompile(`^/[A-Za-z0-9._~-]+-p-[0-9]{3,15}(?:-cat-[0-9]{1,12})?\.html$`)

// Verify implements [Store].
func (Shein) Verify(u URL, tag core.Tag, _ core.SubID) error {
	if u.Scheme != "https" || u.Host != "br.shein.com" || u.Port != "" || u.Fragment != "" ||
		u.Query != "url_from="+tag.Fields["url_from"] || !provenSheinPath.MatchString(u.Path) {
		return errIdentity
	}
	return nil
}

package affiliate

import (
	"regexp"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Natura pays its consultants. Identity is the query parameter "consultoria": the name of the
// consultant's space.
type Natura struct{}

// Slug implements [Store].
func (Natura) Slug() string { return "natura" }

// Name implements [Store].
func (Natura) Name() string { return "Natura" }

// Hosts implements [Store].
func (Natura) Hosts() []string {
	return []string{"natura.com.br", "minhaloja.natura.com", "natura.divulgador.link"}
}

// Marketplaces implements [Store].
func (Natura) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Natura) Fields() []Field {
	return []Field{{
		Name: "consultoria", Main: true, Required: true, Example: "meuespaco",
		Check: func(v string) bool {
			return allBytes(v, 2, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) && isAlnum(v[len(v)-1])
		},
		Help: map[core.Language]string{
			core.Portuguese: "O nome do seu espaço de consultoria, como aparece em natura.com.br/consultoria/nome.",
			core.English:    "The name of your consultant's space as in natura.com.br/consultoria/name.",
		},
	}}
}

// Classify implements [Store]. A consultant's space shows the same products under
// /consultoria/<space>/; the space itself is that consultant's page.
func (Natura) Classify(u URL) (Target, bool) {
	switch u.Host {
	case "natura.divulgador.link":
		if t, ok := shortLink("natura", u); ok {
			return t, true
		}
		return refuse("natura", core.ReasonLinkNotProduct, u.Host), true
	case "natura.com.br", "www.natura.com.br", "minhaloja.natura.com", "www.minhaloja.natura.com":
	default:
		return refuse("natura", core.ReasonLinkNotProduct, u.Host), true
	}
	parts, clean := segments(u.Path)
	if !clean {
		return refuse("natura", core.ReasonLinkDeceptive, u.Host), true
	}
	if len(parts) > 0 && strings.EqualFold(parts[0], "consultoria") {
		if len(parts) < 3 {
			return refuse("natura", core.ReasonLinkForeignProfile, u.Host), true
		}
		parts = parts[2:] // whose space it was
	}
	const site = "https://www.natura.com.br/"
	switch {
	case len(parts) == 3 && parts[0] == "p" && isSlug(parts[1]) && naturaID(parts[2]):
		id := strings.ToUpper(parts[2])
		return Target{Kind: Product, Store: "natura", ProductKey: "natura:" + id, URL: site + "p/" + parts[1] + "/" + id}, true
	case len(parts) == 2 && parts[0] == "p" && allBytes(parts[1], 1, 10, isDigit):
		return Target{Kind: Product, Store: "natura", ProductKey: "natura:" + parts[1], URL: site + "p/" + parts[1]}, true
	case len(parts) == 2 && parts[0] == "c" && isSlug(parts[1]):
		return Target{Kind: Page, Store: "natura", URL: site + "c/" + parts[1]}, true
	}
	return refuse("natura", core.ReasonLinkNotProduct, u.Host), true
}

// naturaID accepts NATBRA-1, and AVNBRA-1 for the sister brand the site sells too.
func naturaID(s string) bool {
	brand, digits, _ := strings.Cut(strings.ToUpper(s), "-")
	return (brand == "NATBRA" || brand == "AVNBRA") && allBytes(digits, 1, 10, isDigit)
}

// isSlug accepts one segment of words: no escapes, and nothing that has a meaning of its own.
func isSlug(s string) bool { return allBytes(s, 1, 512, isPathByte) }

// Rewrite implements [Store]. The programme has no place for a sub-id.
func (Natura) Rewrite(t Target, tag core.Tag, _ core.SubID) (string, error) {
	return t.URL + "?consultoria=" + tag.Fields["consultoria"], nil
}

// provenNaturaPath is a product or a category, and no consultant's space.
var provenNaturaPath = regexp.MustCompile(`^/(?:p/[A-Za-z0-9._~-]+/(?:NAT|AVN)BRA-[0-9]{1,10}|p/[0-9]{1,10}|c/[A-Za-z0-9._~-]+)$`)

// Verify implements [Store].
func (Natura) Verify(u URL, tag core.Tag, _ core.SubID) error {
	if u.Scheme != "https" || u.Host != "www.natura.com.br" || u.Port != "" || u.Fragment != "" ||
		u.Query != "consultoria="+tag.Fields["consultoria"] || !provenNaturaPath.MatchString(u.Path) {
		return errIdentity
	}
	return nil
}

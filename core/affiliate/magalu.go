package affiliate

import (
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Magalu is Magazine Luiza. Identity is the first path segment of magazinevoce.com.br: the
// tenant's own storefront.
type Magalu struct{}

// Slug implements [Store].
func (Magalu) Slug() string { return "magalu" }

// Name implements [Store].
func (Magalu) Name() string { return "Magalu" }

// Marketplaces implements [Store].
func (Magalu) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Magalu) Fields() []Field {
	return []Field{{
		Name: "store", Main: true, Required: true, Example: "magazineminhaloja",
		Check: magaluStore,
		Help: map[core.Language]string{
			core.Portuguese: "O nome da sua loja, como aparece em www.magazinevoce.com.br/nome/.",
			core.English:    "The name of your storefront as in www.magazinevoce.com.br/name/.",
		},
	}}
}

func magaluStore(v string) bool {
	return v != "busca" && v != "divulgador" &&
		allBytes(v, 3, 40, func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c == '-' })
}

// Classify implements [Store].
func (Magalu) Classify(u URL) (Target, bool) {
	switch u.Host {
	case "maga.lu", "divulgador.magalu.com", "magazineluiza.onelink.me", "magalu.me",
		"magalu.divulgador.link", "mgl.io":
		if t, ok := shortLink("magalu", u); ok {
			return t, true
		}
		return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
	}
	sites := []string{"magazinevoce.com.br", "magazineluiza.com.br", "magalu.com", "magalu.com.br"}
	i := slices.IndexFunc(sites, func(site string) bool { return hostWithin(u.Host, site) })
	if i < 0 {
		return Target{}, false
	}
	storefront := i == 0
	parts, clean := segments(u.Path)
	if !clean {
		return refuse("magalu", core.ReasonLinkDeceptive, u.Host), true
	}
	switch strings.TrimSuffix(u.Host, sites[i]) {
	case "", "www.", "m.":
	default:
		return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
	}
	if storefront {
		if len(parts) == 0 {
			return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
		}
		parts = parts[1:] // whose storefront it was
	}
	const site = "https://www.magazineluiza.com.br"
	if id, ok := magaluProduct(parts, storefront); ok {
		link := site + "/" + strings.Join(parts, "/") + "/"
		// The seller is part of the offer: the same product costs something else elsewhere.
		if seller, n := queryParam(u.Query, "seller_id"); n == 1 && magaluSeller(seller) {
			link += "?seller_id=" + seller
		}
		return Target{Kind: Product, Store: "magalu", ProductKey: "magalu:" + strings.ToLower(id), URL: link}, true
	}
	switch {
	case len(parts) == 0:
		return Target{Kind: Page, Store: "magalu", URL: site + "/"}, true
	case len(parts) == 2 && parts[0] == "busca" && magaluSlug(parts[1]):
		return Target{Kind: Page, Store: "magalu", URL: site + "/busca/" + parts[1] + "/"}, true
	}
	return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
}

// magaluProduct reads slug/p/<id>[/<category>[/<subcategory>]]. A path without slug is only
// known to work inside a storefront. The "divulgador" pages belong to another programme and
// have no proven form in a storefront.
func magaluProduct(parts []string, storefront bool) (id string, ok bool) {
	if len(parts) > 0 && parts[0] != "p" {
		if parts[0] == "divulgador" || !magaluSlug(parts[0]) {
			return "", false
		}
		parts = parts[1:]
	} else if !storefront {
		return "", false
	}
	if len(parts) < 2 || len(parts) > 4 || parts[0] != "p" || !allBytes(parts[1], 5, 16, isAlnum) {
		return "", false
	}
	for _, category := range parts[2:] {
		if !allBytes(category, 1, 8, isAlnum) {
			return "", false
		}
	}
	return parts[1], true
}

func magaluSlug(s string) bool {
	return allBytes(s, 1, 512, func(c byte) bool { return isPathByte(c) || c == '%' || c == '+' }) && !escapesASCII(s)
}

func magaluSeller(s string) bool {
	return allBytes(s, 1, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) && isAlnum(s[len(s)-1])
}

// Rewrite implements [Store].
func (Magalu) Rewrite(t Target, tag core.Tag) (string, error) {
	path := strings.TrimPrefix(t.URL, "https://www.magazineluiza.com.br")
	return "https://www.magazinevoce.com.br/" + tag.Fields["store"] + path, nil
}

// Verify implements [Store].
func (Magalu) Verify(u URL, tag core.Tag) error {
	if u.Scheme != "https" || u.Host != "www.magazinevoce.com.br" || u.Port != "" || u.Fragment != "" {
		return errIdentity
	}
	inside, ours := strings.CutPrefix(u.Path, "/"+tag.Fields["store"]+"/")
	if !ours {
		return errIdentity
	}
	seller, hasSeller := strings.CutPrefix(u.Query, "seller_id=")
	if u.Query != "" && (!hasSeller || seller == "" || strings.ContainsAny(seller, "&=;%#/?+")) {
		return errIdentity
	}
	if inside == "" && u.Query == "" {
		return nil
	}
	words := strings.Split(inside, "/")
	if words[len(words)-1] != "" || strings.Contains(inside, "divulgador/") || !plainPath(u.Path) {
		return errIdentity
	}
	switch {
	case words[0] == "busca" && len(words) == 3 && u.Query == "":
	case words[0] == "p" && len(words) <= 5 && len(words) >= 3:
	case len(words) >= 4 && len(words) <= 6 && words[1] == "p":
	default:
		return errIdentity
	}
	return nil
}

package affiliate

import (
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

// Hosts implements [Store].
func (Magalu) Hosts() []string {
	return []string{
		"magazinevoce.com.br", "magazineluiza.com.br", "magalu.com", "magalu.com.br", "maga.lu",
		"magazineluiza.onelink.me", "magalu.me", "magalu.divulgador.link", "mgl.io",
	}
}

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
	path, clean := trimPath(u.Path)
	owner := ""
	switch u.Host {
	case "magazinevoce.com.br", "www.magazinevoce.com.br", "m.magazinevoce.com.br":
		owner, path, _ = strings.Cut(path, "/")
		clean = clean && owner != ""
	case "magazineluiza.com.br", "www.magazineluiza.com.br", "m.magazineluiza.com.br",
		"magalu.com", "www.magalu.com", "m.magalu.com", "magalu.com.br", "www.magalu.com.br", "m.magalu.com.br":
	default:
		return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
	}
	switch {
	case !clean && owner == "" && strings.Trim(u.Path, "/") == "":
		return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
	case !clean:
		return refuse("magalu", core.ReasonLinkDeceptive, u.Host), true
	}
	path = magaluShopPath(path)
	if id, ok := magaluProduct(path, owner != ""); ok {
		link := magaluSite + path + "/"
		// The seller is part of the offer: the same product costs something else elsewhere.
		if seller, n := queryParam(u.Query, "seller_id"); n == 1 && magaluSeller(seller) && !strings.EqualFold(seller, owner) {
			link += "?seller_id=" + seller
		}
		return Target{Kind: Product, Store: "magalu", ProductKey: "magalu:" + strings.ToLower(id), URL: link}, true
	}
	words, search := strings.CutPrefix(path, "busca/")
	switch {
	case path == "":
		return Target{Kind: Page, Store: "magalu", URL: magaluSite}, true
	case search && magaluSlug(words):
		return Target{Kind: Page, Store: "magalu", URL: magaluSite + path + "/"}, true
	}
	return refuse("magalu", core.ReasonLinkNotProduct, u.Host), true
}

const magaluSite = "https://www.magazineluiza.com.br/"

// magaluShopPath turns the page of the older "divulgador" programme, which its short links
// lead to, into the shop's own page of the same product: slug/divulgador/oferta/<id>/… has
// the id, category and subcategory of slug/p/<id>/…. That both are one product is plausible
// from public examples and was not tried.
func magaluShopPath(path string) string {
	slug, offer, ok := strings.Cut(path, "/divulgador/oferta/")
	if !ok || strings.Contains(slug, "/") {
		return path
	}
	return slug + "/p/" + offer
}

// magaluProduct reads slug/p/<id>[/<category>[/<subcategory>]]. A path without slug is only
// known to work inside a storefront.
func magaluProduct(path string, storefront bool) (id string, ok bool) {
	if slug, _, _ := strings.Cut(path, "/"); slug != "p" {
		if slug == "divulgador" || slug == "busca" || magaluStorefront(slug) || !magaluSlug(slug) {
			return "", false
		}
		path = strings.TrimPrefix(path[len(slug):], "/")
	} else if !storefront {
		return "", false
	}
	path, ok = strings.CutPrefix(path, "p/")
	id, path, _ = strings.Cut(path, "/")
	category, sub, _ := strings.Cut(path, "/")
	return id, ok && allBytes(id, 5, 16, isAlnum) && allBytes(category, 0, 8, isAlnum) && allBytes(sub, 0, 8, isAlnum)
}

// magaluStorefront finds the name of a storefront where a product's slug belongs: that is
// left when somebody's store was put in front of another's.
func magaluStorefront(slug string) bool {
	return len(slug) > 8 && strings.EqualFold(slug[:8], "magazine") && !strings.Contains(slug, "-")
}

func magaluSlug(s string) bool {
	return allBytes(s, 1, 512, func(c byte) bool { return isPathByte(c) || c == '%' || c == '+' }) && !escapesASCII(s) && s[0] != '.'
}

func magaluSeller(s string) bool {
	return allBytes(s, 1, 64, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) && isAlnum(s[len(s)-1])
}

// Rewrite implements [Store]. The programme has no place for a sub-id.
func (Magalu) Rewrite(t Target, tag core.Tag, _ core.SubID) (string, error) {
	return "https://www.magazinevoce.com.br/" + tag.Fields["store"] + "/" + strings.TrimPrefix(t.URL, magaluSite), nil
}

// Verify implements [Store].
func (Magalu) Verify(u URL, tag core.Tag, _ core.SubID) error {
	if u.Host != "www.magazinevoce.com.br" || u.Scheme != "https" || u.Port != "" || u.Fragment != "" {
		return errIdentity
	}
	inside, ours := strings.CutPrefix(u.Path, "/"+tag.Fields["store"]+"/")
	if !ours || !provenPath(u.Path) {
		return errIdentity
	}
	seller, hasSeller := strings.CutPrefix(u.Query, "seller_id=")
	if hasSeller != (u.Query != "") || hasSeller && !provenMagaluSeller(seller) {
		return errIdentity
	}
	words, isSearch := strings.CutPrefix(inside, "busca/")
	switch {
	case inside == "" && !hasSeller:
		return nil
	case isSearch && !hasSeller && strings.HasSuffix(words, "/") && strings.Count(words, "/") == 1 && len(words) > 1 && len(words) <= 513:
		return nil
	case provenMagaluProduct(inside):
		return nil
	}
	return errIdentity
}

// provenMagaluSeller wants a plain name that WhatsApp keeps within the link.
func provenMagaluSeller(seller string) bool {
	return len(seller) <= 64 && provenPath(seller) && !strings.ContainsAny(seller, "%+.~/") && onlyWord(seller[max(0, len(seller)-1):], 1, 1)
}

// provenMagaluProduct wants [slug/]p/<id>/[<category>/[<subcategory>/]], where the slug is no
// other storefront.
func provenMagaluProduct(inside string) bool {
	slug, rest, _ := strings.Cut(inside, "/p/")
	if after, bare := strings.CutPrefix(inside, "p/"); bare {
		rest = after
	} else if slug == "" || len(slug) > 512 || slug == "divulgador" || slug == "busca" || strings.Contains(slug, "/") ||
		strings.HasPrefix(strings.ToLower(slug), "magazine") && !strings.Contains(slug, "-") {
		return false
	}
	id, rest, ok := strings.Cut(rest, "/")
	category, rest, hasCategory := strings.Cut(rest, "/")
	sub, rest, hasSub := strings.Cut(rest, "/")
	return ok && onlyWord(id, 5, 16) && hasCategory == (category != "") && hasSub == (sub != "") &&
		onlyWord(category, 0, 8) && onlyWord(sub, 0, 8) && rest == ""
}

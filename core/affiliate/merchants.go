package affiliate

import (
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Merchant is a store without a programme of its own: a [Network] pays for its products.
// What it knows is which pages are products, so that they are recognised when they come
// again and stripped of what others put on them. Only the path of a product's address is
// kept: networks carry little else.
type Merchant struct {
	unpaid
	slug, name string
	site       string   // the domain of the pages, which are shown at www.<site>
	shorts     []string // hosts of short links of its affiliates
	// product reads the id out of the segments of a path; ok=false for any other page.
	product func(parts []string) (id string, ok bool)
}

// Merchants returns the merchants whose product pages we are sure about, in a fixed order. A
// store that is not among them is [Unknown], and a tag of a network for its domain pays too.
func Merchants() []Store {
	merchants := []Merchant{
		{slug: "casasbahia", name: "Casas Bahia", site: "casasbahia.com.br", shorts: []string{"cb.com.br"}, product: slugPDigits},
		{slug: "ponto", name: "Ponto", site: "pontofrio.com.br", product: slugPDigits},
		{slug: "extra", name: "Extra", site: "extra.com.br", product: slugPDigits},
		{slug: "americanas", name: "Americanas", site: "americanas.com.br", product: produtoOrSlugP},
		{slug: "submarino", name: "Submarino", site: "submarino.com.br", product: produtoOrSlugP},
		{slug: "shoptime", name: "Shoptime", site: "shoptime.com.br", product: produtoOrSlugP},
		{slug: "centauro", name: "Centauro", site: "centauro.com.br", shorts: []string{"click.centauro.com.br"}, product: slugDigitsHTML},
		{slug: "nike", name: "Nike", site: "nike.com.br", product: slugDigitsHTML},
		{slug: "adidas", name: "Adidas", site: "adidas.com.br", product: slugSKUHTML},
		{slug: "terabyte", name: "TerabyteShop", site: "terabyteshop.com.br", product: produtoDigits},
		{slug: "carrefour", name: "Carrefour", site: "carrefour.com.br", product: slugP},
		{slug: "decathlon", name: "Decathlon", site: "decathlon.com.br", product: slugP},
		{slug: "cea", name: "C&A", site: "cea.com.br", product: slugP},
		{slug: "cobasi", name: "Cobasi", site: "cobasi.com.br", product: slugP},
		{slug: "dafiti", name: "Dafiti", site: "dafiti.com.br", product: slugDigitsHTML},
		{slug: "renner", name: "Renner", site: "lojasrenner.com.br", product: renner},
		{slug: "petz", name: "Petz", site: "petz.com.br", product: produtoSlugDigits},
		{slug: "leroymerlin", name: "Leroy Merlin", site: "leroymerlin.com.br", product: slugUnderscoreDigits},
	}
	stores := make([]Store, len(merchants))
	for i, m := range merchants {
		stores[i] = m
	}
	return stores
}

// Slug implements [Store].
func (m Merchant) Slug() string { return m.slug }

// Name implements [Store].
func (m Merchant) Name() string { return m.name }

// Hosts implements [Store].
func (m Merchant) Hosts() []string { return append([]string{m.site}, m.shorts...) }

// Classify implements [Store].
func (m Merchant) Classify(u URL) (Target, bool) {
	if slices.Contains(m.shorts, strings.TrimPrefix(u.Host, "www.")) {
		if t, ok := shortLink(m.slug, u); ok {
			return t, true
		}
		return refuse(m.slug, core.ReasonLinkNotProduct, u.Host), true
	}
	parts, clean := segments(u.Path)
	if !clean {
		return refuse(m.slug, core.ReasonLinkDeceptive, u.Host), true
	}
	if u.Host == m.site || u.Host == "www."+m.site {
		if id, ok := m.product(parts); ok {
			return merchantProduct(m.slug, id, "www."+m.site, parts), true
		}
	}
	return refuse(m.slug, core.ReasonLinkNotProduct, u.Host), true
}

func merchantProduct(store, id, host string, parts []string) Target {
	return Target{Kind: Product, Store: store, ProductKey: store + ":" + id, URL: "https://" + host + "/" + strings.Join(parts, "/")}
}

// unpaid is what stores have in common that pay nobody directly.
type unpaid struct{}

// Fields implements [Store]: there are none.
func (unpaid) Fields() []Field { return nil }

// Marketplaces implements [Store]: there are none.
func (unpaid) Marketplaces() []string { return nil }

// Rewrite implements [Store]. No link of such a store can carry a tag.
func (unpaid) Rewrite(t Target, _ core.Tag, _ core.SubID) (string, error) {
	return "", core.NewError(core.CodePrecondition, core.ReasonNoTag, t.Store)
}

// Verify implements [Store]. No link of such a store is anybody's.
func (unpaid) Verify(URL, core.Tag, core.SubID) error { return errIdentity }

// The forms of product pages. Each takes exactly its segments: a further one could be
// somebody's page or name.

// slugP reads <slug>/p.
func slugP(parts []string) (id string, ok bool) {
	if len(parts) != 2 || parts[1] != "p" || !isSlug(parts[0]) {
		return "", false
	}
	return strings.ToLower(parts[0]), true
}

// slugPDigits reads <slug>/p/<digits>.
func slugPDigits(parts []string) (id string, ok bool) {
	if len(parts) != 3 || parts[1] != "p" || !isSlug(parts[0]) {
		return "", false
	}
	return merchantID(parts[2])
}

// produtoDigits reads produto/<digits> and produto/<digits>/<slug>.
func produtoDigits(parts []string) (id string, ok bool) {
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "produto" || len(parts) == 3 && !isSlug(parts[2]) {
		return "", false
	}
	return merchantID(parts[1])
}

// produtoOrSlugP reads both forms that this group of stores has had.
func produtoOrSlugP(parts []string) (id string, ok bool) {
	if id, ok := produtoDigits(parts); ok {
		return id, true
	}
	return slugP(parts)
}

// produtoSlugDigits reads produto/<slug>-<digits>.
func produtoSlugDigits(parts []string) (id string, ok bool) {
	if len(parts) != 2 || parts[0] != "produto" {
		return "", false
	}
	return lastDigits(parts[1], "-")
}

// slugDigitsHTML reads <slug>-<digits>.html.
func slugDigitsHTML(parts []string) (id string, ok bool) {
	if len(parts) != 1 {
		return "", false
	}
	page, ok := strings.CutSuffix(parts[0], ".html")
	if !ok {
		return "", false
	}
	return lastDigits(page, "-")
}

// slugUnderscoreDigits reads <slug>_<digits>.
func slugUnderscoreDigits(parts []string) (id string, ok bool) {
	if len(parts) != 1 {
		return "", false
	}
	return lastDigits(parts[0], "_")
}

// slugSKUHTML reads <slug>/<SKU>.html, a SKU having six letters and digits.
func slugSKUHTML(parts []string) (id string, ok bool) {
	if len(parts) != 2 || !isSlug(parts[0]) {
		return "", false
	}
	sku, ok := strings.CutSuffix(parts[1], ".html")
	return strings.ToUpper(sku), ok && allBytes(sku, 6, 6, isAlnum)
}

// renner reads p/<slug>/-/A-<digits>-br.lr.
func renner(parts []string) (id string, ok bool) {
	if len(parts) != 4 || parts[0] != "p" || !isSlug(parts[1]) || parts[2] != "-" {
		return "", false
	}
	id, hasSuffix := strings.CutSuffix(parts[3], "-br.lr")
	id, hasPrefix := strings.CutPrefix(id, "A-")
	if !hasSuffix || !hasPrefix {
		return "", false
	}
	return merchantID(id)
}

// lastDigits reads the id behind the last separator of a slug.
func lastDigits(slug, separator string) (id string, ok bool) {
	i := strings.LastIndex(slug, separator)
	if i < 1 || !isSlug(slug) {
		return "", false
	}
	return merchantID(slug[i+1:])
}

// merchantID accepts four digits and more: fewer number pages and sizes.
func merchantID(s string) (id string, ok bool) { return s, allBytes(s, 4, 20, isDigit) }

package affiliate

import (
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// MercadoLivre is Mercado Livre Brazil. Identity travels in matt_word, and in matt_tool
// where the tenant has one.
type MercadoLivre struct{}

// Slug implements [Store].
func (MercadoLivre) Slug() string { return "mercadolivre" }

// Name implements [Store].
func (MercadoLivre) Name() string { return "Mercado Livre" }

// Marketplaces implements [Store].
func (MercadoLivre) Marketplaces() []string { return nil }

// Fields implements [Store].
func (MercadoLivre) Fields() []Field {
	return []Field{{
		Name: "matt_word", Main: true, Required: true, Example: "meuperfil", Check: mattWord,
		Help: map[core.Language]string{
			core.Portuguese: "A etiqueta que aparece como matt_word nos links gerados no portal de afiliados.",
			core.English:    "The label shown as matt_word in links made in the affiliate portal.",
		},
	}, {
		Name: "matt_tool", Example: "11111111",
		Check: func(v string) bool { return allBytes(v, 1, 20, isDigit) },
		Help: map[core.Language]string{
			core.Portuguese: "O número que aparece como matt_tool nos links gerados no portal de afiliados.",
			core.English:    "The number shown as matt_tool in links made in the affiliate portal.",
		},
	}}
}

// mattWord wants a letter or digit at the end, because WhatsApp leaves a final "." or "_" out
// of a link.
func mattWord(v string) bool {
	return allBytes(v, 1, 64, isPathByte) && isAlnum(v[len(v)-1]) && !strings.Contains(v, "~")
}

// Classify implements [Store]. A pinned offer (pdp_filters=item_id, wid) is dropped with the
// query: the product page is what carries the tag, and the pin comes in several forms that
// can also carry tracking.
func (MercadoLivre) Classify(u URL) (Target, bool) {
	parts, clean := segments(u.Path)
	switch {
	case u.Host == "meli.la", u.Host == "meli.co":
		if t, ok := shortLink("mercadolivre", u); ok {
			return t, true
		}
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	case mercadoLibreAbroad(u.Host):
		return refuse("mercadolivre", core.ReasonLinkMarketplace, u.Host), true
	case !hostWithin(u.Host, "mercadolivre.com.br") && !hostWithin(u.Host, "mercadolivre.com"):
		return Target{}, false
	case !clean:
		return refuse("mercadolivre", core.ReasonLinkDeceptive, u.Host), true
	case len(parts) > 0 && parts[0] == "social":
		return refuse("mercadolivre", core.ReasonLinkForeignProfile, u.Host), true
	case len(parts) == 2 && parts[0] == "sec":
		if t, ok := shortLink("mercadolivre", u); ok {
			return t, true
		}
	case strings.Join(parts, "/") == "gz/webdevice/config":
		return mercadoLivreInterstitial(u), true
	}
	sub, inBrazil := strings.CutSuffix(u.Host, "mercadolivre.com.br")
	key := mercadoLivreKey(parts)
	if !inBrazil || key == "" {
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	}
	switch sub {
	case "produto.":
	case "", "www.", "m.", "lista.":
		sub = "www."
	default:
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	}
	return Target{
		Kind: Product, Store: "mercadolivre", ProductKey: "mercadolivre:" + key,
		URL: "https://" + sub + "mercadolivre.com.br/" + strings.Join(parts, "/"),
	}, true
}

// mercadoLibreAbroad knows the other countries: a Brazilian identity earns nothing there.
func mercadoLibreAbroad(host string) bool {
	for _, site := range []string{
		"mercadolibre.com", "mercadolibre.com.ar", "mercadolibre.com.mx", "mercadolibre.cl",
		"mercadolibre.com.co", "mercadolibre.com.uy", "mercadolibre.com.pe", "mercadolibre.com.ec",
		"mercadolibre.com.ve", "mercadolibre.com.bo", "mercadolibre.co.cr",
	} {
		if hostWithin(host, site) {
			return true
		}
	}
	return false
}

// mercadoLivreInterstitial takes the device page off, which must lead back to the store.
func mercadoLivreInterstitial(u URL) Target {
	value, n := queryParam(u.Query, "go")
	inner, err := Parse(unwrapTwice(value))
	if n == 1 && err == nil && inner.Port == "" && !strings.HasPrefix(inner.Path, "/gz/") {
		if t, ok := (MercadoLivre{}).Classify(inner); ok {
			return t
		}
	}
	return refuse("mercadolivre", core.ReasonLinkDeceptive, u.Host)
}

// mercadoLivreKey names the product of a path, "" for anything else. Catalogue products
// (MLB1), user products (MLBU1) and items (MLB-1) are three id spaces, kept apart.
func mercadoLivreKey(parts []string) string {
	slug := func(s string) bool {
		return allBytes(s, 1, 512, func(c byte) bool { return isPathByte(c) || c == '%' })
	}
	for _, p := range parts {
		if !slug(p) || escapesASCII(p) {
			return ""
		}
	}
	// Catalogue and user products: [slug/]p/MLB1 and the older p/MLB1/slug.
	marker := 0
	if len(parts) > 1 && (parts[1] == "p" || parts[1] == "up") {
		marker = 1
	}
	if rest := parts[marker:]; len(rest) >= 2 && len(parts) <= 3 && (rest[0] == "p" || rest[0] == "up") {
		digits := strings.TrimPrefix(strings.TrimPrefix(rest[1], "MLB"), "U")
		if !strings.HasPrefix(rest[1], "MLB") || !allBytes(digits, 1, 20, isDigit) {
			return ""
		}
		if rest[0] == "up" {
			return "MLBU" + digits
		}
		return rest[1]
	}
	// Items: MLB-1[-slug], also without the first hyphen, also behind "produto/".
	if len(parts) == 2 && parts[0] == "produto" {
		parts = parts[1:]
	}
	if len(parts) != 1 {
		return ""
	}
	id, ok := strings.CutPrefix(parts[0], "MLB")
	if !ok {
		return ""
	}
	id, _, _ = strings.Cut(strings.TrimPrefix(id, "-"), "-")
	if !allBytes(id, 1, 20, isDigit) {
		return ""
	}
	return "MLB-" + id
}

// escapesASCII finds escapes of ASCII characters: those that need one mean something in a
// path, and the others have no reason to be hidden.
func escapesASCII(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && s[i+1] < '8' {
			return true
		}
	}
	return false
}

// Rewrite implements [Store].
func (MercadoLivre) Rewrite(t Target, tag core.Tag) (string, error) {
	link := t.URL + "?matt_word=" + tag.Fields["matt_word"]
	if tool := tag.Fields["matt_tool"]; tool != "" {
		link += "&matt_tool=" + tool
	}
	return link, nil
}

// Verify implements [Store]. The query must be the identity and nothing else; the path must
// be a product's, because a profile's owner is paid whatever the query says.
func (MercadoLivre) Verify(u URL, tag core.Tag) error {
	if u.Scheme != "https" || u.Port != "" || u.Fragment != "" ||
		u.Host != "www.mercadolivre.com.br" && u.Host != "produto.mercadolivre.com.br" {
		return errIdentity
	}
	pairs := strings.Split(u.Query, "&")
	if pairs[0] != "matt_word="+tag.Fields["matt_word"] {
		return errIdentity
	}
	switch tool := tag.Fields["matt_tool"]; {
	case tool == "" && len(pairs) == 1:
	case tool != "" && len(pairs) == 2 && pairs[1] == "matt_tool="+tool:
	default:
		return errIdentity
	}
	words := strings.Split(u.Path, "/")
	if len(words) < 2 || words[0] != "" || !plainPath(u.Path) || !provenMercadoLivreProduct(words[1:]) {
		return errIdentity
	}
	return nil
}

// provenMercadoLivreProduct wants a product id where one belongs and no page of a person.
func provenMercadoLivreProduct(words []string) bool {
	switch words[0] {
	case "social", "sec", "gz", "perfil", "loja":
		return false
	}
	productID := func(s string) bool {
		n := len(s)
		s = strings.TrimLeft(strings.TrimPrefix(s, "MLB"), "U-")
		return n > len(s) && s != "" && s[0] >= '0' && s[0] <= '9'
	}
	switch {
	case len(words) == 1:
		return productID(words[0])
	case len(words) == 2 && (words[0] == "p" || words[0] == "up" || words[0] == "produto"):
		return productID(words[1])
	case len(words) == 3 && (words[0] == "p" || words[0] == "up"):
		return productID(words[1])
	case len(words) == 3 && (words[1] == "p" || words[1] == "up"):
		return productID(words[2])
	}
	return false
}

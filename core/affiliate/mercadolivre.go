package affiliate

import (
	"slices"
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

// Hosts implements [Store].
func (MercadoLivre) Hosts() []string {
	return append(slices.Clone(mercadoLibreSites), "mercadolivre.com.br", "mercadolivre.com", "meli.la", "meli.co")
}

// Marketplaces implements [Store].
func (MercadoLivre) Marketplaces() []string { return nil }

// Fields implements [Store].
func (MercadoLivre) Fields() []Field {
	return []Field{{
		Name: "matt_word", Main: true, Required: true, Example: "meuperfil", Check: mattWord,
		Help: map[core.Language]string{
			core.Portuguese: "A etiqueta que aparece como matt_word nos links gerados no portal de afiliados. Nós a colocamos no endereço do produto; há afiliados que relatam receber por links assim e outros que dizem que só contam os links gerados no portal. Confira no seu relatório. Cadastrar a etiqueta é aceitar este modo.",
			core.English:    "The label shown as matt_word in links made in the affiliate portal. We put it on the product's address; some affiliates report being paid for such links, others say that only links made in the portal count. Check your report. Giving the label means accepting this mode.",
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
	path, clean := trimPath(u.Path)
	first, rest, _ := strings.Cut(path, "/")
	switch {
	case u.Host == "meli.la", u.Host == "meli.co":
		if t, ok := shortLink("mercadolivre", u); ok {
			return t, true
		}
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	case mercadoLibreAbroad(u.Host):
		return refuse("mercadolivre", core.ReasonLinkMarketplace, u.Host), true
	case !clean:
		return refuse("mercadolivre", core.ReasonLinkDeceptive, u.Host), true
	case first == "social", first == "perfil":
		return mercadoLivreProfile(u, first, rest), true
	case first == "sec":
		if t, ok := shortLink("mercadolivre", u); ok && rest != "" && !strings.Contains(rest, "/") {
			return t, true
		}
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	case first == "loja", first == "pagina":
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	case first == "gz", first == "jms":
		return mercadoLivreInterstitial(u), true
	}
	key, ok := mercadoLivreKey(path)
	front, inBrazil := mercadoLivreFront(u.Host)
	if !ok || !inBrazil {
		return refuse("mercadolivre", core.ReasonLinkNotProduct, u.Host), true
	}
	return Target{
		Kind: Product, Store: "mercadolivre", ProductKey: "mercadolivre:" + key,
		URL: front + path,
	}, true
}

// mercadoLivreFront is where the canonical address of a page on host begins; ok=false for
// sites that are not the Brazilian shop.
func mercadoLivreFront(host string) (front string, ok bool) {
	switch host {
	case "produto.mercadolivre.com.br":
		return "https://produto.mercadolivre.com.br/", true
	case "mercadolivre.com.br", "www.mercadolivre.com.br", "m.mercadolivre.com.br", "lista.mercadolivre.com.br":
		return "https://www.mercadolivre.com.br/", true
	}
	return "", false
}

// mercadoLivreProfile judges a person's page. One of "social" features a product, which is
// learned by opening it just as it stands; lists and sellers' pages do not.
func mercadoLivreProfile(u URL, first, profile string) Target {
	t := refuse("mercadolivre", core.ReasonLinkForeignProfile, u.Host)
	profile, more, _ := strings.Cut(profile, "/")
	if first != "social" || profile == "" || more == "lists" || strings.HasPrefix(more, "lists/") {
		return t
	}
	switch u.Host {
	case "mercadolivre.com.br", "www.mercadolivre.com.br", "m.mercadolivre.com.br",
		"mercadolivre.com", "www.mercadolivre.com":
		u.Scheme, u.Fragment = "https", ""
		t.Kind, t.URL = Showcase, u.String()
	}
	return t
}

// mercadoLibreSites are the other countries: a Brazilian identity earns nothing there.
var mercadoLibreSites = []string{
	"mercadolibre.com", "mercadolibre.com.ar", "mercadolibre.com.mx", "mercadolibre.cl",
	"mercadolibre.com.co", "mercadolibre.com.uy", "mercadolibre.com.pe", "mercadolibre.com.ec",
	"mercadolibre.com.ve", "mercadolibre.com.bo", "mercadolibre.co.cr",
}

func mercadoLibreAbroad(host string) bool {
	return slices.ContainsFunc(mercadoLibreSites, func(site string) bool { return hostWithin(host, site) })
}

// mercadoLivreInterstitial takes a device, check or login page off, which must lead back to
// the store.
func mercadoLivreInterstitial(u URL) Target {
	value, n := queryParam(u.Query, "go")
	inner, err := Parse(unwrapTwice(value))
	if n == 1 && err == nil && inner.Port == "" && hostWithin(inner.Host, "mercadolivre.com.br") &&
		!strings.HasPrefix(inner.Path, "/gz/") && !strings.HasPrefix(inner.Path, "/jms/") {
		t, _ := (MercadoLivre{}).Classify(inner)
		return t
	}
	return refuse("mercadolivre", core.ReasonLinkDeceptive, u.Host)
}

// mercadoLivreKey names the product of a path. Catalogue products (MLB1), user products
// (MLBU1) and items (MLB-1) are three id spaces, kept apart.
func mercadoLivreKey(path string) (key string, ok bool) {
	if !allBytes(path, 1, 1024, func(c byte) bool { return isPathByte(c) || c == '%' || c == '/' }) ||
		escapesASCII(path) || path[0] == '.' || strings.Contains(path, "/.") {
		return "", false
	}
	first, rest, _ := strings.Cut(path, "/")
	second, third, _ := strings.Cut(rest, "/")
	// Catalogue and user products: [slug/]p/MLB1 and the older p/MLB1/slug.
	switch {
	case first == "p", first == "up":
		if strings.Contains(third, "/") {
			return "", false
		}
		return mercadoLivrePage(first, second)
	case second == "p", second == "up":
		return mercadoLivrePage(second, third)
	case first == "produto":
		first, rest = rest, ""
	}
	// Items: MLB-1[-slug], also without the first hyphen, also behind "produto/".
	id, isItem := strings.CutPrefix(first, "MLB")
	id, _, _ = strings.Cut(strings.TrimPrefix(id, "-"), "-")
	if !isItem || rest != "" || !allBytes(id, 1, 20, isDigit) {
		return "", false
	}
	return "MLB-" + id, true
}

// mercadoLivrePage reads the id behind "p" or "up".
func mercadoLivrePage(marker, id string) (key string, ok bool) {
	number, isID := strings.CutPrefix(id, "MLB")
	digits, isUser := strings.CutPrefix(number, "U")
	if !isID || !allBytes(digits, 1, 20, isDigit) {
		return "", false
	}
	if marker == "up" && !isUser {
		return "MLBU" + digits, true
	}
	return id, true
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

// Rewrite implements [Store]. The programme has no place for a sub-id.
func (MercadoLivre) Rewrite(t Target, tag core.Tag, _ core.SubID) (string, error) {
	if tool := tag.Fields["matt_tool"]; tool != "" {
		return t.URL + "?matt_word=" + tag.Fields["matt_word"] + "&matt_tool=" + tool, nil
	}
	return t.URL + "?matt_word=" + tag.Fields["matt_word"], nil
}

// Verify implements [Store]. The query must be the identity and nothing else; the path must
// be a product's, because a profile's owner is paid whatever the query says.
func (MercadoLivre) Verify(u URL, tag core.Tag, _ core.SubID) error {
	if u.Host != "www.mercadolivre.com.br" && u.Host != "produto.mercadolivre.com.br" ||
		u.Scheme != "https" || u.Port != "" || u.Fragment != "" {
		return errIdentity
	}
	query, ok := strings.CutPrefix(u.Query, "matt_word=")
	word, tool, more := strings.Cut(query, "&matt_tool=")
	if !ok || word != tag.Fields["matt_word"] || tool != tag.Fields["matt_tool"] || more != (tool != "") {
		return errIdentity
	}
	path, ok := strings.CutPrefix(u.Path, "/")
	if !ok || !provenPath(u.Path) || strings.Contains(path, "+") || len(path) > 1024 || !provenMercadoLivreProduct(path) {
		return errIdentity
	}
	return nil
}

// provenMercadoLivreProduct wants a product id where one belongs, which no page of a person
// has.
func provenMercadoLivreProduct(path string) bool {
	words := strings.Split(path, "/")
	switch n := len(words); {
	case n == 1, n == 2 && words[0] == "produto":
		number, ok := strings.CutPrefix(words[n-1], "MLB")
		number, _, _ = strings.Cut(strings.TrimPrefix(number, "-"), "-")
		return ok && onlyDigits(number, 20)
	case n == 2 || n == 3 && words[2] != "" && (words[0] == "p" || words[0] == "up"):
		return (words[0] == "p" || words[0] == "up") && provenMercadoLivreID(words[1])
	case n == 3 && (words[1] == "p" || words[1] == "up"):
		return !isMercadoLivrePlace(words[0]) && provenMercadoLivreID(words[2])
	}
	return false
}

// isMercadoLivrePlace says whether a first segment leads to a person's page or elsewhere.
func isMercadoLivrePlace(word string) bool {
	return slices.Contains([]string{"social", "perfil", "loja", "pagina", "sec", "gz", "jms", ""}, word)
}

func provenMercadoLivreID(id string) bool {
	number, ok := strings.CutPrefix(id, "MLB")
	return ok && onlyDigits(strings.TrimPrefix(number, "U"), 20)
}

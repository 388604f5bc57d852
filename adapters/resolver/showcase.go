package resolver

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Links that Mercado Livre makes for its affiliates (meli.la, /sec/) lead to the affiliate's
// page, /social/<profile>?…&ref=…, which shows the product that was shared on top, with a
// button "Ir para produto", and more products below. Which product was shared is said by
// ref, in a form only the store can read; the page says it in up to three ways:
//
//  1. an anchor with the class poly-component__link--action-link, the button;
//  2. an address whose fragment holds c_id=/home/card-featured/element, in an anchor or in
//     the JSON that a script carries for the page's own code (some answers have the JSON
//     alone, with every "/" written as \u002F); other cards have other values;
//  3. an object with the id "card-featured" in that JSON, and the addresses within it.
//
// Certainty: 1 and 2 agree in several independent public programs that open such pages, the
// fragment also in product links that people copied from their browsers in 2025 and 2026;
// 3 is known from one. None of it is documented by the store, nor was it checked against the
// live site by us. So all marks must name the same product; two products, or none, and the
// page stays what it is, a page. Product ids elsewhere prove nothing: recommendations fill
// most of the page, and programs that took any of them posted the wrong product.

// maxShowcase is how much of a showcase is read, in bytes. How large the pages are is not
// known; the data for their scripts comes last.
const maxShowcase = 2 << 20

const (
	actionLink   = "poly-component__link--action-link"
	featuredCard = "/home/card-featured/element"
)

// isShowcase knows the pages of affiliates that were made for one product. Without ref the
// page shows whatever its owner likes today; lists are further down the path.
func isShowcase(u *url.URL) bool {
	switch strings.ToLower(u.Host) {
	case "www.mercadolivre.com.br", "mercadolivre.com.br", "mercadolivre.com":
	default:
		return false
	}
	profile, ok := strings.CutPrefix(u.Path, "/social/")
	profile = strings.TrimSuffix(profile, "/")
	return ok && profile != "" && !strings.Contains(profile, "/") && u.Query().Get("ref") != ""
}

// featuredProduct returns the address of the one product that a showcase features, as the
// page gives it, or "".
func featuredProduct(page []byte, at *url.URL) string {
	f := featured{at: at}
	inScript := false
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return f.only()
		case html.StartTagToken:
			token := z.Token()
			inScript = token.Data == "script"
			if token.Data == "a" {
				f.anchor(attribute(token, "class"), attribute(token, "href"))
			}
		case html.TextToken:
			if inScript {
				f.script(z.Text())
			}
		case html.EndTagToken:
			inScript = false
		}
	}
}

// featured collects the products that a page marks as featured.
type featured struct {
	at      *url.URL
	address string // of the first one found
	product string
	several bool
}

func (f *featured) only() string {
	if f.several {
		return ""
	}
	return f.address
}

// anchor adds the address of a marked anchor. A button of another card is not the featured
// one, whatever its class.
func (f *featured) anchor(class, href string) {
	mark := cardOf(href)
	if mark == featuredCard || mark == "" && slices.Contains(strings.Fields(class), actionLink) {
		f.add(href)
	}
}

// maxBroken is how many pieces of a script that look like JSON and are not are tried.
const maxBroken = 8

// script adds the marked addresses in the JSON objects of a script.
func (f *featured) script(text []byte) {
	if !bytes.Contains(text, []byte("card-featured")) {
		return
	}
	for broken := 0; broken < maxBroken; {
		start := bytes.Index(text, []byte(`{"`))
		if start < 0 {
			return
		}
		text = text[start:]
		var object map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		if err := d.Decode(&object); err != nil {
			broken++
			text = text[1:]
			continue
		}
		f.walk(object, false)
		text = text[d.InputOffset():]
	}
}

// walk looks through decoded JSON; within says that a card above is the featured one.
func (f *featured) walk(value any, within bool) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			f.walk(element, within)
		}
	case map[string]any:
		within = within || v["id"] == "card-featured"
		address, _ := v["url"].(string)
		fragments, _ := v["url_fragments"].(string)
		if within || cardOf(address) == featuredCard || cardOf("#"+strings.TrimLeft(fragments, "#?")) == featuredCard {
			if params, _ := v["url_params"].(string); strings.HasPrefix(params, "?") && !strings.ContainsAny(address, "?#") {
				address += params
			}
			f.add(address)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) { // always the same address first
			f.walk(v[name], within)
		}
	}
}

// add notes the address if it is that of a product.
func (f *featured) add(address string) {
	if strings.HasPrefix(address, "www.") || strings.HasPrefix(address, "produto.") {
		address = "https://" + address // as the JSON has some
	}
	u, err := f.at.Parse(strings.TrimSpace(address))
	if err != nil {
		return
	}
	product := mercadoLivreProduct(u)
	switch {
	case product == "":
	case f.product == "":
		f.product, f.address = product, u.String()
	case f.product != product:
		f.several = true
	}
}

// productPath finds the id in the three forms of product address.
var productPath = regexp.MustCompile(`^/(?:(?:[^/]+/)?(p/MLB[0-9]+|up/MLBU[0-9]+)/?|(MLB-?[0-9]+)(?:-[^/]*)?)$`)

// mercadoLivreProduct names the product of an address, "" for any other address.
func mercadoLivreProduct(u *url.URL) string {
	if u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return ""
	}
	switch u.Host {
	case "www.mercadolivre.com.br", "mercadolivre.com.br", "produto.mercadolivre.com.br":
	default:
		return ""
	}
	m := productPath.FindStringSubmatch(u.Path)
	if m == nil {
		return ""
	}
	return m[1] + strings.Replace(m[2], "-", "", 1)
}

// cardOf returns the c_id of an address, which names the card it stands on, from its fragment
// or query; "" for none, and "?" for several that differ.
func cardOf(address string) string {
	card := ""
	before, fragment, _ := strings.Cut(address, "#")
	_, query, _ := strings.Cut(before, "?")
	for _, part := range []string{fragment, query} {
		values, _ := url.ParseQuery(part)
		for _, c := range values["c_id"] {
			if card != "" && card != c {
				return "?"
			}
			card = c
		}
	}
	return card
}

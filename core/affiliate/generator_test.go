package affiliate

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// randomTag makes a well-formed tag of any store, from the examples of its fields.
func randomTag(t testing.TB, random *rand.Rand, r *Registry, s Store) core.Tag {
	t.Helper()
	var lastErr error
	for range 200 {
		tag := core.Tag{Store: s.Slug(), Fields: map[string]string{}}
		if markets := s.Marketplaces(); len(markets) > 0 {
			tag.Marketplace = markets[random.Intn(len(markets))]
		} else if _, network := s.(Network); network {
			tag.Marketplace = "loja-exemplo.com.br"
		}
		for _, f := range s.Fields() {
			if f.Required || f.Main || random.Intn(2) == 0 {
				tag.Fields[f.Name] = randomLike(random, f)
			}
		}
		checked, err := r.CheckTag(tag)
		if err == nil {
			return checked
		}
		lastErr = err
	}
	t.Fatalf("no tag of %s is accepted: %v", s.Slug(), lastErr)
	return core.Tag{}
}

// randomLike exchanges the letters and digits of a field's example, or only the digits where
// the letters mean something.
func randomLike(random *rand.Rand, f Field) string {
	for try := range 20 {
		b := []byte(f.Example)
		for i, c := range b {
			switch {
			case isDigit(c):
				b[i] = byte('1' + random.Intn(9))
			case try < 10 && c >= 'a' && c <= 'z':
				b[i] = byte('a' + random.Intn(26))
			case try < 10 && c >= 'A' && c <= 'Z':
				b[i] = byte('A' + random.Intn(26))
			}
		}
		if f.accepts(string(b)) {
			return string(b)
		}
	}
	return f.Example
}

// onlyMints says whether a tag can make links through the store's API alone.
func onlyMints(tag core.Tag) bool {
	return tag.Store == "aliexpress" && tag.Fields["aff_short_key"] == ""
}

// productPaths are the shapes of product pages that stores use; %[1]s is a number. A new
// store whose pages look like none of them adds a line.
var productPaths = []string{
	"/dp/B0A%[1]s", "/Coisa-boa/dp/B0A%[1]s/ref=x", "/gp/product/B0A%[1]s", "/o/ASIN/B0A%[1]s",
	"/product/%[1]s/%[1]s", "/coisa-boa-i.%[1]s.%[1]s", "/opaanlp/%[1]s/%[1]s",
	"/coisa-boa/p/MLB%[1]s", "/p/MLB%[1]s", "/coisa-boa/up/MLBU%[1]s", "/MLB-%[1]s-coisa-boa-_JM",
	"/coisa-boa/p/%[1]s/te/abcd/", "/coisa-boa/p/%[1]s", "/busca/coisa/",
	"/item/100500%[1]s.html", "/i/100500%[1]s.html",
	"/p/coisa-boa/NATBRA-%[1]s", "/p/coisa-boa-ABC-1234-006", "/Coisa-Boa-p-%[1]s.html", "/Coisa-Boa-p-%[1]s-cat-1234.html",
	"/produto/%[1]s/coisa-boa", "/s?k=coisa+boa", "/coisa-boa-%[1]s.html", "/coisa-boa-%[1]s/p",
}

// linksFor makes links whose programme is the one of tag: pages of the store, or of the
// merchant that a network's tag is for.
func linksFor(t testing.TB, random *rand.Rand, r *Registry, s Store, tag core.Tag) []string {
	t.Helper()
	hosts := s.Hosts()
	switch _, network := s.(Network); {
	case network:
		hosts = []string{tag.Marketplace}
	case tag.Marketplace != "":
		hosts = []string{tag.Marketplace}
	}
	own := r.Identity([]core.Tag{tag})
	var links []string
	for _, host := range hosts {
		for _, path := range productPaths {
			number := fmt.Sprint(1_000_000 + random.Intn(8_000_000))
			for _, front := range []string{"", "www."} {
				link := "https://" + front + host + strings.ReplaceAll(path, "%[1]s", number)
				target := r.Classify(link)
				if p, err := own.Payer(target); err != nil || p.Tag.Store != s.Slug() || target.MintOnly {
					continue
				}
				if _, err := own.Rewrite(target, core.SubID{}); err == nil {
					links = append(links, link)
				}
			}
		}
	}
	if len(links) == 0 && !onlyMints(tag) {
		t.Fatalf("no shape of a product page fits %s at %v", s.Slug(), hosts)
	}
	return links
}

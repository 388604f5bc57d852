package engine

import (
	"context"
	"fmt"
	"html"
	"math/rand"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/autopromo-cloud/autopromo/core"
)

// rivalLinks carry the word "rival" as somebody else's identity, in the forms of many
// programmes.
var rivalLinks = []string{
	"https://www.amazon.com.br/dp/B0TESTE001?tag=rival-20&ascsubtag=rival", "amazon.com.br/dp/B0TESTE001/ref=rival?tag=rival-20",
	"https://www.amazon.com.br/shop/rival", "https://amzn.to/rival12", "https://www.amazon.com.br/s?k=fone&tag=rival-20#tag=rival-20",
	"https://shopee.com.br/product/1/2?utm_source=an_rival", "https://s.shopee.com.br/an_redir?origin_link=https%3A%2F%2Fshopee.com.br%2Fproduct%2F1%2F2&affiliate_id=rival",
	"https://www.mercadolivre.com.br/p/MLB12345678?matt_word=rival#rival", "https://www.mercadolivre.com.br/social/rival?matt_word=rival", "meli.la/rival12",
	"https://www.magazinevoce.com.br/magazinerival/fone/p/123456700/te/ab/", "https://pt.aliexpress.com/item/1005001.html?aff_fcid=rival",
	"https://s.click.aliexpress.com/deep_link.htm?aff_short_key=rival&dl_target_url=https%3A%2F%2Fpt.aliexpress.com%2Fitem%2F1005001.html",
	"https://www.awin1.com/cread.php?awinmid=17729&awinaffid=rival&ued=https%3A%2F%2Fwww.kabum.com.br%2Fproduto%2F123456%3Fawc%3Drival",
	"https://www.natura.com.br/p/creme/NATBRA-1?consultoria=rival", "https://go.hotmart.com/rival1", "https://bit.ly/rival", "https://t.me/rival",
	"https://l.instagram.com/?u=https%3A%2F%2Fwww.amazon.com.br%2Fdp%2FB0TESTE001%3Ftag%3Drival-20", "https://rival.example.com.br/p/1", "wa.me/5511999999999?text=rival",
	"HTTPS://WWW.AMAZON.COM.BR/dp/B0TESTE001?TAG=rival-20", "https://www.amazon.com.br/dp/B0TESTE001?%74ag=rival-20",
}

// disguises put a link into a text the ways people and deceivers do; %s is the link.
var disguises = []string{
	"%s", "*%s*", "_%s_", "~%s~", "`%s`", "```%s```", "> %s", "(%s)", "<%s>", "👉%s👈", "%s.", "%s!", "veja%s", "veja:%s", "\u200b%s\u200b",
	"\u202e%s", "%s\u00ad", "link:\t%s", "%s,%[1]s", "%s%[1]s", "%s?x=%[1]s", "http://%s", "hxxps://%s", "[%s](%[1]s)", "\"%s\"", "%s\r", "\u2028%s", "%s&amp;x=1",
}

// ordinary is what honest messages are made of.
var ordinary = []string{
	"🔥 Fone Bluetooth", "De R$ 299 por R$ 199,90", "Cupom: CASA10", "Frete grátis", "Entre no nosso grupo:", "Corre!!", "", "➖➖➖", "Link do produto:",
	"https://www.amazon.com.br/dp/B0TESTE001", "amazon.com.br", "https://www.amazon.com.br/dp/B0TESTE002?th=1", "Fone Bluetooth", "@canal", "tag=", "?tag=",
}

// TestAdversary: whatever is mixed into a message, nothing of a rival's leaves. Two oracles
// judge that know nothing of the engine: one decodes the text as often as that changes it and
// looks for the rival; the other looks for what a phone would make clickable.
func TestAdversary(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	pick := func(list []string) string { return list[random.Intn(len(list))] }
	settings := []core.Settings{core.DefaultSettings(), core.DefaultSettings(), core.DefaultSettings()}
	settings[1].PartialLinks = core.DropPartial
	settings[2].PartialLinks, settings[2].CleanRepeats = core.DropPartial, false
	tenant := tenantWith(t, Deps{Resolver: rivalHosts{}}, shelf{tags: []core.Tag{
		{Store: "amazon", Fields: map[string]string{"tag": "nossa-20"}},
		{Store: "shopee", Fields: map[string]string{"affiliate_id": "18300000000"}},
		{Store: "mercadolivre", Fields: map[string]string{"matt_word": "nossa"}},
		{Store: "magalu", Fields: map[string]string{"store": "magazinenossa"}},
		{Store: "aliexpress", Fields: map[string]string{"aff_short_key": "_nossa"}},
		{Store: "awin", Fields: map[string]string{"awinaffid": "999999"}},
		{Store: "natura", Fields: map[string]string{"consultoria": "nossa"}},
		{Store: "netshoes", Fields: map[string]string{"campaign": "nossa"}},
		{Store: "shein", Fields: map[string]string{"url_from": "nossa"}},
		{Store: "template", Marketplace: "loja-exemplo.com.br", Fields: map[string]string{"template": "https://clique.rede-exemplo.com.br/?id=minha&url={url}"}},
	}})
	posted := 0
	for range 8000 {
		lines := make([]string, 0, 8)
		for range 1 + random.Intn(5) {
			lines = append(lines, pick(ordinary))
		}
		for range random.Intn(3) {
			link := pick(rivalLinks)
			if random.Intn(3) > 0 {
				link = forge(random)
			}
			lines = append(lines, fmt.Sprintf(pick(disguises), link))
		}
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		text := strings.Join(lines, pick([]string{"\n", "\n", "\n", " ", "", "\r\n", "\n\n"}))
		p, err := tenant.plan(t.Context(), tenant.under(settings[random.Intn(len(settings))]), core.Source{}, text, true)
		if err != nil {
			t.Fatal(err)
		}
		var sub core.SubID
		if random.Intn(2) == 0 {
			sub = core.NewSubID("grupo", "oferta")
		}
		final, err := tenant.write(t.Context(), p, sub)
		if err != nil {
			t.Fatal(err)
		}
		if final == "" {
			continue
		}
		posted++
		shown := shown(final)
		if strings.Contains(shown, "rival") || strings.Contains(shown, "7777777") {
			t.Fatalf("%q\nbecame\n%q", text, final)
		}
		for _, host := range clickable.FindAllStringSubmatch(shown, -1) {
			if !ourHost.MatchString(host[1]) {
				t.Fatalf("%q\nbecame\n%q\nwith a link to %s", text, final, host[1])
			}
		}
	}
	if posted < 200 {
		t.Errorf("only %d of the messages went out: the test says little", posted)
	}
}

// rivalHosts are short-link hosts that lead to a rival's links.
type rivalHosts struct{}

func (rivalHosts) Resolve(_ context.Context, link string, _ func(string) bool) (string, error) {
	switch {
	case strings.Contains(link, "amzn.to/"):
		return "https://www.amazon.com.br/dp/B0TESTE003?tag=rival-20&linkId=rival", nil
	case strings.Contains(link, "meli.la/"):
		return "https://www.mercadolivre.com.br/social/rival?matt_word=rival&ref=rival", nil
	case strings.Contains(link, "/social/"):
		return "https://www.mercadolivre.com.br/fone-bluetooth/p/MLB12345678?matt_word=rival", nil
	}
	return "https://rival.example.com.br/oferta", nil
}

// clickable finds what phones link: the host after a scheme, and domains under the top-level
// domains of these tests, whatever stands around them.
var clickable = regexp.MustCompile(`(?:[a-z][a-z0-9+.-]*://|\b)((?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+(?:com|br|me|ly|la|ee|li|net|io))\b`)

// ourHost is where the links of this tenant lead, and the shops that stand in them.
var ourHost = regexp.MustCompile(`(?:^|\.)(?:(?:amazon|mercadolivre|shopee|magazinevoce|natura|netshoes|kabum|loja-exemplo|rede-exemplo)\.com\.br|(?:aliexpress|awin1|shein)\.com)$`)

// shown is a text as lenient programs and people read it: escapes undone, look-alikes made
// equal, marks and what is invisible gone.
func shown(s string) string {
	for range 8 {
		next := escapes.ReplaceAllStringFunc(html.UnescapeString(s), func(e string) string {
			c, _ := url.PathUnescape(e)
			return c
		})
		next = strings.Map(func(r rune) rune {
			if strings.ContainsRune("*_~`", r) || unicode.In(r, unicode.Cf, unicode.Mn) {
				return -1
			}
			return r
		}, norm.NFKC.String(next))
		if next == s {
			break
		}
		s = next
	}
	return strings.ToLower(s)
}

var escapes = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

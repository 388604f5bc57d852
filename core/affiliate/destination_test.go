package affiliate

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestCleanDestination(t *testing.T) {
	const loja = "https://www.loja.com.br/"
	for _, c := range []struct {
		link, want string
		reason     core.Reason
	}{
		{link: loja + "tenis-42/p", want: loja + "tenis-42/p"},
		{link: loja + "tenis-42/p/", want: loja + "tenis-42/p/"},
		{link: "http://loja.com.br/coisa.html?utm_source=rival&awc=1#rival", want: "https://loja.com.br/coisa.html"},
		{link: "https://m.loja.com.br/p/caf%C3%A9?skuId=1", want: "https://m.loja.com.br/p/caf%C3%A9"},
		{link: "https://www.loja.com.br/p/café", want: "https://www.loja.com.br/p/caf%C3%A9"},
		{link: loja + "tp-link/camisa-social/gopro-hero/link-cabo/p", want: loja + "tp-link/camisa-social/gopro-hero/link-cabo/p"},
		{link: loja, reason: core.ReasonLinkNotProduct},
		{link: "https://www.loja.com.br", reason: core.ReasonLinkNotProduct},
		{link: loja + "p/coisa.", reason: core.ReasonLinkNotProduct},
		{link: loja + "produto.php?id=12", reason: core.ReasonLinkNotProduct},
		{link: loja + "busca?q=tenis", reason: core.ReasonLinkNotProduct},
		{link: loja + "p/1;aff=rival", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/aff=rival", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/1&aff", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/@rival", reason: core.ReasonLinkDeceptive},
		{link: loja + "p//1", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/1%3Faff%3Drival", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/1%253Faff", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/1%C0%AF", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/1%E2%80%8Brival", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/evil.com", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/kit-evil.com-azul", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/coisa-boa-.ht", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/evil.xn--p1ai", reason: core.ReasonLinkDeceptive},
		{link: loja + "p/v1.2-beta.5/p", want: loja + "p/v1.2-beta.5/p"},
		{link: loja + "www.evil.de/p", reason: core.ReasonLinkDeceptive},
		{link: "https://www.loja.com.br:8443/p/1", reason: core.ReasonLinkDeceptive},
		{link: "https://loja.com.br.evil.example/p/1", reason: core.ReasonLinkDeceptive},
		{link: "https://outraloja.com.br/p/1", reason: core.ReasonLinkDeceptive},
		{link: "https://fulano.loja.com.br/p/1", reason: core.ReasonLinkForeignProfile},
		{link: "https://minhaloja.loja.com.br/p/1", reason: core.ReasonLinkForeignProfile},
		{link: loja + "afiliado/fulano/p/1", reason: core.ReasonLinkForeignProfile},
		{link: loja + "Consultoria/fulana", reason: core.ReasonLinkForeignProfile},
		{link: loja + "parceiro_fulano/p/1", reason: core.ReasonLinkForeignProfile},
		{link: loja + "usu%C3%A1rio/fulano", reason: core.ReasonLinkForeignProfile},
		{link: loja + "social/fulano", reason: core.ReasonLinkForeignProfile},
		{link: loja + "r/abc", reason: core.ReasonLinkForeignProfile},
	} {
		got, err := cleanDestination(Target{Kind: Unknown, URL: c.link}, "loja.com.br")
		var held *core.Error
		switch {
		case c.reason == "" && (err != nil || got != c.want):
			t.Errorf("%s is %s, %v; want %s", c.link, got, err, c.want)
		case c.reason == "" && !provenDestination(url.QueryEscape(got), "loja.com.br"):
			t.Errorf("%s is clean and not proven", got)
		case c.reason != "" && (!errors.As(err, &held) || held.Reason != c.reason):
			t.Errorf("%s is %s, %v; want %s", c.link, got, err, c.reason)
		case c.reason != "" && provenPage(c.link, "loja.com.br"):
			t.Errorf("proven: %s", c.link)
		}
	}
}

// TestIdentityHosts: a tag for a domain whose addresses are somebody's pays for nothing.
func TestIdentityHosts(t *testing.T) {
	for host, reason := range map[string]core.Reason{
		"magazinevoce.com.br": core.ReasonLinkForeignProfile, "minhaloja.natura.com": core.ReasonLinkForeignProfile,
		"magazineluiza.onelink.me": core.ReasonLinkForeignProfile, "hotmart.com": core.ReasonLinkForeignProfile,
		"loja.pxf.io": core.ReasonLinkForeignProfile, "awin1.com": core.ReasonLinkForeignProfile, "rzekl.com": core.ReasonLinkForeignProfile,
		"amazon.com.br": core.ReasonNoTag, "amazon.com": core.ReasonNoTag, "mercadolivre.com.br": core.ReasonNoTag, "mercadolibre.com.ar": core.ReasonNoTag,
		"bit.ly": core.ReasonLinkUnresolved, "tidd.ly": core.ReasonLinkUnresolved,
		"instagram.com": core.ReasonLinkForeignChannel, "tiktok.com": core.ReasonLinkForeignChannel,
	} {
		link := "https://" + host + "/coisa/p/123456"
		var held *core.Error
		_, err := cleanDestination(Target{Kind: Unknown, URL: link}, host)
		if !errors.As(err, &held) || held.Reason != reason {
			t.Errorf("%s: %v, want %s", host, err, reason)
		}
		if provenPage(link, host) {
			t.Errorf("proven: %s", link)
		}
	}
}

// TestProvenParameters: not even a tag that asks to keep a programme's parameter keeps it.
func TestProvenParameters(t *testing.T) {
	for query, want := range map[string]bool{"cor=AZ": true, "cor=AZ&ref=x": false, "ref=x": false, "UTM_source=x": false, "affid=x": false} {
		if provenPage(kabumPage+"?"+query, "kabum.com.br", "cor", "ref", "UTM_source", "affid") != want {
			t.Errorf("%s proven: %v", query, !want)
		}
	}
}

// TestKnownStoreDestinations: what a known store's canonical address still says is what is
// sold; it stays or the link does not go out.
func TestKnownStoreDestinations(t *testing.T) {
	r := withNetworks(t)
	awin := func(site string) []core.Tag {
		return []core.Tag{{Store: "awin", Marketplace: site, Fields: map[string]string{"awinaffid": "424242", "awinmid": "7"}}}
	}
	const start = "https://www.awin1.com/cread.php?awinmid=7&awinaffid=424242&ued="
	const magalu = "https://www.magazineluiza.com.br/coisa-boa/p/123456700/te/abcd/"
	for _, c := range []struct{ link, site, want string }{
		{magalu + "?promoter_id=1", "magazineluiza.com.br", start + magaluPage},
		{"https://www.magazinevoce.com.br/rival/coisa-boa/p/123456700/te/abcd/", "magazineluiza.com.br", start + magaluPage},
		{"https://shopee.com.br/coisa-i.458071934.26778686208?mmp_pid=an_1", "shopee.com.br", start + "https%3A%2F%2Fshopee.com.br%2Fproduct%2F458071934%2F26778686208"},
		{magalu + "?seller_id=loja1", "magazineluiza.com.br", ""},
		{magalu, "magazinevoce.com.br", ""},
		{"https://www.magazineluiza.com.br/", "magazineluiza.com.br", ""},
		{"https://www.amazon.com.br/dp/B0TESTE001", "amazon.com.br", ""},
		{"https://produto.mercadolivre.com.br/MLB-1234567890-coisa-_JM", "mercadolivre.com.br", ""},
	} {
		got, err := r.Rewrite(r.Classify(c.link), awin(c.site))
		if got != c.want {
			t.Errorf("%s rewritten to %s (%v), want %s", c.link, got, err, c.want)
		}
		if got != "" && r.Verify(got, awin(c.site)) != nil {
			t.Errorf("own link not proven: %s", got)
		}
	}
	for _, hidden := range []string{
		"https://www.amazon.com.br/exec/obidos/ASIN/B0TESTE001/rival-20", "https://www.amazon.com.br/shop/rival",
		"https://www.mercadolivre.com.br/sec/1abcDEF", "https://www.mercadolivre.com.br/social/rival",
		"https://www.magazinevoce.com.br/rival/coisa/p/1/", "https://s.shopee.com.br/AbCdEf",
	} {
		u, err := Parse(hidden)
		if err != nil {
			t.Fatal(err)
		}
		for _, site := range []string{"amazon.com.br", "mercadolivre.com.br", "magazinevoce.com.br", "shopee.com.br"} {
			if hostWithin(u.Host, site) && r.Verify(start+url.QueryEscape(hidden), awin(site)) == nil {
				t.Errorf("proven: %s", hidden)
			}
		}
	}
}

// TestCleanIsProven: whatever the rewriter lets through, the proof, which shares nothing
// with it, accepts. The words are those at which the two could disagree.
func TestCleanIsProven(t *testing.T) {
	words := []string{
		"p", "p", "produto", "produto", "123456", "tenis-de-corrida-42", "parceiro-de-treino-kit", "loja", "store", "s", "cupom", "redirect.php", "x.lr", "evil.xyz", "1.2.3.4", "tenis-42", "coisa.html", "a.b", "v2.0", "caf%C3%A9", "caf%c3%a9", "%C2%AE", "%E2%80%93", "+", "a+b", "~", "_", "-", "1",
		"afiliado", "afiliados-x", "afiliadosx", "parceira.x", "partner~x", "consultores", "consultorias", "vendedor+x", "revendedoras", "embaixadora",
		"social", "Social", "social-x", "sec", "perfil", "perfis", "u", "users", "usuario", "usu%C3%A1rios", "USU%C3%81RIO", "criadora", "minha-loja", "minhaloja",
		"espa%C3%A7o", "indica%C3%A7%C3%A3o", "indica%C3%A7ao", "ref", "refer", "r", "go", "link", "links", "url", "tracking", "an_redir", "deeplink",
		"x.com", "www.x", "x.COM", "x.shop", "x.br", ".x", "x.", "http", "%F0%9F%98%80", "aff", "aff_1", "members", "promoter.x",
	}
	seed := rand.New(rand.NewPCG(1, 2))
	clean := 0
	for range 90_000 {
		path := ""
		for range 1 + seed.IntN(3) {
			path += "/" + words[seed.IntN(len(words))]
		}
		query := []string{"", "?cor=AZ", "?cor=a-b.c_d", "?cor=az-20", "?cor=1-20", "?cor=an_1", "?COR=x&y=1", "?cor=u"}[seed.IntN(8)]
		host := []string{"loja.com.br", "www.loja.com.br", "pt.loja.com.br"}[seed.IntN(3)]
		page, err := cleanDestination(Target{Kind: Unknown, URL: "https://" + host + path + query}, "loja.com.br", "cor")
		if err != nil {
			continue
		}
		clean++
		if !provenDestination(url.QueryEscape(page), "loja.com.br", "cor") || !provenPage(page, "loja.com.br", "cor") {
			t.Errorf("clean but not proven: %s", page)
		}
	}
	if clean < 1000 {
		t.Errorf("only %d addresses were clean", clean)
	}
}

func FuzzCleanDestination(f *testing.F) {
	for _, link := range append([]string{kabumPage, kabumPage + "?cor=AZ"}, foreignDestinations...) {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		page, err := cleanDestination(Target{Kind: Unknown, URL: link}, "kabum.com.br", "cor")
		if err != nil {
			return
		}
		if again, err := cleanDestination(Target{Kind: Unknown, URL: page}, "kabum.com.br", "cor"); err != nil || again != page {
			t.Errorf("%q cleaned again is %q, %v", page, again, err)
		}
		u, err := Parse(page)
		if err != nil || !hostWithin(u.Host, "kabum.com.br") || u.Fragment != "" || u.Port != "" || strings.Contains(u.Query, "&") {
			t.Errorf("%q is clean", page)
		}
		if !provenPage(page, "kabum.com.br", "cor") && len(page) <= 2048 {
			t.Errorf("%q is clean but not proven", page)
		}
	})
}

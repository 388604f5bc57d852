package affiliate

import (
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestParse(t *testing.T) {
	for raw, want := range map[string]string{
		"HTTPS://WWW.Loja.Example":                  "https://www.loja.example",
		"http://loja.example:80/A?b=C#D":            "http://loja.example/A?b=C#D",
		"https://loja.example:443":                  "https://loja.example",
		"https://loja.example:8443/":                "https://loja.example:8443/",
		"https://loja.example./a":                   "https://loja.example/a",
		"https://amazon。com。br/dp/B0":               "https://amazon.com.br/dp/B0",
		"https://ａｍａｚｏｎ．com．br":                     "https://amazon.com.br",
		"https://promoção.com.br/x":                 "https://xn--promoo-7ta5a.com.br/x",
		"https://loja.example/5ª geração"[:24]:      "https://loja.example/5%C2%AA",
		"https://loja.example/a|b?c=\"d\"":          "https://loja.example/a%7Cb?c=%22d%22",
		"https://loja.example?q=https://x.example/": "https://loja.example?q=https://x.example/",
	} {
		u, err := Parse(raw)
		if err != nil || u.String() != want {
			t.Errorf("Parse(%q) = %s, %v; want %s", raw, u, err, want)
		}
		if again, err := Parse(u.String()); err != nil || again != u {
			t.Errorf("Parse(%q) is not stable: %v %v", raw, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, raw := range []string{
		"", "amazon.com.br", "//amazon.com.br", "https:/amazon.com.br", "https://", "https:///x", "ftp://a.example",
		"javascript:alert(1)//amazon.com.br", "intent://amazon.com.br#Intent;scheme=https;end",
		"https://amazon.com.br@evil.example/dp/B0", "https://amazon.com.br:443@evil.example/", "https://a:b@evil.example/",
		`https://amazon.com.br\@evil.example/`, `https://evil.example\.amazon.com.br/`, `https://amazon.com.br/a\b`,
		"https://аmazon.com.br/dp/B0", "https://xn--mazon-3ve.com.br/", "https://аmazon.com.br./",
		"https://amzn.to/\u202e3abc", "https://amzn.to/3a\u200bbc", "https://am\u2060zn.to/x", "https://amzn.to/3abc\ufe0f",
		"https://amzn.to/a b", "https://amzn.to/a\tb", "https://amzn.to/a\nb", "https://amzn.to/\x00", "https://amzn.to/\xff",
		"https://a.example:/", "https://a.example:0/", "https://a.example:99999/", "https://a.example:8x/", "https://a.example:+80/",
		"https://[::1]/", "https://a..example/", "https://.a.example/", "https://-a.example/", "https://a_b.example/", "https://a%2eexample/",
		"https://a.example/%zz", "https://a.example/%2", "https://a.example/a/../b", "https://a.example/a/%2E%2e/b", "https://a.example/./b",
		"https://a.example/" + strings.Repeat("a", maxURLBytes),
	} {
		u, err := Parse(raw)
		if err == nil {
			t.Errorf("Parse(%q) = %+v", raw, u)
			continue
		}
		wantError(t, err, core.CodeInvalid, core.ReasonLinkDeceptive, "", "")
	}
}

// Hosts that only look like a store's, and tricks that would hide a foreign identity.
func TestDeceptions(t *testing.T) {
	r := builtin(t)
	for link, want := range map[string]Kind{
		"https://amazon.com.br@evil.example/dp/B0TESTE001":          Refused,
		`https://amazon.com.br\@evil.example/`:                      Refused,
		"https://amazon.com.br.evil.example/dp/B0TESTE001":          Unknown,
		"https://evilamazon.com.br/dp/B0TESTE001":                   Unknown,
		"https://evil.example/?u=amazon.com.br":                     Unknown,
		"https://evil.example/amazon.com.br/dp/B0TESTE001":          Unknown,
		"https://аmazon.com.br/dp/B0TESTE001":                       Refused,
		"https://xn--mazon-3ve.com.br/":                             Refused,
		"https://amzn.to/\u202e3abc":                                Refused,
		"https://megaa.co/x":                                        Unknown,
		"https://shopee.com.br.evil.example/product/1/2":            Unknown,
		"https://xshopee.com.br/product/1/2":                        Unknown,
		"https://mercadolivre.com.br.evil.example/p/MLB1":           Unknown,
		"https://evil.example/www.magazinevoce.com.br/x/y/p/12345/": Unknown,
		"javascript:alert(1)":                                       Refused,
		"":                                                          Refused,
	} {
		got := r.Classify(link)
		if got.Kind != want {
			t.Errorf("%q: %+v, want %s", link, got, want)
		}
		if got.Hold.Reason == "" {
			t.Errorf("%q: no reason", link)
		}
		if final, err := r.Rewrite(got, ourTags); err == nil {
			t.Errorf("%q: rewritten to %s", link, final)
		}
	}
	if got := r.Classify("https://amazon。com。br/dp/B0TESTE001"); got.URL != "https://www.amazon.com.br/dp/B0TESTE001" {
		t.Errorf("wide dots: %+v", got)
	}
}

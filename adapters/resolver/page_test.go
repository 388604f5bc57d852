package resolver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
)

func TestPagesThatRedirect(t *testing.T) {
	const want = "https://shop.example/p/1?a=1&b=2"
	for name, body := range map[string]string{
		"meta refresh":            `<meta http-equiv="refresh" content="0;url=https://shop.example/p/1?a=1&amp;b=2">`,
		"meta refresh, quoted":    `<META HTTP-EQUIV='Refresh' CONTENT="5; URL='https://shop.example/p/1?a=1&amp;b=2'" />`,
		"meta refresh, no url=":   `<meta http-equiv=refresh content="0, https://shop.example/p/1?a=1&b=2">`,
		"meta refresh, noscript":  `<noscript><meta http-equiv="refresh" content="0;url=https://shop.example/p/1?a=1&amp;b=2"></noscript>`,
		"meta before script":      `<meta http-equiv="refresh" content="1;url=https://shop.example/p/1?a=1&b=2"><script>location="https://other.example"</script>`,
		"meta on a long page":     `<meta http-equiv="refresh" content="0;url=https://shop.example/p/1?a=1&amp;b=2">` + strings.Repeat("<p>uma oferta</p>", 500),
		"window.location":         `<script>window.location = "https://shop.example/p/1?a=1&b=2";</script>`,
		"window.location.href":    `<script>setTimeout(function(){window.location.href='https://shop.example/p/1?a=1&b=2'},10)</script>`,
		"location.replace":        `<script>var a=1;location.replace("https:\/\/shop.example\/p\/1?a=1\u0026b=2")</script>`,
		"document.location":       `<script>document.location.assign( 'https://shop.example/p/1?a=1\x26b=2' )</script>`,
		"a template literal":      "<script>location.href = `https://shop.example/p/1?a=1&b=2`</script>",
		"relative to the page":    `<meta http-equiv="refresh" content="0;url=/deep/">`,
		"script within the site":  `<script>location.replace("/deep/")</script>`,
		"second script":           `<script>var location_name = "https://x.example"</script><script>top.location="https://shop.example/p/1?a=1&b=2"</script>`,
		"commented out is not it": `<!-- <meta http-equiv="refresh" content="0;url=https://other.example"> --><script>self.location='https://shop.example/p/1?a=1&b=2'</script>`,
		"the app is tried first":  `<script>location.href="shopapp://p/1";setTimeout(function(){location.href="https://shop.example/p/1?a=1&b=2"},500)</script>`,
		"said twice":              `<script>location="https://shop.example/p/1?a=1&b=2"</script><script>window.location.replace("https://shop.example/p/1?a=1&b=2")</script>`,
		"little to read":          `<p>Você está sendo redirecionado…</p><script>window.location="https://shop.example/p/1?a=1&b=2"</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			w := &web{handle: func(r *http.Request) *http.Response {
				if r.URL.Path == "/deep/" {
					return to(want)
				}
				return page(body)
			}}
			got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), "https://s.example/x", isShop)
			if err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestRefreshHeaderRedirects(t *testing.T) {
	w := &web{handle: func(*http.Request) *http.Response {
		return reply(http.StatusOK, http.Header{"Refresh": {"0; url=https://shop.example/p/1"}}, "")
	}}
	got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), "https://s.example/x", isShop)
	if err != nil || got != "https://shop.example/p/1" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestPagesThatStay(t *testing.T) {
	for name, body := range map[string]string{
		"plain":                 `<p>hello</p>`,
		"empty":                 ``,
		"reload":                `<meta http-equiv="refresh" content="30">`,
		"reload in a while":     `<meta http-equiv="refresh" content="900;url=https://shop.example/expired">`,
		"complaint, noscript":   `<noscript><meta http-equiv="refresh" content="0;url=/no-scripts"></noscript>`,
		"built address":         `<script>window.location = "https://shop.example/" + id</script>`,
		"address from a call":   `<script>window.location = target()</script>`,
		"template, filled in":   "<script>location.href = `https://shop.example/${id}`</script>",
		"a choice":              `<script>if (a) location = "https://shop.example/1"; else location = "https://shop.example/2"</script>`,
		"a choice, conditional": `<script>location = mobile ? "https://shop.example/1" : "https://shop.example/2"</script>`,
		"literal and built":     `<script>location = "https://shop.example/1"; location = "https://other.example/" + id</script>`,
		"a method of it":        `<script>location = "https://shop.example/X".replace("X", id)</script>`,
		"comparison":            `<script>if (window.location.href == "https://shop.example/") {}</script>`,
		"another's location":    `<script>store.location = "https://shop.example/"; mylocation = "https://shop.example/"</script>`,
		"text, not script":      `<p>window.location = "https://shop.example/"</p>`,
		"data, not script":      `<script type="application/ld+json">{"a":"location='https://shop.example/'"}</script>`,
		"content with a click":  strings.Repeat("<p>palavras e mais palavras</p>", 100) + `<script>function login(){location.href="https://shop.example/login"}</script>`,
		"shein field, not it":   `<input id="url" value="https://shop.example/p/1">`,
		"og:url":                `<meta property="og:url" content="https://shop.example/p/1">`,
		"beyond the limit":      strings.Repeat("<p>", 100<<10) + `<meta http-equiv="refresh" content="0;url=https://shop.example/">`,
		"app only":              `<script>location="mailto:a@shop.example"</script>`,
		"empty spa":             `<div id="root"></div><script src="/app.js"></script>`,
	} {
		t.Run(name, func(t *testing.T) {
			w := &web{handle: func(*http.Request) *http.Response { return page(body) }}
			got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), "https://s.example/x", isShop)
			if err != nil || got != "https://s.example/x" || w.count() != 1 {
				t.Errorf("got %q, %v after %d requests, want the page itself after 1", got, err, w.count())
			}
		})
	}
}

func TestWhatIsNotReadIsNotJudged(t *testing.T) {
	html := http.Header{"Content-Type": {"text/html"}}
	squeezed := html.Clone()
	squeezed.Set("Content-Encoding", "br")
	file := http.Header{"Content-Type": {"application/pdf"}}
	for name, test := range map[string]struct {
		res  *http.Response
		want string // "" for inconclusive
	}{
		"a coding not asked for":  {reply(http.StatusOK, squeezed, "x"), ""},
		"a page that breaks off":  {brokenPage(), ""},
		"no content":              {reply(http.StatusNoContent, nil, ""), ""},
		"a file":                  {reply(http.StatusOK, file, `<meta http-equiv="refresh" content="0;url=https://shop.example/">`), "https://s.example/x"},
		"a page of unstated type": {reply(http.StatusOK, nil, `<script>location="https://shop.example/"</script>`), "https://shop.example/"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &web{handle: func(*http.Request) *http.Response { return test.res }}
			got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), "https://s.example/x", isShop)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestSheinOnelink(t *testing.T) {
	w := &web{handle: func(*http.Request) *http.Response {
		return page(`<body><input type="hidden" id="url" value="https://shop.example/p-1.html?x=1&amp;y=2"><script>go()</script>`)
	}}
	got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), "https://onelink.shein.com/1/abc", isShop)
	if err != nil || got != "https://shop.example/p-1.html?x=1&y=2" {
		t.Errorf("got %q, %v", got, err)
	}
}

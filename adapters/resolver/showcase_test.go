package resolver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

const (
	showcase = "https://www.mercadolivre.com.br/social/perfil?matt_word=perfil&matt_tool=11111111&ref=BAbc%2Fd%3D"
	fryer    = "https://www.mercadolivre.com.br/fritadeira-4l/p/MLB11111111"
	drill    = "https://www.mercadolivre.com.br/furadeira-500w/p/MLB22222222"
	tracking = "?matt_event_ts=1#polycard_client=recommendations_home_affiliate-profile&c_id=/home/card-featured/element&c_uid=1"
	other    = "#polycard_client=recommendations_home_affiliate-profile&c_id=/home/recommendations/element"
)

func isProduct(link string) bool {
	return strings.Contains(link, "/p/MLB") || strings.Contains(link, "/up/MLBU") || strings.Contains(link, "/MLB-")
}

// button is the anchor of a featured card.
func button(href string) string {
	return `<a href="` + strings.ReplaceAll(href, "&", "&amp;") + `" class="poly-component__link poly-component__link--action-link">Ir para produto</a>`
}

// state is the data that a page carries for its scripts, as the store writes it.
func state(json string) string {
	return `<script id="__PRELOADED_STATE__">_n.ctx.r=` + strings.ReplaceAll(json, "/", `\u002F`) + `;_n.ctx.done=true</script>`
}

func openShowcase(t *testing.T, link, body string) (string, *web) {
	t.Helper()
	w := &web{handle: func(*http.Request) *http.Response { return page(body) }}
	got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), link, isProduct)
	if err != nil {
		t.Fatal(err)
	}
	return got, w
}

func TestShowcaseFeaturesOneProduct(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"the button":            {button(fryer + "?x=1&y=2"), fryer + "?x=1&y=2"},
		"the button, twice":     {button(fryer+tracking) + button(fryer+"?x=1"), fryer + tracking},
		"an item":               {button("https://produto.mercadolivre.com.br/MLB-333-cadeira-_JM"), "https://produto.mercadolivre.com.br/MLB-333-cadeira-_JM"},
		"a user product":        {button("/mesa/up/MLBU444?pdp_filters=item_id%3AMLB5"), "https://www.mercadolivre.com.br/mesa/up/MLBU444?pdp_filters=item_id%3AMLB5"},
		"marked, no button":     {`<a href="` + fryer + tracking + `">`, fryer + tracking},
		"among recommendations": {`<a href="` + drill + `"></a>` + button(drill+other) + button(fryer+tracking), fryer + tracking},
		"data: the button": {
			state(`{"cards":[{"components":[{"action_links":[{"id":"show_product","text":"Ir para produto","url":"` + fryer + tracking + `"}]}]},{"url":"` + drill + other + `"}]}`),
			fryer + tracking,
		},
		"data: the card": {
			state(`{"polycards":[{"metadata":{"id":"MLB9","url":"www.mercadolivre.com.br/fritadeira-4l/p/MLB11111111","url_params":"?a=1","url_fragments":"#c_id=%2Fhome%2Fcard-featured%2Felement"}},{"metadata":{"url":"` + drill + `","url_fragments":"#reco_item_pos=1"}}]}`),
			fryer + "?a=1",
		},
		"data: within the card": {
			state(`{"x":[{"id":"card-featured","card":{"action_links":[{"url":"` + fryer + `"}],"picture":{"url":"https://http2.mlstatic.com/1.webp"}}},{"id":"card-other","url":"` + drill + `"}]}`),
			fryer,
		},
		"data after other scripts": {
			`<script>var a = {"b": c};</script><script>f({"card-featured": x}, {"url":"` + fryer + tracking + `"})</script>`,
			fryer + tracking,
		},
		"button and data agree": {button(fryer) + state(`{"url":"`+fryer+tracking+`"}`), fryer},
		"late in a large page":  {strings.Repeat("<p>oferta</p>", 100_000) + button(fryer), fryer},
	} {
		t.Run(name, func(t *testing.T) {
			got, w := openShowcase(t, showcase, test.body)
			if got != test.want || w.count() != 1 {
				t.Errorf("got %s after %d requests, want %s after 1", got, w.count(), test.want)
			}
		})
	}
}

func TestShowcaseInDoubtStaysAPage(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":                  ``,
		"loose products":           `<a href="` + fryer + `">Fritadeira</a><p>MLB11111111</p><link rel="canonical" href="` + fryer + `">`,
		"a recommendation":         button(fryer + other),
		"two cards in one address": button(fryer + tracking + "&c_id=/home/recommendations/element"),
		"two buttons":              button(fryer) + button(drill),
		"two marked":               button(fryer+tracking) + `<a href="` + drill + tracking + `">`,
		"button against data":      button(fryer) + state(`{"url":"`+drill+tracking+`"}`),
		"data: two in the card":    state(`{"id":"card-featured","cards":[{"url":"` + fryer + `"},{"url":"` + drill + `"}]}`),
		"data: not marked":         state(`{"action_links":[{"id":"show_product","url":"` + fryer + `"}],"a":"card-featured"}`),
		"data in plain text":       `<p>{"id":"card-featured","url":"` + fryer + `"}</p>`,
		"another profile":          button("https://www.mercadolivre.com.br/social/outro?ref=1"),
		"a list":                   button("https://lista.mercadolivre.com.br/_Container_x"),
		"another host":             button("https://www.mercadolivre.com.br.evil.example/x/p/MLB11111111"),
		"another host, user info":  button("https://www.mercadolivre.com.br@evil.example/x/p/MLB11111111"),
		"another port":             button("https://www.mercadolivre.com.br:8443/x/p/MLB11111111"),
		"a script":                 button("javascript:location='" + fryer + "'"),
		"commented out":            "<!--" + button(fryer) + "-->",
		"within a script's text":   `<script>document.write('` + button(fryer) + `')</script>`,
		"the redirect of a page":   `<script>location.href="` + fryer + `"</script>`,
		"larger than is read":      button(fryer) + strings.Repeat("<p>oferta</p>", 200_000),
	} {
		t.Run(name, func(t *testing.T) {
			if got, w := openShowcase(t, showcase, body); got != showcase || w.count() != 1 {
				t.Errorf("got %s after %d requests, want the showcase itself after 1", got, w.count())
			}
		})
	}
}

func TestOnlyShowcasesOfAProductAreRead(t *testing.T) {
	for _, link := range []string{
		"https://www.mercadolivre.com.br/social/perfil?matt_word=perfil",
		"https://www.mercadolivre.com.br/social/perfil?ref=",
		"https://www.mercadolivre.com.br/social/perfil/lists?ref=1",
		"https://www.mercadolivre.com.br/social/?ref=1",
		"https://www.mercadolivre.com.br/social?ref=1",
		"https://www.mercadolivre.com.br/x/social/perfil?ref=1",
		"https://www.mercadolivre.com.br:444/social/perfil?ref=1",
		"https://social.mercadolivre.com.br/social/perfil?ref=1",
		"https://www.mercadolivre.com.br.evil.example/social/perfil?ref=1",
		"https://evil.example/social/perfil?ref=1",
	} {
		if got, _ := openShowcase(t, link, button(fryer)); got != link {
			t.Errorf("%s: got %s, want itself", link, got)
		}
	}
	for _, link := range []string{
		"https://mercadolivre.com.br/social/perfil?ref=1", "https://mercadolivre.com/social/perfil/?a=1&ref=1",
	} {
		if got, _ := openShowcase(t, link, button(fryer)); got != fryer {
			t.Errorf("%s: got %s, want the product", link, got)
		}
	}
}

// What a showcase shows is no redirect: a caller who does not want it is not sent there.
func TestShowcaseIsNotLeftForWhatTheCallerDoesNotWant(t *testing.T) {
	w := &web{handle: func(*http.Request) *http.Response { return page(button(fryer)) }}
	r := newResolver(t, w, resolver.Options{})
	got, err := r.Resolve(t.Context(), showcase, isShop)
	if err != nil || got != showcase || w.count() != 1 {
		t.Errorf("got %s, %v after %d requests, want the showcase itself after 1", got, err, w.count())
	}
}

func TestShortLinkLeadsThroughAShowcase(t *testing.T) {
	w := &web{handle: func(r *http.Request) *http.Response {
		if r.URL.Host == "meli.la" {
			return to(showcase)
		}
		return page(button(fryer + tracking))
	}}
	r := newResolver(t, w, resolver.Options{})
	at, err := r.Resolve(t.Context(), "https://meli.la/Ab1", func(link string) bool { return strings.Contains(link, "/social/") })
	if err != nil || at != showcase || w.count() != 1 {
		t.Fatalf("got %s, %v after %d requests, want the showcase after 1", at, err, w.count())
	}
	got, err := r.Resolve(t.Context(), at, isProduct)
	if err != nil || got != fryer+tracking || w.count() != 2 {
		t.Errorf("got %s, %v after %d requests, want the product after 2", got, err, w.count())
	}
}

func TestShowcaseBehindAWallIsInconclusive(t *testing.T) {
	w := &web{handle: func(*http.Request) *http.Response { return reply(http.StatusForbidden, nil, button(fryer)) }}
	_, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), showcase, isProduct)
	if !errors.Is(err, links.ErrInconclusive) {
		t.Errorf("got %v, want inconclusive", err)
	}
}

func FuzzShowcase(f *testing.F) {
	f.Add(button(fryer + tracking))
	f.Add(state(`{"id":"card-featured","url":"` + fryer + `"}`))
	f.Add(`<script>{"card-featured":{"url":"www.%zz","url_params":"?","url_fragments":"#%"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := &web{handle: func(*http.Request) *http.Response { return page(body) }}
		got, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), showcase, func(link string) bool { return link != showcase })
		host := strings.TrimPrefix(strings.TrimPrefix(got, "https://"), "http://")
		if err != nil || !strings.HasPrefix(host, "www.mercadolivre.com.br/") && !strings.HasPrefix(host, "mercadolivre.com.br/") && !strings.HasPrefix(host, "produto.mercadolivre.com.br/") {
			t.Fatalf("%q led to %q, %v", body, got, err)
		}
	})
}

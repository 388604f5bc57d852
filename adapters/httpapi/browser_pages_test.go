package httpapi_test

import (
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/autopromo-cloud/autopromo/core"
)

// axeVariable names the file axe.min.js of the npm package axe-core, for its checks beside
// our own.
const axeVariable = "AUTOPROMO_AXE"

// ownChecks lists what is wrong with a page for people who do not see it, or see it badly.
// Colours are compared as WCAG 2.2 has it, on the backgrounds that are really behind a text.
//
//go:embed testdata/accessibility.js
var ownChecks string

// Every page in both languages, both sizes and both themes: nothing sticks out, everything
// has a name and enough contrast, and the browser has nothing to say.
func TestBrowserPages(t *testing.T) {
	browser := chrome(t)
	h := build(t, nil)
	h.run()
	s := h.scene("maria", "5511900000041")
	b := h.browser("pt-BR")
	b.join("maria@exemplo.com.br")
	h.client("op@exemplo.com.br")
	h.appoint("op@exemplo.com.br")
	_, err := h.engine.Operations("op@exemplo.com.br").SetLimits(t.Context(), h.tenantID("maria@exemplo.com.br"), core.Limits{Destinations: 20, PerDay: 400})
	h.must(err)
	_, _, err = h.engine.Tenant(h.tenantID("maria@exemplo.com.br")).CreateAPIKey(t.Context(), "Planilha")
	h.must(err)
	h.settles(b, s, "maria-20")
	h.says(s, "🎧 *Fone JBL Tune 520BT*\nDe ~R$ 299,00~ por *R$ 199,90*\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20\n\n📲 Meu grupo: https://chat.whatsapp.com/ConviteDaAna")
	h.says(s, "📱 iPhone por R$ 999 https://celulares-imperdiveis.com.br/iphone")
	h.eventually("one sent, one held", func() bool {
		page := b.open("/offers")
		return strings.Contains(page, `badge good">Enviada`) && strings.Contains(page, `badge warn">Retida`)
	})
	h.says(s, "🎧 *Fone JBL Tune 520BT* agora por *R$ 179,90*\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20")
	h.eventually("the same again is not", func() bool { return strings.Count(b.open("/offers"), `class="offer"`) == 3 })
	detail := regexp.MustCompile(`/offers/[0-9a-f-]{36}`)
	b.open("/offers?status=sent")
	sentOffer := detail.FindString(b.page)
	b.open("/offers?status=held")
	heldOffer := detail.FindString(b.page)

	axe, err := os.ReadFile(os.Getenv(axeVariable))
	if err != nil {
		t.Logf("without axe-core: %s names no file; our own checks run", axeVariable)
	}
	type shownPage struct{ name, path string }
	pages := []shownPage{
		{"home", "/"}, {"offers", "/offers"}, {"offer", sentOffer}, {"offer-held", heldOffer}, {"groups", "/groups"},
		{"stores", "/stores"}, {"store", "/stores/amazon"}, {"network", "/stores/awin"}, {"whatsapp", "/whatsapp"},
		{"attention", "/attention"}, {"preview", "/preview"}, {"rules", "/rules"}, {"account", "/account"}, {"history", "/history"}, {"missing", "/nowhere"},
	}
	operatorPages := []shownPage{
		{"operator", "/operator"}, {"operator-tenants", "/operator/tenants"}, {"operator-tenant", "/operator/tenants/" + string(h.tenantID("maria@exemplo.com.br"))},
		{"operator-instances", "/operator/instances"}, {"operator-lanes", "/operator/lanes"}, {"operator-audit", "/operator/audit"},
	}
	shown := 0
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 800}, {"phone", 360, 740}} {
		for _, language := range []string{"pt-BR", "en"} {
			for _, theme := range []string{"light", "dark"} {
				variant := strings.Join([]string{size.name, language, theme}, "-")
				look := func(p *person, name string) {
					shown++
					p.picture(name + "-" + variant)
					for _, problem := range evaluate[[]string](p, ownChecks) {
						t.Errorf("%s in %s: %s", name, variant, problem)
					}
					if got := evaluate[string](p, "document.documentElement.lang"); got != language {
						t.Errorf("%s in %s: the language is %q", name, variant, got)
					}
					if len(axe) > 0 {
						p.act(chromedp.Evaluate[chromedp.Void](string(axe)))
						for _, problem := range evaluateLater[[]string](p, `axe.run().then(r => r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).slice(0, 3).join(" | ")))`) {
							t.Errorf("%s in %s: axe: %s", name, variant, problem)
						}
					}
				}
				visit := func(email string, doors, pages []shownPage) {
					p := h.visitor(browser, language, size.width, size.height)
					p.theme(theme)
					for _, page := range doors {
						p.open(page.path)
						look(p, page.name)
					}
					p.entersAs(email)
					for _, page := range pages {
						p.open(page.path)
						look(p, page.name)
					}
					p.mu.Lock()
					for _, f := range p.faults {
						if !strings.Contains(f, "/nowhere") { // which is a 404, and shall be one
							t.Errorf("%s: the browser: %s", variant, f)
						}
					}
					p.mu.Unlock()
					p.act(chromedp.Navigate("about:blank")) // ends its stream of events
				}
				visit("maria@exemplo.com.br", []shownPage{{"login", "/login"}, {"register", "/register"}}, pages)
				visit("op@exemplo.com.br", nil, operatorPages)
			}
		}
	}
	t.Logf("%d pages looked at, with axe: %v", shown, len(axe) > 0)
}

// The keyboard reaches everything, in the order of the page, and shows where it is.
func TestBrowserKeyboard(t *testing.T) {
	browser := chrome(t)
	h := build(t, nil)
	p := h.visitor(browser, "en", 1280, 800)
	p.joins("maria@exemplo.com.br")
	p.open("/")
	p.act(chromedp.KeyEvent("\t"))
	if got := evaluate[string](p, "document.activeElement.className"); got != "skip" {
		t.Fatalf("the first stop is %q, want the link that skips the menu", got)
	}
	reached := map[string]bool{}
	for range 60 {
		p.act(chromedp.KeyEvent("\t"))
		stop := evaluate[[]string](p, `(() => {
			const e = document.activeElement, s = getComputedStyle(e);
			return [e.tagName + " " + (e.getAttribute("href") || e.getAttribute("aria-label") || e.textContent.trim()), s.outlineStyle === "none" ? "" : "seen"];
		})()`)
		if strings.HasPrefix(stop[0], "BODY") {
			break
		}
		if stop[1] == "" {
			t.Errorf("nobody sees that the focus is on %s", stop[0])
		}
		reached[stop[0]] = true
	}
	for _, want := range []string{"A /offers", "A /groups", "A /stores", "A /whatsapp", "A /rules", "A /account", "BUTTON Log out"} {
		if !reached[want] {
			t.Errorf("the keyboard does not reach %q: %v", want, reached)
		}
	}
	p.quiet()
}

// evaluateLater is evaluate for a promise.
func evaluateLater[T any](p *person, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatal(fmt.Errorf("%s: %w", expression, err))
	}
	return v
}

package engine

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// open follows a short link to the first target somebody claims, and a showcase on to the
// product it features. When it cannot, it says why and whether a later try may succeed. Whose
// the links on the way are is noted in the plan.
func (e *Engine) open(ctx context.Context, p *plan, t affiliate.Target) (opened affiliate.Target, hold *core.Hold, retry bool) {
	if t.Kind == affiliate.Short {
		var at string
		at, hold, retry = e.resolve(ctx, t.URL, func(kind affiliate.Kind) bool {
			return kind != affiliate.Short && kind != affiliate.Unknown
		})
		if hold != nil {
			return t, hold, retry
		}
		p.strangers.note(at)
		opened = e.deps.Stores.Classify(at)
		if opened.Kind == affiliate.Short { // a captcha, or a page that wants a browser
			return t, &core.Hold{Reason: core.ReasonLinkUnresolved, Detail: hostOf(opened.URL)}, true
		}
		t = opened
	}
	if t.Kind != affiliate.Showcase {
		return t, nil, false
	}
	at, hold, retry := e.resolve(ctx, t.URL, func(kind affiliate.Kind) bool { return kind == affiliate.Product })
	if hold != nil {
		return t, hold, retry
	}
	opened = e.deps.Stores.Classify(at)
	if opened.Kind != affiliate.Product || !names(p.text, at) {
		return t, &core.Hold{Reason: core.ReasonLinkShowcase, Detail: hostOf(t.URL)}, false
	}
	return opened, nil, false
}

func (e *Engine) resolve(ctx context.Context, link string, stop func(affiliate.Kind) bool) (at string, hold *core.Hold, retry bool) {
	at, err := e.deps.Resolver.Resolve(ctx, link, func(hop string) bool { return stop(e.deps.Stores.Classify(hop).Kind) })
	if errors.Is(err, links.ErrDead) {
		return "", &core.Hold{Reason: core.ReasonLinkDead, Detail: hostOf(link)}, false
	}
	if err != nil {
		e.log.Debug("short link not opened", "host", hostOf(link), "error", err)
		return "", &core.Hold{Reason: core.ReasonLinkUnresolved, Detail: hostOf(link)}, true
	}
	return at, nil, false
}

// names says whether a message speaks of the product whose page is at link, as its address
// spells it. What a showcase features changes, so that its owner's page alone proves
// nothing about this message.
func names(text, link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	var words []string
	for _, word := range strings.FieldsFunc(strings.ToLower(u.Path), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(word) < 3 || strings.HasPrefix(word, "mlb") || !strings.ContainsFunc(word, unicode.IsLetter) || slices.Contains(words, word) {
			continue
		}
		switch word {
		case "com", "para", "por", "cor", "sem", "produto", "the", "and":
			continue
		}
		words = append(words, word)
	}
	found := 0
	for _, word := range words {
		if _, ok := extract.Word(text, []string{word}); ok {
			found++
		}
	}
	return found >= 2 && 3*found >= len(words)
}

func hostOf(link string) string {
	u, err := affiliate.Parse(link)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Host, "www.")
}

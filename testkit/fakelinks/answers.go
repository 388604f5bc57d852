package fakelinks

import (
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Redirect answers with 301 and the target.
func Redirect(target string) Answer {
	return func(*http.Request) *http.Response {
		return respond(http.StatusMovedPermanently, http.Header{"Location": {target}}, "")
	}
}

// Status answers with a status and nothing else.
func Status(status int) Answer {
	return func(*http.Request) *http.Response { return respond(status, http.Header{}, "") }
}

// Busy answers with 429 and asks to be left alone for a while, in whole seconds.
func Busy(retryAfter time.Duration) Answer {
	seconds := strconv.Itoa(int(retryAfter / time.Second))
	return func(*http.Request) *http.Response {
		return respond(http.StatusTooManyRequests, http.Header{"Retry-After": {seconds}}, "")
	}
}

// Page answers with an HTML page.
func Page(body string) Answer {
	return func(*http.Request) *http.Response {
		return respond(http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body)
	}
}

// MetaRefresh is a page that sends its visitors on by a meta element.
func MetaRefresh(target string) Answer {
	return Page(`<!doctype html><meta http-equiv="refresh" content="0;url=` + html.EscapeString(target) + `">`)
}

// ScriptRedirect is a page that sends its visitors on by a script.
func ScriptRedirect(target string) Answer {
	return Page(fmt.Sprintf("<!doctype html><p>Redirecionando…</p><script>window.location = %q;</script>", target))
}

// Captcha is a page, with status 200, that wants to know whether its visitor is a person.
func Captcha() Answer {
	return Page(`<!doctype html><title>Verificação</title><form method="post"><p>Você é humano?</p><input name="resposta"></form>`)
}

// Showcase is the page of a Mercado Livre affiliate, /social/<profile>?ref=…, that features
// these products: one on the pages that affiliates share, none or several where the page
// leaves open which product is meant. It recommends another product besides.
func Showcase(featured ...string) Answer {
	var b strings.Builder
	b.WriteString("<!doctype html><title>Perfil</title>")
	for _, product := range featured {
		href := product + "#c_id=/home/card-featured/element"
		fmt.Fprintf(&b, `<a class="poly-component__link poly-component__link--action-link" href="%s">Ir para produto</a>`, html.EscapeString(href))
	}
	b.WriteString(`<a class="poly-component__title" href="https://www.mercadolivre.com.br/outra-coisa/p/MLB99999999#c_id=/home/recommendations/element">Outra coisa</a>`)
	return Page(b.String())
}

// Slow holds an answer back until release is called, which may happen more than once, or the
// caller is gone. Arrived is closed when the first request is there.
func Slow(answer Answer) (slow Answer, arrived <-chan struct{}, release func()) {
	came, released := make(chan struct{}), make(chan struct{})
	var first, last sync.Once
	return func(r *http.Request) *http.Response {
		first.Do(func() { close(came) })
		select {
		case <-released:
			return answer(r)
		case <-r.Context().Done():
			return nil
		}
	}, came, func() { last.Do(func() { close(released) }) }
}

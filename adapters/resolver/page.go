package resolver

import (
	"io"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

const (
	// maxRefresh is the longest delay of a meta refresh that redirects, in seconds: pages
	// that stay reload themselves, or end a session, after minutes.
	maxRefresh = 30
	// maxWords is how much text a page may show, in bytes, whose script is trusted to send
	// every visitor on. A page with more to say waits for a click before it does.
	maxWords = 1500
)

// redirectOf finds where a page sends its visitors, in the three forms that shorteners use:
// a meta refresh (promoby.me), an assignment to the location in a script (ofertou.ai) and
// the hidden field of onelink.shein.com. It returns "" for a page that stays.
func redirectOf(page io.Reader, at *url.URL) string {
	sheinLink := strings.EqualFold(at.Hostname(), "onelink.shein.com")
	var scripts scriptTargets
	words, inside := 0, "" // inside an element whose text is not shown
	z := html.NewTokenizer(page)
	for {
		switch z.Next() {
		case html.ErrorToken:
			if words > maxWords {
				return ""
			}
			return scripts.only()
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			switch token.Data {
			case "script":
				inside = "data"
				if isJavaScript(attribute(token, "type")) {
					inside = "script"
				}
			case "noscript", "style", "title":
				inside = token.Data
			case "meta":
				if target := metaRefresh(token); target != "" {
					return target
				}
			case "input":
				if target := strings.TrimSpace(attribute(token, "value")); sheinLink && target != "" && attribute(token, "id") == "url" {
					return target
				}
			}
		case html.TextToken:
			switch inside {
			case "":
				words += len(strings.TrimSpace(string(z.Text())))
			case "script":
				scripts.read(string(z.Text()))
			case "noscript":
				if target := refreshWithoutScripts(string(z.Raw()), at); target != "" {
					return target
				}
			}
		case html.EndTagToken:
			inside = ""
		}
	}
}

// refreshWithoutScripts looks for a meta refresh in the content of a noscript element, which
// the tokenizer takes for text but which is markup to us, who run no scripts. One within the
// site only leads to a complaint about that.
func refreshWithoutScripts(markup string, at *url.URL) string {
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			target := metaRefresh(z.Token())
			if to, err := at.Parse(target); target != "" && err == nil && !strings.EqualFold(to.Hostname(), at.Hostname()) {
				return target
			}
		}
	}
}

func metaRefresh(t html.Token) string {
	if t.Data != "meta" || !strings.EqualFold(attribute(t, "http-equiv"), "refresh") {
		return ""
	}
	return refreshTarget(attribute(t, "content"))
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// refreshTarget reads the content of a meta refresh, such as "0; url='https://…'".
func refreshTarget(content string) string {
	i := strings.IndexAny(content, ";,")
	if i < 0 {
		return "" // it reloads the page
	}
	delay, err := strconv.ParseFloat(strings.TrimSpace(content[:i]), 64)
	if err != nil || delay > maxRefresh {
		return ""
	}
	rest := strings.TrimSpace(content[i+1:])
	if len(rest) >= 3 && strings.EqualFold(rest[:3], "url") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(rest[3:]), "="); ok {
			rest = strings.TrimSpace(value)
		}
	}
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		rest, _, _ = strings.Cut(rest[1:], rest[:1])
	}
	return strings.TrimSpace(rest)
}

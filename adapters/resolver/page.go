package resolver

import (
	"io"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// redirectOf finds where a page sends its visitors, in the three forms that shorteners use:
// a meta refresh, an assignment to the location in a script, and the hidden field of
// onelink.shein.com. It returns "" for a page that stays.
func redirectOf(page io.Reader, at *url.URL) string {
	sheinLink := strings.EqualFold(at.Hostname(), "onelink.shein.com")
	var scripted string
	z := html.NewTokenizer(page)
	z.SetMaxBuf(maxPage)
	inScript, inNoscript := false, false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return scripted
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			inScript, inNoscript = token.Data == "script", token.Data == "noscript"
			switch {
			case token.Data == "meta" && strings.EqualFold(attribute(token, "http-equiv"), "refresh"):
				if target := refreshTarget(attribute(token, "content")); target != "" {
					return target
				}
			case sheinLink && token.Data == "input" && attribute(token, "id") == "url":
				if target := strings.TrimSpace(attribute(token, "value")); target != "" {
					return target
				}
			}
		case html.TextToken:
			switch {
			case inScript && scripted == "":
				scripted = scriptTarget(string(z.Text()))
			case inNoscript:
				// The tokenizer takes it for text, but to us, who run no scripts, it is markup.
				if target := redirectOf(strings.NewReader(string(z.Raw())), &url.URL{}); target != "" {
					return target
				}
			}
		case html.EndTagToken:
			inScript, inNoscript = false, false
		}
	}
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
	_, rest, found := strings.Cut(content, ";")
	if !found {
		if _, rest, found = strings.Cut(content, ","); !found {
			return "" // it reloads the page
		}
	}
	rest = strings.TrimSpace(rest)
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

// locationChange matches a change of the page's own location to a quoted address:
// location = "…", window.location.href = '…', location.replace("…").
var locationChange = regexp.MustCompile(
	`(?:^|[^\w$.]|\b(?:window|document|self|top|parent)\.)location(?:\.href)?\s*` +
		`(?:=\s*|\.(?:replace|assign)\(\s*)(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)')`)

// scriptTarget returns the address in the script's first change of location, if that is a
// web address on its own: a script that builds one has to be run, and that is not for us.
func scriptTarget(script string) string {
	m := locationChange.FindStringSubmatchIndex(script)
	if m == nil {
		return ""
	}
	start, end := m[2], m[3]
	if start < 0 {
		start, end = m[4], m[5]
	}
	if strings.HasPrefix(strings.TrimLeft(script[m[1]:], " \t\r\n"), "+") {
		return ""
	}
	target := unescape.Replace(script[start:end])
	if strings.Contains(target, `\`) {
		return ""
	}
	return target
}

// unescape undoes the escapes that JSON encoders put into addresses.
var unescape = strings.NewReplacer(
	`\/`, `/`, `\u0026`, `&`, `\u003d`, `=`, `\u003D`, `=`, `\u002F`, `/`, `\u002f`, `/`, `\x26`, `&`, `\x2F`, `/`, `\x2f`, `/`, `\x3D`, `=`, `\x3d`, `=`)

package affiliate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/autopromo-cloud/autopromo/core"
)

// URL is an address that every program reads the same way.
type URL struct {
	// Scheme is "http" or "https".
	Scheme string
	// Host is lower-case ASCII without a trailing dot.
	Host string
	// Port is "" for the scheme's own port.
	Port string
	// Path, Query and Fragment are escaped as they stood, without "?" and "#"; what may not
	// stand in a URL unescaped has been escaped.
	Path, Query, Fragment string
}

// maxURLBytes is far above any real link; browsers and servers disagree beyond it.
const maxURLBytes = 8192

// String joins the parts again.
func (u URL) String() string {
	var b strings.Builder
	b.Grow(len(u.Scheme) + len(u.Host) + len(u.Port) + len(u.Path) + len(u.Query) + len(u.Fragment) + 6)
	b.WriteString(u.Scheme + "://" + u.Host)
	if u.Port != "" {
		b.WriteString(":" + u.Port)
	}
	b.WriteString(u.Path)
	if u.Query != "" {
		b.WriteString("?" + u.Query)
	}
	if u.Fragment != "" {
		b.WriteString("#" + u.Fragment)
	}
	return b.String()
}

// Parse reads an absolute http or https address. It refuses whatever two programs, or a
// program and a person, could read differently: user names, backslashes, invisible and
// control characters, ports that are no ports, dot segments, broken escapes, and hosts
// that mix scripts. The error is a *core.Error with [core.CodeInvalid] and
// [core.ReasonLinkDeceptive].
func Parse(raw string) (URL, error) {
	u, ok := parse(raw)
	if !ok {
		return URL{}, core.NewError(core.CodeInvalid, core.ReasonLinkDeceptive, "")
	}
	return u, nil
}

func parse(raw string) (URL, bool) {
	clean, ok := scanURL(raw)
	if !ok {
		return URL{}, false
	}
	scheme, rest, found := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if !found || scheme != "http" && scheme != "https" {
		return URL{}, false
	}
	u := URL{Scheme: scheme}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, rest = rest[:i], rest[i:]
	} else {
		rest = ""
	}
	if u.Host, u.Port, ok = parseAuthority(authority, scheme); !ok {
		return URL{}, false
	}
	rest, u.Fragment, _ = strings.Cut(rest, "#")
	u.Path, u.Query, _ = strings.Cut(rest, "?")
	if !clean {
		u.Path, u.Query, u.Fragment = escape(u.Path), escape(u.Query), escape(u.Fragment)
	}
	return u, !hasDotSegment(u.Path)
}

// scanURL refuses what is too long, has a broken escape, about which programs disagree, or
// holds what people cannot see or programs drop. Clean is false when something needs an
// escape.
func scanURL(s string) (clean, ok bool) {
	if len(s) > maxURLBytes {
		return false, false
	}
	clean = true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isAlnum(c) || c == '/' || c == '-':
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false, false
			}
		case c <= ' ' || c == 0x7f || c == '\\':
			return false, false
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if isHidden(r) {
				return false, false
			}
			clean = false
			i += n - 1 // past the other bytes of r
		case needsEscape(c):
			clean = false
		}
	}
	return clean, true
}

// isHidden finds bidi and zero-width characters, spaces, controls, variation selectors and
// broken UTF-8.
func isHidden(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Z,
		unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func parseAuthority(authority, scheme string) (host, port string, ok bool) {
	host, port, hasPort := strings.Cut(authority, ":")
	if hasPort && !validPort(port) {
		return "", "", false
	}
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	host, ok = parseHost(host)
	return host, port, ok
}

func validPort(s string) bool {
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) || len(s) > 5 {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n > 0 && n <= 65535
}

// parseHost maps a host to lower-case ASCII. "@", "%" and brackets are no host characters,
// so user names, escaped hosts and IPv6 literals fail here.
func parseHost(h string) (string, bool) {
	if ascii := allBytes(h, 0, maxURLBytes, func(c byte) bool { return c < utf8.RuneSelf }); !ascii || strings.Contains(h, "--") {
		// A browser maps these to ASCII ("xn--" in any case); so do we, and judge what it
		// stands for.
		mapped, err := idna.Lookup.ToASCII(strings.ToLower(h))
		if err != nil {
			return "", false
		}
		h = mapped
		shown, err := idna.Lookup.ToUnicode(h)
		if err != nil || mixesScripts(shown) {
			return "", false
		}
	}
	h = strings.ToLower(strings.TrimSuffix(h, "."))
	if len(h) > 253 {
		return "", false
	}
	for rest, more := h, true; more; {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		if !allBytes(label, 1, 63, func(c byte) bool { return isAlnum(c) || c == '-' }) ||
			label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return h, true
}

// mixesScripts says whether one label of host has Latin letters among letters of another
// script, as look-alikes do. A label wholly in one script is an honest name.
func mixesScripts(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		latin, other := false, false
		for _, r := range label {
			switch {
			case !unicode.IsLetter(r):
			case unicode.Is(unicode.Latin, r):
				latin = true
			default:
				other = true
			}
		}
		if latin && other {
			return true
		}
	}
	return false
}

// needsEscape says whether c may not stand in a URL as it is.
func needsEscape(c byte) bool {
	return c >= utf8.RuneSelf || strings.IndexByte("\"<>^`{|}", c) >= 0
}

// escape percent-encodes what may not stand in a URL.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := range len(s) {
		if c := s[i]; needsEscape(c) {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hasDotSegment finds "." and ".." segments, escaped or not: a browser would walk them, so
// the page is not the one the path shows.
func hasDotSegment(path string) bool {
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".", "..":
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// allBytes says whether s has least to most bytes and ok holds for each.
func allBytes(s string, least, most int, ok func(byte) bool) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

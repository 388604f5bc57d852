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
	if len(raw) > maxURLBytes || hasHidden(raw) {
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
	var ok bool
	if u.Host, u.Port, ok = parseAuthority(authority, scheme); !ok {
		return URL{}, false
	}
	rest, u.Fragment, _ = strings.Cut(rest, "#")
	u.Path, u.Query, _ = strings.Cut(rest, "?")
	for _, part := range []*string{&u.Path, &u.Query, &u.Fragment} {
		if *part, ok = escape(*part); !ok {
			return URL{}, false
		}
	}
	return u, !hasDotSegment(u.Path)
}

// hasHidden finds what people cannot see or programs drop: controls, spaces, bidi and
// zero-width characters, variation selectors, backslashes, broken UTF-8.
func hasHidden(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c <= ' ' || c == 0x7f || c == '\\' {
				return true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Z,
			unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return true
		}
		i += n
	}
	return false
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
	ascii := strings.IndexFunc(h, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	h = strings.ToLower(h)
	if !ascii || strings.Contains(h, "xn--") {
		// A browser maps these to ASCII; so do we, and judge what it stands for.
		mapped, err := idna.Lookup.ToASCII(h)
		if err != nil {
			return "", false
		}
		h = mapped
		shown, err := idna.Lookup.ToUnicode(h)
		if err != nil || mixesScripts(shown) {
			return "", false
		}
	}
	h = strings.TrimSuffix(h, ".")
	if len(h) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(h, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		for i := range len(label) {
			if c := label[i]; !isDigit(c) && (c < 'a' || c > 'z') && c != '-' {
				return "", false
			}
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

// escape percent-encodes what may not stand in a URL; a broken escape is ok=false because
// programs disagree about it.
func escape(s string) (escaped string, ok bool) {
	clean := true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return "", false
			}
		case c >= utf8.RuneSelf || strings.IndexByte("\"<>^`{|}", c) >= 0:
			clean = false
		}
	}
	if clean {
		return s, true
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || strings.IndexByte("\"<>^`{|}", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String(), true
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

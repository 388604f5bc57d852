package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// isHostStart says whether s begins with a character that can begin a host name.
func isHostStart(s string) bool {
	if s == "" {
		return false
	}
	if s[0] < utf8.RuneSelf {
		return isAlnum(s[0])
	}
	r, _ := utf8.DecodeRuneInString(s)
	return inLink(r) && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// hostRun returns where the letters, digits, hyphens and dots from i on end.
func hostRun(text string, i int) int {
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			if !isAlnum(c) && c != '-' && c != '.' {
				break
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if !inLink(r) {
			break
		}
		i += n
	}
	return i
}

// domainIn finds a domain in a run of host characters, and returns its bytes; to is 0 when
// there is none. Of a longer run it takes the longest beginning that ends in a real
// top-level domain, so "loja.comPromo", "loja.com-promo" and "loja.com.x9" are still seen as
// loja.com.
func domainIn(run string) (from, to int) {
	if strings.IndexByte(run, '.') < 0 && countASCII(run) == len(run) {
		return 0, 0
	}
	for at := 0; at < len(run); {
		piece := run[at:]
		if i := doubleDot(piece); i >= 0 {
			piece = piece[:i]
		}
		lead := len(piece) - len(strings.TrimLeft(piece, ".-"))
		trimmed := strings.TrimRight(piece[lead:], ".-")
		if n := domainLength(trimmed); n > 0 {
			return at + lead, at + lead + n
		}
		at += len(piece) + 1
	}
	return 0, 0
}

func doubleDot(s string) int { return strings.Index(s, "..") }

// narrowDots makes dots of wide dots without changing the length.
var narrowDots = strings.NewReplacer("。", "...", "．", "...", "｡", "...")

// domainLength returns the length of the longest beginning of host that is a domain.
func domainLength(host string) int {
	plain := host
	if countASCII(host) != len(host) {
		plain = narrowDots.Replace(host)
	}
	if www := len("www."); len(plain) > www && strings.EqualFold(plain[:www], "www.") && strings.Count(plain, ".") > 1 {
		return len(host)
	}
	for end := len(plain); ; {
		dot := strings.LastIndexByte(plain[:end], '.')
		if dot <= 0 {
			if beginsIPv4(plain) {
				return len(host)
			}
			return 0
		}
		label := plain[dot+1 : end]
		if isTopLevel(label) {
			return end
		}
		for _, cut := range [...]int{strings.IndexByte(label, '-'), camelBreak(label), markBreak(label)} {
			if cut > 0 && isTopLevel(label[:cut]) {
				return dot + 1 + cut
			}
		}
		end = dot
		for end > 0 && plain[end-1] == '.' {
			end--
		}
	}
}

// isTopLevel says whether label is a top-level domain of the public internet.
func isTopLevel(label string) bool {
	if len(label) < 2 || len(label) > 63 || label[0] >= '0' && label[0] <= '9' {
		return false
	}
	if countASCII(label) != len(label) {
		ascii, err := idna.Lookup.ToASCII(label)
		if err != nil {
			return false
		}
		label = ascii
	}
	// The name in front lets wildcard domains such as "ck" match their rule.
	_, icann := publicsuffix.PublicSuffix("x." + strings.ToLower(label))
	return icann
}

// camelBreak returns where a capitalised word is glued to a lower-case label, or 0.
func camelBreak(label string) int {
	for i := 1; i < len(label); i++ {
		if label[i] >= 'A' && label[i] <= 'Z' && label[i-1] >= 'a' && label[i-1] <= 'z' {
			return i
		}
	}
	return 0
}

// markBreak returns where the first combining mark of a label stands, or 0: not every
// program takes "com" with an accent over it for another word.
func markBreak(label string) int {
	return max(0, strings.IndexFunc(label, unicode.IsMark))
}

// beginsIPv4 says whether s begins with an IPv4 address. More may follow after a dot:
// WhatsApp links the first four numbers.
func beginsIPv4(s string) bool {
	end := 0
	for n := 1; ; n++ {
		begin, value := end, 0
		for end < len(s) && end-begin < 3 && s[end] >= '0' && s[end] <= '9' {
			value = value*10 + int(s[end]-'0')
			end++
		}
		switch {
		case end == begin || value > 255:
			return false
		case end == len(s):
			return n == 4
		case s[end] != '.':
			return false
		case n == 4:
			return true
		}
		end++
	}
}

func countASCII(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			n++
		}
	}
	return n
}

// endsWithEntity says whether s ends in an HTML escape.
func endsWithEntity(s string) bool {
	i := strings.LastIndexByte(s, '&')
	if i < 0 {
		return false
	}
	_, n := entity(s[i:])
	return n == len(s)-i
}

// decodeEntities decodes the HTML escapes that occur in copied links: &amp; and numbers.
// Names are not decoded, because "&copy=1" is a parameter.
func decodeEntities(s string) string {
	i := strings.IndexByte(s, '&')
	if i < 0 || strings.IndexByte(s[i:], ';') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if c, n := entity(s[i:]); n > 0 {
			b.WriteByte(c)
			i += n
			continue
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// entity decodes the escape s begins with: its character and length, or 0.
func entity(s string) (c byte, n int) {
	if strings.HasPrefix(s, "&amp;") {
		return '&', len("&amp;")
	}
	if !strings.HasPrefix(s, "&#") {
		return 0, 0
	}
	end := strings.IndexByte(s, ';')
	if end < 3 || end > 7 {
		return 0, 0
	}
	code := 0
	for _, d := range []byte(s[2:end]) {
		if d < '0' || d > '9' {
			return 0, 0
		}
		code = code*10 + int(d-'0')
	}
	if code <= ' ' || code >= 0x7f {
		return 0, 0
	}
	return byte(code), end + 1
}

package extract

import "strings"

// A text is mostly words that are no links. They are passed over by looking only at the signs
// of a link: each has a wide dot, a "://", a "javascript:", or a dot that a top-level domain
// can follow.

// scan finds the links of a text taken as it is written.
func scan(text string) []Link {
	var found []Link
	if hasWideDot(text) {
		for i := 0; i < len(text); i++ {
			found, i = scanWord(text, i, found)
		}
		return found
	}
	dot, colon := nextSign(text, 0, '.'), nextSign(text, 0, ':')
	for i := 0; ; {
		if dot < i {
			dot = nextSign(text, i, '.')
		}
		if colon < i {
			colon = nextSign(text, i, ':')
		}
		at := min(dot, colon)
		if at == len(text) {
			return found
		}
		for at > i && !isGap(text[at-1]) {
			at--
		}
		found, i = scanWord(text, at, found)
	}
}

// nextSign returns the first dot or colon from i on that may be a link's, or the length of
// the text.
func nextSign(text string, i int, sign byte) int {
	for {
		n := strings.IndexByte(text[i:], sign)
		if n < 0 {
			return len(text)
		}
		i += n
		if sign == '.' && signsDot(text, i) || sign == ':' && signsColon(text, i) {
			return i
		}
		i++
	}
}

// signsDot says whether the dot at i may be one of a host. In "4.8" and at the end of a
// sentence it is none; before a digit only an IPv4 address and a "www." have one.
func signsDot(text string, i int) bool {
	after := text[i+1:]
	if after == "" || isGap(after[0]) {
		return false
	}
	if !isDigit(after[0]) {
		return true
	}
	return i > 0 && text[i-1]|0x20 == 'w' || strings.IndexByte(after[:min(4, len(after))], '.') > 0
}

// signsColon says whether the colon at i may follow the scheme of a link.
func signsColon(text string, i int) bool {
	return strings.HasPrefix(text[i+1:], "//") || i > 0 && text[i-1]|0x20 == 't'
}

// isGap says whether c is a space that no link goes over.
func isGap(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func hasWideDot(s string) bool {
	if strings.Contains(s, "。") {
		return true
	}
	// The first byte of the others begins half of all emoji too: look at it once.
	for {
		i := strings.IndexByte(s, "．"[0])
		if i < 0 {
			return false
		}
		if s = s[i:]; strings.HasPrefix(s, "．") || strings.HasPrefix(s, "｡") {
			return true
		}
		s = s[1:]
	}
}

// isWideDot says whether a browser takes r for a dot in a host.
func isWideDot(r rune) bool { return r == '。' || r == '．' || r == '｡' }

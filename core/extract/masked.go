package extract

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// symbolStop returns where the run of characters without a space from i on ends, when it
// begins with a symbol that is not ASCII; i otherwise.
func symbolStop(text string, i int) int {
	if i >= len(text) || text[i] < utf8.RuneSelf {
		return i
	}
	rest := text[i:min(len(text), i+maxLink)]
	if n := strings.IndexFunc(rest, unicode.IsSpace); n >= 0 {
		return i + n
	}
	return i + len(rest)
}

// symbolLink reads the link whose first dot, at dot, stands after an emoji or another symbol
// that is no letter: WhatsApp takes "i❤.ws" for a host. The link does not begin before floor.
func symbolLink(text string, floor, dot int) (Link, int) {
	r, n := utf8.DecodeLastRuneInString(text[floor:dot])
	if n == 0 || r < utf8.RuneSelf || unicode.IsSpace(r) {
		return Link{}, dot + 1
	}
	end := hostRun(text, dot+1)
	from, length := domainIn("x" + text[dot:end])
	if from > 0 || length == 0 {
		return Link{}, dot + 1
	}
	stop := dot + length - 1
	if stop == end {
		if stop = bareStop(text, end); stop < 0 {
			return Link{}, -stop
		}
	}
	begin := dot
	for begin > max(floor, dot-4*63) { // a label has at most 63 characters
		r, n := utf8.DecodeLastRuneInString(text[floor:begin])
		if r < utf8.RuneSelf && !isAlnum(byte(r)) && r != '-' || unicode.IsSpace(r) {
			break
		}
		begin -= n
	}
	stop = trimEnd(text, begin, stop)
	return Link{URL: "https://" + decodeEntities(text[begin:stop]), Start: begin, End: skipInvisible(text, stop)}, stop
}

// mailLink reads the e-mail address around the "@" at at. It does not begin before floor.
// With a path after it, it is a web address with a user name, or none of both.
func mailLink(text string, floor, at int) (Link, int) {
	domain, end := at+1, hostRun(text, at+1)
	for end < len(text) && text[end] == '_' { // no host has it, but the rest would be one
		domain, end = end+1, hostRun(text, end+1)
	}
	from, length := domainIn(text[domain:end])
	begin := at
	for begin > max(floor, at-64) && (isAlnum(text[begin-1]) || strings.IndexByte("._%+-'", text[begin-1]) >= 0) {
		begin--
	}
	stop := domain + length
	hasPath := stop == end && end < len(text) && (text[end] == '/' || text[end] == ':' && !spaceAt(text, end+1))
	if begin == at || from > 0 || length == 0 || hasPath {
		return Link{}, at + 1
	}
	return Link{URL: "mailto:" + text[begin:stop], Start: begin, End: skipInvisible(text, stop)}, stop
}

// spaceAt says whether text ends at i or has a space there.
func spaceAt(text string, i int) bool {
	if i >= len(text) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[i:])
	return unicode.IsSpace(r)
}

// isMask says whether a character is not there for whoever looks at the phone: WhatsApp's
// marks, which it takes out of "*loja*.com", and invisible characters, which a browser takes
// out of a host.
func isMask(r rune) bool {
	return isMark(r) || r >= utf8.RuneSelf && unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func isMark(r rune) bool { return r == '*' || r == '_' || r == '~' || r == '`' }

// masksDot says whether a mask stands next to a dot inside a word: only then can a masked
// host hide from scan.
func masksDot(text string) bool {
	for i := 0; ; i++ {
		n := strings.IndexByte(text[i:], '.')
		if n < 0 {
			return false
		}
		i += n
		if i > 0 && isAlnum(text[i-1]) && (i+1 == len(text) || isAlnum(text[i+1]) || isGap(text[i+1])) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+1:])
		if (isMask(before) || isMask(after)) && i > 0 && !spaceAt(text, i+1) {
			return true
		}
	}
}

// addMasked adds the links that appear once the masks outside the links found are gone: the
// marks alone, and what is invisible too. For some programs an invisible character ends a
// host, for others it is not there.
func addMasked(text string, found []Link) []Link {
	found = addWithout(text, found, isMark)
	return addWithout(text, found, isMask)
}

// addWithout adds the links that appear once the characters that are gone are gone.
func addWithout(text string, found []Link, gone func(rune) bool) []Link {
	var bare strings.Builder
	at := make([]int, 0, len(text)) // where each byte of bare stands in text
	next := 0
	for i := 0; i < len(text); {
		if next < len(found) && i == found[next].Start {
			bare.WriteByte(' ')
			at = append(at, i)
			i = found[next].End
			next++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		// A mark between two letters is none: "a_b".
		if !gone(r) || isMark(r) && i > 0 && isAlnum(text[i-1]) && i+1 < len(text) && isAlnum(text[i+1]) {
			bare.WriteString(text[i : i+n])
			for k := range n {
				at = append(at, i+k)
			}
		}
		i += n
	}
	masked := scan(bare.String())
	if len(masked) == 0 {
		return found
	}
	for _, l := range masked {
		found = append(found, Link{URL: l.URL, Start: at[l.Start], End: at[l.End-1] + 1})
	}
	slices.SortFunc(found, func(a, b Link) int { return a.Start - b.Start })
	return found
}

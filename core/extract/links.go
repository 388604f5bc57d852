package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Link is one link in a text.
type Link struct {
	// URL is what to classify: with a scheme (https when the text had none), HTML escapes
	// decoded and surrounding marks trimmed; "mailto:" and the address for an e-mail
	// address. It may still be refused as a URL.
	URL string
	// Start and End are the bytes of the text to be replaced. They may hold more than URL:
	// invisible characters glued to a link would become part of its replacement.
	Start, End int
}

// maxLink is how far one link is read, in bytes. It is longer than any address that is
// accepted, so what is cut here is refused later.
const maxLink = 9000

// Links finds everything in text that WhatsApp could make clickable, in order: addresses
// of any scheme, bare domains under a real top-level domain, IPv4 addresses, e-mail
// addresses, and each of these with WhatsApp's marks or invisible characters inside it.
func Links(text string) []Link {
	found := scan(text)
	if masksDot(text) {
		found = addMasked(text, found)
	}
	return found
}

// scanWord appends the links from i on to the next space, and returns where that is.
func scanWord(text string, i int, found []Link) ([]Link, int) {
	last := i // where the last link ended
	for i < len(text) && !isGap(text[i]) {
		c := text[i]
		var l Link
		switch {
		case c == '/' && strings.HasPrefix(text[i:], "//") && isHostStart(text[i+2:]):
			// "//host/path": the browser would add the scheme.
			l, i = bareLink(text, i, i+2)
		case c == '@':
			l, i = mailLink(text, last, i)
		case c == '.':
			l, i = symbolLink(text, last, i)
		case c < utf8.RuneSelf && !isAlnum(c):
			i++
		case c >= utf8.RuneSelf && !isHostStart(text[i:]):
			i += runeLen(text[i:])
		default:
			l, i = linkAt(text, i)
		}
		if l.URL != "" {
			if found == nil {
				found = make([]Link, 0, 4)
			}
			found, last = append(found, l), l.End
		}
	}
	return found, i
}

// linkAt looks at the word that begins at start. It returns the link found there, if any,
// and where to go on.
func linkAt(text string, start int) (Link, int) {
	end := start
	for end < len(text) && isAlnum(text[end]) {
		end++
	}
	if end < len(text) && text[end] == ':' {
		word, rest := text[start:end], text[end+1:]
		switch {
		case strings.EqualFold(word, "javascript"), strings.EqualFold(word, "vbscript"):
			// No phone runs it, and no honest promotion holds it: one link nobody can classify.
			if stop := linkStop(text, end+1); stop > end+1 {
				return Link{URL: text[start:stop], Start: start, End: stop}, stop
			}
		case !strings.HasPrefix(rest, "//"):
		case endsFold(word, "https"):
			return schemeLink(text, end-len("https"), end+3)
		case endsFold(word, "http"):
			return schemeLink(text, end-len("http"), end+3)
		default:
			// Some other scheme. Some phones link any ("tg://resolve"), others the domain
			// behind it: the whole is one link, and one that nobody can classify.
			return schemeLink(text, start, end+3)
		}
	}
	return bareLink(text, start, start)
}

// schemeLink reads a link whose host begins at host.
func schemeLink(text string, start, host int) (Link, int) {
	stop := linkStop(text, host)
	if stop == host {
		// After "://" WhatsApp takes emoji, quotes and invisible characters for a host.
		if stop = symbolStop(text, host); stop == host {
			return Link{}, host
		}
		return Link{URL: text[start:stop], Start: start, End: stop}, stop
	}
	if cut := gluedHost(text[host:stop]); cut > 0 {
		stop = host + cut
	} else if cut := gluedText(text[host:stop]); cut > 0 {
		stop = host + cut
	}
	stop = trimEnd(text, start, stop)
	if stop <= host {
		return Link{}, host
	}
	return Link{URL: decodeEntities(text[start:stop]), Start: start, End: skipInvisible(text, stop)}, stop
}

// bareLink reads a link without http: its host begins at host, what is to be replaced at
// start.
func bareLink(text string, start, host int) (Link, int) {
	end := hostRun(text, host)
	run := text[host:end]
	scheme := strings.HasPrefix(text[end:], "://")
	web := scheme && (endsFold(run, "http") || endsFold(run, "https"))
	if scheme && !web && strings.ContainsAny(run, ".-") {
		return schemeLink(text, start, end+3) // an app's own scheme: "com.loja.app://"
	}
	from, to := domainIn(run)
	if to == 0 {
		if web {
			return schemeLink(text, end-len("https")+strings.IndexAny(run[max(0, len(run)-5):], "hH"), end+3)
		}
		return Link{}, max(end, start+1)
	}
	if from > 0 {
		start = host + from
	}
	host, to = host+from, host+to
	stop := to
	if to == end || text[to:end] == "." && strings.HasPrefix(text[end:], "/") {
		stop = bareStop(text, end)
		if stop < 0 {
			return Link{}, -stop
		}
	}
	if cut := gluedText(text[host:stop]); cut > 0 {
		stop = host + cut
	}
	stop = trimEnd(text, start, stop)
	return Link{URL: "https://" + decodeEntities(text[host:stop]), Start: start, End: skipInvisible(text, stop)}, stop
}

// bareStop returns where a link goes on to after its host ended at to; a negative number
// says that it was the name of an e-mail address, whose "@" stands there.
func bareStop(text string, to int) int {
	rest := text[to:]
	if strings.HasPrefix(rest, "@") {
		end := hostRun(text, to+1)
		if end > to+1 && end < len(text) && (text[end] == '/' || text[end] == ':') {
			return linkStop(text, to) // dressed as an address, but it has a path
		}
		if from, n := domainIn(text[to+1 : end]); from == 0 && n > 0 {
			return -to
		}
		return to
	}
	if strings.HasPrefix(rest, ":") {
		n := 1
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n > 1 && n <= 6 {
			to, rest = to+n, rest[n:]
		}
	}
	if rest != "" && (rest[0] == '/' || rest[0] == '?' || rest[0] == '#' || rest[0] == '\\') {
		return linkStop(text, to)
	}
	return to
}

// linkStop returns where the run of characters that can belong to a link ends. A second
// "http://" begins another link unless it is somebody's parameter or path.
func linkStop(text string, from int) int {
	text = text[:min(len(text), from+maxLink)]
	i, marks := from, -1 // marks is where a run of direction marks began
	for i < len(text) {
		c := text[i]
		if isAlnum(c) && c|0x20 != 'h' { // most bytes
			marks = -1
			i++
			continue
		}
		if c < utf8.RuneSelf {
			if c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' || c == '`' || c == '|' {
				return endBefore(marks, i)
			}
			if marks >= 0 {
				if !isAlnum(c) {
					return marks
				}
				marks = -1
			}
			if c|0x20 == 'h' && i > from && startsScheme(text[i:]) && strings.IndexByte("=/?:&,", text[i-1]) < 0 {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case isBidi(r):
			// In the middle of a link it stays, so that the link is refused.
			if marks < 0 {
				marks = i
			}
		case inLink(r) || goesOn(r, text[i+n:]):
			marks = -1
		default:
			return endBefore(marks, i)
		}
		i += n
	}
	return endBefore(marks, i)
}

// goesOn says whether a link that a character cuts goes on behind it, with a parameter or
// another segment: where the character cannot be seen, or looks like the sign it stands for.
// Programs disagree about where such a link ends, so the whole of it is to be judged.
func goesOn(r rune, rest string) bool {
	switch {
	case strings.ContainsRune("？＆＝／＃％；", r):
	case isMask(r):
		rest = strings.TrimLeftFunc(rest, isMask)
		if rest == "" || strings.IndexByte("?&=/#%;", rest[0]) < 0 {
			return false
		}
		rest = rest[1:]
	default:
		return false
	}
	return isHostStart(rest)
}

// endBefore leaves out the direction marks at the end of a link, which began at marks.
func endBefore(marks, end int) int {
	if marks >= 0 {
		return marks
	}
	return end
}

// inLink says whether a non-ASCII character can belong to a link: letters do, and the full
// stops that stand for a dot in a host; emoji, dashes and typographic quotes do not.
func inLink(r rune) bool {
	switch {
	case r >= 0x2100 && r <= 0x214f, r >= 0xfe00 && r <= 0xfe0f, r == 0x20e3, r == utf8.RuneError:
		return false // letter-like emoji and what makes emoji of other characters
	case isWideDot(r):
		return true
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// trimEnd takes off what follows a link in a sentence: punctuation, brackets that were not
// opened inside it, and WhatsApp's marks.
func trimEnd(text string, start, stop int) int {
	var unopened map[byte]int // counted once, so that a wall of brackets costs no more
	var italic, known bool    // likewise
	for stop > start {
		switch c := text[stop-1]; c {
		case '.', ',', ';', ':', '!', '?', '\'', '*', '~':
			if c == ';' && endsWithEntity(text[start:stop]) {
				return stop
			}
		case ')', ']', '}':
			if unopened == nil {
				unopened = surplus(text[start:stop])
			}
			if unopened[c] <= 0 {
				return stop
			}
			unopened[c]--
		case '_':
			// Codes may end in "_"; it is a mark only when the line opened one before.
			if !known {
				italic, known = opensItalic(text[max(0, start-maxLine):start]), true
			}
			if !italic {
				return stop
			}
		default:
			if c < utf8.RuneSelf {
				return stop
			}
			r, n := utf8.DecodeLastRuneInString(text[start:stop])
			if !isWideDot(r) {
				return stop
			}
			stop -= n - 1
		}
		stop--
	}
	return stop
}

// maxLine is how far back an opened mark is looked for, in bytes: without a bound, a text
// made of links would be read over and over.
const maxLine = 512

// opensItalic says whether the line that before ends with has a "_".
func opensItalic(before string) bool {
	return strings.IndexByte(before[strings.LastIndexByte(before, '\n')+1:], '_') >= 0
}

// surplus counts the closing brackets of s that nothing in it opened.
func surplus(s string) map[byte]int {
	count := func(bracket string) int { return strings.Count(s, bracket) }
	return map[byte]int{')': count(")") - count("("), ']': count("]") - count("["), '}': count("}") - count("{")}
}

// skipInvisible steps over invisible characters that are glued to a link.
func skipInvisible(text string, i int) int {
	for i < len(text) && text[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError || !unicode.Is(unicode.Cf, r) {
			break
		}
		i += n
	}
	return i
}

func isBidi(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func startsScheme(s string) bool {
	return len(s) > 8 && strings.EqualFold(s[:4], "http") &&
		(strings.HasPrefix(s[4:], "://") || (s[4] == 's' || s[4] == 'S') && strings.HasPrefix(s[5:], "://"))
}

func endsFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

func isAlnum(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' < 10
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is one line of a text without links, WhatsApp marks, accents and invisible
// characters.
type line struct {
	text   string   // as written
	lower  string   // in lower case, each letter at the same position
	words  []string // of lower
	linked bool     // a link stood here
	struck []span   // crossed out, as in ~R$ 99~
	mono   []span   // in typewriter letters, as in `CASA10`
}

// span is a range of bytes of a line.
type span struct{ begin, end int }

func contains(spans []span, i int) bool {
	for _, s := range spans {
		if s.begin <= i && i < s.end {
			return true
		}
	}
	return false
}

// Bytes that keep a place through fold. The text's own control characters are dropped
// first.
const (
	linkPlace   = '\x00'
	strikePlace = '\x01'
	monoPlace   = '\x02'
	underscore  = '\x03'
	// maxSpans bounds the work on a line made of marks.
	maxSpans = 50
)

func plainLines(text string) []line {
	var b strings.Builder
	b.Grow(len(text))
	from := 0
	for _, l := range Links(text) {
		keepPlaces(&b, text[from:l.Start])
		b.WriteString(" \x00 ")
		from = l.End
	}
	keepPlaces(&b, text[from:])
	var lines []line
	for s := range strings.SplitSeq(fold(b.String()), "\n") {
		l := line{linked: strings.IndexByte(s, linkPlace) >= 0}
		l.readMarks(strings.TrimSpace(strings.ReplaceAll(s, string(linkPlace), "")))
		if l.text != "" || l.linked {
			lines = append(lines, l)
		}
	}
	return lines
}

// keepPlaces writes s to b with what fold would lose: the marks that cross out and that set
// codes apart, an underscore inside a code, and the line between a digit and a raised one,
// which would make "9⁹⁰" 990.
func keepPlaces(b *strings.Builder, s string) {
	previous := ' '
	for i, r := range s {
		switch {
		case r == '~':
			b.WriteByte(strikePlace)
		case r == '`':
			b.WriteByte(monoPlace)
		case r == '_' && isLetterOrDigit(previous) && beginsWord(s[i+1:]):
			b.WriteByte(underscore)
		case r < ' ' && r != '\n' && r != '\t':
		case unicode.Is(unicode.No, r) && unicode.IsDigit(previous):
			b.WriteRune('⁄')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		previous = r
	}
}

func isLetterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func beginsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return isLetterOrDigit(r)
}

// readMarks sets the line's text, words and spans. As in WhatsApp a mark opens before a letter and
// closes behind one: "~R$ 50 ou ~R$ 60" crosses nothing out.
func (l *line) readMarks(s string) {
	var b strings.Builder
	b.Grow(len(s))
	strike, mono := -1, -1
	toggle := func(open int, spans []span) (int, []span) {
		at := b.Len()
		if open >= 0 && at > open && b.String()[at-1] != ' ' {
			if len(spans) < maxSpans {
				spans = append(spans, span{open, at})
			}
			return -1, spans
		}
		return at, spans
	}
	for i := range len(s) {
		switch c := s[i]; c {
		case strikePlace, monoPlace:
			if i > 0 && s[i-1] == c {
				continue // "~~" and "```" are one mark
			}
			if c == strikePlace {
				strike, l.struck = toggle(strike, l.struck)
			} else {
				mono, l.mono = toggle(mono, l.mono)
			}
		case underscore:
			b.WriteByte('_')
		default:
			b.WriteByte(c)
		}
	}
	l.text = b.String()
	l.lower = strings.Map(func(r rune) rune {
		if lower := unicode.ToLower(r); utf8.RuneLen(lower) == utf8.RuneLen(r) {
			return lower
		}
		return r
	}, l.text)
	l.words = words(l.lower)
}

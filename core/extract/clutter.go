package extract

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// ClutterKind says why a line is clutter.
type ClutterKind int

// The kinds of clutter.
const (
	Repeated   ClutterKind = iota + 1 // says again what another line says
	Invitation                        // advertises somebody's group, channel or profile
)

// Span is a whole line of a text.
type Span struct {
	Start, End int // its bytes, without the line end
	Kind       ClutterKind
}

// Clutter finds the lines that can be taken away without loss, in order. It is sure of them
// or leaves them: a line that says anything of an offer is never an invitation, and of a
// repeated line the richest stays.
func Clutter(text string) []Span {
	links := Links(text)
	if len(links) > maxClutterLinks || strings.Count(text, "\n") > maxClutterLines {
		return nil
	}
	lines := noteLines(text, links)
	if len(lines) > maxClutterLines {
		return nil
	}
	var found []Span
	for i := range lines {
		kind := ClutterKind(0)
		switch {
		case invites(lines, i):
			kind = Invitation
		case repeats(lines, i):
			kind = Repeated
		default:
			continue
		}
		lines[i].gone = true
		found = append(found, Span{Start: lines[i].start, End: lines[i].end, Kind: kind})
	}
	return found
}

// maxClutterLinks and maxClutterLines bound the work on a text made to be slow: no promotion has more.
const (
	maxClutterLinks = 50
	maxClutterLines = 200
)

// textLine is one line as a phone shows it.
type textLine struct {
	start, end int
	links      []Link
	words      string // as foldedWords gives them, without links and handles
	count      int    // of words
	struck     bool   // holds a mark that crosses out
	handle     bool   // names somebody, as in "@fulano"
	cut        bool   // ends in "…"
	label      bool   // announces what the next line holds
	gone       bool   // found to be clutter
}

// noteLines splits a text at everything that a phone shows as a line end.
func noteLines(text string, links []Link) []textLine {
	lines := make([]textLine, 0, strings.Count(text, "\n")+1)
	for start := 0; start <= len(text); {
		end, next := len(text), len(text)+1
		if n := strings.IndexFunc(text[start:], endsLine); n >= 0 {
			end = start + n
			next = end + runeLen(text[end:])
		}
		n := 0
		for n < len(links) && links[n].Start < end {
			n++
		}
		lines = append(lines, noteLine(text, start, end, links[:n]))
		links, start = links[n:], next
	}
	return lines
}

// endsLine says whether a phone begins a new line after r.
func endsLine(r rune) bool {
	return r >= '\n' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

func noteLine(text string, start, end int, links []Link) textLine {
	l := textLine{start: start, end: end, links: links}
	var b strings.Builder
	for _, link := range links {
		b.WriteString(text[start:link.Start])
		b.WriteByte(' ')
		start = min(link.End, end)
	}
	b.WriteString(text[start:end])
	said := b.String()
	l.struck = strings.Contains(said, "~")
	trimmed := strings.TrimRight(said, " *_`")
	l.label = strings.HasSuffix(trimmed, ":") || strings.ContainsAny(said, "👇⬇👉➡")
	l.cut = strings.HasSuffix(trimmed, "…") || strings.HasSuffix(trimmed, "...")
	if strings.Contains(said, "@") {
		kept := strings.Fields(said)
		n := len(kept)
		kept = slices.DeleteFunc(kept, func(w string) bool { return strings.HasPrefix(strings.TrimLeft(w, "*_`("), "@") })
		l.handle = len(kept) < n
		said = strings.Join(kept, " ")
	}
	l.words = foldedWords(said)
	l.count = strings.Count(l.words, " ")
	if l.words != "" {
		l.count++
	}
	return l
}

// leastTitle is how many words a line needs to be taken for the repetition of another.
const leastTitle = 3

// repeats says whether line i says nothing that another line, which stays, does not say.
func repeats(lines []textLine, i int) bool {
	l := &lines[i]
	switch {
	case len(l.links) == 1 && l.words == "" && !l.handle:
		return (i == 0 || !lines[i-1].label) && repeatsLink(lines, i)
	case len(l.links) > 0 || l.struck || l.handle || l.count < leastTitle || tellsTerms(l.words):
		return false
	}
	for j := range lines {
		if j != i && !lines[j].gone && !lines[j].struck && repeatsTitle(l, &lines[j], j < i) && !offersBetween(lines, min(i, j), max(i, j)) {
			return true
		}
	}
	return false
}

// repeatsTitle says whether l is the same title as other, or the cut beginning of it. Of two
// equal lines the one with a link stays, else the longer, else the first.
func repeatsTitle(l, other *textLine, otherFirst bool) bool {
	if l.words == other.words && !other.handle {
		order := cmp.Or(cmp.Compare(len(other.links), len(l.links)), cmp.Compare(other.end-other.start, l.end-l.start))
		return order > 0 || order == 0 && otherFirst
	}
	return l.cut && l.count > leastTitle+1 && strings.HasPrefix(other.words, l.words)
}

// offersBetween says whether a line may stand once for each of two offers: the text has more
// than one full link, and one of them stands between from and to.
func offersBetween(lines []textLine, from, to int) bool {
	first, several, between := "", false, false
	for i, l := range lines {
		for _, link := range l.links {
			if bareSite(link.URL) != "" || isInvite(link.URL) {
				continue
			}
			if first == "" {
				first = link.URL
			}
			several = several || link.URL != first
			between = between || i >= from && i <= to
		}
	}
	return several && between
}

// tellsTerms says whether words speak of money or coupons: such a line may hold for each of
// several offers, or be what a reader looks for in its place.
func tellsTerms(words string) bool {
	for w := range strings.FieldsSeq(words) {
		switch w {
		case "r", "rs", "reais", "pix", "cupom", "cupons", "codigo", "desconto", "off", "frete":
			return true
		}
		if strings.HasSuffix(w, "%") {
			return true
		}
	}
	return false
}

// repeatsLink says whether the one link of line i, which holds nothing else, stands in
// another line too, or is only the name of the site that a full link leads to.
func repeatsLink(lines []textLine, i int) bool {
	url := lines[i].links[0].URL
	site := bareSite(url)
	for j := range lines {
		if j == i || lines[j].gone {
			continue
		}
		for _, other := range lines[j].links {
			if other.URL == url && (j < i || lines[j].words != "") {
				return true
			}
			if site != "" && bareSite(other.URL) == "" && site == siteName(other.URL) {
				return true
			}
		}
	}
	return false
}

// bareSite returns the name of the site when url has no path, or "".
func bareSite(url string) string {
	host, rest := splitHost(url)
	if rest != "" && rest != "/" {
		return ""
	}
	return siteOf(host)
}

func siteName(url string) string {
	host, _ := splitHost(url)
	return siteOf(host)
}

// siteOf returns the name of a host under its public suffix: "amazon" for
// "www.amazon.com.br". The short hosts of two stores count as the store.
func siteOf(host string) string {
	switch host {
	case "amzn.to", "a.co":
		return "amazon"
	case "meli.la":
		return "mercadolivre"
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(domain, ".")
	return name
}

// splitHost returns the host of a link in lower case, and what follows it.
func splitHost(url string) (host, rest string) {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return "", url
	}
	end := strings.IndexAny(rest, "/?#\\:@")
	if end < 0 {
		end = len(rest)
	}
	return strings.ToLower(rest[:end]), rest[end:]
}

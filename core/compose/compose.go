// Package compose turns the text that came in into the text that goes out. Where nothing
// had to change, the result is the source byte for byte.
package compose

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Edit is one change of a text.
type Edit struct {
	// Start and End are the bytes of the text that Text replaces.
	Start, End int
	Text       string
	// DropLine takes the whole line away instead. When the line also holds an edit that
	// stays, only the bytes of this one go.
	DropLine bool
}

// ErrEdits says that edits overlap or lie outside the text.
var ErrEdits = errors.New("edits overlap or lie outside the text")

// Apply returns text with edits made, which may come in any order. The error is [ErrEdits].
//
// A dropped line takes along the one blank line that would be left doubled. A replacement
// is a link, and is set off by one space where it would run into the text after it, so that
// the link would read on, or into a letter or digit before it, so that it would not be seen.
// Everything that a phone shows as a line end is one: CR and U+2028 too.
func Apply(text string, edits []Edit) (string, error) {
	cuts, err := plan(text, edits)
	if err != nil {
		return "", err
	}
	size := len(text)
	for _, c := range cuts {
		size += len(c.Text) + 2
	}
	var b strings.Builder
	b.Grow(size)
	last := 0
	for i, c := range cuts {
		b.WriteString(text[last:c.Start])
		if before, _ := utf8.DecodeLastRuneInString(b.String()); c.Text != "" && (unicode.IsLetter(before) || unicode.IsDigit(before)) {
			b.WriteByte(' ')
		}
		b.WriteString(c.Text)
		last = c.End
		if c.Text != "" && runsOn(text, cuts[i:]) {
			b.WriteByte(' ')
		}
	}
	b.WriteString(text[last:])
	return b.String(), nil
}

// plan checks the edits, sorts them and turns dropped lines into ranges.
func plan(text string, edits []Edit) ([]Edit, error) {
	sorted := slices.Clone(edits)
	slices.SortFunc(sorted, func(a, b Edit) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	last := 0
	for _, e := range sorted {
		if e.Start < last || e.End < e.Start || e.End > len(text) {
			return nil, ErrEdits
		}
		last = e.End
	}
	cuts := make([]Edit, 0, len(sorted))
	from, to, keeps := 0, 0, false // of the line looked at last
	for i, e := range sorted {
		if !e.DropLine {
			cuts = append(cuts, e)
			continue
		}
		if e.Start < from || e.End >= to { // else the line of the edit before
			from, to = lineAround(text, e.Start, e.End)
			keeps = keepsLine(sorted, i, from, to)
		}
		if keeps {
			if n := len(cuts); n > 0 { // a link over a line end may reach into a dropped line
				e.Start = max(e.Start, cuts[n-1].End)
			}
			cuts = append(cuts, Edit{Start: e.Start, End: max(e.Start, e.End)})
			continue
		}
		if n := len(cuts); n > 0 && cuts[n-1].End >= from {
			if cuts[n-1].DropLine { // the same line, or the next one
				cuts[n-1].End = max(cuts[n-1].End, to)
				continue
			}
			cuts = append(cuts, Edit{Start: cuts[n-1].End, End: to, DropLine: true})
			continue
		}
		cuts = append(cuts, Edit{Start: from, End: to, DropLine: true})
	}
	for i := range cuts {
		if !cuts[i].DropLine {
			continue
		}
		floor, ceiling := 0, len(text)
		if i > 0 {
			floor = cuts[i-1].End
		}
		if i+1 < len(cuts) {
			ceiling = cuts[i+1].Start
		}
		closeGap(text, &cuts[i], floor, ceiling)
	}
	return cuts, nil
}

// keepsLine says whether an edit that stays lies on the line from:to.
func keepsLine(sorted []Edit, i, from, to int) bool {
	for j := i - 1; j >= 0 && sorted[j].End > from; j-- {
		if !sorted[j].DropLine {
			return true
		}
	}
	for j := i + 1; j < len(sorted) && sorted[j].Start < to; j++ {
		if !sorted[j].DropLine {
			return true
		}
	}
	return false
}

// lineAround returns the bytes of the lines that start:end touches, with the line end.
func lineAround(text string, start, end int) (from, to int) {
	from = strings.LastIndexFunc(text[:start], isBreak)
	if from >= 0 {
		_, n := utf8.DecodeRuneInString(text[from:])
		from += n
	}
	i := strings.IndexFunc(text[end:], isBreak)
	if i < 0 {
		return max(0, from), len(text)
	}
	return max(0, from), skipBreak(text, end+i)
}

// isBreak says whether a phone begins a new line after r.
func isBreak(r rune) bool {
	return r >= '\n' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// skipBreak returns the position after the line end at i.
func skipBreak(text string, i int) int {
	if strings.HasPrefix(text[i:], "\r\n") {
		return i + 2
	}
	if r, n := utf8.DecodeRuneInString(text[i:]); isBreak(r) {
		return i + n
	}
	return i
}

// cutBreak returns the position before the line end that stands before i.
func cutBreak(text string, i int) int {
	if strings.HasSuffix(text[:i], "\r\n") {
		return i - 2
	}
	if r, n := utf8.DecodeLastRuneInString(text[:i]); isBreak(r) {
		return i - n
	}
	return i
}

// closeGap extends a dropped block over the blank line that would be left doubled, or left
// over at the end of the text. It stays between floor and ceiling, where other edits begin.
func closeGap(text string, c *Edit, floor, ceiling int) {
	above := cutBreak(text, c.Start)
	blankBefore := c.Start == 0 || cutBreak(text, above) != above
	if c.End == len(text) {
		c.Start = max(floor, above)
		if blankBefore {
			c.Start = max(floor, cutBreak(text, c.Start))
		}
		return
	}
	blank := c.End
	for blank < len(text) && (text[blank] == ' ' || text[blank] == '\t') {
		blank++
	}
	if end := skipBreak(text, blank); blankBefore && (end > blank || end == len(text)) && end <= ceiling {
		c.End = end
	}
}

// runsOn says whether what will stand after the first of cuts would be read as part of it:
// anything but punctuation and marks that are followed by a space or the end.
func runsOn(text string, cuts []Edit) bool {
	for i, c := range cuts {
		next := len(text)
		if i+1 < len(cuts) {
			next = cuts[i+1].Start
		}
		rest := strings.TrimLeft(text[c.End:next], ".,;:!?)]}'\"*_~`»”’")
		if rest != "" {
			r, _ := utf8.DecodeRuneInString(rest)
			return !unicode.IsSpace(r)
		}
		if i+1 < len(cuts) && cuts[i+1].Text != "" {
			return true
		}
	}
	return false
}

package extract

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxCoupons, maxLabels and labelWindow bound the work on a text made to be slow: no
// promotion has more codes, no line more labels, and no code stands further from its label,
// in bytes.
const (
	maxCoupons  = 20
	maxLabels   = 20
	labelWindow = 200
)

// coupons returns the codes that the text tells people to use.
func coupons(lines []line) []string {
	var codes []string
	add := func(found []string) {
		for _, c := range found {
			if len(codes) < maxCoupons && !slices.Contains(codes, c) {
				codes = append(codes, c)
			}
		}
	}
	about := slices.ContainsFunc(lines, func(l line) bool { return promises.hasAny(l.words) })
	for i, l := range lines {
		labels := labelsOf(l, about)
		for _, label := range labels {
			if label.rest == "" && !l.linked {
				add(nextLines(lines[i+1:], label))
			} else if found, _ := codeList(label.rest, true); !isSentence(label.rest, found) {
				add(found)
			}
		}
		add(monoCodes(l, len(labels) > 0))
		if isDiscount(l) && (len(labels) == 0 || len(codes) == 0) {
			// In a line of capitals "40% OFF - TECLADO" names the product.
			if found := codeAtEnd(l.text); len(found) > 0 && (hasDigit(found[0]) || !shouts(l.text)) {
				add(found)
			}
		}
	}
	return codes
}

// verbatim keeps the codes that stand in the text as they are: "MAÇÃ10" is not "MACA10".
func verbatim(text string, codes []string) []string {
	if len(codes) == 0 {
		return nil
	}
	written := strings.Map(func(r rune) rune {
		if r == '*' || r == '~' || r == '`' || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
	unmarked := strings.ReplaceAll(written, "_", "")
	return slices.DeleteFunc(codes, func(c string) bool {
		return !strings.Contains(written, c) && !strings.Contains(unmarked, c)
	})
}

// label is a "cupom", "código" or "use" in a line that a code may follow.
type label struct {
	rest  string // what follows
	colon bool   // a colon or an arrow stands between
	tells bool   // the words before it tell people to use it
}

// promises are the words of a text that is about a discount: there "use CODE" gives a code.
const promises wordList = " cupom cupons codigo desconto off "

// labelsOf finds the labels of a line. about says that the text is about a discount.
func labelsOf(l line, about bool) []label {
	var found []label
	for at, tries := 0, 0; tries < maxLabels; tries++ {
		word, i := nextLabel(l.lower, at)
		if i < 0 {
			break
		}
		at = i + len(word)
		if lab, ok := readLabel(l, word, i, about); ok {
			found = append(found, lab)
		}
	}
	return found
}

var labelWords = [...]string{"cupom", "cupons", "codigo", "voucher", "usem", "use", "aplique", "insira", "digite"}

// orders says whether a label word tells people what to do: "use CODE", "aplique CODE".
func orders(word string) bool { return telling.has(word) }

// nextLabel returns the first label word of s from position at on, and where it stands.
func nextLabel(s string, at int) (word string, i int) {
	for at < len(s) {
		end := at
		for end < len(s) && isWordByte(s[end]) {
			end++
		}
		if slices.Contains(labelWords[:], s[at:end]) {
			return s[at:end], at
		}
		at = end + 1
	}
	return "", -1
}

// readLabel judges the label word that stands at i of a line.
func readLabel(l line, word string, i int, about bool) (label, bool) {
	begin, end := i, i+len(word)
	before := last(words(l.lower[max(0, begin-labelWindow):begin]), 3)
	if wordList(" nao sem nem ").hasAny(before) {
		return label{}, false
	}
	lab := label{
		rest:  strings.TrimSpace(l.text[end:min(len(l.text), end+labelWindow)]),
		tells: telling.hasAny(before),
	}
	if after, ok := cutArrow(lab.rest); ok {
		lab.rest, lab.colon = after, true
		return lab, true
	}
	lab.rest = strings.TrimLeftFunc(lab.rest, func(r rune) bool { return r >= 0x80 && !unicode.IsLetter(r) || r == '-' || r == ' ' })
	if lab.rest == "" {
		return lab, !orders(word) && (lab.tells || len(l.words) <= 2)
	}
	// "cupom extra: X", "cupom de R$ 20: X": some plain words before the colon.
	head, tail, found := strings.Cut(lab.rest, ":")
	if found && len(words(head)) <= 5 && !hasCode(head) && !strings.ContainsAny(head, ".!?|") {
		if word == "codigo" && !ofCoupon(head) || orders(word) {
			return label{}, false // "código do produto: X"
		}
		lab.rest, lab.colon = strings.TrimSpace(tail), true
		return lab, true
	}
	codes, _ := codeList(lab.rest, true)
	if len(codes) == 0 {
		return label{}, false
	}
	if orders(word) {
		return lab, hasDigit(codes[0]) || about && !shouts(l.text)
	}
	// In a line of capitals any word looks like a code; one with a digit still is.
	return lab, hasDigit(codes[0]) || lab.tells || !shouts(l.text[:begin]+l.text[end:])
}

// telling are the words that tell people to use a coupon.
const telling wordList = " use usem usar usando aplique aplicar insira digite utilize coloque "

// cutArrow removes the colon or arrow that s begins with.
func cutArrow(s string) (rest string, ok bool) {
	for _, arrow := range []string{":", "=", "→", "➡", "👉", "=>", "->", ">"} {
		if after, found := strings.CutPrefix(s, arrow); found {
			return strings.TrimLeftFunc(after, func(r rune) bool { return r == ' ' || r == ':' || r >= 0x80 && !unicode.IsLetter(r) }), true
		}
	}
	return s, false
}

// nextLines reads the codes that stand alone on the lines after a label.
func nextLines(lines []line, lab label) []string {
	var codes []string
	for i, l := range lines[:min(len(lines), maxCoupons)] {
		found, whole := codeList(strings.TrimLeftFunc(l.text, func(r rune) bool { return !isLetterOrDigit(r) }), false)
		if !whole || l.linked {
			break
		}
		if i > 0 && !hasDigit(found[0]) || !lab.colon && !lab.tells && !hasDigit(found[0]) {
			break
		}
		codes = append(codes, found...)
	}
	return codes
}

// monoCodes reads the codes in typewriter letters: with a digit, or next to a label.
func monoCodes(l line, labelled bool) []string {
	var codes []string
	for _, m := range l.mono {
		if c := l.text[m.begin:m.end]; isCode(c) && (hasDigit(c) || labelled) {
			codes = append(codes, c)
		}
	}
	return codes
}

// isSentence says whether the one code found in s is rather the first word of a sentence in
// capitals: "CUPOM: DIRETO NO LINK".
func isSentence(s string, found []string) bool {
	if len(found) != 1 || hasDigit(found[0]) {
		return false
	}
	_, after, _ := strings.Cut(s, found[0])
	ws := strings.Fields(after)
	return len(ws) > 0 && len(ws[0]) > 1 && ws[0] == strings.ToUpper(ws[0]) && strings.TrimFunc(ws[0], unicode.IsLetter) == ""
}

// ofCoupon says whether the words between "código" and a colon leave it a coupon's.
func ofCoupon(head string) bool {
	for _, w := range words(strings.ToLower(head)) {
		if !wordList(" de do desconto cupom promocional extra promo exclusivo ").has(w) {
			return false
		}
	}
	return true
}

// codeAtEnd reads the code after the last ": " or " - " of a line.
func codeAtEnd(s string) []string {
	i := max(strings.LastIndex(s, ": "), strings.LastIndex(s, " - "))
	if i < 0 {
		return nil
	}
	codes, whole := codeList(strings.TrimLeft(s[i:], ":- "), false)
	if !whole {
		return nil
	}
	return codes
}

func isDiscount(l line) bool { return wordList(" off desconto ").hasAny(l.words) }

// shouts says whether a line has no lower-case letter.
func shouts(s string) bool {
	return strings.ToUpper(s) == s && strings.TrimSpace(s) != ""
}

package extract

import (
	"strings"
	"unicode/utf8"
)

// Word returns the first of a tenant's rules that text matches. A rule matches as a whole
// word, without regard to case, accents, marks or links: "iphone" does not match "iphones". A
// rule of several words matches when they follow each other, whatever stands between them. A
// rule without letters and digits, such as an emoji, matches wherever it stands.
func Word(text string, rules []string) (rule string, found bool) {
	if len(rules) == 0 {
		return "", false
	}
	text = withoutLinks(text)
	folded := foldedWords(text)
	for _, r := range rules {
		switch sought := foldedWords(r); {
		case sought != "":
			found = holdsWords(folded, sought)
		default:
			symbol := strings.TrimSpace(r)
			found = symbol != "" && strings.Contains(text, symbol)
		}
		if found {
			return r, true
		}
	}
	return "", false
}

// withoutLinks puts a space in the place of every link.
func withoutLinks(text string) string {
	links := Links(text)
	if len(links) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	last := 0
	for _, l := range links {
		b.WriteString(text[last:l.Start])
		b.WriteByte(' ')
		last = l.End
	}
	b.WriteString(text[last:])
	return b.String()
}

// foldedWords returns the words of s without accents, in lower case, with one space between.
func foldedWords(s string) string {
	if isPlain(s) {
		return strings.ToLower(s) // as most rules are
	}
	return strings.Join(words(strings.ToLower(fold(s))), " ")
}

// isPlain says whether s is ASCII letters and digits with one space between words.
func isPlain(s string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && (s[i] != ' ' || i == 0 || i+1 == len(s) || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// holdsWords says whether sought stands in s between spaces.
func holdsWords(s, sought string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], sought)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(sought)
		if (begin == 0 || s[begin-1] == ' ') && (end == len(s) || s[end] == ' ') {
			return true
		}
		_, n := utf8.DecodeRuneInString(s[begin:])
		from = begin + n
	}
}

package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unglue puts the missing space after a full stop where WhatsApp would make a link of two
// sentences: "chegou.No pix" is a host in Norway to a phone. With the space nothing is
// clickable, so nothing has to be proven or held. Any other text comes back as it was.
//
// It is careful, because a space in a real address would only disguise it: there must be no
// path, and the word after the full stop must be an ordinary one that is not what shops call
// themselves. Where it is not sure it leaves a link, which is then judged as one.
func Unglue(text string) string {
	var b strings.Builder
	last := 0
	for i := 0; ; i++ {
		n := strings.IndexByte(text[i:], '.')
		if n < 0 {
			break
		}
		i += n
		if beginsSentence(wordBefore(text, i), text[i+1:]) && !inAddress(text[max(0, i-maxLine):i]) {
			b.WriteString(text[last : i+1])
			b.WriteByte(' ')
			last = i + 1
		}
	}
	if last == 0 {
		return text
	}
	b.WriteString(text[last:])
	return b.String()
}

// wordBefore returns the letters and digits that end at end, behind marks and emoji, or ""
// when they are part of something longer, such as a host with more labels.
func wordBefore(text string, end int) string {
	r, _ := utf8.DecodeLastRuneInString(text[:end])
	if r >= utf8.RuneSelf && !unicode.IsSpace(r) && !unicode.IsLetter(r) && r != utf8.RuneError {
		return "aa" // an emoji ends the sentence
	}
	for end > 0 && isMark(rune(text[end-1])) {
		end--
	}
	begin, digits := end, true
	for begin > max(0, end-64) {
		r, n := utf8.DecodeLastRuneInString(text[:begin])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		digits = digits && r < utf8.RuneSelf && isDigit(byte(r))
		begin -= n
	}
	if begin > 0 {
		price := digits && begin > 1 && isDigit(text[begin-2]) && (text[begin-1] == '.' || text[begin-1] == ',')
		if !price && strings.IndexByte(`./\@-_=&#?%+`, text[begin-1]) >= 0 && !opensMark(text, begin-1) {
			return ""
		}
	}
	return text[begin:end]
}

// inAddress says whether the word that before ends with belongs to a path or an e-mail
// address.
func inAddress(before string) bool {
	return strings.ContainsAny(before[strings.LastIndexFunc(before, unicode.IsSpace)+1:], "/@")
}

// opensMark says whether the "_" at i stands where a mark is opened, not inside a word.
func opensMark(text string, i int) bool {
	return text[i] == '_' && (i == 0 || text[i-1] <= ' ')
}

// beginsSentence says whether after, which follows a full stop, begins with a word that
// begins a sentence. All of them are top-level domains: others make no link.
func beginsSentence(before, after string) bool {
	after = strings.TrimLeft(after, "*_~`")
	end := 0
	for end < len(after) && end < 8 && isAlnum(after[end]) {
		end++
	}
	if utf8.RuneCountInString(before) < 2 || end < 2 {
		return false
	}
	rest := strings.TrimLeft(after[end:], ".,;:!?)*_~`\"'")
	if !spaceAt(rest, 0) {
		return false
	}
	word := after[:end]
	lower := strings.ToLower(word)
	switch {
	case word == lower:
		// Only people and firms in Norway and Angola get these, and nobody names a shop ".na".
		return lower == "no" || lower == "na" || lower == "ao"
	case word[1:] == lower[1:]:
		return sentenceWord(lower) || before == strings.ToLower(before) && sentenceNoun(lower)
	}
	// In a text of capitals "LOJA.COM" is as likely a shop.
	return word == strings.ToUpper(word) && before == strings.ToUpper(before) && sentenceWord(lower) &&
		lower != "com"
}

// sentenceWord knows the words of grammar that are top-level domains.
func sentenceWord(s string) bool {
	switch s {
	case "no", "na", "ao", "de", "do", "se", "so", "com", "vc", "ps":
		return true
	}
	return false
}

// sentenceNoun knows words that begin sentences in promotions and are top-level domains that
// shops take too ("Achados.Link"), so the word before has to be in lower case.
func sentenceNoun(s string) bool {
	switch s {
	case "as", "eu", "me", "la", "pro", "tv", "link", "site", "app", "top", "bom", "gratis", "promo":
		return true
	}
	return false
}

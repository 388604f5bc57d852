package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// TextKey is a fingerprint of what a text says, 32 hex digits: links, emoji, punctuation,
// case, accents, spaces and invisible characters do not change it. It is "" for a text with
// fewer than three words, which says too little to be told from another.
func TextKey(text string) string {
	var plain strings.Builder
	last := 0
	for _, l := range Links(text) {
		plain.WriteString(text[last:l.Start])
		plain.WriteByte(' ')
		last = l.End
	}
	plain.WriteString(text[last:])
	var letters strings.Builder
	count, inWord := 0, false
	for _, r := range strings.ToLower(fold(plain.String())) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			inWord = false
			continue
		}
		if !inWord {
			count, inWord = count+1, true
		}
		letters.WriteRune(r)
	}
	if count < 3 {
		return ""
	}
	sum := sha256.Sum256([]byte(letters.String()))
	return hex.EncodeToString(sum[:16])
}

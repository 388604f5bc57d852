package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
)

// leastWords is how many words a text needs to be told from another that is worded alike,
// alike the share of their words that near-identical texts have in common, in percent.
const (
	leastWords = 8
	alike      = 90
)

// NearKey is equal for any two texts that [Similar] may find near-identical, so that only
// texts with the same key need comparing: a fingerprint of what has digits in it, such as
// prices, sizes and coupons, 32 hex digits. It is "" for a text with fewer than eight words,
// which says too little.
func NearKey(text string) string {
	all := nearWords(text)
	if len(all) < leastWords {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(slices.DeleteFunc(all, hasNoDigit), " ")))
	return hex.EncodeToString(sum[:16])
}

// Similar says whether two texts are the same promotion in other dress: nine tenths of their
// words are the same, what has digits in it is the same, and what else differs is known to
// say nothing of the product, such as a greeting. Links, emoji, case, accents, punctuation
// and the order of words do not count.
func Similar(a, b string) bool {
	x, y := nearWords(a), nearWords(b)
	if len(x) < leastWords || len(y) < leastWords {
		return false
	}
	common, only := 0, 0
	for len(x) > 0 || len(y) > 0 {
		var odd string // a word the other text lacks
		switch {
		case len(y) == 0 || len(x) > 0 && x[0] < y[0]:
			odd, x = x[0], x[1:]
		case len(x) == 0 || y[0] < x[0]:
			odd, y = y[0], y[1:]
		default:
			common++
			x, y = x[1:], y[1:]
			continue
		}
		if !fillers[odd] {
			return false
		}
		only++
	}
	return common*100 >= alike*(common+only)
}

// nearWords returns the words of a text without links and greetings, sorted. A number keeps
// the separators inside it: "1.299,90" is one word.
func nearWords(text string) []string {
	folded := []rune(strings.ToLower(fold(withoutLinks(text))))
	digit := func(i int) bool { return i >= 0 && i < len(folded) && unicode.IsDigit(folded[i]) }
	for i, r := range folded {
		joins := (r == '.' || r == ',') && digit(i-1) && digit(i+1)
		if !joins && !isLetterOrDigit(r) && r != '%' && r != '+' {
			folded[i] = ' '
		}
	}
	all := strings.Fields(string(folded))
	kept := all[:0]
	for i := 0; i < len(all); i++ {
		if i+1 < len(all) && greets(all[i], all[i+1]) {
			i++
			continue
		}
		kept = append(kept, all[i])
	}
	slices.Sort(kept)
	return kept
}

// greets knows "bom dia": alone, "dia" and "noite" tell one cream from another.
func greets(a, b string) bool {
	return a == "bom" && b == "dia" || a == "boa" && (b == "tarde" || b == "noite")
}

func hasNoDigit(s string) bool { return !strings.ContainsFunc(s, unicode.IsDigit) }

// fillers are the words that promoters change when they post the same promotion again. None
// tells one product, colour, size or condition from another.
var fillers = setOf(`
	a as o os e de do da dos das no na nos nas em um uma pra para que so ja ta esta este esse essa isso
	oi ola pessoal galera gente turma
	corre correr corram corra olha olhem veja vejam confira confiram aproveite aproveita aproveitem
	imperdivel incrivel demais muito barato preco precinho precao oferta ofertas ofertao
	promo promocao promocoes achado achados achadinho achadinhos baixou caiu voltou
	agora hoje link aqui clique compre comprar garanta pegue
`)

func setOf(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

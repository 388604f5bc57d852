package extract

import (
	"slices"
	"strings"
)

// amount is one sum of money of a text that may be its price.
type amount struct {
	cents   int64
	payment payment
	block   int  // how many links came before it
	titled  bool // words that may name another product stand between it and the first
}

// window is how far around a sum its meaning is looked for, in bytes.
const window = 120

// sum is a number in a line that may be money, with what stands around it.
type sum struct {
	number
	start         int // with the currency sign
	money, struck bool
	leads         bool     // no sum of money stands before it in its line
	followed      bool     // one stands after it
	before, after []string // the words up to the neighbouring sums of money
	lead          string   // the text before it, up to the sum of money before
	tail          string   // the text after it, up to the next sum of money
}

// maxSums is how many sums of a line are looked for: no promotion has more.
const maxSums = 50

// sums finds the sums of a line, up to one more than maxSums: the numbers called money
// or written as sums before "no Pix", and those after "por", "de" and "valor".
func sums(l line) []sum {
	s := l.lower
	var found []sum
	for i := 0; i < len(s) && len(found) <= maxSums; {
		n, ok := numberAt(s, i)
		if !ok {
			i++
			continue
		}
		start, money := currencyBefore(s, i)
		head := strings.TrimRight(s[:i], " :")
		money = money || strings.HasPrefix(strings.TrimLeft(s[n.end:], " "), "reais") ||
			(n.decimals || n.grouped) && !strings.HasSuffix(head, "$") && paysAtOnce(s[n.end:])
		if money || endsIn(head, "por", "de", "valor", "preco") {
			found = append(found, sum{number: n, start: start, money: money, struck: contains(l.struck, i)})
		}
		i = n.end
	}
	left, inRange := 0, false
	for k := range found {
		a := &found[k]
		right := min(len(s), a.end+window)
		for _, next := range found[k+1:] {
			if next.money || next.start > right {
				a.followed = next.money
				right = min(right, next.start)
				break
			}
		}
		a.leads = left == 0
		a.lead, a.tail = s[max(left, a.start-window):a.start], s[a.end:right]
		a.before, a.after = words(a.lead), words(a.tail)
		if !a.money {
			continue
		}
		left = a.end
		// "R$ 50 a R$ 80" is a range: neither end is a price.
		opens := k+1 < len(found) && found[k+1].money && !a.struck && joinsRange(s[a.end:found[k+1].start])
		if opens || inRange {
			a.clear, a.cents = true, 0
		}
		inRange = opens
	}
	return found
}

func endsIn(s string, endings ...string) bool {
	return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(s, ending) })
}

// paysAtOnce says whether s begins with a way to pay that only a price goes before.
func paysAtOnce(s string) bool {
	s = strings.TrimLeft(s, " ")
	return slices.ContainsFunc([]string{"no pix", "via pix", "a vista", "no boleto"}, func(way string) bool {
		return strings.HasPrefix(s, way) && (len(s) == len(way) || !isWordByte(s[len(way)]))
	})
}

func joinsRange(gap string) bool {
	switch strings.TrimSpace(gap) {
	case "a", "ate", "-", "–", "—", "/", "e":
		return true
	}
	return false
}

// currencyBefore says whether "R$" stands before position i, and where the amount with its
// sign begins. "US$" is another currency: its amount keeps the "us" before it.
func currencyBefore(s string, i int) (start int, ok bool) {
	head := strings.TrimRight(s[:i], " :")
	if head, ok = strings.CutSuffix(head, "$"); !ok {
		return i, false
	}
	if head, ok = strings.CutSuffix(strings.TrimRight(head, " "), "r"); !ok || head != "" &&
		isWordByte(head[len(head)-1]) && !strings.HasSuffix(head, "de") && !strings.HasSuffix(head, "por") {
		return i, false
	}
	if head == "-" || strings.HasSuffix(head, " -") {
		return i, false // "-R$ 20" is taken off
	}
	return len(head), true
}

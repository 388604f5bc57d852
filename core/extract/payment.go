package extract

import "strings"

// payment is how an amount is to be paid.
type payment int

const (
	anyhow payment = iota
	pix            // or otherwise at once
	card
)

// paymentOf says how a sum is to be paid: by the words after it, up to where those of the
// next sum begin, else by the words right before it. In a line that names the way first
// ("Pix: R$ 90, cartão: R$ 100") only those before it count.
func paymentOf(a sum, named bool) payment {
	if named {
		return paymentNamed(a.before)
	}
	tail := a.tail
	if a.followed {
		tail = ownTail(tail)
	}
	if p := paymentIn(words(tail)); p != anyhow {
		return p
	}
	if own, ok := ownLead(a); ok {
		return paymentNamed(words(own))
	}
	return anyhow
}

// paymentNamed reads the words right before a sum, the nearest first.
func paymentNamed(before []string) payment {
	near := last(before, 4)
	for len(near) > 0 && wordList(" por r apenas so fica sai valor de ").has(near[len(near)-1]) {
		near = near[:len(near)-1]
	}
	return paymentIn(last(near, 2))
}

func paymentIn(ws []string) payment {
	for i, w := range ws {
		switch {
		case w == "pix", w == "avista", w == "boleto", w == "vista" && i > 0 && ws[i-1] == "a":
			return pix
		case w == "parcelado", w == "parcelada", w == "cartao", w == "prazo", w == "credito", isInstalment(w):
			return card
		case w == "x" && i > 0 && isDigits(ws[i-1]):
			return card
		}
	}
	return anyhow
}

// separators stand between two sums and what belongs to each.
var separators = [...]string{"|", ";", "•", " / ", " ou ", ". "}

// ownTail cuts from the text after a sum what belongs to the next one.
func ownTail(tail string) string {
	for _, sep := range separators {
		tail, _, _ = strings.Cut(tail, sep)
	}
	return tail
}

// ownLead returns the text before a sum that cannot belong to the sum before it.
func ownLead(a sum) (string, bool) {
	at := -1
	for _, sep := range separators {
		if i := strings.LastIndex(a.lead, sep); i >= 0 {
			at = max(at, i+len(sep))
		}
	}
	if at < 0 {
		return a.lead, a.leads
	}
	return a.lead[at:], true
}

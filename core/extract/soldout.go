package extract

import "strings"

const (
	// over are the words that end an offer.
	over wordList = " esgotado esgotada esgotados esgotadas esgotou esgotaram acabou acabaram encerrado encerrada encerrados" +
		" encerradas encerrou expirado expirada expirados expirou "
	// notOver are the words that deny it, or say when it may come, in the three words before.
	notOver wordList = " nao quase antes sem n nem se ate quando caso nunca praticamente talvez "
	// part are the things that may end before the offer does.
	part wordList = " cupom cupons codigo voucher cor cores tamanho tamanhos tam numeracao frete brinde variacao modelo" +
		" opcao moedas "
	// offers are what is over when "acabou" names its subject.
	offers wordList = " oferta ofertas promo promocao promocoes estoque produto produtos unidades pecas tudo desconto preco "
)

// soldOut looks for the words that end an offer, unless they are denied, asked, quoted or
// crossed out, speak of the coupon or a colour, or the offer is back. In a text that offers
// nothing but a coupon the coupon's end is the offer's.
func soldOut(lines []line, couponOnly bool) bool {
	ended := false
	for _, l := range lines {
		ws := l.words
		if wordList(" voltou voltaram reposto repostos repuseram ").hasAny(ws) {
			return false
		}
		if ended {
			continue
		}
		from := 0
		for i, w := range ws {
			at := from + strings.Index(l.lower[from:], w)
			from = at + len(w)
			if over.has(w) && !contains(l.struck, at) && !quotedOrAsked(l.lower, at, from) &&
				endsOffer(ws, i, couponOnly) {
				ended = true
			}
		}
	}
	return ended
}

// endsOffer says whether the word at i speaks of the offer.
func endsOffer(ws []string, i int, couponOnly bool) bool {
	before, after := last(ws[:i], 3), first(ws[i+1:], 3)
	if notOver.hasAny(before) || wordList(" ontem vez ").hasAny(after) {
		return false
	}
	subject := before
	if ws[i] == "acabou" || ws[i] == "acabaram" || ws[i] == "esgotou" || ws[i] == "encerrou" || ws[i] == "expirou" {
		if len(after) > 0 && (after[0] == "de" || after[0] == "com" || after[0] == "em") {
			return false
		}
		if len(after) > 1 && wordList(" o a os as ").has(after[0]) {
			return offers.has(after[1]) || couponOnly && part.has(after[1])
		}
	}
	return couponOnly || !part.hasAny(subject) && (len(after) == 0 || !part.has(after[0]))
}

// quotedOrAsked says whether the word s[begin:end] stands in quotes or before a question
// mark.
func quotedOrAsked(s string, begin, end int) bool {
	for _, quote := range []string{`"`, "'", "“", "‘"} {
		if strings.HasSuffix(s[:begin], quote) {
			return true
		}
	}
	return strings.HasPrefix(strings.TrimLeft(s[end:], " !"), "?")
}

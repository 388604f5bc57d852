package extract

import (
	"strconv"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// discount returns the percentage off the product. A stated one counts when it agrees with
// the two prices, or when there are no two prices and no coupon it could belong to; else it
// is computed from the prices, rounded down.
func discount(lines []line, f core.Facts) int {
	stated := statedDiscount(lines)
	if f.ListPrice.Known() {
		computed := int((f.ListPrice.Cents - f.Price.Cents) * 100 / f.ListPrice.Cents)
		if stated != 0 && (stated == computed || stated == computed+1) {
			return stated
		}
		return computed
	}
	for _, l := range lines {
		if couponWords.hasAny(l.words) {
			return 0
		}
	}
	if len(f.Coupons) > 0 {
		return 0
	}
	return stated
}

const (
	// notProduct are the words that make a percentage a shop's, a payment's or a condition's.
	notProduct wordList = " cashback acima limite limitado minimo compras primeira pix boleto segunda 2a 3a selecionados" +
		" selecionadas itens produtos toda todo todas todos tudo site categoria selecao volta vendedor loja extra adicional" +
		" entregas leve leva pague comprando levando recorrencia assinantes juros frete usuarios novos carrinho "
	couponWords wordList = " cupom cupons codigo codigos voucher vouchers "
)

// statedDiscount returns the one percentage that the text says is off the product, or 0.
func statedDiscount(lines []line) int {
	stated := 0
	for _, l := range lines {
		for clause := range strings.FieldsFuncSeq(l.lower, func(r rune) bool { return strings.ContainsRune("|()•;–!", r) }) {
			p, ok := percentOff(clause)
			if !ok || p != 0 && stated != 0 && p != stated {
				return 0
			}
			stated = max(stated, p)
		}
	}
	return stated
}

// percentOff reads "50% off", "-30%", "20% de desconto" or "desconto de 20%" from a clause;
// ok is false when there are two, or one that is no whole number from 1 to 99.
func percentOff(s string) (percent int, ok bool) {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '%')
		if i < 0 {
			return percent, true
		}
		i += from
		from = i + 1
		digits := strings.TrimRight(s[max(0, i-window):i], " ")
		head := strings.TrimRight(digits, "0123456789.,")
		digits = digits[len(head):]
		before, after := last(words(head), 4), first(words(s[from:min(len(s), from+window)]), 5)
		if digits == "" || !saysOff(head, before, after) {
			continue
		}
		if notProduct.hasAny(before) || notProduct.hasAny(after) || fromEnd(before, 1) == "ate" {
			continue
		}
		p, err := strconv.Atoi(digits)
		if err != nil || p < 1 || p > 99 || percent != 0 && p != percent {
			return 0, false
		}
		percent = p
	}
}

// saysOff says whether the words around a percentage call it a discount.
func saysOff(head string, before, after []string) bool {
	if len(after) > 0 {
		switch after[0] {
		case "off", "desconto", "menos":
			return true
		case "de", "a", "mais":
			return len(after) > 1 && wordList(" desconto off menos barato ").has(after[1])
		}
	}
	if end := fromEnd(before, 1); end == "desconto" || end == "de" && fromEnd(before, 2) == "desconto" {
		return true
	}
	return strings.TrimSpace(head) == "-" || strings.HasSuffix(head, " -")
}

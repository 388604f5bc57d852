package extract

import (
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// payment is how an amount is to be paid.
type payment int

const (
	anyhow payment = iota
	pix
	card
)

// amount is one sum of money that may be the price.
type amount struct {
	cents    int64
	payment  payment
	labelled bool // "por", "fica por", "valor" stood before it
	block    int  // how many links came before it
}

// price picks the one amount that is the price, or none. Two offers in one text, amounts
// that contradict each other, and prices under a condition that is no payment method have
// no price.
func price(lines []line) core.Price {
	var found []amount
	var from int64 // the highest price called the old one
	block, open := 0, false
	for _, l := range lines {
		if conditional(l.lower) {
			return core.Price{}
		}
		before := len(found)
		found, from = amounts(l.lower, block, found, from)
		if len(found) > before {
			open = true
		}
		if l.linked && open {
			block, open = block+1, false
		}
	}
	p := choose(found)
	if from > 0 && from < p.Cents {
		return core.Price{}
	}
	return p
}

// conditional finds lines that make every price in the text one for some people only, or
// one for several pieces.
func conditional(s string) bool {
	ws := words(s)
	for i, w := range ws {
		switch w {
		case "recorrencia", "vip":
			return true
		case "unidades", "unid", "pecas":
			if i == 1 && len(ws) == 2 && isNumber(ws[0]) {
				return true
			}
		}
	}
	return false
}

func choose(found []amount) core.Price {
	lowest := int64(0)
	for _, a := range found {
		if lowest == 0 || a.cents < lowest {
			lowest = a.cents
		}
		if a.block != found[0].block && a.cents != found[0].cents {
			return core.Price{} // a link stands between: two offers
		}
	}
	for _, match := range []func(amount) bool{
		func(a amount) bool { return a.payment == pix },
		func(a amount) bool { return a.payment == anyhow && a.labelled },
		func(a amount) bool { return a.payment == anyhow },
		func(a amount) bool { return a.payment == card },
	} {
		cents := int64(0)
		for _, a := range found {
			if !match(a) {
				continue
			}
			if cents != 0 && cents != a.cents {
				return core.Price{}
			}
			cents = a.cents
		}
		switch {
		case cents == 0:
		case match(amount{payment: pix}) && cents != lowest:
			return core.Price{} // Pix never costs more
		default:
			return core.Price{Cents: cents}
		}
	}
	return core.Price{}
}

// window is how far around an amount its meaning is looked for, in bytes.
const window = 120

// sum is a number in a line, and whether it is called money.
type sum struct {
	number
	begin int // with the currency sign
	money bool
}

// amounts appends the amounts of one line that may be a price, and returns the highest old
// price seen.
func amounts(s string, block int, found []amount, from int64) ([]amount, int64) {
	var sums []sum
	for i := 0; i < len(s); {
		n, ok := numberAt(s, i)
		if !ok {
			i++
			continue
		}
		begin, money := currencyBefore(s, i)
		money = money || strings.HasPrefix(strings.TrimLeft(s[n.end:], " "), "reais")
		if money || strings.HasSuffix(strings.TrimRight(s[:i], " :"), "por") {
			sums = append(sums, sum{n, begin, money})
		}
		i = n.end
	}
	left := 0
	for k, a := range sums {
		right := min(len(s), a.end+window)
		for _, next := range sums[k+1:] {
			if next.money || next.begin > right {
				right = min(right, next.begin)
				break
			}
		}
		// The words around an amount reach to the next one that is money too.
		before, after := words(s[max(left, a.begin-window):a.begin]), words(s[a.end:right])
		if a.money {
			left = a.end
		}
		role := roleBefore(before)
		if a.cents == 0 || role == reject || rejectAfter(after) || rateAfter(s[a.end:]) ||
			!a.money && !standsForMoney(s, a, before, after) {
			continue
		}
		if role == old {
			from = max(from, a.cents)
			continue
		}
		found = append(found, amount{
			cents: a.cents, payment: paymentAround(before, after), labelled: role == label, block: block,
		})
	}
	return found, from
}

// standsForMoney says whether a number without currency sign is a price: only after "por",
// and only when it has cents or nothing after it gives it another meaning ("por 30 dias").
func standsForMoney(s string, a sum, before, after []string) bool {
	if len(before) == 0 || before[len(before)-1] != "por" {
		return false
	}
	if a.end >= 3 && (s[a.end-3] == ',' || s[a.end-3] == '.') || len(after) == 0 {
		return true
	}
	switch after[0] {
	case "reais", "no", "via", "pix", "em", "a", "parcelado", "avista", "com", "ou", "frete", "cupom":
		return true
	}
	gap := strings.TrimLeft(s[a.end:], " ")
	return gap != "" && strings.IndexByte("(|!-", gap[0]) >= 0
}

// role is what the words before an amount make of it.
type role int

const (
	plain role = iota
	label
	old
	reject
)

func roleBefore(ws []string) role {
	n := len(ws)
	for i := max(0, n-4); i < n; i++ {
		if ws[i] == "frete" && ws[n-1] != "por" {
			return reject
		}
	}
	word := func(back int) string {
		if back > n {
			return ""
		}
		return ws[n-back]
	}
	last := word(1)
	switch last {
	case "apenas", "so", "somente", "agora", "hoje":
		last = word(2)
		if last != "por" {
			return plain
		}
	}
	switch last {
	case "por", "valor", "preco":
		if last == "por" && isNumber(word(2)) && several(word(3)) {
			return reject // "leve 3 por": what one costs is not said
		}
		return label
	case "normal", "original", "anterior", "tabela", "cheio":
		if w := word(2); w == "preco" || w == "valor" || w == "de" {
			return old
		}
		return plain
	case "x":
		if isNumber(word(2)) {
			return reject // "10 x R$ 20"
		}
		return plain
	case "de", "era", "antes":
		switch word(2) {
		case "acima", "cupom", "cupons", "desconto", "frete", "cashback", "vale", "limite", "maximo",
			"minimo", "minima", "compras", "compra", "bonus", "economia", "partir", "parcelas", "parcela",
			"voucher", "credito", "premio", "mais", "menos", "entrada", "abaixo", "teto", "taxa", "vezes",
			"entrega", "seguro", "multa":
			return reject
		}
		if isInstalment(word(2)) {
			return reject
		}
		return old
	case "em", "ate", "acima", "abaixo", "limite", "limitado", "minimo", "minima", "min", "max", "maximo",
		"maxima", "ganhe", "ganha", "economize", "economia", "cupom", "cupons", "off", "desconto", "frete",
		"cashback", "entre", "us", "usd", "u", "vale", "bonus", "mais", "custa", "custava", "partir", "+",
		"menos", "entrega", "taxa", "economiza", "economizando", "poupe", "vezes", "parcelas", "parcela", "cada":
		return reject
	case "a", "e":
		switch word(2) {
		case "limitado", "igual", "superior", "inferior", "superiores", "entre":
			return reject
		}
	}
	if isInstalment(last) {
		return reject
	}
	return plain
}

// rejectAfter says whether the words after an amount make it a discount, a share or a
// condition.
func rejectAfter(ws []string) bool {
	for i, w := range ws {
		if i > 2 {
			break
		}
		switch w {
		case "off", "desconto", "cashback", "mensais", "bonus", "moedas", "premios", "compras", "menos", "mes", "ano":
			return i < 2
		case "frete":
			if i == 1 && ws[0] == "de" {
				return true
			}
		case "cada", "mil", "milhao", "milhoes", "mensal", "anual":
			return i == 0
		case "volta":
			return i == 1 && ws[0] == "de"
		case "vip", "recorrencia":
			return true
		}
	}
	return false
}

// rateAfter finds prices per something: "/mês", "/kg".
func rateAfter(s string) bool {
	s = strings.TrimLeft(s, " ")
	return strings.HasPrefix(s, "/") && len(s) > 1 && (s[1] >= 'a' && s[1] <= 'z')
}

func paymentAround(before, after []string) payment {
	for i, w := range after {
		switch {
		case w == "pix", w == "avista", w == "vista" && i > 0 && after[i-1] == "a":
			return pix
		case w == "parcelado", w == "cartao", w == "prazo", isInstalment(w):
			return card
		}
	}
	if n := len(before); n > 0 && n <= 2 && before[n-1] == "pix" {
		return pix
	}
	return anyhow
}

// several knows the words that sell more than one piece.
func several(w string) bool {
	switch w {
	case "leve", "levando", "compre", "comprando", "pegue":
		return true
	}
	return false
}

// isInstalment says whether w is like "12x".
func isInstalment(w string) bool {
	n := len(w)
	return n > 1 && n < 5 && w[n-1] == 'x' && isNumber(w[:n-1])
}

func isNumber(w string) bool { return w != "" && strings.Trim(w, "0123456789") == "" }

// currencyBefore says whether "R$" stands before position i, and where the amount with its
// sign begins. "US$" is another currency: its amount keeps the "us" before it.
func currencyBefore(s string, i int) (begin int, ok bool) {
	head := strings.TrimRight(s[:i], " ")
	head, ok = strings.CutSuffix(head, "r$")
	if !ok || head != "" && isWordByte(head[len(head)-1]) && !strings.HasSuffix(head, "de") && !strings.HasSuffix(head, "por") {
		return i, false
	}
	if head == "-" || strings.HasSuffix(head, " -") {
		return i, false // "-R$ 20" is taken off
	}
	return len(head), true
}

// number is a sum as written.
type number struct {
	cents int64 // 0 when the digits are not clearly a sum
	end   int
}

// numberAt reads the digits at i. A last separator followed by two digits is decimal, by
// three digits thousands; anything else is unclear.
func numberAt(s string, i int) (number, bool) {
	if !isDigit(s[i]) || i > 0 && (isDigit(s[i-1]) || s[i-1] == '.' || s[i-1] == ',') {
		return number{}, false
	}
	end := i
	for end < len(s) && (isDigit(s[end]) || (s[end] == '.' || s[end] == ',') && end+1 < len(s) && isDigit(s[end+1])) {
		end++
	}
	n := number{end: end}
	glued := i > 0 && (isWordByte(s[i-1])) && !strings.HasSuffix(s[:i], "por")
	if glued || end < len(s) && (isWordByte(s[end]) || s[end] == '%') {
		return n, true // part of a word such as "4k" or "ps5"
	}
	n.cents = cents(s[i:end])
	return n, true
}

func cents(s string) int64 {
	whole, decimals := s, "00"
	if i := strings.LastIndexAny(s, ".,"); i >= 0 {
		switch len(s) - i - 1 {
		case 2:
			whole, decimals = s[:i], s[i+1:]
		case 3:
		default:
			return 0
		}
	}
	digits, group := "", 0
	for i, part := range strings.FieldsFunc(whole, func(r rune) bool { return r == '.' || r == ',' }) {
		if i > 0 && len(part) != 3 || i == 1 && group > 3 {
			return 0
		}
		group = len(part)
		digits += part
	}
	if len(digits) == 0 || len(digits) > 7 {
		return 0
	}
	var value int64
	for _, d := range digits + decimals {
		value = value*10 + int64(d-'0')
	}
	return value
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordByte(c byte) bool { return isAlnum(c) || c >= 0x80 }

package extract

import "strings"

// role is what the words around a sum make of it.
type role int

const (
	plain     role = iota
	labelled       // "por", "valor" stood before it
	old            // what the product cost before
	reject         // no price: a discount, an instalment, freight …
	least          // no price: the least or most a rule asks for
	withPaper      // after "cupom": the coupon's value, or the price with it
	unclear        // it stands where a price does and cannot be read
)

// roleOf judges a sum by its neighbours. What it does not know is plain, and two plain sums
// contradict each other.
func roleOf(a sum) role {
	r := roleBefore(a)
	switch {
	case r == reject || r == least || r == withPaper && !a.clear:
		return r
	case rejectAfter(a.after) || rateAfter(a.tail) || conditionAfter(a.after):
		return reject
	case !a.money && !standsForMoney(a):
		return reject
	case a.clear && a.cents == 0:
		return reject // "R$ 0,00"
	case r != old && (!a.clear || unclearAround(a)):
		return unclear
	case !a.clear:
		return reject
	case a.struck:
		return old
	}
	return r
}

// The words that reject a sum after them.
const (
	rejecting wordList = " limite limitado max maximo maxima ganhe ganha ganhando economize economia economiza" +
		" economizando poupe off desconto frete cashback entre us usd u vale bonus mais + menos entrega taxa vezes" +
		" parcelas parcela cada custa custava baixou caiu reduziu juros entrada receba voucher credito premio multa" +
		" seguro envio troco "
	minimum wordList = " acima abaixo minimo minima min partir superior superiores inferior inferiores ate "
	// rejectingOf are the words that reject a sum with "de" between.
	rejectingOf wordList = " cupom cupons desconto frete cashback vale limite maximo compras compra bonus economia" +
		" parcelas parcela voucher credito premio mais menos entrada teto taxa vezes entrega seguro multa juros" +
		" prestacoes mensalidade mensalidades diferenca lucro troco "
	// perUnit are the words between a price and the unit it is for.
	perUnit wordList = " por a o ao cada "
	ofOrIn  wordList = " de do em nas "
	// pricing are the words that stand before a price.
	pricing wordList = " por valor preco fica ficou sai saindo saiu "
	buying  wordList = " leve levando leva compre comprando pegue pague pagando comprar levar "
	pieces  wordList = " unidade unidades unid un und uni pecas peca pares par itens produtos caixas pacotes frascos potes "
)

func roleBefore(a sum) role {
	ws := a.before
	word := func(back int) string { return fromEnd(ws, back) }
	if lead := strings.TrimRight(a.lead, " :"); strings.HasSuffix(lead, ">") && !strings.HasSuffix(lead, "->") &&
		!strings.HasSuffix(lead, "=>") && len(ws) > 0 && !isDigits(word(1)) {
		return least // "frete grátis > R$ 99"
	}
	for i, w := range last(ws, 4) {
		if w == "frete" && word(1) != "por" && !saysFree(last(ws, 4)[i+1:]) {
			return reject
		}
	}
	end := word(1)
	switch end {
	case "apenas", "so", "somente", "agora", "hoje", "incriveis", "r":
		if end = word(2); !pricing.has(end) {
			return plain
		}
	}
	switch {
	case end == "por" && isDigits(word(2)) && buying.has(word(3)):
		return reject // "leve 3 por": what one costs is not said
	case pricing.has(end) && (ofPieces(ws) || end == "por" && countsFirst(a.lead)):
		return reject
	case end == "valor" && rejectingOf.hasAny(last(ws, 4)):
		return reject
	case pricing.has(end):
		return labelled
	case end == "para" && (word(2) == "baixou" || word(2) == "caiu"):
		return labelled
	}
	return roleAfterWord(end, ws)
}

// roleAfterWord judges a sum by the word end before it, the last of ws that counts.
func roleAfterWord(end string, ws []string) role {
	word := func(back int) string { return fromEnd(ws, back) }
	switch end {
	case "normal", "original", "anterior", "tabela", "cheio", "antigo":
		if w := word(2); w == "preco" || w == "valor" || w == "de" {
			return old
		}
		return plain
	case "x":
		if isDigits(word(2)) {
			return reject // "10 x R$ 20"
		}
		return plain
	case "de", "era", "antes", "eram":
		return roleAfterDe(ws)
	case "cupom", "cupons":
		return withPaper
	case "a":
		if minimum.has(word(2)) || word(2) == "limitado" || word(2) == "igual" {
			return least
		}
		return plain
	case "e":
		if word(2) == "entre" {
			return reject
		}
		return plain
	case "em":
		return least // "R$ 30 OFF em R$ 299"
	}
	switch {
	case minimum.has(end):
		return least
	case rejecting.has(end) || isInstalment(end):
		return reject
	}
	return plain
}

// roleAfterDe judges a sum after "de": the old price, unless it is the "de" of something
// else, such as "desconto de".
func roleAfterDe(ws []string) role {
	w := fromEnd(ws, 2)
	switch {
	case w == "valor" || w == "preco":
		if rejectingOf.hasAny(last(ws, 5)) {
			return reject
		}
		return labelled
	case minimum.has(w):
		return least
	case rejectingOf.has(w), isInstalment(w), w == "x" && isDigits(fromEnd(ws, 3)):
		return reject
	}
	return old
}

// ofPieces says whether the words end with a number of pieces and a word for "at": "2 por",
// "levando 3 unidades sai por". "Fone X 24 por" and "Kit com 6 unidades por" are one piece.
func ofPieces(ws []string) bool {
	n := len(ws) - 1
	for n > 0 && (pricing.has(ws[n-1]) || ws[n-1] == "saem" || ws[n-1] == "a") {
		n--
	}
	if n > 0 && pieces.has(ws[n-1]) {
		n--
	}
	if n == 0 || !isDigits(ws[n-1]) || len(ws[n-1]) > 2 {
		return false
	}
	return n == 1 || buying.has(ws[n-2]) || ws[n-2] == "de" && n > 2 && ws[n-3] == "compra"
}

// countsFirst says whether a number of pieces begins the clause: "Meias: 2 por".
func countsFirst(lead string) bool {
	lead = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(lead, " :"), "por"), " ")
	clause := strings.TrimRight(lead, "0123456789")
	n := len(lead) - len(clause)
	inNumber := clause != "" && isSeparator(rune(clause[len(clause)-1]))
	return (n == 1 || n == 2) && !inNumber && endsClause(clause)
}

// rejectAfter says whether the words after a sum make it a discount, a share or a rate.
func rejectAfter(ws []string) bool {
	if len(ws) > 0 && ws[0] == "reais" {
		ws = ws[1:]
	}
	for i, w := range first(ws, 2) {
		if strings.HasSuffix(w, "%") {
			return false // "R$ 90 (10% off no pix)": what follows is the share's
		}
		switch w {
		case "off", "cashback", "mensais", "bonus", "premios", "menos":
			return true
		case "desconto", "moedas", "compras":
			return i == 0 || ofOrIn.has(ws[0]) // but "R$ 20 com desconto", "R$ 20 (68 moedas)"
		case "cada", "un", "unid", "mensal", "anual", "semanal", "diaria":
			if i == 0 {
				return true
			}
		case "mes", "ano", "dia", "noite", "kg", "litro", "metro", "unidade", "pessoa", "par":
			return i == 0 || perUnit.has(ws[0])
		case "frete", "volta", "entrega", "entrada", "economia", "taxa", "credito":
			return i == 1 && ws[0] == "de"
		case "caro", "barato":
			return i == 1 && ws[0] == "mais"
		}
	}
	return false
}

// conditionAfter says whether a price is for some people only, or for more than one piece.
func conditionAfter(ws []string) bool {
	for i, w := range first(ws, 6) {
		switch w {
		case "vip", "recorrencia", "assinantes", "assinante", "membros", "socios":
			return true
		case "primeira", "primeiro":
			return i == 1 && (ws[0] == "na" || ws[0] == "no")
		case "novos", "novas", "novo":
			if i > 0 && (ws[i-1] == "para" || ws[i-1] == "p") {
				return true
			}
		case "levando", "comprando":
			return i+1 < len(ws) && isDigits(ws[i+1])
		}
	}
	return false
}

// rates are the words after a slash that make a price one of many: "R$ 20/mês".
const rates wordList = " mes ano dia kg g l ml litro un und uni unid unidade unidades m m2 metro par peca hora semana noite" +
	" pessoa cada diaria caixa anual mensal "

func rateAfter(s string) bool {
	s, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "/")
	ws := words(s)
	return ok && len(ws) > 0 && rates.has(ws[0])
}

// unclearAround says whether words that belong to the number make it another one: "R$ 2
// mil", "2 reais e 50 centavos", "R$ 50 a 80".
func unclearAround(a sum) bool {
	for i, w := range first(a.after, 5) {
		switch w {
		case "mil", "milhao", "milhoes", "k":
			if i < 2 {
				return true
			}
		case "centavos":
			return true
		case "a", "ate":
			if i == 0 && len(a.after) > 1 && isDigits(a.after[1]) && !isInstalment(a.after[1]) {
				return true
			}
		}
	}
	end := fromEnd(a.before, 1)
	return end == "mil" || end == "e" && fromEnd(a.before, 2) == "mil"
}

// standsForMoney says whether a number without currency sign is a price. After "por" it is
// when it has centavos or nothing after it gives it another meaning ("por 30 dias"); after
// "de" it is an old price when crossed out or when the offer begins with it.
func standsForMoney(a sum) bool {
	switch fromEnd(a.before, 1) {
	case "por":
		return afterPor(a)
	case "de":
		lead := strings.TrimRight(a.lead, " :")
		begins := len(a.before) == 1 || endsClause(strings.TrimSuffix(lead, "de"))
		tail := strings.TrimLeft(a.tail, " |/→>-=,\n")
		return (a.struck || begins || a.decimals) && (tail == "" || strings.HasPrefix(tail, "por"))
	case "valor", "preco":
		return a.decimals
	}
	return false
}

func afterPor(a sum) bool {
	if a.decimals || a.struck {
		return true
	}
	if size := strings.TrimRight(strings.TrimSuffix(strings.TrimRight(a.lead, " :"), "por"), " "); size != "" && isDigit(size[len(size)-1]) {
		// "60 por 40" is a size; "DE 60 por 40" at the beginning is not.
		if n := len(a.before); n < 3 || a.before[0] != "de" {
			return false
		}
	}
	if len(a.after) == 0 {
		return true
	}
	switch a.after[0] {
	case "reais", "no", "via", "pix", "em", "a", "parcelado", "avista", "com", "ou", "frete", "cupom":
		return true
	}
	gap := strings.TrimLeft(a.tail, " ")
	return gap != "" && strings.IndexByte("(|!-", gap[0]) >= 0
}

// endsClause says whether s ends with something that is no letter, digit or space.
func endsClause(s string) bool {
	s = strings.TrimRight(s, " ")
	return s == "" || !isAlnum(s[len(s)-1])
}

// isInstalment says whether w is like "12x".
func isInstalment(w string) bool {
	n := len(w)
	return n > 1 && n < 5 && w[n-1] == 'x' && isDigits(w[:n-1])
}

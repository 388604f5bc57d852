package extract

import "strings"

// freeShipping says whether the text promises free delivery to everybody: a promise under a
// condition ("acima de R$ 79", "Sul e Sudeste", "Prime") anywhere in it is none.
func freeShipping(lines []line) bool {
	free := false
	for i, l := range lines {
		ws := l.words
		for k := range ws {
			n := freeAt(ws, k)
			if n == 0 {
				continue
			}
			if noFreeShipping.hasAny(last(ws[:k], 3)) || !unconditional(l.lower, ws[k+n:]) ||
				i+1 < len(lines) && continuesRule(lines[i+1].words) {
				return false
			}
			free = true
		}
	}
	return free
}

// freeAt returns how many words of ws, from k on, say that delivery is free.
func freeAt(ws []string, k int) int {
	next := ""
	if k+1 < len(ws) {
		next = ws[k+1]
	}
	switch ws[k] {
	case "frete", "entrega", "envio":
		if saysFree(ws[k+1:]) {
			return 2
		}
	case "sem":
		// "R$ 90 sem frete" may be the price before freight.
		if next == "frete" && k == 0 && !saysFree(ws[2:]) {
			return 2
		}
	}
	return 0
}

// saysFree says whether ws begin with a word for free.
func saysFree(ws []string) bool {
	return len(ws) > 0 && wordList(" gratis gratuito gratuita free zero 0 ").has(ws[0])
}

const (
	noFreeShipping wordList = " nao sem nem cupom cupons vale voucher ganhe quer se "
	// everywhere are the words that may follow free shipping and leave it free for all.
	everywhere wordList = " para pra todo toda todos o a e em os brasil pais hoje incluso inclusa agora no na mercado livre" +
		" amazon shopee magalu kabum aliexpress full rapido rapida entrega com cupom sem juros pix cartao parcelado ate x" +
		" aproveite corre loja oficial link aqui nesse neste produto anuncio r por de "
	// conditions are the words that make it free for some only.
	conditions wordList = " acima partir compras compra prime meli+ meli assinantes vip regiao regioes algumas alguns verificar" +
		" verifique consulte consultar confira sujeito minimo minima min cupom app primeira norte nordeste sul sudeste" +
		" centro cidades capitais estados selecionados selecionadas sp rj mg ba pr rs sc es df go ce pe nao exceto so" +
		" somente apenas ganhe "
)

// unconditional says whether what follows "frete grátis" in a line leaves it free for all.
func unconditional(line string, after []string) bool {
	if strings.ContainsAny(line, ">≥?") {
		return false
	}
	for i, w := range after {
		if conditions.has(w) {
			return false
		}
		if i < 4 && !everywhere.has(w) && !isDigits(w) && !isInstalment(w) {
			return false
		}
	}
	return true
}

// continuesRule says whether a line goes on with a condition of the line before.
func continuesRule(ws []string) bool {
	if len(ws) == 0 {
		return false
	}
	switch ws[0] {
	case "acima", "nas", "minimo", "consulte", "verifique", "sujeito":
		return true
	case "a":
		return len(ws) > 1 && ws[1] == "partir"
	case "para", "pra", "em":
		return conditions.hasAny(ws)
	}
	return false
}

// appOnly says whether the offer, or its coupon, holds in the store's app only.
func appOnly(lines []line) bool {
	for _, l := range lines {
		ws := l.words
		for i, w := range ws {
			if (w == "app" || w == "aplicativo" || w == "apps") && onlyWith(ws[:i], ws[i+1:]) {
				return true
			}
		}
	}
	return false
}

// onlyWith says whether the words around "app" say that nothing else will do.
func onlyWith(before, after []string) bool {
	near := last(before, 6)
	if wordList(" nao nem sem frete moedas moeda cashback ou site rastreio acompanhe avaliacao grupo ").hasAny(near) {
		return false
	}
	if len(after) > 1 && (after[0] == "ou" || after[0] == "e") && wordList(" site pc computador no na pelo ").has(after[1]) {
		return false
	}
	if len(after) > 0 && wordList(" so somente apenas exclusivo exclusivamente only ").has(after[0]) {
		return len(after) == 1 || after[0] == "exclusivo" || after[0] == "only"
	}
	for len(near) > 0 && wordList(" no pelo na do da de o para via em ao compras compra dentro ").has(near[len(near)-1]) {
		near = near[:len(near)-1]
	}
	switch fromEnd(near, 1) {
	case "so", "somente", "apenas", "unicamente":
		return true
	case "exclusivo", "exclusiva", "exclusivos", "exclusivas", "exclusivamente", "exclusividade":
		return true
	case "compre", "comprando", "comprar", "compra", "comprem":
		return fromEnd(before, 1) == "pelo" || fromEnd(before, 1) == "no"
	}
	return false
}

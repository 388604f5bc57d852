package extract

import (
	"slices"
	"strings"
	"unicode"
)

// maxCoupons and labelWindow bound the work on a text made to be slow: no promotion has
// more codes, and no code stands further from its label, in bytes.
const (
	maxCoupons  = 20
	labelWindow = 200
)

// coupons returns the codes that the text tells people to use.
func coupons(lines []line) []string {
	var codes []string
	add := func(found []string) {
		for _, c := range found {
			if len(codes) < maxCoupons && !slices.Contains(codes, c) {
				codes = append(codes, c)
			}
		}
	}
	for i, l := range lines {
		rest, label, ok := afterLabel(l)
		switch {
		case ok && rest == "" && label && i+1 < len(lines) && !lines[i+1].linked:
			// The code stands alone on the next line.
			if found, whole := codeList(lines[i+1].text); whole {
				add(found)
			}
		case ok:
			if found, _ := codeList(rest); !isSentence(rest, found) {
				add(found)
			}
		}
		if isDiscount(l.lower) && (!ok || len(codes) == 0) {
			// In a line of capitals "40% OFF - TECLADO" names the product.
			if found := codeAtEnd(l.text); len(found) > 0 && (hasDigit(found[0]) || !shouts(l.text)) {
				add(found)
			}
		}
	}
	return codes
}

// afterLabel returns what follows "cupom", "código" or "use" in a line; label says that a
// colon stood between.
func afterLabel(l line) (rest string, label, ok bool) {
	for _, word := range []string{"cupom", "cupons", "codigo", "use", "usem"} {
		for from := 0; ; {
			i := strings.Index(l.lower[from:], word)
			if i < 0 {
				break
			}
			begin := from + i
			end := begin + len(word)
			from = end
			if begin > 0 && isWordByte(l.lower[begin-1]) || end < len(l.lower) && isWordByte(l.lower[end]) {
				continue
			}
			if len(l.lower) != len(l.text) {
				return "", false, false // positions differ: an exotic letter; leave it
			}
			rest = strings.TrimLeft(l.text[end:min(len(l.text), end+labelWindow)], " ")
			if strings.HasPrefix(rest, ":") {
				return strings.TrimLeft(rest, ": "), true, true
			}
			// "cupom extra: X": up to two plain words before the colon.
			if head, tail, found := strings.Cut(rest, ":"); found && len(words(head)) <= 2 && !hasCode(head) {
				if word == "codigo" && !isCouponCode(head) {
					continue // "código do produto: X"
				}
				return strings.TrimSpace(tail), true, true
			}
			if word == "use" || word == "usem" {
				if c, _ := codeList(rest); len(c) == 0 {
					continue
				}
			}
			// In a line of capitals any word looks like a code; one with a digit still is.
			if c, _ := codeList(rest); len(c) > 0 && !hasDigit(c[0]) &&
				shouts(l.text[:begin]+l.text[end:]) && !tells(l.lower[:begin]) {
				return "", false, false
			}
			return rest, false, true
		}
	}
	return "", false, false
}

// isSentence says whether the one code found in s is rather the first word of a sentence in
// capitals: "CUPOM: DIRETO NO LINK".
func isSentence(s string, found []string) bool {
	if len(found) != 1 || hasDigit(found[0]) {
		return false
	}
	_, after, _ := strings.Cut(s, found[0])
	ws := strings.Fields(after)
	return len(ws) > 0 && len(ws[0]) > 1 && ws[0] == strings.ToUpper(ws[0]) && strings.TrimFunc(ws[0], unicode.IsLetter) == ""
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// isCouponCode says whether the words between "código" and a colon leave it a coupon's.
func isCouponCode(head string) bool {
	for _, w := range words(strings.ToLower(head)) {
		switch w {
		case "de", "do", "desconto", "cupom", "promocional", "extra", "promo":
		default:
			return false
		}
	}
	return true
}

// tells says whether the words before "cupom" tell people to use it.
func tells(before string) bool {
	for _, w := range words(before) {
		switch w {
		case "use", "usem", "usar", "usando", "aplique", "aplicar", "insira", "digite":
			return true
		}
	}
	return false
}

// shouts says whether a line has no lower-case letter.
func shouts(s string) bool {
	return strings.ToUpper(s) == s && strings.TrimSpace(s) != ""
}

func hasCode(s string) bool {
	for _, w := range words(s) {
		if isCode(w) {
			return true
		}
	}
	return false
}

// codeList reads "X", "X ou Y", "X + Y" from the beginning of s; whole says that nothing
// else follows.
func codeList(s string) (codes []string, whole bool) {
	expect := true
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '/' || r == '"' || r == '\'' }) {
		bare := strings.Trim(w, ".!?;:()[]")
		switch {
		case expect && isCode(bare):
			codes = append(codes, bare)
			expect = strings.HasSuffix(w, "/")
			if bare != w && strings.ContainsAny(w[len(w)-1:], ".!?;)") {
				return codes, false
			}
		case !expect && (strings.EqualFold(w, "ou") || w == "+" || strings.EqualFold(w, "e")):
			expect = true
		default:
			return codes, false
		}
	}
	return codes, len(codes) > 0 && !expect
}

// codeAtEnd reads the code after the last ": " or " - " of a line.
func codeAtEnd(s string) []string {
	i := max(strings.LastIndex(s, ": "), strings.LastIndex(s, " - "))
	if i < 0 {
		return nil
	}
	codes, whole := codeList(strings.TrimLeft(s[i:], ":- "))
	if !whole {
		return nil
	}
	return codes
}

func isDiscount(lower string) bool {
	ws := words(lower)
	return slices.Contains(ws, "off") || slices.Contains(ws, "desconto")
}

// isCode says whether w looks like a coupon: capitals and digits, at least one letter.
func isCode(w string) bool {
	if len(w) < 3 || len(w) > 25 {
		return false
	}
	letters := 0
	for i := range len(w) {
		switch c := w[i]; {
		case c >= 'A' && c <= 'Z':
			letters++
		case c < '0' || c > '9':
			return false
		}
	}
	if letters == 0 || letters == 1 && (w[len(w)-1] == 'X' || w[len(w)-1] == 'H') {
		return false
	}
	return !isStopWord(w)
}

// isStopWord knows the words that stand in capitals where a code could.
func isStopWord(w string) bool {
	for _, beginning := range []string{"ESGOT", "EXCLUSIV", "LIBERAD", "DISPONIV", "SELECIONAD", "LIMITAD", "ATIV", "APLICA",
		"AUTOMATIC", "INDISPONIV", "NENHUM", "PEGU", "CLIQU", "ACESS", "CONFIR"} {
		if strings.HasPrefix(w, beginning) && strings.Trim(w, "0123456789") == w {
			return true
		}
	}
	switch w {
	case "RESGATE", "RESGATAR", "RESGATEM", "CUPOM", "CUPONS", "SELECIONE", "APP", "PIX", "SITE", "LINK",
		"MAGALU", "AMAZON", "SHOPEE", "MERCADO", "LIVRE", "MELI", "ALIEXPRESS", "KABUM", "NATURA", "SHEIN", "TEMU",
		"OFF", "DESCONTO", "FRETE", "GRATIS", "NOVO", "NOVOS", "NOVA", "VALIDO", "PARA", "COM", "SEM", "NAS", "NOS",
		"QUE", "HOJE", "AQUI", "AGORA", "AINDA", "ACABOU", "ENCERRADO", "EXPIRADO", "PRIMEIRA", "COMPRA", "COMPRAS",
		"ESPECIAL", "VOLTOU", "CORRE", "APENAS", "SOMENTE", "PRODUTO", "LOJA", "ANUNCIO", "PAGINA", "CARRINHO",
		"NAO", "VEJA", "PEGAR", "BREVE", "DIRETO", "BIO", "TELA", "CODIGO",
		"DOS", "DAS", "SEU", "SUA", "MEU", "MINHA", "EXTRA", "OUTROS", "ESSE", "ESTE", "ACIMA", "ATE":
		return true
	}
	return false
}

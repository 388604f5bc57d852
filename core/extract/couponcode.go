package extract

import "strings"

// codeList reads "X", "X ou Y", "X + Y", "X, Y" from the beginning of s; whole says that
// nothing else follows. After a label a code may be in small letters.
func codeList(s string, labelled bool) (codes []string, whole bool) {
	expect := true
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \"'“”‘’", r) }) {
		for i, part := range strings.FieldsFunc(w, func(r rune) bool { return r == ',' || r == '/' }) {
			bare := strings.Trim(part, ".!?;:()[]|")
			switch {
			case (expect || i > 0) && (isCode(bare) || labelled && isSmallCode(bare)):
				codes = append(codes, bare)
				expect = false
				if bare != part && strings.ContainsAny(part[len(part)-1:], ".!?;)|") {
					return codes, false
				}
			case !expect && wordList(" ou + e ").has(strings.ToLower(part)):
				expect = true
			default:
				return codes, false
			}
		}
		if strings.HasSuffix(w, ",") || strings.HasSuffix(w, "/") {
			expect = true
		}
	}
	return codes, len(codes) > 0 && !expect
}

// isCode says whether w looks like a coupon: capitals and digits, at least one letter.
func isCode(w string) bool {
	if len(w) < 3 || len(w) > 25 || !isAlnum(w[0]) || !isAlnum(w[len(w)-1]) {
		return false
	}
	letters, inner := 0, false
	for i := range len(w) {
		switch c := w[i]; {
		case c >= 'A' && c <= 'Z':
			letters++
		case c == '-' || c == '_':
			inner = true
		case !isDigit(c):
			return false
		}
	}
	if letters == 0 || letters == 1 && (w[len(w)-1] == 'X' || w[len(w)-1] == 'H') || inner && !hasDigit(w) {
		return false
	}
	return !isStopWord(w)
}

// isSmallCode says whether w is a code not all in capitals: letters, then digits.
func isSmallCode(w string) bool {
	name := strings.TrimRight(w, "0123456789")
	if len(name) < 3 || name == w || strings.ToUpper(name) == name {
		return false
	}
	for i := range len(name) {
		if !isAlnum(name[i]) || isDigit(name[i]) {
			return false
		}
	}
	return isCode(strings.ToUpper(w))
}

func hasCode(s string) bool {
	for _, w := range words(s) {
		if isCode(w) {
			return true
		}
	}
	return false
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// stopWords stand in capitals where a code could.
const stopWords wordList = " RESGATE RESGATAR RESGATEM CUPOM CUPONS SELECIONE APP PIX SITE LINK LINKS MAGALU AMAZON SHOPEE" +
	" MERCADO LIVRE MELI ALIEXPRESS KABUM NATURA SHEIN TEMU OFF DESCONTO DESCONTOS FRETE GRATIS NOVO NOVOS NOVA NOVAS" +
	" VALIDO VALIDOS PARA COM SEM NAS NOS QUE HOJE AQUI AGORA AINDA ACABOU ENCERRADO EXPIRADO PRIMEIRA COMPRA COMPRAS" +
	" ESPECIAL VOLTOU CORRE CORRAM APENAS SOMENTE PRODUTO PRODUTOS LOJA LOJAS ANUNCIO PAGINA CARRINHO NAO VEJA VEJAM" +
	" PEGAR BREVE DIRETO BIO TELA CODIGO CODIGOS DOS DAS SEU SUA SEUS MEU MINHA EXTRA OUTROS ESSE ESTE ACIMA ATE VER" +
	" VIDE LIVE SACOLA TODOS TODAS TODO TODA CASHBACK MOEDAS PRIME GANHE UMA UNS COPIE COLE DEPOIS ANTES ABAIXO VARIOS" +
	" DIVERSOS OFERTA OFERTAS PROMOCAO RELAMPAGO IMPERDIVEL IMPERDIVEIS APROVEITE APROVEITEM URGENTE BAIXOU MAIS MENOS" +
	" SUPER MEGA GRUPO CANAL VIP VENDEDOR PRECO VALOR REAIS POR USE USEM BOM BOA DIA DIAS MINUTOS HORAS VALE CADA" +
	" LIMITE MINIMO MAXIMO SEMPRE TAMBEM MUITO MUITA GARANTIDO GARANTA INCRIVEL CHEGOU PROMO CATEGORIA ITENS JUNTO" +
	" ESTA ESTAO FOI SAO TEM VAI VEM PAGUE LEVE COMPRE "

// isStopWord knows the words that stand in capitals where a code could.
func isStopWord(w string) bool {
	for _, beginning := range []string{"ESGOT", "EXCLUSIV", "LIBERAD", "DISPONIV", "SELECIONAD", "LIMITAD", "ATIV", "APLICA",
		"AUTOMATIC", "INDISPONIV", "NENHUM", "PEGU", "CLIQU", "ACESS", "CONFIR", "UTILIZ", "SURPRES", "DESCONT"} {
		if strings.HasPrefix(w, beginning) && !hasDigit(w) {
			return true
		}
	}
	return stopWords.has(w)
}

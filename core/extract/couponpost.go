package extract

import (
	"slices"
	"strings"
)

// couponOnly says whether a text offers a coupon and no product: a line announces a coupon
// with its shop or value, no sum could be a price, and every line is about coupons, their
// rules or codes. A word that could name a product makes it false.
func couponOnly(lines []line, codes []string) bool {
	announced := false
	for _, l := range lines {
		if slices.ContainsFunc(sums(l), mayBePrice) {
			return false
		}
		ws := slices.DeleteFunc(words(l.text), func(w string) bool { return slices.Contains(codes, w) })
		for i, w := range ws {
			ws[i] = strings.ToLower(w)
		}
		switch known := knownToCoupons(ws); {
		case known && couponWords.hasAny(ws) && (promised(ws) || shops.hasAny(ws)):
			announced = true
		case !known && !namesCategory(ws):
			return false
		}
	}
	return announced
}

// mayBePrice says whether a sum is no coupon's.
func mayBePrice(a sum) bool {
	switch roleOf(a) {
	case plain, labelled, old, unclear:
		return true
	}
	return false
}

// promised says whether ws promise something off.
func promised(ws []string) bool { return wordList(" off desconto ").hasAny(ws) || offPercent(ws) }

// offPercent finds "20%OFF", which is one word.
func offPercent(ws []string) bool {
	return slices.ContainsFunc(ws, func(w string) bool { return len(w) > 4 && w[len(w)-4:] == "%off" })
}

// namesCategory says whether the only unknown words are one or two without digits after "OFF em":
// "20% OFF em casa e jardim".
func namesCategory(ws []string) bool {
	unknown, after, in := 0, false, false
	for _, w := range ws {
		switch {
		case w == "off" || w == "desconto" || offPercent([]string{w}):
			after = true
		case after && wordList(" em na no nas nos para pra ").has(w):
			in = true
		case !couponKnown(w):
			if unknown++; !in || hasDigit(w) || unknown > 2 {
				return false
			}
		}
	}
	return true
}

func knownToCoupons(ws []string) bool {
	return !slices.ContainsFunc(ws, func(w string) bool { return !couponKnown(w) })
}

func couponKnown(w string) bool {
	return len(w) == 1 || isDigits(w) || w[len(w)-1] == '%' && hasDigit(w) || offPercent([]string{w}) ||
		couponTalk.has(w) || shops.has(w)
}

const (
	shops wordList = " mercado livre meli ml amazon shopee magalu magazine luiza aliexpress kabum natura shein temu netshoes" +
		" americanas casas bahia ponto carrefour "
	// couponTalk are the words of coupon posts.
	couponTalk wordList = " cupom cupons codigo codigos off desconto descontos rs reais novo novos nova novas mais lista" +
		" listas de do da dos das em na no nas nos para pra por com sem que os as um uma ou ate acima abaixo partir minimo" +
		" minima minimas min max maximo limite limitado limitados compra compras valor valido validos valida resgate" +
		" resgatem resgatar aqui ative ativem ativar ativo ativos ainda link links acesse entre clique app aplicativo site" +
		" pagina live sacola laranja dentro canto esquerdo carrinho use usem usar aplique copie cole pegue pega garanta" +
		" corre corram aproveite hoje agora amanha liberado liberados exclusivo exclusivos disponivel disponiveis" +
		" selecionado selecionados selecionadas selecao itens item produto produtos todo todos todas toda tudo loja lojas" +
		" categoria categorias anuncio publi voltou voltaram esgotado esgotados esgotando acabou acabaram frete gratis" +
		" apenas somente so pelo pela nao perca ganhe seu sua seus alerta atencao urgente relampago dia dias das horas" +
		" minutos tempo primeira pedido usuarios clientes pagamento pix cartao cashback moedas resgatando tela passo bug" +
		" entregas entrega full bom boa chegou chegaram saiu tem temos esta estao sujeito enquanto durar estoque promo" +
		" promocao ofertas oferta compre procure desejado desejados botao cliquem grupo nosso nossa sugestoes vendidos mostrar" +
		" clicando acaba acabando maes pais namorados natal consumidor esquenta visa mastercard elo "
)

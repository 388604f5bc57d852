package extract

import (
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// prices picks the one amount that is the price, and the one it is said to have been before.
// Two offers in one text, amounts that contradict each other and prices under a condition
// that is no way to pay leave none.
func prices(lines []line) (price, list core.Price) {
	var o offered
	for _, l := range lines {
		if !o.read(l) {
			return core.Price{}, core.Price{}
		}
	}
	now := o.now()
	before, ok := o.before(now)
	if now == 0 || !ok {
		return core.Price{}, core.Price{}
	}
	return core.Price{Cents: now}, core.Price{Cents: before}
}

// offered are the sums of a text by what they are.
type offered struct {
	found      []amount // what may be the price
	old        []int64  // what the product cost before
	withCoupon []int64  // what stands after "cupom"
	block      int      // how many links stand between prices so far
	open       bool     // a price stands after the last of them
	titled     bool     // a line after the first price may name another product
}

// read takes the sums of one line; false says that all prices of the text are unclear.
func (o *offered) read(l line) bool {
	if conditional(l.words) {
		return false
	}
	count, all := len(o.found), sums(l)
	if len(all) > maxSums {
		return false
	}
	named := len(all) > 0 && paymentNamed(all[0].before) != anyhow
	previous := plain
	for i, a := range all {
		r := roleOf(a)
		if previous == least && joinsRule(a.lead) {
			r = least // "acima de R$ 99 ou R$ 149"
		}
		if (r == plain || r == labelled) && i+1 < len(all) && leadsToPrice(a, all[i+1]) {
			r = old // "R$ 188 → R$ 116"
		}
		if a.money {
			previous = r
		}
		switch r {
		case unclear:
			return false
		case old:
			o.old = append(o.old, a.cents)
		case withPaper:
			o.withCoupon = append(o.withCoupon, a.cents)
		case plain, labelled:
			titled := len(o.found) > 0 && (o.titled || namesProduct(a.before))
			o.found = append(o.found, amount{a.cents, paymentOf(a, named), o.block, titled})
		}
	}
	switch {
	case len(o.found) > count:
		o.open = true
	case len(all) == 0 && count > 0 && namesProduct(l.words):
		o.titled = true
	}
	if l.linked && o.open {
		o.block, o.open = o.block+1, false
	}
	return true
}

// now returns the price in centavos, or 0.
func (o *offered) now() int64 {
	if len(o.found) == 0 {
		return 0
	}
	lowest, highest := o.found[0].cents, o.found[0].cents
	for _, a := range o.found {
		lowest, highest = min(lowest, a.cents), max(highest, a.cents)
		if a.cents != o.found[0].cents && (a.block != o.found[0].block || a.titled) {
			return 0 // two offers
		}
	}
	for _, way := range []payment{pix, anyhow, card} {
		cents := int64(0)
		for _, a := range o.found {
			if a.payment != way {
				continue
			}
			if cents != 0 && cents != a.cents {
				return 0
			}
			cents = a.cents
		}
		if cents == 0 {
			continue
		}
		// Paying at once never costs more, nor half as much.
		if cents != lowest || cents < highest/2 || o.cheaperWithCoupon(cents) {
			return 0
		}
		return cents
	}
	return 0
}

// cheaperWithCoupon says whether a sum after "cupom" is too high to be what the coupon takes
// off: then it may be the price with the coupon.
func (o *offered) cheaperWithCoupon(cents int64) bool {
	for _, c := range o.withCoupon {
		if c != cents && c >= cents/2 {
			return true
		}
	}
	return false
}

// before returns the old price, or 0 when there is none or several; ok is false when it
// contradicts the price.
func (o *offered) before(now int64) (cents int64, ok bool) {
	if len(o.old) == 0 {
		return 0, true
	}
	lowest, highest := slices.Min(o.old), slices.Max(o.old)
	if lowest < now {
		return 0, false
	}
	if lowest != highest || lowest == now {
		return 0, true
	}
	return lowest, true
}

// leadsToPrice says whether an arrow or "por" leads from a sum to the lower one after it.
func leadsToPrice(a, next sum) bool {
	if !a.money || !next.money || !next.clear || next.cents >= a.cents {
		return false
	}
	gap := words(next.lead)
	if len(gap) == 0 {
		return strings.ContainsAny(next.lead, "→➡⇒➜▶👉>»")
	}
	return gap[0] == "por" && !namesProduct(gap)
}

// joinsRule says whether s joins two sums of one rule.
func joinsRule(s string) bool {
	switch strings.TrimSpace(s) {
	case "ou", "e", "/":
		return true
	}
	return false
}

// conditional finds lines that make every price in the text one for some people only, or
// one for several pieces.
func conditional(ws []string) bool {
	for i, w := range ws {
		next := ""
		if i+1 < len(ws) {
			next = ws[i+1]
		}
		switch {
		case w == "recorrencia":
			return true
		case w == "vip" && !groupWords.hasAny(ws):
			return true
		case i == 1 && len(ws) == 2 && pieces.has(w) && isDigits(ws[0]):
			return true
		case buying.has(w) && isDigits(next) && len(ws) > i+3 && buying.has(ws[i+2]) && isDigits(ws[i+3]):
			return true // "leve 3 pague 2"
		}
	}
	return false
}

// groupWords tell a VIP group from a price for VIP customers.
const groupWords wordList = " grupo grupos canal comunidade sala lista link convite entre participe whatsapp telegram "

// namesProduct says whether ws hold a word that is not about paying, delivery or the shop.
func namesProduct(ws []string) bool {
	for _, w := range ws {
		if !isDigits(w) && !isInstalment(w) && !strings.HasSuffix(w, "%") && !priceWords.has(w) {
			return true
		}
	}
	return false
}

// priceWords are the words that stand around prices whatever is sold.
const priceWords wordList = " de do da por pra para rs reais ou no na nos nas em ate com sem juros pix cartao credito debito" +
	" boleto vista avista parcelado parcelada parcelas parcela prazo vezes via apenas so somente agora hoje valor preco" +
	" total final promocional oferta ofertas promocao relampago frete gratis free cupom cupons codigo use usem usando" +
	" aplique resgate resgatem ative anuncio pagina carrinho desconto descontos off fica sai saindo cada entrega" +
	" full loja oficial cashback moedas app aplicativo site link produto compre aqui clique confira aproveite aproveitem" +
	" corre corram baixou mais menos limite limitado acima minimo maximo ganhe economize mercado livre amazon" +
	" shopee magalu aliexpress kabum prime meli vendido entregue envio rapido taxa imposto impostos incluso estoque" +
	" unidades ultimas valido enquanto durar durarem seu sua ja ainda que este esse tambem pagamento normal era" +
	" antes original menor historico melhor otimo top bom nao todo brasil regioes algumas consulte opcao opcoes" +
	" black friday ficou pague pagando levando comprando saiu caiu promo quem tiver tem ser" +
	" leva leve pelo pela ao um uma os as se for r s c x "

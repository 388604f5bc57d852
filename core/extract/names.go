package extract

import "strings"

// NameWords returns the words of a group's name that tell it from others: at least five
// letters, without accents, in lower case, and none that many groups and coupons share.
func NameWords(name string) []string {
	var kept []string
	for _, w := range words(strings.ToLower(fold(name))) {
		if len(w) >= 5 && !sharedNames[strings.TrimSuffix(w, "s")] {
			kept = append(kept, w)
		}
	}
	return kept
}

// sharedNames are words of which groups' names, coupons and stores are made, without a
// final "s".
var sharedNames = map[string]bool{
	"achadinho": true, "achado": true, "achadao": true, "achei": true, "aliexpre": true, "amazon": true, "amiga": true,
	"amigo": true, "baratinho": true, "barato": true, "baratao": true, "beleza": true, "bebe": true, "black": true,
	"brasil": true, "canal": true, "clube": true, "compra": true, "cosmetico": true, "crianca": true, "cupon": true,
	"cupom": true, "desconto": true, "descontao": true, "descontinho": true, "dica": true, "diaria": true, "diario": true,
	"economia": true, "eletronico": true, "esporte": true, "fashion": true, "feminina": true, "feminino": true,
	"friday": true, "frete": true, "gamer": true, "gratis": true, "grupo": true, "informatica": true, "kabum": true,
	"livre": true, "livro": true, "loja": true, "lojinha": true, "magalu": true, "magazine": true, "masculino": true,
	"mercado": true, "natal": true, "netshoe": true, "novidade": true, "oferta": true, "ofertao": true, "ofertinha": true,
	"oficial": true, "outlet": true, "perfume": true, "promo": true, "promocao": true, "promocoe": true, "relampago": true,
	"shein": true, "shopee": true, "super": true, "tecnologia": true, "telegram": true, "tenis": true, "utilidade": true,
	"verao": true, "inverno": true, "volta": true, "whatsapp": true, "semana": true, "primeira": true,
}

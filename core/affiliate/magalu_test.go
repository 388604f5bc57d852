package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestMagalu(t *testing.T) {
	const luiza, voce = "https://www.magazineluiza.com.br/", "https://www.magazinevoce.com.br/"
	const key, path = "magalu:123456700", "coisa-boa/p/123456700/te/abcd/"
	runLinkCases(t, []linkCase{
		{link: luiza + path, kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: "http://m.magazineluiza.com.br/" + path + "?partner_id=1&promoter_id=2&utm_campaign=2", kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: luiza + path + "?seller_id=loja_1&utm_source=x", kind: Product, key: key, final: voce + "magazinenossa/" + path + "?seller_id=loja_1"},
		{link: luiza + path + "?seller_id=a&seller_id=b", kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: luiza + path + "?seller_id=a%26parceiro%3Db", kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: luiza + "coisa-boa/p/123456700", kind: Product, key: key, final: voce + "magazinenossa/coisa-boa/p/123456700/"},
		{link: voce + "magazinerival/" + path, kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: "https://magazinevoce.com.br/rival/coisa/p/ABC1234567/", kind: Product, key: "magalu:abc1234567", final: voce + "magazinenossa/coisa/p/ABC1234567/"},
		{link: voce + "rival/p/123456700/", kind: Product, key: key, final: voce + "magazinenossa/p/123456700/"},
		{link: voce + "rival/", kind: Page, final: voce + "magazinenossa/"},
		{link: voce + "rival/busca/air+fryer/", kind: Page, final: voce + "magazinenossa/busca/air+fryer/"},
		{link: "https://maga.lu/abc", kind: Short},
		{link: "https://divulgador.magalu.com/aBc-1", kind: Short},
		{link: "https://magazineluiza.onelink.me/589508454/abcdefgh", kind: Short},
		{link: luiza + "p/123456700/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "coisa/divulgador/oferta/123456700/te/ab/?promoter_id=1&partner_id=2", kind: Product, key: key, final: voce + "magazinenossa/coisa/p/123456700/te/ab/"},
		{link: luiza + "divulgador/oferta/123456700/te/ab/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: voce + "rival/divulgador/p/123456700/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "selecao/ofertas/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + path + "?seller_id=a&SELLER_ID=b", kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: voce + "magazinerival/" + path + "?seller_id=MagazineRival", kind: Product, key: key, final: voce + "magazinenossa/" + path},
		{link: voce + "magazinenossa/magazinerival/p/123456700/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "magazinerival/p/123456700/te/ab/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "coisa;rival/p/123456700/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "coisa/p/123456700/te/ab/magazinerival/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "coisa%2Frival/p/123456700/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + ".oculto/p/123456700/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: luiza + "busca/a/b/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: voce + "/coisa/p/123456700/", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://magazinevoce.com.br.evil.example/rival/p/123456700/", kind: Unknown, key: "magazinevoce.com.br.evil.example:/rival/p/123456700", reason: core.ReasonLinkUnknownStore},
		{link: voce, kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://sacola.magazineluiza.com.br/" + path, kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://outro.onelink.me/589508454/abcdefgh", kind: Unknown, key: "outro.onelink.me:/589508454/abcdefgh", reason: core.ReasonLinkUnknownStore},
	})
}

func TestMagaluVerifyRefuses(t *testing.T) {
	const own = "https://www.magazinevoce.com.br/magazinenossa/coisa/p/123456700/te/ab/"
	mustNotVerify(t,
		own+"?partner_id=1", own+"?seller_id=a&promoter_id=1", own+"?seller_id=", own+"#magazinerival", own+"?PARCEIRO=x",
		"https://www.magazinevoce.com.br/magazinerival/coisa/p/123456700/te/ab/",
		"https://www.magazinevoce.com.br/magazinenossa2/coisa/p/123456700/te/ab/",
		"https://www.magazinevoce.com.br/MAGAZINENOSSA/coisa/p/123456700/te/ab/",
		"https://www.magazinevoce.com.br/magazinerival/magazinenossa/p/123456700/",
		"https://www.magazinevoce.com.br/magazinenossa/coisa/divulgador/oferta/123456700/te/ab/",
		"https://www.magazineluiza.com.br/magazinenossa/p/123456700/",
		"https://www.magazinevoce.com.br/magazinenossa/magazinerival/p/123456700/te/ab/",
		"https://www.magazinevoce.com.br/magazinenossa/coisa/p/123456700/te/ab",
		"https://www.magazinevoce.com.br/magazinenossa/coisa/p/123.456700/te/ab/",
		"https://www.magazinevoce.com.br/magazinenossa/coisa/p/123456700/te/ab/rival/",
		"https://www.magazinevoce.com.br/magazinenossa/busca/tv/?seller_id=a",
		"https://www.magazinevoce.com.br/magazinenossa/busca/tv%3Fa=b/",
		"https://magazinevoce.com.br/magazinenossa/coisa/p/123456700/te/ab/",
		"https://maga.lu/abc",
	)
}

package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestMercadoLivre(t *testing.T) {
	const own = "?matt_word=nosso&matt_tool=22222222"
	const www, item = "https://www.mercadolivre.com.br/", "https://produto.mercadolivre.com.br/"
	runLinkCases(t, []linkCase{
		{link: www + "coisa-boa/p/MLB123?pdp_filters=item_id:MLB9#wid=MLB9", kind: Product, key: "mercadolivre:MLB123", final: www + "coisa-boa/p/MLB123" + own},
		{link: "http://mercadolivre.com.br/p/MLB123?matt_word=rival&matt_tool=1", kind: Product, key: "mercadolivre:MLB123", final: www + "p/MLB123" + own},
		{link: www + "p/MLB123/coisa-boa", kind: Product, key: "mercadolivre:MLB123", final: www + "p/MLB123/coisa-boa" + own},
		{link: www + "coisa/up/MLBU123", kind: Product, key: "mercadolivre:MLBU123", final: www + "coisa/up/MLBU123" + own},
		{link: item + "MLB-123-coisa-boa-_JM?a=1#b", kind: Product, key: "mercadolivre:MLB-123", final: item + "MLB-123-coisa-boa-_JM" + own},
		{link: item + "MLB123", kind: Product, key: "mercadolivre:MLB-123", final: item + "MLB123" + own},
		{link: "https://mercadolivre.com.br/produto/MLB123", kind: Product, key: "mercadolivre:MLB-123", final: www + "produto/MLB123" + own},
		{link: "https://lista.mercadolivre.com.br/MLB123", kind: Product, key: "mercadolivre:MLB-123", final: www + "MLB123" + own},
		{link: www + "gz/webdevice/config?go=https%3A%2F%2Fwww.mercadolivre.com.br%2Fp%2FMLB123%3Fmatt_word%3Drival", kind: Product, key: "mercadolivre:MLB123", final: www + "p/MLB123" + own},
		{link: "https://meli.la/1abcDEF", kind: Short},
		{link: "https://mercadolivre.com/sec/1abcDEF", kind: Short},
		{link: www + "sec/1abcDEF?matt_word=rival", kind: Short},
		{link: www + "social/rival?matt_word=nosso", kind: Showcase, reason: core.ReasonLinkForeignProfile},
		{link: www + "social/rival/p/MLB123", kind: Showcase, reason: core.ReasonLinkForeignProfile},
		{link: www + "social/p/MLB123", kind: Showcase, reason: core.ReasonLinkForeignProfile},
		{link: "https://mercadolivre.com/social/rival", kind: Showcase, reason: core.ReasonLinkForeignProfile},
		{link: www + "social/", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: www + "social/rival/lists?matt_word=rival", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: www + "social/rival/lists/123", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: "https://produto.mercadolivre.com.br/social/rival", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: www + "perfil/RIVAL", kind: Refused, reason: core.ReasonLinkForeignProfile},
		{link: www + "loja/p/MLB123", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "sec/p/MLB123", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + ".oculto/p/MLB123", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "sec/", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "loja/rival", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "gz/account-verification?go=https%3A%2F%2Fwww.mercadolivre.com.br%2Fp%2FMLB123%3Fmatt_word%3Drival", kind: Product, key: "mercadolivre:MLB123", final: www + "p/MLB123" + own},
		{link: www + "gz/account-verification?go=https%3A%2F%2Fwww.mercadolivre.com.br%2Fp%2FMLB1&go=https%3A%2F%2Fwww.mercadolivre.com.br%2Fp%2FMLB2", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: www + "gz/account-verification", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: www + "coisa/p/MLB123;matt_word=rival", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "coisa/p/MLB123%3Fmatt_word%3Drival", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "matt_word=rival/p/MLB123", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "coisa/p/MLB1٢3", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "coisa//p/MLB123", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: www + "gz/webdevice/config?go=https%3A%2F%2Fevil.example%2Fp%2FMLB123", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: "https://lista.mercadolivre.com.br/_Container_cupom", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "cupons", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "c/livros", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "a/p/MLB1/p/MLB2", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "a%2F..%2Fsocial/p/MLB1", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: www + "p/MLB1/../../social/rival", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: www + "p/MLB1/%2e%2e/x", kind: Refused, reason: core.ReasonLinkDeceptive},
		{link: item + "MLB-123&", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://www.mercadolibre.com.ar/coisa/p/MLA123", kind: Refused, reason: core.ReasonLinkMarketplace},
		{link: "https://loja.mercadolivre.com.br/p/MLB123", kind: Refused, reason: core.ReasonLinkNotProduct},
		{link: "https://mercadolivre.com", kind: Refused, reason: core.ReasonLinkNotProduct},
	})
}

func TestMercadoLivreWithoutTool(t *testing.T) {
	r := builtin(t)
	tags := []core.Tag{{Store: "mercadolivre", Fields: map[string]string{"matt_word": "nosso"}}}
	const link = "https://www.mercadolivre.com.br/p/MLB123?matt_word=nosso"
	final, err := r.Rewrite(r.Classify(link+"&matt_tool=33333333"), tags)
	if err != nil || final != link {
		t.Fatal(final, err)
	}
	if err := r.Verify(link, tags); err != nil {
		t.Error(err)
	}
	if r.Verify(link+"&matt_tool=33333333", tags) == nil {
		t.Error("somebody's matt_tool was proven")
	}
	if r.Verify(link, ourTags) == nil {
		t.Error("a link without our matt_tool was proven")
	}
}

func TestMercadoLivreVerifyRefuses(t *testing.T) {
	const own = "https://www.mercadolivre.com.br/coisa/p/MLB123?matt_word=nosso&matt_tool=22222222"
	mustNotVerify(t,
		own+"&matt_word=rival", own+"&MATT_WORD=rival", own+"&ref=x", own+"#matt_word=rival", own+"&",
		"https://www.mercadolivre.com.br/coisa/p/MLB123?matt_tool=22222222&matt_word=nosso",
		"https://www.mercadolivre.com.br/coisa/p/MLB123?matt%5Fword=rival&matt_word=nosso&matt_tool=22222222",
		"https://www.mercadolivre.com.br/social/rival?matt_word=nosso&matt_tool=22222222",
		"https://www.mercadolivre.com.br/social/p/MLB123?matt_word=nosso&matt_tool=22222222",
		"https://www.mercadolivre.com.br/matt_word=rival/p/MLB123?matt_word=nosso&matt_tool=22222222",
		"https://www.mercadolivre.com.br/sec/1abcDEF?matt_word=nosso&matt_tool=22222222",
		"https://lista.mercadolivre.com.br/MLB123?matt_word=nosso&matt_tool=22222222",
		"https://meli.la/1abcDEF?matt_word=nosso&matt_tool=22222222",
	)
}

package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestNetshoes(t *testing.T) {
	const (
		page  = "https://www.netshoes.com.br/p/tenis-de-teste-masculino-2FX-1234-056"
		key   = "netshoes:2FX-1234-056"
		final = page + "?campaign=nossoCodigo"
	)
	refused := func(link string, reason core.Reason) linkCase {
		return linkCase{link: link, kind: Refused, reason: reason}
	}
	storeTest{
		store: Netshoes{},
		own:   core.Tag{Store: "netshoes", Marketplace: "netshoes.com.br", Fields: map[string]string{"campaign": "nossoCodigo"}},
		rival: core.Tag{Store: "netshoes", Marketplace: "netshoes.com.br", Fields: map[string]string{"campaign": "rivalCodigo"}},
		cases: []linkCase{
			{link: page, kind: Product, key: key, final: final},
			{link: final, kind: Product, key: key, final: final},
			{link: page + "?Campaign=rivalCodigo&awc=1_2#campaign=rivalCodigo", kind: Product, key: key, final: final},
			{link: "http://m.netshoes.com.br/p/tenis-de-teste-masculino-2FX-1234-056/", kind: Product, key: key, final: final},
			// The tag is for Netshoes and earns nothing at Zattini.
			{link: "https://www.zattini.com.br/p/bota-de-teste-ABC-1234-010", kind: Product, key: "zattini:ABC-1234-010"},
			refused("https://www.netshoes.com.br/lst/promocao?campaign=rivalCodigo", core.ReasonLinkNotProduct),
			refused("https://www.netshoes.com.br/", core.ReasonLinkNotProduct),
			refused(page+"/rival", core.ReasonLinkNotProduct),
			refused("https://www.netshoes.com.br/p/2FX-1234-056", core.ReasonLinkNotProduct),
			refused("https://www.netshoes.com.br/p/-2FX-1234-056", core.ReasonLinkNotProduct),
			refused("https://www.netshoes.com.br/p/tenis-2fx-1234-056", core.ReasonLinkNotProduct),
			refused("https://www.netshoes.com.br/p/tenis;campaign=rivalCodigo-2FX-1234-056", core.ReasonLinkNotProduct),
			refused("https://www.netshoes.com.br/p//tenis-2FX-1234-056", core.ReasonLinkDeceptive),
			refused("https://rival.netshoes.com.br/p/tenis-2FX-1234-056", core.ReasonLinkNotProduct),
			{link: "https://netshoes.com.br.evil.example/p/tenis-2FX-1234-056", kind: Unknown, key: "netshoes.com.br.evil.example:/p/tenis-2FX-1234-056", reason: core.ReasonLinkUnknownStore},
		},
		forged: []string{
			"https://www.zattini.com.br/p/bota-de-teste-ABC-1234-010?campaign=nossoCodigo",
			"https://netshoes.com.br/p/tenis-2FX-1234-056?campaign=nossoCodigo",
			"https://www.netshoes.com.br/lst/promocao?campaign=nossoCodigo",
		},
	}.run(t)
}

func TestZattiniHasItsOwnTag(t *testing.T) {
	const page = "https://www.zattini.com.br/p/bota-de-teste-ABC-1234-010"
	storeTest{
		store: Netshoes{},
		own:   core.Tag{Store: "netshoes", Marketplace: "zattini.com.br", Fields: map[string]string{"campaign": "nossoCodigo"}},
		rival: core.Tag{Store: "netshoes", Marketplace: "zattini.com.br", Fields: map[string]string{"campaign": "rivalCodigo"}},
		cases: []linkCase{{link: page, kind: Product, key: "zattini:ABC-1234-010", final: page + "?campaign=nossoCodigo"}},
	}.run(t)
}

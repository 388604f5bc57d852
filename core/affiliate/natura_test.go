package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestNatura(t *testing.T) {
	const (
		site  = "https://www.natura.com.br/"
		page  = site + "p/perfume-de-teste-100-ml/NATBRA-123456"
		key   = "natura:NATBRA-123456"
		final = page + "?consultoria=nossoespaco"
	)
	refused := func(link string, reason core.Reason) linkCase {
		return linkCase{link: link, kind: Refused, reason: reason}
	}
	storeTest{
		store: Natura{},
		own:   core.Tag{Store: "natura", Fields: map[string]string{"consultoria": "nossoespaco"}},
		rival: core.Tag{Store: "natura", Fields: map[string]string{"consultoria": "rival"}},
		cases: []linkCase{
			{link: page, kind: Product, key: key, final: final},
			{link: final, kind: Product, key: key, final: final},
			{link: page + "/?position=1&CONSULTORIA=rival#consultoria=rival", kind: Product, key: key, final: final},
			{link: page + "?%63onsultoria=rival", kind: Product, key: key, final: final},
			{link: "http://natura.com.br/p/perfume-de-teste-100-ml/natbra-123456", kind: Product, key: key, final: final},
			{link: site + "consultoria/rival/p/perfume-de-teste-100-ml/NATBRA-123456?consultoria=rival", kind: Product, key: key, final: final},
			{link: "https://www.minhaloja.natura.com/p/perfume-de-teste-100-ml/NATBRA-123456?consultoria=rival", kind: Product, key: key, final: final},
			{link: "https://minhaloja.natura.com/Consultoria/rival/p/perfume-de-teste-100-ml/NATBRA-123456", kind: Product, key: key, final: final},
			{link: site + "p/batom/AVNBRA-77", kind: Product, key: "natura:AVNBRA-77", final: site + "p/batom/AVNBRA-77?consultoria=nossoespaco"},
			{link: "https://natura.com.br/p/1234?consultoria=rival", kind: Product, key: "natura:1234", final: site + "p/1234?consultoria=nossoespaco"},
			{link: site + "c/promocoes?consultoria=rival&marca=natura", kind: Page, final: site + "c/promocoes?consultoria=nossoespaco"},
			{link: "https://natura.divulgador.link/AbC123", kind: Short},
			refused("https://natura.divulgador.link/", core.ReasonLinkNotProduct),
			refused(site+"consultoria/rival", core.ReasonLinkForeignProfile),
			refused(site+"CONSULTORIA/rival/", core.ReasonLinkForeignProfile),
			refused("https://www.minhaloja.natura.com/consultoria/rival", core.ReasonLinkForeignProfile),
			refused(site+"consultoria/rival/blog", core.ReasonLinkNotProduct),
			refused(site+"consultoria/rival/consultoria/rival/p/a/NATBRA-1", core.ReasonLinkNotProduct),
			refused(site+"%63onsultoria/rival/p/a/NATBRA-1", core.ReasonLinkNotProduct),
			refused(site+"?consultoria=rival", core.ReasonLinkNotProduct),
			refused(page+"/rival", core.ReasonLinkNotProduct),
			refused(site+"p/a%3Fconsultoria=rival/NATBRA-1", core.ReasonLinkNotProduct),
			refused(site+"p/a;consultoria=rival/NATBRA-1", core.ReasonLinkNotProduct),
			refused(site+"p//NATBRA-1", core.ReasonLinkDeceptive),
			refused(site+"p/a/XXXBRA-1", core.ReasonLinkNotProduct),
			refused("https://rival.natura.com.br/p/a/NATBRA-1", core.ReasonLinkNotProduct),
			{link: "https://natura.com.br.evil.example/p/a/NATBRA-1", kind: Unknown, key: "natura.com.br.evil.example:/p/a/NATBRA-1", reason: core.ReasonLinkUnknownStore},
		},
		forged: []string{
			site + "consultoria/nossoespaco", site + "consultoria/rival?consultoria=nossoespaco",
			site + "consultoria/rival/p/a/NATBRA-1?consultoria=nossoespaco",
			site + "?consultoria=nossoespaco", site + "c/a/consultoria/rival?consultoria=nossoespaco",
			"https://natura.com.br/p/a/NATBRA-1?consultoria=nossoespaco",
			"https://www.minhaloja.natura.com/p/a/NATBRA-1?consultoria=nossoespaco",
			"https://natura.divulgador.link/AbC123?consultoria=nossoespaco",
		},
	}.run(t)
}

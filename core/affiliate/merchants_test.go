package affiliate

import (
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// A product's address is cleaned; without a network's tag it goes nowhere.
func TestMerchants(t *testing.T) {
	r, err := NewRegistry(append(Merchants(), KaBuM{})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ link, url, key string }{
		{"http://kabum.com.br/produto/123456/fone-sem-fio/?awc=17729_1&utm_source=rival#x", "https://www.kabum.com.br/produto/123456/fone-sem-fio/", "kabum:123456"},
		{"https://www.kabum.com.br/produto/123456", "https://www.kabum.com.br/produto/123456", "kabum:123456"},
		{"https://casasbahia.com.br/fone/p/55012345?utm_source=rival", "https://www.casasbahia.com.br/fone/p/55012345", "casasbahia:55012345"},
		{"https://www.pontofrio.com.br/fone/p/55012345", "https://www.pontofrio.com.br/fone/p/55012345", "ponto:55012345"},
		{"https://www.extra.com.br/fone/p/55012345", "https://www.extra.com.br/fone/p/55012345", "extra:55012345"},
		{"https://www.americanas.com.br/produto/12345678?franq=AFL-03-1&opn=X", "https://www.americanas.com.br/produto/12345678", "americanas:12345678"},
		{"https://www.americanas.com.br/Fone-Sem-Fio-123/p?epar=rival", "https://www.americanas.com.br/Fone-Sem-Fio-123/p", "americanas:fone-sem-fio-123"},
		{"https://www.submarino.com.br/produto/12345678/fone", "https://www.submarino.com.br/produto/12345678/fone", "submarino:12345678"},
		{"https://www.shoptime.com.br/produto/12345678", "https://www.shoptime.com.br/produto/12345678", "shoptime:12345678"},
		{"https://www.centauro.com.br/agasalho-de-teste-123456.html?cor=05", "https://www.centauro.com.br/agasalho-de-teste-123456.html", "centauro:123456"},
		{"https://www.nike.com.br/tenis-de-teste-023456.html", "https://www.nike.com.br/tenis-de-teste-023456.html", "nike:023456"},
		{"https://www.adidas.com.br/tenis-de-teste/GX1234.html?cm_mmc=rival", "https://www.adidas.com.br/tenis-de-teste/GX1234.html", "adidas:GX1234"},
		{"https://www.terabyteshop.com.br/produto/12345/placa-de-teste?p=rival", "https://www.terabyteshop.com.br/produto/12345/placa-de-teste", "terabyte:12345"},
		{"https://www.carrefour.com.br/fone-123/p", "https://www.carrefour.com.br/fone-123/p", "carrefour:fone-123"},
		{"https://www.decathlon.com.br/barraca-123/p?skuId=1", "https://www.decathlon.com.br/barraca-123/p", "decathlon:barraca-123"},
		{"https://www.cea.com.br/camiseta-123-preto/p", "https://www.cea.com.br/camiseta-123-preto/p", "cea:camiseta-123-preto"},
		{"https://www.cobasi.com.br/racao-123/p?idsku=1", "https://www.cobasi.com.br/racao-123/p", "cobasi:racao-123"},
		{"https://www.dafiti.com.br/Tenis-De-Teste-1234567.html", "https://www.dafiti.com.br/Tenis-De-Teste-1234567.html", "dafiti:1234567"},
		{"https://www.lojasrenner.com.br/p/blusa/-/A-551234567-br.lr?sku=1", "https://www.lojasrenner.com.br/p/blusa/-/A-551234567-br.lr", "renner:551234567"},
		{"https://www.petz.com.br/produto/racao-de-teste-86521", "https://www.petz.com.br/produto/racao-de-teste-86521", "petz:86521"},
		{"https://www.leroymerlin.com.br/furadeira-de-teste_89412345?region=x", "https://www.leroymerlin.com.br/furadeira-de-teste_89412345", "leroymerlin:89412345"},
	} {
		target := r.Classify(c.link)
		if target.Kind != Product || target.URL != c.url || target.ProductKey != c.key {
			t.Errorf("%s is %+v", c.link, target)
			continue
		}
		if again := r.Classify(target.URL); again != target {
			t.Errorf("%s is %+v, then %+v", c.link, target, again)
		}
		if r.Verify(target.URL, nil) == nil {
			t.Errorf("proven: %s", target.URL)
		}
		store, _ := r.Store(target.Store)
		if link, err := store.Rewrite(target, core.Tag{}, core.SubID{}); err == nil {
			t.Errorf("%s became %s", target.URL, link)
		}
		for _, deceptive := range []string{
			target.URL + "/rival/rival", target.URL + "%2Frival", target.URL + "%3Faff=rival", target.URL + ";aff=rival",
			strings.Replace(target.URL, ".com.br/", ".com.br/rival/", 1), strings.Replace(target.URL, ".com.br/", ".com.br//", 1),
			strings.Replace(target.URL, "//www.", "//rival.", 1),
		} {
			if got := r.Classify(deceptive); got.Kind != Refused {
				t.Errorf("%s is %+v", deceptive, got)
			}
		}
		if got := r.Classify(strings.Replace(target.URL, ".com.br/", ".com.br.evil.example/", 1)); got.Kind != Unknown {
			t.Errorf("look-alike is %+v", got)
		}
	}
}

func TestMerchantsOtherPages(t *testing.T) {
	r, err := NewRegistry(append(Merchants(), KaBuM{})...)
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]Kind{
		"https://kb.um/AbC12?x=rival":                  Short,
		"https://cb.com.br/AbC12":                      Short,
		"https://click.centauro.com.br/13Ab/2abc?u=x":  Short,
		"https://kb.um/":                               Refused,
		"https://click.centauro.com.br/":               Refused,
		"https://www.kabum.com.br/":                    Refused,
		"https://www.kabum.com.br/produto/fone":        Refused,
		"https://www.kabum.com.br/promocao/rival":      Refused,
		"https://www.casasbahia.com.br/fones/b":        Refused,
		"https://www.casasbahia.com.br/parceiro/rival": Refused,
		"https://www.nike.com.br/sale.html":            Refused,
		"https://www.cea.com.br/p":                     Refused,
	} {
		if got := r.Classify(link); got.Kind != want || strings.Contains(got.URL, "?") {
			t.Errorf("%s is %+v, want %s", link, got, want)
		}
	}
}

// Nobody can save a tag for a store that pays through networks.
func TestMerchantsTakeNoTag(t *testing.T) {
	r, err := NewRegistry(Merchants()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Merchants() {
		_, err := r.CheckTag(core.Tag{Store: s.Slug()})
		if s.Name() == "" || core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%s (%q): %v", s.Slug(), s.Name(), err)
		}
	}
}

package engine

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

// What bears the name of a link's owner does not go out; the tenant's own name does, however
// their links and those of a template show it.
func TestStrangers(t *testing.T) {
	s := newStrangers([]core.Tag{
		{Fields: map[string]string{"tag": "nossaloja-20"}},
		{Fields: map[string]string{"store": "magazinenossaloja"}},
		{Fields: map[string]string{"template": "https://rede.example.com/?clickref=nossa123&url={url}"}},
	})
	for _, link := range []string{
		"https://www.amazon.com.br/dp/B0TESTE001?tag=nossaloja-20", "https://www.magazinevoce.com.br/magazinenossaloja/p/1/",
		"https://rede.example.com/?clickref=nossa123&url=https%3A%2F%2Floja.com.br%2F", "https://amzn.to/x?tag=garimpo-20",
		"https://www.mercadolivre.com.br/social/vitrineana?matt_word=ana99",
	} {
		s.note(link)
	}
	for coupon, want := range map[string]bool{
		"GARIMPO10": true, "VITRINEANA": true, "NOSSALOJA10": false, "ANA10": false, "CASA10": false, "OFERTAS20": false,
	} {
		if s.hasCoupon(coupon, core.Source{}) != want {
			t.Errorf("coupon %s: %v, want %v", coupon, !want, want)
		}
	}
	for text, want := range map[string]bool{
		"link: garimpo-20": true, "https://loja.com.br/ana99/": true, "garimpo": false, "nossaloja-20 nossa123": false, "vitrineana": false,
	} {
		if s.in(text) != want {
			t.Errorf("%q: %v, want %v", text, !want, want)
		}
	}
}

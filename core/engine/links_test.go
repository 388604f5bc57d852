package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/shopeeapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakelinks"
	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

// A sub-id tells each destination apart, and the proof before the send knows which is due.
func TestSubIDsTellDestinationsApart(t *testing.T) {
	h := build(t, nil).start()
	m := h.marketer("ana", "5511911111111", "ana-20")
	second := h.group("Segundo grupo", m.phone)
	_, err := m.AddDestination(t.Context(), engine.NewGroup{JID: string(second.JID())})
	h.must(err)
	_, err = m.ChangeSettings(t.Context(), func(s *core.Settings) error { s.SubIDs = true; return nil })
	h.must(err)
	h.post("Fone R$ 99,90\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20&ascsubtag=dele")

	posts := map[string]string{"first": m.received(1).Text}
	h.eventually("the second group gets its message", func() bool { return len(h.world.PostedIn(second.JID())) == 1 })
	posts["second"] = h.world.PostedIn(second.JID())[0].Text
	o := m.offers(1, func(o core.Offer) bool { return o.Status() == core.OfferSent })[0]
	for _, d := range o.Deliveries {
		want := "?tag=ana-20&ascsubtag=" + core.NewSubID(d.DestinationID, o.InboxID).String()
		if !strings.HasSuffix(d.Text, want) {
			t.Errorf("the link does not end in %s: %s", want, d.Text)
		}
	}
	if a, b := posts["first"], posts["second"]; a == b || strings.Contains(a+b, "dele") {
		t.Errorf("the groups got\n%s\nand\n%s", a, b)
	}
	if strings.Contains(o.FinalText, "ascsubtag") {
		t.Errorf("the offer itself is marked: %s", o.FinalText)
	}
}

// shopee is a house whose engine mints at a fake of Shopee's API.
func shopee(t *testing.T) (*house, *fakestores.Stores) {
	stores := fakestores.New(fakestores.Options{Accounts: []fakestores.Account{{Store: fakestores.Shopee, ID: "123456", Secret: "SEGREDODAANA234567"}}})
	server := httptest.NewServer(stores)
	t.Cleanup(server.Close)
	minter, err := shopeeapi.New(shopeeapi.Options{Client: server.Client(), BaseURL: server.URL, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return buildOn(t, nil, func(d *engine.Deps) { d.Minters = []links.Minter{minter} }), stores
}

const shopeeOffer = "Luminária R$ 49,90\nhttps://shopee.com.br/product/123/456?utm_source=an_999"

// The link that a store's API made leaves, is proven by its record, and is made once; when
// the API fails, the form that needs none leaves instead.
func TestMintedLinks(t *testing.T) {
	h, stores := shopee(t)
	h.start()
	m := h.marketer("ana", "5511911111111", "ana-20")
	_, err := m.AddTag(t.Context(), engine.TagInput{Store: "shopee", Code: "18300000000", Fields: map[string]string{
		"app_id": "123456", "app_secret": "SEGREDODAANA234567",
	}})
	h.must(err)
	h.post(shopeeOffer)
	first := m.received(1).Text
	if link := strings.TrimPrefix(first, "Luminária R$ 49,90\n"); stores.Links()[link] != "https://shopee.com.br/product/123/456" {
		t.Fatalf("the group got %q, the API made %v", first, stores.Links())
	}
	p, err := m.Preview(t.Context(), shopeeOffer)
	if h.must(err); p.Text != first || len(stores.Calls()) != 1 {
		t.Errorf("asked again: %q, %d calls", p.Text, len(stores.Calls()))
	}

	stores.Fail(fakestores.Shopee, 1, fakestores.Fault{Kind: fakestores.Down})
	h.post("Outra luminária R$ 59,90\nhttps://shopee.com.br/product/123/789")
	if got := m.received(2).Text; !strings.HasSuffix(got, "&affiliate_id=18300000000") {
		t.Errorf("after a failure of the API the group got %q", got)
	}
}

// A page that only the API can link to waits for it, and a record made for another tag
// proves nothing.
func TestMintedLinksAreTheTenantsOwn(t *testing.T) {
	h, stores := shopee(t)
	h.start()
	m := h.marketer("ana", "5511911111111", "ana-20")
	tag, err := m.AddTag(t.Context(), engine.TagInput{Store: "shopee", Code: "18300000000", Fields: map[string]string{
		"app_id": "123456", "app_secret": "ERRADOERRADO234567",
	}})
	h.must(err)
	const wallet = "Cupons liberados: https://shopee.com.br/user/voucher-wallet?utm_source=an_999"
	p, err := m.Preview(t.Context(), wallet)
	if h.must(err); p.Outcome != "hold" || p.Reasons[0].Reason != core.ReasonMintFailed {
		t.Errorf("with a wrong secret: %+v", p)
	}
	_, err = m.ChangeTag(t.Context(), tag.ID, engine.TagInput{Fields: map[string]string{
		"affiliate_id": "18300000000", "app_id": "123456", "app_secret": "SEGREDODAANA234567",
	}})
	h.must(err)
	p, err = m.Preview(t.Context(), wallet)
	h.must(err)
	minted := strings.TrimPrefix(p.Text, "Cupons liberados: ")
	if stores.Links()[minted] == "" {
		t.Fatalf("the preview is %+v", p)
	}

	rival := h.marketer("bia", "5511922222222", "bia-20")
	_, err = rival.AddTag(t.Context(), engine.TagInput{Store: "shopee", Code: "18311111111"})
	h.must(err)
	p, err = rival.Preview(t.Context(), "Cupons: "+minted)
	if h.must(err); p.Outcome != "hold" {
		t.Errorf("another tenant would post it: %+v", p)
	}
	_, err = m.ChangeTag(t.Context(), tag.ID, engine.TagInput{Code: "18322222222", Fields: map[string]string{"app_id": "123456"}})
	h.must(err)
	p, err = m.Preview(t.Context(), "Cupons: "+minted)
	if h.must(err); p.Outcome != "hold" {
		t.Errorf("it outlives the tag it was made with: %+v", p)
	}
}

// A showcase gives its product away only when it features one and the message names it.
func TestShowcases(t *testing.T) {
	const (
		profile  = "https://www.mercadolivre.com.br/social/rival?matt_word=rival&matt_tool=1&ref=abc"
		featured = "https://www.mercadolivre.com.br/fritadeira-eletrica-sem-oleo-4-litros/p/MLB12345678?tracking_id=x#reco"
	)
	web := fakelinks.Web{
		"https://meli.la/1aBcDeF": fakelinks.Redirect(profile), profile: fakelinks.Showcase(featured),
		"https://meli.la/2aBcDeF": fakelinks.Redirect(profile + "2"), profile + "2": fakelinks.Showcase(featured, "https://produto.mercadolivre.com.br/MLB-1234567890-outra-coisa-_JM"),
		"https://meli.la/3aBcDeF": fakelinks.Redirect("https://bit.ly/x"), "https://bit.ly/x": fakelinks.Captcha(),
		"https://bit.ly/loja": fakelinks.Redirect("https://www.loja-exemplo.com.br/produto/1?aff=rival"), "https://www.loja-exemplo.com.br/produto/1?aff=rival": fakelinks.Page("<h1>Produto</h1>"),
	}
	h := buildOn(t, nil, func(d *engine.Deps) {
		r, err := resolver.New(resolver.Options{Client: &http.Client{Transport: web}})
		if err != nil {
			t.Fatal(err)
		}
		d.Resolver = r
	})
	m := h.newcomer("ana", "5511911111111")
	for _, in := range []engine.TagInput{
		{Store: "mercadolivre", Code: "meuperfil"},
		{Store: "template", Marketplace: "loja-exemplo.com.br", Code: "https://clique.rede-exemplo.com.br/?id=minha&url={url}"},
	} {
		_, err := m.AddTag(t.Context(), in)
		h.must(err)
	}
	for _, c := range []struct {
		text, link string
		reason     core.Reason
	}{
		{"Fritadeira elétrica 4 litros R$ 199 https://meli.la/1aBcDeF", "https://www.mercadolivre.com.br/fritadeira-eletrica-sem-oleo-4-litros/p/MLB12345678?matt_word=meuperfil", ""},
		{"Smart TV 50 R$ 1.999 https://meli.la/1aBcDeF", "", core.ReasonLinkShowcase},
		{"Fritadeira elétrica 4 litros https://meli.la/2aBcDeF", "", core.ReasonLinkShowcase},
		{"Fritadeira elétrica 4 litros https://meli.la/3aBcDeF", "", core.ReasonLinkUnresolved},
		{"Tênis https://bit.ly/loja", "https://clique.rede-exemplo.com.br/?id=minha&url=https%3A%2F%2Fwww.loja-exemplo.com.br%2Fproduto%2F1", ""},
	} {
		p, err := m.Preview(t.Context(), c.text)
		h.must(err)
		switch {
		case c.reason == "" && (p.Outcome != "post" || !strings.HasSuffix(p.Text, " "+c.link)):
			t.Errorf("%s: %+v", c.text, p)
		case c.reason != "" && (p.Outcome != "hold" || p.Reasons[0].Reason != c.reason):
			t.Errorf("%s: %+v, want %s", c.text, p, c.reason)
		}
	}
}

// The same promotion in other words is no news, whatever its links; another price is.
func TestNearDuplicates(t *testing.T) {
	h := build(t, nil).start()
	m := h.marketer("ana", "5511911111111", "ana-20")
	const page = "\nhttps://www.amazon.com.br/s?k="
	h.post("🔥 Seleção de fones com até R$ 30 de desconto no aplicativo da loja hoje" + page + "fone")
	m.received(1)
	h.post("👉 seleção de fones com até R$ 30 de desconto no aplicativo da loja hoje!!!" + page + "fones+bluetooth")
	m.offers(1, func(o core.Offer) bool {
		return len(o.Deliveries) == 1 && o.Deliveries[0].Reason == core.ReasonDuplicateText
	})
	h.post("🔥 Seleção de fones com até R$ 50 de desconto no aplicativo da loja hoje" + page + "fone")
	m.received(2)
}

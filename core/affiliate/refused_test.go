package affiliate

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestUnconvertible(t *testing.T) {
	r, err := NewRegistry(append(Unconvertibles(), Promoters{})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		link   string
		kind   Kind
		reason core.Reason
	}{
		{"https://go.hotmart.com/A12345678B?dp=1", Refused, core.ReasonLinkHotlink},
		{"https://hotm.art/AbC12", Refused, core.ReasonLinkHotlink},
		{"https://pay.hotmart.com/A12345678B", Refused, core.ReasonLinkHotlink},
		{"https://app.monetizze.com.br/r/ABC123", Refused, core.ReasonLinkHotlink},
		{"https://sun.eduzz.com/123456?a=1", Refused, core.ReasonLinkHotlink},
		{"https://pay.kiwify.com.br/AbC12?afid=x", Refused, core.ReasonLinkHotlink},
		{"https://ev.braip.com/ref?pl=a&ck=b&af=c", Refused, core.ReasonLinkHotlink},
		{"https://temu.to/k/abc123", Refused, core.ReasonLinkPortalOnly},
		{"https://share.temu.com/abc123", Refused, core.ReasonLinkPortalOnly},
		{"https://www.temu.com/br/coisa-g-601099512345678.html", Refused, core.ReasonLinkPortalOnly},
		{"https://vt.tiktok.com/ZSabc/", Refused, core.ReasonLinkCreator},
		{"https://vm.tiktok.com/ZSabc/", Refused, core.ReasonLinkCreator},
		{"https://www.tiktok.com/t/ZSabc/", Refused, core.ReasonLinkCreator},
		{"https://shop.tiktok.com/view/product/123?unique_id=rival", Refused, core.ReasonLinkCreator},
		{"https://www.tiktok.com/view/product/123", Refused, core.ReasonLinkCreator},
		{"https://www.tiktok.com/VIEW/product/123", Refused, core.ReasonLinkCreator},
		{"https://www.tiktok.com/%76iew/product/123", Refused, core.ReasonLinkCreator},
		{"https://www.tiktok.com/shop/pdp/123", Refused, core.ReasonLinkCreator},
		{"https://www.tiktok.com/@rival", Foreign, core.ReasonLinkForeignChannel},
		{"https://www.tiktok.com/@rival/video/123", Foreign, core.ReasonLinkForeignChannel},
		{"https://go.promozone.ai/shopee/AbC12", Refused, core.ReasonLinkPromoter},
		{"https://ofertou.ai/abcd-Magalu", Short, ""},
		{"https://click.ofertou.ai/go/abcd-Magalu", Short, ""},
		{"https://www.eioferta.com.br/?o=123", Short, ""},
		{"https://p.lapromotion.com.br/AbC12", Short, ""},
		{"https://aoferta.net/", Refused, core.ReasonLinkPromoter},
		{"https://aoferta.net//x", Refused, core.ReasonLinkPromoter},
		{"https://temu.to.evil.example/k/abc", Unknown, core.ReasonLinkUnknownStore},
		{"https://nottemu.com/k/abc", Unknown, core.ReasonLinkUnknownStore},
		{"https://busqueioferta.com.br/x", Unknown, core.ReasonLinkUnknownStore},
	} {
		target := r.Classify(c.link)
		if target.Kind != c.kind || target.Hold.Reason != c.reason {
			t.Errorf("%s is %+v, want %s %s", c.link, target, c.kind, c.reason)
		}
		if link, err := r.Rewrite(target, nil); err == nil {
			t.Errorf("%s became %s", c.link, link)
		}
		if r.Verify(c.link, nil) == nil {
			t.Errorf("proven: %s", c.link)
		}
	}
	for _, s := range append(Unconvertibles(), Promoters{}) {
		if len(s.Fields()) != 0 || s.Name() == "" {
			t.Errorf("%s: fields %v, name %q", s.Slug(), s.Fields(), s.Name())
		}
	}
}

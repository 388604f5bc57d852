package affiliate_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
)

func Example() {
	registry, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	tag, err := registry.CheckTag(core.Tag{Store: "amazon", Fields: map[string]string{"tag": "minhaloja-20"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	identity := registry.Identity([]core.Tag{tag})

	target := registry.Classify("https://www.amazon.com.br/Fone/dp/B0TESTE001/ref=x?tag=outraloja-20")
	link, err := identity.Rewrite(target, core.SubID{})
	fmt.Println(target.Kind, target.ProductKey)
	fmt.Println(link, err)
	fmt.Println(identity.Verify(link, core.SubID{}))
	// Output:
	// product amazon:amazon.com.br:B0TESTE001
	// https://www.amazon.com.br/dp/B0TESTE001?tag=minhaloja-20 <nil>
	// <nil>
}

// A sub-id tells in the programme's report which group and which message earned something.
func ExampleIdentity_Rewrite() {
	registry, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	identity := registry.Identity([]core.Tag{{Store: "amazon", Marketplace: "amazon.com.br", Fields: map[string]string{"tag": "minhaloja-20"}}})
	sub := core.SubID{Group: "g1a2b3c4d", Offer: "o5e6f7g8h"}
	link, err := identity.Rewrite(registry.Classify("https://www.amazon.com.br/dp/B0TESTE001"), sub)
	fmt.Println(link, err)

	_, err = identity.Rewrite(registry.Classify("https://shopee.com.br/product/11/22"), sub)
	fmt.Println(err)
	// Output:
	// https://www.amazon.com.br/dp/B0TESTE001?tag=minhaloja-20&ascsubtag=g1a2b3c4do5e6f7g8h <nil>
	// precondition: no_tag: Shopee
}

func ExampleRegistry_Classify() {
	registry, err := affiliate.NewRegistry(affiliate.Builtin()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, link := range []string{
		"https://meli.la/1abcDEF",
		"https://chat.whatsapp.com/ABCDEF",
		"https://amazon.com.br@loja.example/dp/B0TESTE001",
	} {
		t := registry.Classify(link)
		fmt.Printf("%s %q %q\n", t.Kind, t.URL, t.Hold.Reason)
	}
	// Output:
	// short "https://meli.la/1abcDEF" ""
	// foreign "" "link_foreign_channel"
	// refused "" "link_deceptive"
}

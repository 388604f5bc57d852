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
	tags := []core.Tag{tag}

	target := registry.Classify("https://www.amazon.com.br/Fone/dp/B0TESTE001/ref=x?tag=outraloja-20")
	link, err := registry.Rewrite(target, tags)
	fmt.Println(target.Kind, target.ProductKey)
	fmt.Println(link, err)
	fmt.Println(registry.Verify(link, tags))
	// Output:
	// product amazon:amazon.com.br:B0TESTE001
	// https://www.amazon.com.br/dp/B0TESTE001?tag=minhaloja-20 <nil>
	// <nil>
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

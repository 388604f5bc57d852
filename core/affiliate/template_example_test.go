package affiliate_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
)

func ExampleNewTemplate() {
	store, err := affiliate.NewTemplate(affiliate.TemplateOptions{
		Slug:      "livraria",
		Name:      "Livraria",
		Domains:   []string{"livraria.example.com"},
		Template:  "https://rede.example.net/click?pub={id}&to={url}&sub={sub}",
		IDExample: "parceiro123",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	registry, err := affiliate.NewRegistry(append(affiliate.Builtin(), store)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	identity := registry.Identity([]core.Tag{{Store: "livraria", Fields: map[string]string{"id": "minhaloja"}}})

	sub := core.SubID{Group: "g1234abcd", Offer: "o5678efgh"}
	target := registry.Classify("https://www.livraria.example.com/livro/um-bom-livro?pub=outraloja")
	link, err := identity.Rewrite(target, sub)
	fmt.Println(target.Kind, target.ProductKey)
	fmt.Println(link, err)
	fmt.Println(identity.Verify(link, sub))
	// Output:
	// product livraria:/livro/um-bom-livro
	// https://rede.example.net/click?pub=minhaloja&to=https%3A%2F%2Fwww.livraria.example.com%2Flivro%2Fum-bom-livro&sub=g1234abcdo5678efgh <nil>
	// <nil>
}

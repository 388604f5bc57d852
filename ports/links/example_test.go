package links_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// table is a resolver for programs that know their short links beforehand.
type table map[string]string

func (t table) Resolve(_ context.Context, link string, stop func(string) bool) (string, error) {
	final, ok := t[link]
	switch {
	case !ok:
		return "", links.ErrDead
	case !stop(final):
		return "", links.ErrInconclusive
	}
	return final, nil
}

func ExampleResolver() {
	var r links.Resolver = table{"https://curto.example/a": "https://loja.example/produto/1"}
	atStore := func(url string) bool { return strings.HasPrefix(url, "https://loja.example/") }
	fmt.Println(r.Resolve(context.Background(), "https://curto.example/a", atStore))
	_, err := r.Resolve(context.Background(), "https://curto.example/b", atStore)
	fmt.Println(errors.Is(err, links.ErrDead))
	// Output:
	// https://loja.example/produto/1 <nil>
	// true
}

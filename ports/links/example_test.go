package links_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// table is a resolver for programs that know their short links beforehand.
type table map[string]string

func (t table) Resolve(_ context.Context, link string, _ func(string) bool) (string, error) {
	final, ok := t[link]
	if !ok {
		return "", links.ErrDead
	}
	return final, nil // where stop would end the chain, or the page it ends on
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

// house is a store whose links are made without asking anybody.
type house struct{}

func (house) Store() string { return "loja" }

func (house) Mint(_ context.Context, r links.MintRequest) (string, error) {
	if r.Tag.Fields["token"] == "" {
		return "", links.ErrRefused
	}
	return "https://loja.example/r/1", nil
}

func ExampleMinter() {
	var m links.Minter = house{}
	request := links.MintRequest{Target: "https://loja.example/produto/1", Tag: core.Tag{Store: m.Store(), Fields: map[string]string{"token": "x"}}}
	fmt.Println(m.Mint(context.Background(), request))
	request.Tag.Fields = nil
	_, err := m.Mint(context.Background(), request)
	fmt.Println(errors.Is(err, links.ErrRefused))
	// Output:
	// https://loja.example/r/1 <nil>
	// true
}

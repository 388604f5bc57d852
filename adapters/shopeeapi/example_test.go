package shopeeapi_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/autopromo-cloud/autopromo/adapters/shopeeapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

func Example() {
	server := httptest.NewServer(fakestores.New(fakestores.Options{
		Accounts: []fakestores.Account{{Store: fakestores.Shopee, ID: "app123", Secret: "secret456"}},
	}))
	defer server.Close()

	// An app gives a guarded client here and leaves BaseURL empty.
	minter, err := shopeeapi.New(shopeeapi.Options{Client: server.Client(), BaseURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(minter.Mint(context.Background(), links.MintRequest{
		Target: "https://shopee.com.br/product/458071934/26778686208",
		Tag:    core.Tag{Store: "shopee", Fields: map[string]string{"app_id": "app123", "app_secret": "secret456"}},
	}))
	// Output: https://s.shopee.com.br/f0d93c20a6 <nil>
}

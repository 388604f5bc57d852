package aliexpressapi_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/autopromo-cloud/autopromo/adapters/aliexpressapi"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

func Example() {
	server := httptest.NewServer(fakestores.New(fakestores.Options{
		Accounts: []fakestores.Account{
			{Store: fakestores.AliExpress, ID: "512345", Secret: "secret456", TrackingID: "loja1"},
		},
	}))
	defer server.Close()

	// An app gives a guarded client here and leaves BaseURL empty.
	minter, err := aliexpressapi.New(aliexpressapi.Options{Client: server.Client(), BaseURL: server.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(minter.Mint(context.Background(), links.MintRequest{
		Target: "https://www.aliexpress.com/item/1005006123456789.html",
		Tag: core.Tag{Store: "aliexpress", Fields: map[string]string{
			"app_key": "512345", "app_secret": "secret456", "tracking_id": "loja1",
		}},
	}))
	// Output: https://s.click.aliexpress.com/e/_6a48b65fb6 <nil>
}

package wiring

import (
	"net/http"

	"github.com/autopromo-cloud/autopromo/adapters/aliexpressapi"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/adapters/shopeeapi"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// newMinters are the store APIs that make links for tenants who have credentials there.
func newMinters(files *opened, s Settings) ([]links.Minter, error) {
	guard, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		return nil, failed("make the guard of the store APIs", err)
	}
	client := guard.Client(safehttp.ClientOptions{WebPortsOnly: true})
	files.add(func() error { client.CloseIdleConnections(); return nil })
	if s.StoreAPIs != nil {
		client = &http.Client{Transport: s.StoreAPIs}
	}
	shopee, err := shopeeapi.New(shopeeapi.Options{Client: client, Logger: s.Log})
	if err != nil {
		return nil, failed("make the Shopee API client", err)
	}
	aliexpress, err := aliexpressapi.New(aliexpressapi.Options{Client: client, Logger: s.Log})
	if err != nil {
		return nil, failed("make the AliExpress API client", err)
	}
	return []links.Minter{shopee, aliexpress}, nil
}

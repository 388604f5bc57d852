package resolver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
)

func Example() {
	shortener := httptest.NewServer(http.RedirectHandler("https://shop.example/product/1", http.StatusFound))
	defer shortener.Close()

	// The apps give a guarded client here, which would refuse a server on loopback.
	r, err := resolver.New(resolver.Options{Client: shortener.Client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Resolve(context.Background(), shortener.URL+"/Ab3", func(url string) bool {
		return strings.HasPrefix(url, "https://shop.example/")
	}))
	// Output: https://shop.example/product/1 <nil>
}

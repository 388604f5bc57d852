package fakestores_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakestores"
)

// A signed call, made by hand.
func Example() {
	stores := fakestores.New(fakestores.Options{
		Accounts: []fakestores.Account{{Store: fakestores.Shopee, ID: "app123", Secret: "secret456"}},
		Now:      func() time.Time { return time.Unix(1700000000, 0) },
	})
	server := httptest.NewServer(stores)
	defer server.Close()

	r, err := http.NewRequest(http.MethodPost, server.URL+"/graphql", strings.NewReader(
		`{"query":"mutation{generateShortLink(input:{originUrl:\"https://shopee.com.br/product/1/2\",subIds:[\"g1\"]}){shortLink}}"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header.Set("Authorization", "SHA256 Credential=app123, Timestamp=1700000000, "+
		"Signature=adbace5c3677fb16ff9dd38ca9696e598a05bbb48dfad5528055379b333c6a76")
	answer, err := server.Client().Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	fmt.Println(string(body), err)
	// Output: {"data":{"generateShortLink":{"shortLink":"https://s.shopee.com.br/5b6a4a9d42"}}} <nil>
}

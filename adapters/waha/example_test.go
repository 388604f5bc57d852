package waha_test

import (
	"fmt"
	"net/http"

	"github.com/autopromo-cloud/autopromo/adapters/waha"
)

func ExampleNew() {
	g, err := waha.New(waha.Options{
		Client:    &http.Client{}, // with an SSRF guard where tenants choose the server
		ClientIDs: true,           // of a server that is known to be new enough
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := g.Capabilities()
	fmt.Println(c.Provider, c.ClientMessageID, c.SentLookup)
	// Output: waha honoured positive
}

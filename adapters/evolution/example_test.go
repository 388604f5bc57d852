package evolution_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func ExampleNew() {
	g, err := evolution.New(evolution.Options{
		Client:   &http.Client{}, // with an SSRF guard where tenants choose the server
		Timeouts: evolution.Timeouts{Send: 30 * time.Second},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(g.Capabilities().Provider)
	// Output: evolution
}

func ExampleGateway_Decode() {
	g, err := evolution.New(evolution.Options{Client: &http.Client{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gateway.Request{
		Header: http.Header{"X-Webhook-Secret": {"secret"}, "X-Instance-Name": {"autopromo_1"}},
		Body: []byte(`{"event":"messages.upsert","instance":"autopromo_1","data":{
			"key":{"remoteJid":"120363000000000001@g.us","id":"3A01","participant":"1@lid"},
			"message":{"conversation":"Oferta https://loja.example/p"}}}`),
	}
	err = g.Authenticate(r, gateway.SessionAuth{Name: "autopromo_1", Secret: core.NewSecret("secret")})
	fmt.Println("refused:", err)
	in, err := g.Decode(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range in.Events {
		if m, ok := e.(gateway.Message); ok {
			fmt.Println(m.Text)
		}
	}
	// Output:
	// refused: <nil>
	// Oferta https://loja.example/p
}

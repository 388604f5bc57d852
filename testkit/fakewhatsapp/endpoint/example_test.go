package endpoint_test

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

// A real client shows a QR code, and a phone of the world scans it.
func Example() {
	ctx := context.Background()
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	ana, err := world.AddPhone("5511900000001", "Ana")
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := endpoint.New(world)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	container, err := sqlstore.New(ctx, "sqlite", "file:example?mode=memory&cache=shared&_pragma=foreign_keys(1)", waLog.Noop)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer container.Close()

	client := whatsmeow.NewClient(container.NewDevice(), waLog.Noop)
	client.SetPreLoginHTTPClient(server.HTTPClient())
	client.SetWebsocketHTTPClient(server.HTTPClient())
	happened := make(chan any, 100)
	client.AddEventHandler(func(e any) { happened <- e })
	if err := client.ConnectContext(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer client.Disconnect()
	for e := range happened {
		switch e := e.(type) {
		case *events.QR:
			if err := server.Scan(ana, "desk", e.Codes[0]); err != nil {
				fmt.Println(err)
				return
			}
		case *events.Connected:
			fmt.Println("linked:", server.Linked("desk"))
			return
		}
	}
	// Output: linked: true
}

package whatsmeow_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/autopromo-cloud/autopromo/adapters/whatsmeow"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func ExampleNew() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", ":memory:?_pragma=foreign_keys(1)")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	g, err := whatsmeow.New(whatsmeow.Options{DB: db, Dialect: whatsmeow.SQLite})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := g.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	session := gateway.Session{Name: "autopromo_1"}
	if _, err := g.Provision(ctx, session, gateway.Webhook{}); err != nil {
		fmt.Println(err)
		return
	}
	// The session's host would now call g.Stream, and Connect would show a QR code.
	_, err = g.Connect(ctx, session)
	fmt.Println(err)
	// Output: gateway connect: not_connected (not_streamed)
}

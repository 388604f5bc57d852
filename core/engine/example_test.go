package engine_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// An engine on the embedded adapters shows a new tenant what would be posted.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "autopromo")
	check(err)
	defer os.RemoveAll(dir)

	db, err := bunrepository.OpenSQLite(ctx, filepath.Join(dir, "autopromo.db"), bunrepository.Options{
		Keys: bunrepository.Keyring{Current: "1", Keys: map[string]core.Secret{
			"1": core.NewSecret("32 random bytes from your vault!"),
		}},
	})
	check(err)
	defer db.Close()
	check(db.Migrate(ctx))
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(dir, "queue.db"), watermillbus.SQLiteOptions{})
	check(err)
	defer queue.Close()
	bus, err := watermillbus.New(queue, queue, watermillbus.Options{})
	check(err)
	client := &http.Client{Transport: http.DefaultTransport} // behind adapters/safehttp where tenants are strangers
	evo, err := evolution.New(evolution.Options{Client: client})
	check(err)
	short, err := resolver.New(resolver.Options{Client: client})
	check(err)

	e, err := engine.New(engine.Deps{
		Repository: db, Publisher: bus, Subscriber: bus,
		Gateways: []gateway.Gateway{evo}, Resolver: short,
	}, engine.Config{PublicURL: "https://promo.example"})
	check(err)
	// go e.Run(ctx) starts the workers and the dispatcher.

	ana, err := e.Register(ctx, engine.NewTenant{Email: "ana@exemplo.com.br"})
	check(err)
	_, err = e.Tenant(ana.ID).AddTag(ctx, engine.TagInput{Store: "amazon", Code: "ana-20"})
	check(err)
	preview, err := e.Tenant(ana.ID).Preview(ctx, "Fone por R$ 199,90\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20")
	check(err)
	fmt.Println(preview.Outcome, preview.Price)
	fmt.Println(preview.Text)
	// Output:
	// post R$ 199,90
	// Fone por R$ 199,90
	// https://www.amazon.com.br/dp/B0BLCKCBRS?tag=ana-20
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

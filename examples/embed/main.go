// Command embed shows AutoPromo inside a product of somebody else: the engine and its
// adapters as plain values, the product's own HTTP server and users, no framework.
//
// Start an Evolution API, then:
//
//	export EVOLUTION_URL=http://localhost:8080 EVOLUTION_API_KEY=… PRODUCT_KEY=$(openssl rand -hex 32)
//	go run ./examples/embed
//	curl -X POST localhost:8091/customers/ana@example.com/connect
package main

import (
	"context"
	"encoding/hex"
	"log"
	"os"
	"os/signal"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	key, err := hex.DecodeString(os.Getenv("PRODUCT_KEY"))
	if err != nil {
		log.Fatal("PRODUCT_KEY must be hexadecimal")
	}
	p := product{
		addr: "127.0.0.1:8091", dir: ".", key: core.NewSecret(string(key)),
		provider: os.Getenv("EVOLUTION_URL"), providerKey: core.NewSecret(os.Getenv("EVOLUTION_API_KEY")),
		ready: func(base string, _ *engine.Engine) { log.Println("listening on", base) },
	}
	if err := p.run(ctx); err != nil {
		log.Fatal(err)
	}
}

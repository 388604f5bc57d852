package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	key, err := hex.DecodeString(os.Getenv("PRODUCT_KEY"))
	if err != nil {
		log.Fatal("PRODUCT_KEY must be hexadecimal")
	}
	p := program{
		addr: "127.0.0.1:8092", dir: ".", key: core.NewSecret(string(key)),
		provider: os.Getenv("WUZAPI_URL"), adminToken: core.NewSecret(os.Getenv("WUZAPI_ADMIN_TOKEN")),
		ready: func(base string, _ *engine.Engine) { log.Println("listening on", base) },
	}
	if err := p.run(ctx); err != nil {
		log.Fatal(err)
	}
}

// program is the AutoPromo server with wuzapi as its only provider.
type program struct {
	addr       string // to listen on
	dir        string // of the database
	key        core.Secret
	provider   string // a wuzapi server
	adminToken core.Secret
	noPacing   bool
	ready      func(base string, e *engine.Engine)
}

// run serves until ctx ends.
func (p program) run(ctx context.Context) (err error) {
	closing := func(close func() error) { err = errors.Join(err, close()) }
	repository, err := bunrepository.OpenSQLite(ctx, filepath.Join(p.dir, "customgateway.db"), bunrepository.Options{
		Keys: bunrepository.Keyring{Current: "1", Keys: map[string]core.Secret{"1": p.key}},
	})
	if err != nil {
		return err
	}
	defer func() { closing(repository.Close) }()
	if err := repository.Migrate(ctx); err != nil {
		return err
	}
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(p.dir, "customgateway-queue.db"), watermillbus.SQLiteOptions{})
	if err != nil {
		return err
	}
	defer func() { closing(queue.Close) }()
	bus, err := watermillbus.New(queue, queue, watermillbus.Options{})
	if err != nil {
		return err
	}

	// The operator's own provider may be on this machine; short links come from strangers.
	toProvider, err := safehttp.NewGuard(safehttp.Options{AllowLoopback: true})
	if err != nil {
		return err
	}
	toInternet, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		return err
	}
	providers := toProvider.Client(safehttp.ClientOptions{Timeout: -1}) // the adapter bounds each call
	defer providers.CloseIdleConnections()
	shortLinks, err := resolver.New(resolver.Options{Client: toInternet.Client(safehttp.ClientOptions{WebPortsOnly: true})})
	if err != nil {
		return err
	}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.addr)
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	e, err := engine.New(engine.Deps{
		Repository: repository, Publisher: bus, Subscriber: bus, Resolver: shortLinks,
		Gateways: []gateway.Gateway{newWuzapi(providers)}, // the one line that is different
	}, engine.Config{
		PublicURL: base, Servers: map[core.Provider]engine.Server{"wuzapi": {URL: p.provider, Key: p.adminToken}},
		CheckServer: toProvider.CheckServer, IDKey: p.key, WithoutPacing: p.noPacing,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	handler, err := httpapi.New(e, httpapi.Options{SigningKey: p.key})
	if err != nil {
		return errors.Join(err, listener.Close())
	}

	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.Run(ctx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return server.Shutdown(stop)
	})
	p.ready(base, e)
	return group.Wait()
}

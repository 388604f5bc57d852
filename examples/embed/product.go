package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// product is somebody's program that reposts offers for its customers.
type product struct {
	addr        string // to listen on
	dir         string // of the database
	key         core.Secret
	provider    string // an Evolution API server
	providerKey core.Secret
	noPacing    bool
	ready       func(base string, e *engine.Engine)
}

// run serves until ctx ends.
func (p product) run(ctx context.Context) (err error) {
	closing := func(close func() error) { err = errors.Join(err, close()) }

	// The database. A library never changes a schema unasked, so the product asks.
	repository, err := bunrepository.OpenSQLite(ctx, filepath.Join(p.dir, "product.db"), bunrepository.Options{
		Keys: bunrepository.Keyring{Current: "1", Keys: map[string]core.Secret{"1": p.key}},
	})
	if err != nil {
		return err
	}
	defer func() { closing(repository.Close) }()
	if err := repository.Migrate(ctx); err != nil {
		return err
	}

	// The bus: any Watermill Pub/Sub would do.
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(p.dir, "queue.db"), watermillbus.SQLiteOptions{})
	if err != nil {
		return err
	}
	defer func() { closing(queue.Close) }()
	bus, err := watermillbus.New(queue, queue, watermillbus.Options{})
	if err != nil {
		return err
	}

	// The way out. Short links come from strangers, so they get the guard without loopback.
	toProvider, err := safehttp.NewGuard(safehttp.Options{AllowLoopback: true})
	if err != nil {
		return err
	}
	toInternet, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		return err
	}
	providers := toProvider.Client(safehttp.ClientOptions{Timeout: -1})
	defer providers.CloseIdleConnections()
	whatsapp, err := evolution.New(evolution.Options{Client: providers})
	if err != nil {
		return err
	}
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
		Repository: repository, Publisher: bus, Subscriber: bus,
		Gateways: []gateway.Gateway{whatsapp}, Resolver: shortLinks,
	}, engine.Config{
		PublicURL: base, Servers: map[core.Provider]engine.Server{evolution.Name: {URL: p.provider, Key: p.providerKey}},
		CheckServer: toProvider.CheckServer, IDKey: p.key, WithoutPacing: p.noPacing,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}

	// The product's own server, with the engine beside whatever else it serves.
	server := &http.Server{Handler: routes(e), ReadHeaderTimeout: 5 * time.Second}
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

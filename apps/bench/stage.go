package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/httpapi"
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// The profiles.
const (
	embedded    = "embedded"
	distributed = "distributed"
)

// callers is how many webhooks come at once.
const callers = 64

// stage is the product with a provider that does nothing. In the distributed profile it is
// three engines, each with connections of its own, as three processes would have them.
type stage struct {
	repo    repository.Repository
	handler http.Handler
	tenants []core.TenantID
	sent    func(core.JID, string) // called for each send, before it is accepted

	workers []*engine.Engine // that run
	stop    context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
	closers []func() error
}

func sealing() bunrepository.Keyring {
	return bunrepository.Keyring{Current: "bench", Keys: map[string]core.Secret{"bench": core.NewSecret(strings.Repeat("k", 32))}}
}

// openStage opens a new database with n tenants, each with so many destinations.
func (b *bench) openStage(ctx context.Context, profile string, n, groups int) (s *stage, err error) {
	s = &stage{sent: func(core.JID, string) {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	dir, err := os.MkdirTemp(b.dir, profile)
	if err != nil {
		return s, err
	}
	roles := []engine.Role{engine.Worker | engine.Dispatcher}
	database := ""
	if profile == distributed {
		roles = []engine.Role{0, engine.Worker, engine.Dispatcher}
		if database, err = b.servers.database(ctx); err != nil {
			return s, err
		}
		if err = b.servers.startRedis(ctx); err != nil {
			return s, err
		}
	}
	for i, role := range roles {
		e, repo, err := s.open(ctx, b, dir, database, role)
		if err != nil {
			return s, err
		}
		if i == 0 {
			s.repo = repo
			if s.handler, err = httpapi.New(e, httpapi.Options{
				SigningKey: core.NewSecret(strings.Repeat("s", 32)), Logger: slog.New(slog.DiscardHandler),
			}); err != nil {
				return s, err
			}
		}
		if role != 0 {
			s.workers = append(s.workers, e)
		}
	}
	return s, s.populate(ctx, n, groups)
}

// open makes one engine with its own database and bus connections.
func (s *stage) open(ctx context.Context, b *bench, dir, database string, role engine.Role) (*engine.Engine, repository.Repository, error) {
	var repo *bunrepository.Repository
	var err error
	options := bunrepository.Options{Keys: sealing()}
	if database != "" {
		repo, err = bunrepository.OpenPostgres(ctx, core.NewSecret(b.servers.postgres.URL(appRole, database)), options)
	} else {
		repo, err = bunrepository.OpenSQLite(ctx, filepath.Join(dir, "autopromo.db"), options)
	}
	if err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, repo.Close)
	if database == "" {
		if err := repo.Migrate(ctx); err != nil {
			return nil, nil, err
		}
	}
	bus, err := s.openBus(ctx, b, dir, database)
	if err != nil {
		return nil, nil, err
	}
	provider, err := evolution.New(evolution.Options{Client: http.DefaultClient})
	if err != nil {
		return nil, nil, err
	}
	guard, err := safehttp.NewGuard(safehttp.Options{})
	if err != nil {
		return nil, nil, err
	}
	links, err := resolver.New(resolver.Options{Client: guard.Client(safehttp.ClientOptions{})}) // no short links are sent
	if err != nil {
		return nil, nil, err
	}
	e, err := engine.New(engine.Deps{
		Repository: repo, Publisher: bus, Subscriber: bus, Resolver: links,
		Gateways: []gateway.Gateway{&silent{provider, s}},
	}, engine.Config{
		PublicURL: "http://127.0.0.1:1", IDKey: core.NewSecret("id"), Roles: role,
		WithoutPacing: true, Logger: slog.New(slog.DiscardHandler),
	})
	return e, repo, err
}

func (s *stage) openBus(ctx context.Context, b *bench, dir, database string) (*watermillbus.Bus, error) {
	if database == "" {
		q, err := watermillbus.OpenSQLite(ctx, filepath.Join(dir, "queue.db"), watermillbus.SQLiteOptions{})
		if err != nil {
			return nil, err
		}
		s.closers = append(s.closers, q.Close)
		return watermillbus.New(q, q, watermillbus.Options{})
	}
	q, err := watermillbus.OpenRedis(ctx, core.NewSecret(b.servers.redis.URL()), watermillbus.RedisOptions{Group: database})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, q.Close)
	return watermillbus.New(q, q, watermillbus.Options{})
}

// start lets the engines work until close.
func (s *stage) start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	for _, e := range s.workers {
		s.running.Go(func() {
			if err := e.Run(ctx); err != nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.errs = append(s.errs, err)
			}
		})
	}
}

func (s *stage) close() error {
	if s.stop != nil {
		s.stop()
	}
	s.running.Wait()
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.errs = append(s.errs, s.closers[i]())
	}
	return errors.Join(s.errs...)
}

// silent is a provider whose webhooks are real and whose sends do nothing, so that to repeat
// one is no harm: it honours the ids it is given.
type silent struct {
	*evolution.Gateway
	stage *stage
}

// Capabilities implements gateway.Gateway.
func (g *silent) Capabilities() gateway.Capabilities {
	c := g.Gateway.Capabilities()
	c.ClientMessageID = gateway.ClientIDHonoured
	return c
}

// Send implements gateway.Gateway.
func (g *silent) Send(_ context.Context, _ gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	g.stage.sent(m.To, m.Text)
	return gateway.Receipt{ID: m.ID}, nil
}

// populate stores n connected tenants.
func (s *stage) populate(ctx context.Context, n, groups int) error {
	s.tenants = make([]core.TenantID, n)
	return inParallel(n, func(i int) error {
		id := core.TenantID(newID())
		s.tenants[i] = id
		return populate(ctx, s.repo, id, i, groups)
	})
}

// populate stores one tenant with one source group.
func populate(ctx context.Context, repo repository.Repository, id core.TenantID, i, groups int) error {
	now := time.Now()
	settings := core.DefaultSettings()
	err := repo.Directory().CreateTenant(ctx, core.Tenant{
		ID: id, Email: fmt.Sprintf("cliente%d@exemplo.com.br", i), FullName: "Cliente", Active: true, Settings: settings, CreatedAt: now,
	})
	if err != nil {
		return err
	}
	t := repo.Tenant(id)
	hash := sha256.Sum256([]byte(id))
	instance := core.Instance{
		ID: core.InstanceID(newID()), Provider: evolution.Name, Name: core.InstanceName(id, ""), ServerURL: "http://127.0.0.1:1",
		ServerKey: core.NewSecret("server key"), Token: core.NewSecret("token"),
		WebhookHash: hex.EncodeToString(hash[:]), WebhookSecret: core.NewSecret("segredo"),
		Status: core.InstanceConnected, Provisioned: true, Generation: 1,
		LinkedAt: now, CheckedAt: now, CaughtUpAt: now, CreatedAt: now, UpdatedAt: now,
	}
	if err := t.Instance().Create(ctx, instance); err != nil {
		return err
	}
	if err := t.Sources().Create(ctx, core.Source{
		ID: core.SourceID(newID()), InstanceID: instance.ID, JID: sourceGroup, Label: "Achadinhos", Active: true, CreatedAt: now,
	}); err != nil {
		return err
	}
	if err := t.Tags().Create(ctx, core.Tag{
		ID: core.TagID(newID()), Store: "amazon", Fields: map[string]string{"tag": "cliente-20"}, CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		return err
	}
	for g := range groups {
		if err := t.Destinations().Create(ctx, core.Destination{
			ID: core.DestinationID(newID()), InstanceID: instance.ID, JID: core.JID(fmt.Sprintf("1203630000000001%02d@g.us", g)),
			Label: "Grupo", Active: true, CreatedAt: now,
		}); err != nil {
			return err
		}
	}
	return nil
}

// inParallel calls f for each number below n, callers at once.
func inParallel(n int, f func(int) error) error { return atOnce(callers, n, f) }

// atOnce calls f for each number below n, so many at once.
func atOnce(callers, n int, f func(int) error) error {
	var group sync.WaitGroup
	next := make(chan int)
	failed := make(chan error, callers)
	for range callers {
		group.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
	close(failed)
	return <-failed
}

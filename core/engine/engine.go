// Package engine is AutoPromo's use cases over its ports: connect a WhatsApp, ingest its
// webhooks, turn messages into offers, and send those at a human pace.
//
// An [Engine] is built from a repository, a bus and one or more gateways:
//
//	e, err := engine.New(engine.Deps{…}, engine.Config{PublicURL: "https://promo.example"})
//	go e.Run(ctx)                          // workers, dispatcher, reconciler
//	err = e.Ingest(ctx, engine.Webhook{…}) // from your HTTP handler
//
// Nothing runs before [Engine.Run], and everything of a tenant is reached through
// [Engine.Tenant]. The engine knows neither HTTP nor SQL nor which provider it talks to.
//
// The rules that hold whatever is killed, whenever:
//
//   - Ingest returns nil only after the message is stored.
//   - A delivery is sent only by whoever moved it from pending to dispatching, once per
//     attempt.
//   - A send whose outcome is unknown becomes ambiguous; only proof, or the tenant's
//     policy after a grace, moves it on.
//   - A session that lives in a process is streamed by one process at most, which also
//     sends for it.
//   - A text leaves only after every link in it was proven to carry the tenant's tag, once
//     when it is written and again just before it is sent.
package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// The topics of the bus. Its messages are doorbells: they carry ids and no truth, so that one
// may be lost, repeated or forged without harm.
const (
	// TopicIngestion tells workers that a message was accepted.
	TopicIngestion = "queue.ingestion"
	// TopicDispatch tells dispatchers in other processes that something is due.
	TopicDispatch = "queue.dispatch"
)

// Deps are the adapters the engine works through. All but Stores are required.
type Deps struct {
	Repository repository.Repository
	Publisher  bus.Publisher
	Subscriber bus.Subscriber
	// Gateways are the WhatsApp providers on offer, the default first.
	Gateways []gateway.Gateway
	Resolver links.Resolver
	// Minters are the store APIs that make affiliate links for tenants who have credentials
	// there; without one the form that needs no API is used.
	Minters []links.Minter
	// Stores is the link engine; nil takes the built-in stores.
	Stores *affiliate.Registry
}

// Role is a part of the work that Run does.
type Role int

// The roles; combine them with |.
const (
	Worker     Role = 1 << iota // turns accepted messages into offers
	Dispatcher                  // sends deliveries, settles unknown outcomes and hosts sessions
)

// Config tunes an engine. The zero value of every field but PublicURL works.
type Config struct {
	// PublicURL is the base of webhook URLs, as the providers reach this server.
	PublicURL string
	// Servers are the operator's own servers by kind of provider, used by tenants who name
	// none. A kind that is missing needs the tenant's, where it needs a server at all.
	Servers map[core.Provider]Server
	// CheckServer judges and normalizes a provider address typed by a tenant. Its error is
	// shown. Nil checks the shape only, which is not enough where tenants are strangers.
	CheckServer func(rawURL string) (string, error)
	// IDKey keys the message ids chosen by us, so that nobody can foresee them.
	IDKey core.Secret
	// Roles that Run takes on; 0 means all.
	Roles Role
	// WithoutPacing switches gaps, caps and send windows off. For benchmarks and tests
	// only: a real number would be banned.
	WithoutPacing bool
	// Workers is how many tenants' messages are processed at once; default 8.
	Workers int
	// MaxBacklog is how many messages may wait in all before providers are asked to come
	// again later; default 200,000. MaxTenantBacklog is how many of one tenant may wait
	// before its further ones are stored as skipped with ReasonBacklog; default 20,000.
	// Both are kept roughly: waiting messages are counted about once a second.
	MaxBacklog, MaxTenantBacklog int
	// Senders is how many lanes are served at once; default 16.
	Senders int
	// QRWait is how long Connect waits for a QR code; default 10 s.
	QRWait time.Duration
	// IdlePoll is how often an idle dispatcher looks for due lanes; default 500 ms.
	IdlePoll time.Duration
	// SweepEvery is how often lost doorbells and unknown outcomes are looked after;
	// default 2 s.
	SweepEvery time.Duration
	// DoorbellGrace is how long an entry must have waited before the sweep takes it for one
	// whose doorbell was lost; default 2 s.
	DoorbellGrace time.Duration
	// SendTimeout bounds one call to the provider; default 60 s.
	SendTimeout time.Duration
	// ProofGrace is how long proof of an unknown outcome is waited for; default 10 min.
	// It must exceed SendTimeout.
	ProofGrace time.Duration
	// Lease is how long the messages, lanes and sessions of a process that died wait for another one;
	// default 10 s. A living process renews its own.
	Lease time.Duration
	// Now is the clock; default the repository's, which all processes on a database share.
	Now func() time.Time
	// Logger defaults to slog.Default(). It never receives secrets or message texts.
	Logger *slog.Logger
}

// Server is where a provider runs, and the administration key it takes.
type Server struct {
	URL string
	Key core.Secret
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.QRWait, 10*time.Second)
	def(&c.IdlePoll, 500*time.Millisecond)
	def(&c.SweepEvery, 2*time.Second)
	def(&c.DoorbellGrace, 2*time.Second)
	def(&c.SendTimeout, time.Minute)
	def(&c.ProofGrace, 10*time.Minute)
	def(&c.Lease, 10*time.Second)
	count := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	count(&c.Workers, 8)
	count(&c.Senders, 16)
	count(&c.MaxBacklog, 200_000)
	count(&c.MaxTenantBacklog, 20_000)
	if c.Roles == 0 {
		c.Roles = Worker | Dispatcher
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.CheckServer == nil {
		c.CheckServer = checkServerShape
	}
	return c
}

// margin is how long after its call must have ended a dispatching delivery is given up.
func (c Config) margin() time.Duration { return 3 * c.Lease }

// Engine is the product without its outside. It is safe for concurrent use.
type Engine struct {
	deps     Deps
	config   Config
	gateways map[core.Provider]gateway.Gateway
	minters  map[string]links.Minter // by store
	log      *slog.Logger
	holder   string // names this process in leases
	turns    *turns // tenants with messages to process
	load     load
	wake     chan struct{} // a lane may be due
	media    mediaCache
	owners   owners
	visited  sync.Map // the instances whose lanes are served here
	feed     feed
	hosting  hosting

	randomMu sync.Mutex
	random   *mathrand.Rand
}

// New checks its arguments and returns an engine that does nothing until it is called. The
// error names what is missing.
func New(deps Deps, config Config) (*Engine, error) {
	for name, missing := range map[string]bool{
		"Deps.Repository": deps.Repository == nil,
		"Deps.Publisher":  deps.Publisher == nil,
		"Deps.Subscriber": deps.Subscriber == nil,
		"Deps.Gateways":   len(deps.Gateways) == 0,
		"Deps.Resolver":   deps.Resolver == nil,
		"Config.PublicURL (an http or https URL)": !strings.HasPrefix(config.PublicURL, "http://") &&
			!strings.HasPrefix(config.PublicURL, "https://"),
	} {
		if missing {
			return nil, fmt.Errorf("engine: %s is required", name)
		}
	}
	config = config.withDefaults()
	if config.Now == nil {
		config.Now = deps.Repository.Now
	}
	if config.ProofGrace <= config.SendTimeout {
		return nil, errors.New("engine: Config.ProofGrace must exceed Config.SendTimeout")
	}
	if deps.Stores == nil {
		stores, err := affiliate.NewRegistry(affiliate.Builtin()...)
		if err != nil {
			return nil, fmt.Errorf("engine: built-in stores: %w", err)
		}
		deps.Stores = stores
	}
	e := &Engine{
		deps: deps, config: config, log: config.Logger,
		gateways: make(map[core.Provider]gateway.Gateway, len(deps.Gateways)),
		minters:  make(map[string]links.Minter, len(deps.Minters)),
		turns:    newTurns(),
		wake:     make(chan struct{}, 1),
		hosting:  newHosting(),
	}
	for _, m := range deps.Minters {
		if _, known := deps.Stores.Store(m.Store()); !known || e.minters[m.Store()] != nil {
			return nil, fmt.Errorf("engine: minter for %q is given twice or for no store", m.Store())
		}
		e.minters[m.Store()] = m
	}
	for _, g := range deps.Gateways {
		name := g.Capabilities().Provider
		if name == "" || e.gateways[name] != nil {
			return nil, fmt.Errorf("engine: gateway %q is nameless or given twice", name)
		}
		e.gateways[name] = g
	}
	var seed [16]byte
	if _, err := io.ReadFull(rand.Reader, seed[:]); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e.random = mathrand.New(mathrand.NewPCG(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:])))
	holder, err := e.newID()
	if err != nil {
		return nil, err
	}
	e.holder = holder
	return e, nil
}

// Run does the work of the configured roles until ctx ends, then lets sends and handlers
// that are under way finish and returns nil. An error means that the bus gave up.
func (e *Engine) Run(ctx context.Context) error {
	if e.config.WithoutPacing {
		e.log.Warn("PACING IS OFF: no gaps, no caps, no send window. A real WhatsApp number will be banned. For benchmarks and tests only.")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var busErrs [2]error
	subscribe := func(i int, topic string, handle func(context.Context, bus.Message) error) {
		wg.Go(func() {
			if err := e.deps.Subscriber.Subscribe(ctx, topic, handle); err != nil {
				busErrs[i] = fmt.Errorf("engine: subscription to %s: %w", topic, err)
				cancel() // let the process restart rather than live by sweeps alone
			}
		})
	}
	if e.config.Roles&Worker != 0 {
		subscribe(0, TopicIngestion, e.answerDoorbell)
		wg.Go(func() { e.work(ctx) })
		wg.Go(func() { e.every(ctx, e.config.SweepEvery, e.sweep) })
	}
	if e.config.Roles&Dispatcher != 0 {
		if e.config.Roles&Worker == 0 {
			subscribe(1, TopicDispatch, e.answerDispatchBell)
		}
		sessions, endSessions := context.WithCancel(context.WithoutCancel(ctx))
		wg.Go(func() {
			defer endSessions() // only then: sends under way need their connections
			e.dispatch(ctx)
		})
		wg.Go(func() { e.host(ctx, sessions) })
		wg.Go(func() { e.every(ctx, e.config.SweepEvery, e.settleUnknown) })
		began := e.now()
		wg.Go(func() {
			e.every(ctx, e.config.SweepEvery, func(ctx context.Context) { e.checkInstances(ctx, began) })
		})
	}
	wg.Wait()
	return errors.Join(busErrs[:]...)
}

// every calls f now and then each interval until ctx ends.
func (e *Engine) every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for ctx.Err() == nil {
		f(ctx)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

// Ready says whether the engine can accept messages: its database answers.
func (e *Engine) Ready(ctx context.Context) error { return e.deps.Repository.Ping(ctx) }

// Now is the engine's clock.
func (e *Engine) Now() time.Time { return e.now() }

// Stores lists the stores links can be rewritten for, in a stable order.
func (e *Engine) Stores() []affiliate.Store { return e.deps.Stores.Stores() }

// Tenant scopes the use cases to one tenant. It does no input or output.
func (e *Engine) Tenant(id core.TenantID) *Tenant {
	return &Tenant{e: e, id: id, repo: noticed{e.deps.Repository.Tenant(id), func() { e.feed.wake(id) }}}
}

// Tenant is one customer's side of the engine: nothing reached through it belongs to
// anybody else.
type Tenant struct {
	e    *Engine
	id   core.TenantID
	repo repository.Tenant
}

// log names the tenant in every line.
func (t *Tenant) log() *slog.Logger { return t.e.log.With("user_id", string(t.id)) }

// now is the clock, in the microseconds every database keeps.
func (e *Engine) now() time.Time { return e.config.Now().UTC().Truncate(time.Microsecond) }

func (e *Engine) newID() (string, error) { return core.NewUUID(e.now(), rand.Reader) }

// newSecret returns 256 random bits as text.
func newSecret() core.Secret { return core.NewSecret(rand.Text() + rand.Text()) }

// draw gives f the shared source of randomness.
func (e *Engine) draw(f func(*mathrand.Rand)) {
	e.randomMu.Lock()
	defer e.randomMu.Unlock()
	f(e.random)
}

// checkServerShape accepts a plain http or https base URL.
func checkServerShape(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.Contains(u.Path, "..") {
		return "", core.InvalidField("api_url", core.ReasonProviderURL, "")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

package engine_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// air is a WhatsApp whose sessions live in processes. Each process has a radio.
type air struct {
	mu       sync.Mutex
	sessions map[string]*airSession
	posts    []airPost
	changed  chan struct{}
	starting int // streams that have not told anything yet
	busiest  int
	quiet    bool // linked sessions do not open by themselves
}

type airSession struct {
	linked  bool
	streams []*airStream
	most    int // streams at the same time
	begun   int
	phone   string
}

type airStream struct {
	on     *radio
	handle func(context.Context, gateway.Event) error
	end    chan error
	spoken bool
}

type airPost struct {
	on      *radio
	session string
	m       gateway.Outbound
}

func newAir() *air { return &air{sessions: map[string]*airSession{}, changed: make(chan struct{})} }

// change changes the air and wakes those who wait.
func (a *air) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.changed)
	a.changed = make(chan struct{})
}

// until waits for something in the air.
func (a *air) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		a.mu.Lock()
		done, changed := ok(), a.changed
		a.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		}
	}
}

// streaming is the one stream of a session, nil when there is none.
func (a *air) streaming(name string) *airStream {
	if s := a.sessions[name]; s != nil && len(s.streams) > 0 {
		return s.streams[0]
	}
	return nil
}

// stream is streaming for tests that do not hold the lock.
func (a *air) stream(name string) (s *airStream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.streaming(name)
}

// most is how many streams a session had at the same time.
func (a *air) most(name string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sessions[name].most
}

// tell has a session's stream tell an event, and returns what its handler said.
func (a *air) tell(name string, event gateway.Event) error {
	return a.stream(name).tell(event)
}

func (s *airStream) tell(event gateway.Event) error {
	s.on.air.change(func() {
		if !s.spoken {
			s.spoken = true
			s.on.air.starting--
		}
	})
	return s.handle(context.Background(), event)
}

// scan links a session that waits for it.
func (a *air) scan(name, phone string) error {
	a.change(func() { a.sessions[name].linked, a.sessions[name].phone = true, phone })
	return a.tell(name, gateway.Connection{State: gateway.StateOpen, Phone: phone})
}

// radio is the gateway of one process.
type radio struct{ air *air }

func (*radio) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{Provider: "radio", ClientMessageID: gateway.ClientIDHonoured, SentLookup: gateway.LookupNone}
}

func (r *radio) Provision(_ context.Context, s gateway.Session, _ gateway.Webhook) (gateway.Provisioned, error) {
	r.air.change(func() { r.air.sessions[s.Name] = &airSession{} })
	return gateway.Provisioned{}, nil
}

// here is how a session stands that is streamed on this radio.
func (r *radio) here(op string, s gateway.Session) (linked bool, phone string, err error) {
	r.air.mu.Lock()
	defer r.air.mu.Unlock()
	session := r.air.sessions[s.Name]
	if session == nil {
		return false, "", &gateway.Error{Kind: gateway.KindNotFound, Op: op}
	}
	for _, stream := range session.streams {
		if stream.on == r {
			return session.linked, session.phone, nil
		}
	}
	return false, "", &gateway.Error{Kind: gateway.KindNotConnected, Op: op}
}

func (r *radio) Connect(_ context.Context, s gateway.Session) (gateway.Pairing, error) {
	linked, _, err := r.here("connect", s)
	if err != nil {
		return gateway.Pairing{}, err
	}
	if linked {
		return gateway.Pairing{State: gateway.StateOpen}, nil
	}
	return gateway.Pairing{State: gateway.StatePairing, QR: "qr of " + s.Name}, nil
}

func (r *radio) PairingCode(_ context.Context, s gateway.Session, phone string) (string, error) {
	if _, _, err := r.here("pairing_code", s); err != nil {
		return "", err
	}
	return "code for " + phone, nil
}

func (r *radio) Status(_ context.Context, s gateway.Session) (gateway.Status, error) {
	linked, phone, err := r.here("status", s)
	if err != nil {
		return gateway.Status{}, err
	}
	if linked {
		return gateway.Status{State: gateway.StateOpen, Phone: phone}, nil
	}
	return gateway.Status{State: gateway.StatePairing}, nil
}

func (r *radio) Delete(_ context.Context, s gateway.Session) error {
	r.air.change(func() {
		if session := r.air.sessions[s.Name]; session != nil {
			for _, stream := range session.streams {
				stream.end <- &gateway.Error{Kind: gateway.KindNotFound, Op: "stream"}
			}
		}
		delete(r.air.sessions, s.Name)
	})
	return nil
}

func (r *radio) Groups(_ context.Context, s gateway.Session) ([]core.Group, error) {
	if _, _, err := r.here("groups", s); err != nil {
		return nil, err
	}
	return []core.Group{{JID: airSource, Name: "Ofertas"}, {JID: airTarget, Name: "VIP", CanPost: true}}, nil
}

const (
	airSource core.JID = "120363000000000001@g.us"
	airTarget core.JID = "120363000000000002@g.us"
)

func (r *radio) Send(_ context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	if _, _, err := r.here("send", s); err != nil {
		return gateway.Receipt{}, err
	}
	r.air.change(func() { r.air.posts = append(r.air.posts, airPost{r, s.Name, m}) })
	return gateway.Receipt{ID: m.ID}, nil
}

func (r *radio) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	stream := &airStream{on: r, handle: handle, end: make(chan error, 10)}
	missing, linked := false, false
	r.air.change(func() {
		session := r.air.sessions[s.Name]
		if missing = session == nil; missing {
			return
		}
		linked = session.linked && !r.air.quiet
		session.streams, session.begun = append(session.streams, stream), session.begun+1
		session.most = max(session.most, len(session.streams))
		r.air.starting++
		r.air.busiest = max(r.air.busiest, r.air.starting)
	})
	if missing {
		return &gateway.Error{Kind: gateway.KindNotFound, Op: "stream"}
	}
	defer r.air.change(func() {
		if !stream.spoken {
			r.air.starting--
		}
		if session := r.air.sessions[s.Name]; session != nil {
			for i, one := range session.streams {
				if one == stream {
					session.streams = append(session.streams[:i:i], session.streams[i+1:]...)
					break
				}
			}
		}
	})
	if linked {
		if err := stream.tell(gateway.Connection{State: gateway.StateOpen}); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-stream.end:
		return err
	}
}

// cluster is several processes on one database, each with its radio.
type cluster struct {
	*testing.T
	air  *air
	repo *bunrepository.Repository
	bus  *watermillbus.Bus
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{T: t, air: newAir()}
	dir := t.TempDir()
	var err error
	c.repo, err = bunrepository.OpenSQLite(t.Context(), filepath.Join(dir, "autopromo.db"), bunrepository.Options{Keys: testKeys(t)})
	c.must(err)
	t.Cleanup(func() { c.must(c.repo.Close()) })
	c.must(c.repo.Migrate(t.Context()))
	queue, err := watermillbus.OpenSQLite(t.Context(), filepath.Join(dir, "bus.db"), watermillbus.SQLiteOptions{})
	c.must(err)
	t.Cleanup(func() { c.must(queue.Close()) })
	c.bus, err = watermillbus.New(queue, queue, watermillbus.Options{})
	c.must(err)
	return c
}

func (c *cluster) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

type process struct {
	*engine.Engine
	radio *radio
	stop  func()
}

// process makes one; with roles it runs until the test, or stop, ends it.
func (c *cluster) process(roles engine.Role, repo repository.Repository, tune func(*engine.Config)) *process {
	c.Helper()
	config := engine.Config{
		PublicURL: "http://hooks.test", WithoutPacing: true, QRWait: patience, Roles: roles, Lease: time.Minute,
		IdlePoll: 20 * time.Millisecond, SweepEvery: 20 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if tune != nil {
		tune(&config)
	}
	p := &process{radio: &radio{c.air}}
	if repo == nil {
		repo = c.repo
	}
	var err error
	p.Engine, err = engine.New(engine.Deps{
		Repository: repo, Publisher: c.bus, Subscriber: c.bus, Gateways: []gateway.Gateway{p.radio}, Resolver: shortLinks{},
	}, config)
	c.must(err)
	if roles != 0 {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		p.stop = sync.OnceFunc(func() {
			cancel()
			c.must(<-done)
		})
		c.Cleanup(p.stop)
	}
	return p
}

const everyRole = engine.Worker | engine.Dispatcher

// tenant registers somebody.
func (c *cluster) tenant(at *process) *engine.Tenant {
	c.Helper()
	tenant, err := at.Register(c.Context(), engine.NewTenant{Email: rand.Text() + "@exemplo.com.br", FullName: "x"})
	c.must(err)
	return at.Tenant(tenant.ID)
}

// linked connects a tenant and scans its code.
func (c *cluster) linked(t *engine.Tenant) core.Instance {
	c.Helper()
	inst, err := t.Connect(c.Context(), engine.ConnectRequest{})
	c.must(err)
	if inst.QRCode != "qr of "+inst.Name {
		c.Fatalf("after Connect: %+v", inst)
	}
	c.must(c.air.scan(inst.Name, "5511900000002"))
	return c.instance(t, core.InstanceConnected)
}

// instance is the tenant's, once it has a status.
func (c *cluster) instance(t *engine.Tenant, want core.InstanceStatus) (inst core.Instance) {
	c.Helper()
	c.eventually("the instance is "+string(want), func() bool {
		var err error
		inst, err = t.LastInstance(c.Context())
		c.must(err)
		return inst.Status == want
	})
	return inst
}

func (c *cluster) eventually(what string, ok func() bool) {
	c.Helper()
	(&house{t: c.T}).eventually(what, ok)
}

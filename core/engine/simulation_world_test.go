package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

const replicas = 3

var (
	errTripped = errors.New("no answer")
	errDead    = errors.New("this process is dead")
)

// simulation is replicas of the engine whose every step is chosen.
type simulation struct {
	*house
	plan      script
	random    *rand.Rand
	points    points
	network   network
	gateway   faulty.FullGateway
	ahead     atomic.Int64 // how far the shared clock has jumped
	marketers []*marketer
	sessions  []string // their names at the provider
	meter     meter
	trace     hash.Hash64

	mu      sync.Mutex
	living  []*replica
	started int

	passed, kills, failures, freezes, ledgerLost, looks, redriven int
}

// now is the clock all replicas share.
func (s *simulation) now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// newSimulation builds the world and its tenants; nothing goes wrong yet.
func newSimulation(t *testing.T, seed uint64, plan script) *simulation {
	s := &simulation{
		house: &house{t: t, world: fakewhatsapp.New(fakewhatsapp.Options{Seed: seed})},
		plan:  plan, random: newRandom(seed, 1), network: network{hosts: map[string]*listener{}}, trace: fnv.New64a(),
		meter: meter{calls: map[string][]time.Time{}, under: map[string][]*replica{}, begun: map[core.DeliveryID]time.Time{}, saved: map[core.OfferID]time.Time{}},
	}
	ctx := t.Context()
	var err error
	s.repo, err = bunrepository.OpenSQLite(ctx, filepath.Join(t.TempDir(), "autopromo.db"), bunrepository.Options{Keys: testKeys(t)})
	s.must(err)
	t.Cleanup(func() { s.must(s.repo.Close()) })
	s.must(s.repo.Migrate(ctx))
	s.evolution, err = fakeevolution.New(s.world, fakeevolution.Options{APIKey: adminKey, Client: s.network.client(), RetryScale: 1, Retry: fakeevolution.Retry{Jitter: -1}})
	s.must(err)
	t.Cleanup(s.evolution.Close)
	s.network.serve(t, "provider.test:80", s.evolution)
	s.network.serve(t, "hooks.test:80", http.HandlerFunc(s.anyReplica))
	evo, err := evolution.New(evolution.Options{Client: s.network.client()})
	s.must(err)
	s.gateway = evo

	s.poster, err = s.world.AddPhone("5511900000001", "Ana Ofertas")
	s.must(err)
	s.source, err = s.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achadinhos da Ana", Admins: []*fakewhatsapp.Phone{s.poster}})
	s.must(err)
	front := s.newReplica() // only answers
	s.living = append(s.living, front)
	s.engine = front.engine
	for i := range plan.tenants {
		m := s.marketer(fmt.Sprint("loja", i), fmt.Sprintf("551190000001%d", i), fmt.Sprintf("loja%d-20", i))
		second := s.group("Segundo grupo", m.phone)
		_, err := m.AddDestination(ctx, engine.NewGroup{JID: string(second.JID())})
		s.must(err)
		_, err = m.ChangeSettings(ctx, func(c *core.Settings) error { plan.settings(c); return nil })
		s.must(err)
		s.marketers, s.sessions = append(s.marketers, m), append(s.sessions, m.instance().Name)
	}
	// Pairing takes the time it takes; from here on all is the seed's.
	s.delivered()
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(2 * time.Minute)))
	s.delivered()
	s.living = nil
	return s
}

// replica is one process.
type replica struct {
	s      *simulation
	number int
	engine *engine.Engine
	dead   atomic.Bool
	done   chan error

	life, serving context.Context // until it is killed, until it shall end
	die, cancel   context.CancelFunc
}

// startReplica starts a process.
func (s *simulation) startReplica() {
	r := s.newReplica()
	go func() { r.done <- r.engine.Run(r.serving) }()
	s.mu.Lock()
	s.living = append(s.living, r)
	s.mu.Unlock()
	synctest.Wait()
}

func (s *simulation) newReplica() *replica {
	s.mu.Lock()
	s.started++
	r := &replica{s: s, number: s.started, done: make(chan error, 1)}
	s.mu.Unlock()
	bell := lossy{}
	e, err := engine.New(engine.Deps{
		Repository: watched{s.repo, r}, Publisher: bell, Subscriber: bell,
		Gateways: []gateway.Gateway{paced{faulty.Gateway(called{s.gateway, r}, r.trip("")), r}}, Resolver: shortLinks{},
	}, engine.Config{
		PublicURL: "http://hooks.test", Servers: map[core.Provider]engine.Server{evolution.Name: {URL: "http://provider.test", Key: core.NewSecret(adminKey)}},
		IdlePoll: s.plan.idlePoll, SweepEvery: 2 * s.plan.idlePoll, DoorbellGrace: time.Millisecond, SendTimeout: 30 * time.Second,
		Senders: 1000, // with a place always free, a dispatcher that wakes up has one reason for it
		Logger:  slog.New(slog.DiscardHandler), Now: s.now,
	})
	s.must(err)
	r.engine = e
	r.life, r.die = context.WithCancel(context.Background())
	r.serving, r.cancel = context.WithCancel(context.Background())
	return r
}

// kill ends a process where it stands: nothing it does from now on has an effect.
func (r *replica) kill() {
	r.dead.Store(true)
	r.s.mu.Lock()
	r.s.living = slices.DeleteFunc(r.s.living, func(other *replica) bool { return other == r })
	r.s.mu.Unlock()
	r.s.points.release(r)
	r.die()
	r.cancel()
	synctest.Wait()
}

// end stops a process in order.
func (r *replica) end() {
	r.cancel()
	r.s.must(<-r.done)
}

// trip makes a process stand at each point until it is let go. whose makes points of
// different tenants different.
func (r *replica) trip(whose string) faulty.Trip {
	return func(ctx context.Context, name string) error {
		switch {
		case r.dead.Load():
			return errDead
		case ctx.Err() != nil && !strings.HasSuffix(name, ".after"):
			return ctx.Err()
		case strings.HasPrefix(name, "lane.renew"):
			// A process that stands still within its call to the provider loses its lane all the
			// same; what that means takes real processes to try.
			return nil
		}
		name += " " + whose
		if request := ctx.Value(requestKey{}); request != nil {
			name = fmt.Sprint(name, " ", request)
		}
		return r.s.points.stand(r, name)
	}
}

// requestKey is where a webhook's context says which one it is.
type requestKey struct{}

// anyReplica is the load balancer in front of the replicas. It goes by what a webhook says,
// because of several at once any may be the first.
func (s *simulation) anyReplica(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	sum := fnv.New32a()
	sum.Write(body)
	s.mu.Lock()
	living := slices.Clone(s.living)
	s.mu.Unlock()
	if len(living) == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	req = req.WithContext(context.WithValue(req.Context(), requestKey{}, sum.Sum32()))
	req.Body = io.NopCloser(bytes.NewReader(body))
	(&house{engine: living[int(sum.Sum32()>>1)%len(living)].engine}).webhook(w, req)
}

// points is where goroutines stand.
type points struct {
	mu      sync.Mutex
	active  bool
	waiting []*point
}

type point struct {
	replica *replica
	name    string
	answer  chan error
}

func (p *points) stand(r *replica, name string) error {
	p.mu.Lock()
	if !p.active {
		p.mu.Unlock()
		return nil
	}
	one := &point{r, name, make(chan error, 1)}
	p.waiting = append(p.waiting, one)
	p.mu.Unlock()
	return <-one.answer
}

// sorted lists those that wait, in an order that does not depend on who came first.
func (p *points) sorted() []*point {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(p.waiting, func(a, b *point) int {
		return cmp.Or(cmp.Compare(a.replica.number, b.replica.number), strings.Compare(a.name, b.name))
	})
	return slices.Clone(p.waiting)
}

func (p *points) resume(one *point, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *point) bool { return other == one })
	one.answer <- err
}

// release lets go all that a dead process has waiting, or everybody when r is nil.
func (p *points) release(r *replica) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(one *point) bool {
		switch {
		case r == nil:
			one.answer <- nil
		case one.replica == r:
			one.answer <- errDead
		}
		return r == nil || one.replica == r
	})
}

// meter is what the provider's side would see of the pace.
type meter struct {
	mu      sync.Mutex
	calls   map[string][]time.Time // by session
	sending []*replica
	under   map[string][]*replica
	most    int
	begun   map[core.DeliveryID]time.Time
	saved   map[core.OfferID]time.Time // first
}

func (m *meter) save(id core.OfferID, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved[id].IsZero() {
		m.saved[id] = at
	}
}

func (m *meter) begin(id core.DeliveryID, looked time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun[id] = looked
}

// idle says that no living process is about to send, or does.
func (m *meter) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sending = slices.DeleteFunc(m.sending, func(r *replica) bool { return r.dead.Load() })
	return len(m.sending) == 0
}

func (m *meter) send(r *replica, session string, at time.Time) (over func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls[session] = append(m.calls[session], at)
	m.sending = append(m.sending, r)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sending = without(m.sending, r)
	}
}

func (m *meter) call(r *replica, session string) (over func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.under[session] = append(slices.DeleteFunc(m.under[session], func(other *replica) bool { return other.dead.Load() }), r)
	m.most = max(m.most, len(m.under[session]))
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.under[session] = without(m.under[session], r)
	}
}

// without takes one call of a replica away.
func without(calls []*replica, r *replica) []*replica {
	if i := slices.Index(calls, r); i >= 0 {
		return slices.Delete(calls, i, i+1)
	}
	return calls
}

// paced is the provider as the engine calls it, and when.
type paced struct {
	faulty.FullGateway
	r *replica
}

func (g paced) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	defer g.r.s.meter.send(g.r, s.Name, g.r.s.now())()
	return g.FullGateway.Send(ctx, s, m)
}

// called is the provider as it is called: a call begins after what held the engine up, and
// ends with its process.
type called struct {
	faulty.FullGateway
	r *replica
}

func (g called) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	defer g.r.s.meter.call(g.r, s.Name)()
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(g.r.life, cancel)()
	return g.FullGateway.Send(ctx, s, m)
}

// lossy is a bus that loses every doorbell: whatever is found, a sweep finds it.
type lossy struct{}

func (lossy) Publish(context.Context, string, ...bus.Message) error { return nil }

func (lossy) Subscribe(ctx context.Context, _ string, _ func(context.Context, bus.Message) error) error {
	<-ctx.Done()
	return nil
}

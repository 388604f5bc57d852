package engine_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

const (
	patience = time.Minute // for a condition that comes about at once unless it never does
	adminKey = "chave-do-operador"
)

// shortLinks resolves what the test says and knows nothing else.
type shortLinks map[string]string

func (s shortLinks) Resolve(_ context.Context, link string, stop func(string) bool) (string, error) {
	final, ok := s[link]
	if !ok || !stop(final) {
		return "", links.ErrInconclusive
	}
	return final, nil
}

// house is the engine on its embedded adapters, in front of a simulated WhatsApp behind a
// fake Evolution API.
type house struct {
	t         *testing.T
	engine    *engine.Engine
	repo      *bunrepository.Repository
	world     *fakewhatsapp.World
	evolution *fakeevolution.Server
	poster    *fakewhatsapp.Phone
	source    *fakewhatsapp.Group
	wire      *wire
	clock     atomic.Int64 // how far the engine's clock is off
	stop      func()       // ends Run
	stopping  <-chan struct{}
}

func build(t *testing.T, tune func(*engine.Config)) *house {
	return buildOn(t, tune, func(*engine.Deps) {})
}

// buildOn lets a test exchange what the engine works through.
func buildOn(t *testing.T, tune func(*engine.Config), exchange func(*engine.Deps)) *house {
	t.Helper()
	h := &house{t: t, world: fakewhatsapp.New(fakewhatsapp.Options{})}
	dir := t.TempDir()
	ctx := t.Context()
	var err error
	h.repo, err = bunrepository.OpenSQLite(ctx, filepath.Join(dir, "autopromo.db"), bunrepository.Options{Keys: testKeys(t)})
	h.must(err)
	t.Cleanup(func() { h.must(h.repo.Close()) })
	h.must(h.repo.Migrate(ctx))
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(dir, "bus.db"), watermillbus.SQLiteOptions{})
	h.must(err)
	t.Cleanup(func() { h.must(queue.Close()) })
	bus, err := watermillbus.New(queue, queue, watermillbus.Options{})
	h.must(err)

	h.evolution, err = fakeevolution.New(h.world, fakeevolution.Options{APIKey: adminKey})
	h.must(err)
	provider := httptest.NewServer(h.evolution)
	t.Cleanup(func() { h.evolution.Close(); provider.Close() })
	evo, err := evolution.New(evolution.Options{Client: provider.Client()})
	h.must(err)
	h.wire = &wire{Gateway: evo, after: map[string]func(){}}

	hooks := httptest.NewServer(http.HandlerFunc(h.webhook))
	t.Cleanup(hooks.Close)
	config := engine.Config{
		PublicURL: hooks.URL, Servers: map[core.Provider]engine.Server{evolution.Name: {URL: provider.URL, Key: core.NewSecret(adminKey)}},
		WithoutPacing: true, QRWait: patience, IdlePoll: 20 * time.Millisecond, SweepEvery: 20 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:    func() time.Time { return time.Now().Add(time.Duration(h.clock.Load())) },
	}
	if tune != nil {
		tune(&config)
	}
	deps := engine.Deps{
		Repository: h.repo, Publisher: bus, Subscriber: bus, Gateways: []gateway.Gateway{h.wire},
		Resolver: shortLinks{"https://amzn.to/curto": "https://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20"},
	}
	exchange(&deps)
	h.engine, err = engine.New(deps, config)
	h.must(err)

	h.poster, err = h.world.AddPhone("5511900000001", "Ana Ofertas")
	h.must(err)
	h.source, err = h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: "Achadinhos da Ana", Admins: []*fakewhatsapp.Phone{h.poster}})
	h.must(err)
	return h
}

// start runs the engine's loops until the test, or h.stop, ends them.
func (h *house) start() *house {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	h.stopping = ctx.Done()
	go func() { done <- h.engine.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		h.must(<-done)
	})
	h.t.Cleanup(h.stop)
	return h
}

// webhook is the least an embedder writes.
func (h *house) webhook(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	err := h.engine.Ingest(r.Context(), engine.Webhook{
		Token: r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], Instance: r.Header.Get("X-Instance-Name"),
		Request: gateway.Request{Header: r.Header, Body: body},
	})
	switch core.CodeOf(err) {
	case "":
	case core.CodeUnauthenticated:
		w.WriteHeader(http.StatusUnauthorized)
	case core.CodeInvalid:
		w.WriteHeader(http.StatusUnprocessableEntity)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// marketer is a tenant with a phone in the source group and one group of their own.
type marketer struct {
	*engine.Tenant
	h     *house
	id    core.TenantID
	phone *fakewhatsapp.Phone
	group *fakewhatsapp.Group
}

// marketer registers a tenant whose phone is in the source group and in a group of their
// own, both switched on, with an Amazon tag.
func (h *house) marketer(name, number, tag string) *marketer {
	h.t.Helper()
	m := h.newcomer(name, number)
	m.connect()
	ctx := h.t.Context()
	_, err := m.AddSource(ctx, engine.NewGroup{JID: string(h.source.JID())})
	h.must(err)
	_, err = m.AddDestination(ctx, engine.NewGroup{JID: string(m.group.JID())})
	h.must(err)
	_, err = m.AddTag(ctx, engine.TagInput{Store: "amazon", Code: tag})
	h.must(err)
	return m
}

func (h *house) newcomer(name, number string) *marketer {
	h.t.Helper()
	tenant, err := h.engine.Register(h.t.Context(), engine.NewTenant{Email: name + "@exemplo.com.br", FullName: name})
	h.must(err)
	phone, err := h.world.AddPhone(number, name)
	h.must(err)
	h.source.Add(phone)
	m := &marketer{Tenant: h.engine.Tenant(tenant.ID), h: h, id: tenant.ID, phone: phone, group: h.group("Grupo de "+name, phone)}
	return m
}

func (h *house) group(subject string, admin *fakewhatsapp.Phone) *fakewhatsapp.Group {
	h.t.Helper()
	g, err := h.world.AddGroup(fakewhatsapp.GroupSpec{Subject: subject, Admins: []*fakewhatsapp.Phone{admin}})
	h.must(err)
	return g
}

// connect goes from nothing to an open session, as a person would.
func (m *marketer) connect() core.Instance {
	m.h.t.Helper()
	inst, err := m.Connect(m.h.t.Context(), engine.ConnectRequest{})
	m.h.must(err)
	if inst.Status != core.InstanceConnecting || inst.QRCode == "" {
		m.h.t.Fatalf("after Connect: status %s, QR code %q", inst.Status, inst.QRCode)
	}
	m.h.must(m.h.evolution.Scan(inst.Name, m.phone))
	return m.waitStatus(core.InstanceConnected)
}

func (m *marketer) waitStatus(want core.InstanceStatus) core.Instance {
	m.h.t.Helper()
	var inst core.Instance
	m.h.eventually("the instance is "+string(want), func() bool {
		var err error
		inst, err = m.h.repo.Tenant(m.id).Instance().Get(m.h.t.Context())
		m.h.must(err)
		return inst.Status == want
	})
	return inst
}

func (h *house) post(text string) fakewhatsapp.Post {
	h.t.Helper()
	p, err := h.poster.PostText(h.source.JID(), text)
	h.must(err)
	return p
}

// received waits for the nth message of the tenant's session in its group.
func (m *marketer) received(n int) fakewhatsapp.Post {
	m.h.t.Helper()
	m.h.eventually("the group gets its message", func() bool { return len(m.h.world.PostedIn(m.group.JID())) >= n })
	return m.h.world.PostedIn(m.group.JID())[n-1]
}

// offers waits until the tenant has n offers that satisfy ok, newest first.
func (m *marketer) offers(n int, ok func(core.Offer) bool) []core.Offer {
	m.h.t.Helper()
	var list []core.Offer
	m.h.eventually("the tenant's offers are as they should be", func() bool {
		var err error
		list, err = m.Offers(m.h.t.Context(), repository.OfferQuery{Limit: 50})
		m.h.must(err)
		good := 0
		for _, o := range list {
			if ok == nil || ok(o) {
				good++
			}
		}
		return good >= n
	})
	return list
}

// eventually waits for a condition, looking again after every change a moment later.
func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			h.t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func state(s core.DeliveryState) func(core.Offer) bool {
	return func(o core.Offer) bool { return len(o.Deliveries) > 0 && o.Deliveries[0].State == s }
}

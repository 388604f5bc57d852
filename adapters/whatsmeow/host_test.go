package whatsmeow_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/autopromo-cloud/autopromo/adapters/whatsmeow"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

// scene is a world behind its endpoint, a gateway that knows no other WhatsApp, and the
// database with its sessions.
type scene struct {
	testing.TB
	ctx     context.Context
	world   *fakewhatsapp.World
	server  *endpoint.Server
	db      *sql.DB
	logs    *strings.Builder
	options whatsmeow.Options
	gateway *whatsmeow.Gateway
	ana     *fakewhatsapp.Phone // owns the groups
}

func newScene(tb testing.TB, change func(*whatsmeow.Options)) *scene {
	tb.Helper()
	world := fakewhatsapp.New(fakewhatsapp.Options{})
	ana, err := world.AddPhone("5511900000001", "Ana")
	if err != nil {
		tb.Fatal(err)
	}
	return newSceneIn(tb, world, ana, change)
}

func newSceneIn(tb testing.TB, world *fakewhatsapp.World, ana *fakewhatsapp.Phone, change func(*whatsmeow.Options)) *scene {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	tb.Cleanup(cancel)
	s := &scene{TB: tb, ctx: ctx, world: world, ana: ana, logs: &strings.Builder{}}
	var err error
	s.server, err = endpoint.New(s.world)
	s.must(err)
	tb.Cleanup(s.server.Close)
	s.db, err = sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "sessions.db")+
		"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(0)&_txlock=immediate")
	s.must(err)
	tb.Cleanup(func() { _ = s.db.Close() })
	s.db.SetMaxOpenConns(1) // as the product's writer has it
	s.options = whatsmeow.Options{
		DB: s.db, Dialect: whatsmeow.SQLite, Client: s.server.HTTPClient(),
		Logger:   slog.New(slog.NewTextHandler(&locked{w: s.logs}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Timeouts: whatsmeow.Timeouts{Send: 2 * time.Second},
		Pauses:   whatsmeow.Pauses{First: 20 * time.Millisecond, Longest: 100 * time.Millisecond},
	}
	if change != nil {
		change(&s.options)
	}
	s.gateway = s.newGateway()
	s.must(s.gateway.Migrate(ctx))
	s.must(s.gateway.Migrate(ctx))
	return s
}

// newGateway is another process on the same database.
func (s *scene) newGateway() *whatsmeow.Gateway {
	s.Helper()
	g, err := whatsmeow.New(s.options)
	s.must(err)
	return g
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

type locked struct {
	mu sync.Mutex
	w  *strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// host streams one session and keeps what it was told.
type host struct {
	*scene
	session gateway.Session
	stop    context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	events  []gateway.Event
	refuse  int   // so many messages are refused
	ended   error // of the stream
	changed chan struct{}
}

// host starts to stream a session.
func (s *scene) host(g *whatsmeow.Gateway, name string) *host {
	s.Helper()
	ctx, stop := context.WithCancel(context.Background())
	h := &host{scene: s, session: gateway.Session{Name: name}, stop: stop, done: make(chan struct{}), changed: make(chan struct{})}
	go func() {
		defer close(h.done)
		err := g.Stream(ctx, h.session, h.handle)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ended = err
	}()
	s.Cleanup(h.leave)
	// It can be used from when its state is known.
	for gateway.KindOf(statusOf(s, g, name)) == gateway.KindNotConnected {
		select {
		case <-h.done:
			return h
		case <-time.After(time.Millisecond):
		}
	}
	return h
}

func statusOf(s *scene, g *whatsmeow.Gateway, name string) error {
	_, err := g.Status(s.ctx, gateway.Session{Name: name})
	return err
}

// leave ends the stream and waits for its end.
func (h *host) leave() {
	h.stop()
	<-h.done
}

var errRefused = errors.New("the inbox is full")

func (h *host) handle(_ context.Context, e gateway.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := e.(gateway.Message); ok && h.refuse > 0 {
		h.refuse--
		return errRefused
	}
	h.events = append(h.events, e)
	close(h.changed)
	h.changed = make(chan struct{})
	return nil
}

// await returns the first event of type E that fits, waiting for it.
func await[E gateway.Event](h *host, fits func(E) bool) E {
	h.Helper()
	for {
		h.mu.Lock()
		for _, e := range h.events {
			if typed, ok := e.(E); ok && fits(typed) {
				h.mu.Unlock()
				return typed
			}
		}
		changed := h.changed
		h.mu.Unlock()
		select {
		case <-changed:
		case <-h.ctx.Done():
			h.Fatalf("no %T came", *new(E))
		}
	}
}

// count counts the events of type E that fit.
func count[E gateway.Event](h *host, fits func(E) bool) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, e := range h.events {
		if typed, ok := e.(E); ok && fits(typed) {
			n++
		}
	}
	return n
}

func inState(state gateway.State) func(gateway.Connection) bool {
	return func(c gateway.Connection) bool { return c.State == state }
}

func saying(words string) func(gateway.Message) bool {
	return func(m gateway.Message) bool { return m.Text == words }
}

// forgetEvents starts the record anew.
func (h *host) forgetEvents() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = nil
}

// outcome waits for the end of the stream and returns its error.
func (h *host) outcome() error {
	h.Helper()
	select {
	case <-h.done:
	case <-h.ctx.Done():
		h.Fatal("the stream did not end")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended
}

// link provisions a session, streams it and has a new phone scan its QR code.
func (s *scene) link(name, number string) (*host, *fakewhatsapp.Phone) {
	s.Helper()
	_, err := s.gateway.Provision(s.ctx, gateway.Session{Name: name}, gateway.Webhook{})
	s.must(err)
	h := s.host(s.gateway, name)
	phone, err := s.world.AddPhone(number, "Tenant")
	s.must(err)
	pairing, err := s.gateway.Connect(s.ctx, h.session)
	s.must(err)
	if pairing.State != gateway.StatePairing || pairing.QR == "" {
		s.Fatalf("Connect gave %q, a QR code: %v", pairing.State, pairing.QR != "")
	}
	s.must(s.server.Scan(phone, name, pairing.QR))
	await(h, inState(gateway.StateOpen))
	s.must(s.server.WaitConnected(s.ctx, name, true))
	return h, phone
}

// group makes a group of Ana's with the phone in it.
func (s *scene) group(phone *fakewhatsapp.Phone) *fakewhatsapp.Group {
	s.Helper()
	g, err := s.world.AddGroup(fakewhatsapp.GroupSpec{
		Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{phone},
	})
	s.must(err)
	return g
}

// post has Ana write in a group.
func (s *scene) post(g *fakewhatsapp.Group, words string) fakewhatsapp.Post {
	s.Helper()
	p, err := s.ana.PostText(g.JID(), words)
	s.must(err)
	return p
}

func (h *host) send(to core.JID, id core.MessageID, words string) error {
	_, err := h.gateway.Send(h.ctx, h.session, gateway.Outbound{ID: id, To: to, Text: words})
	return err
}

func wantKind(tb testing.TB, err error, kind gateway.Kind) {
	tb.Helper()
	var e *gateway.Error
	if !errors.As(err, &e) || e.Kind != kind {
		tb.Errorf("the error is %v, want %s", err, kind)
	}
}

package endpoint_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	_ "modernc.org/sqlite"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

const session = "client"

// scene is a world with Ana, who owns a group, and Bia in it, whose device is a real
// whatsmeow client.
type scene struct {
	*testing.T
	ctx      context.Context
	world    *fakewhatsapp.World
	server   *endpoint.Server
	ana, bia *fakewhatsapp.Phone
	group    *fakewhatsapp.Group
	client   *whatsmeow.Client
	events   chan any
}

func newScene(t *testing.T) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	w := fakewhatsapp.New(fakewhatsapp.Options{})
	server, err := endpoint.New(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s := &scene{T: t, ctx: ctx, world: w, server: server, events: make(chan any, 200)}
	s.ana, s.bia = s.phone("5511900000001", "Ana"), s.phone("5511900000002", "Bia")
	s.group, err = w.AddGroup(fakewhatsapp.GroupSpec{
		Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{s.bia},
	})
	s.must(err)
	container, err := sqlstore.New(ctx, "sqlite",
		"file:"+filepath.Join(t.TempDir(), "client.db")+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)&_pragma=synchronous(0)&_txlock=immediate", waLog.Noop)
	s.must(err)
	t.Cleanup(func() { _ = container.Close() })
	s.client = whatsmeow.NewClient(container.NewDevice(), waLog.Noop)
	s.client.SetPreLoginHTTPClient(server.HTTPClient())
	s.client.SetWebsocketHTTPClient(server.HTTPClient())
	s.client.SetMediaHTTPClient(server.HTTPClient())
	s.client.AddEventHandler(func(e any) { s.events <- e })
	t.Cleanup(s.client.Disconnect)
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) phone(number, name string) *fakewhatsapp.Phone {
	s.Helper()
	p, err := s.world.AddPhone(number, name)
	s.must(err)
	return p
}

// await returns the next event of type E that fits; others are dropped.
func await[E any](s *scene, fits func(E) bool) E {
	s.Helper()
	for {
		select {
		case e := <-s.events:
			if typed, ok := e.(E); ok && fits(typed) {
				return typed
			}
		case <-s.ctx.Done():
			s.Fatalf("no %T came", *new(E))
		}
	}
}

func all[E any](E) bool { return true }

// link scans the client's QR code with Bia's phone.
func (s *scene) link() {
	s.Helper()
	s.must(s.client.ConnectContext(context.WithoutCancel(s.ctx)))
	qr := await(s, all[*events.QR])
	s.must(s.server.Scan(s.bia, session, qr.Codes[0]))
	await(s, all[*events.Connected])
	s.must(s.server.WaitConnected(s.ctx, session, true))
}

func (s *scene) chat() types.JID {
	jid, err := types.ParseJID(string(s.group.JID()))
	s.must(err)
	return jid
}

// message waits for a message with content.
func (s *scene) message() *events.Message {
	s.Helper()
	return await(s, func(m *events.Message) bool {
		return m.Message.GetSenderKeyDistributionMessage() == nil
	})
}

func ids(frames []endpoint.Frame) []core.MessageID {
	var all []core.MessageID
	for _, f := range frames {
		all = append(all, f.ID)
	}
	slices.Sort(all)
	return all
}

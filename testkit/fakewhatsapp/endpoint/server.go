package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// ErrUnknownSession says that no linked device has that session name.
var ErrUnknownSession = errors.New("endpoint: no linked device of that name")

// Server is one WhatsApp Web endpoint for one World. Make it with [New].
type Server struct {
	world       *fakewhatsapp.World
	credentials *credentials
	listener    net.Listener
	http        *http.Server
	context     context.Context
	stop        context.CancelFunc
	running     sync.WaitGroup

	mu      sync.Mutex
	offline bool
	conns   map[*conn]bool
	phones  map[*fakewhatsapp.Phone]*phone
	devices map[types.JID]*device // by address with device number
	numbers map[*fakewhatsapp.Phone]uint16
	uploads map[string][]byte // encrypted media by path
	frames  []Frame
	seen    map[string]bool // encrypted stanzas that were read
	faults  map[string][]Fault
	logins  map[string][]LoginFailure
	serial  uint64
	changed chan struct{} // closed and replaced when a connection, queue or frame changes
}

// New starts an endpoint for the phones and groups of world.
func New(world *fakewhatsapp.World) (*Server, error) {
	id, err := newCredentials()
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	s := &Server{
		world: world, credentials: id, listener: listener,
		conns:   map[*conn]bool{},
		phones:  map[*fakewhatsapp.Phone]*phone{},
		devices: map[types.JID]*device{},
		numbers: map[*fakewhatsapp.Phone]uint16{},
		uploads: map[string][]byte{},
		seen:    map[string]bool{},
		faults:  map[string][]Fault{},
		logins:  map[string][]LoginFailure{},
		changed: make(chan struct{}),
	}
	s.context, s.stop = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: s,
		// HTTP/2 has no upgrade to a WebSocket that the client would use.
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{id.web}, NextProtos: []string{"http/1.1"}},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	s.running.Go(func() { _ = s.http.ServeTLS(listener, "", "") })
	return s, nil
}

// Close ends all connections and waits for everything it started.
func (s *Server) Close() {
	s.stop()
	_ = s.http.Close()
	s.mu.Lock()
	s.cutLocked(func(*conn) bool { return true })
	s.mu.Unlock()
	s.running.Wait()
}

// HTTPClient returns a client for which every host is this server, with the server's own
// certificate as the only trusted one. Give it to whatsmeow for its sockets and its media.
func (s *Server) HTTPClient() *http.Client {
	return client(s.listener.Addr().String(), s.credentials.roots)
}

// Frame is one message stanza as a device sent it.
type Frame struct {
	Session string
	Group   core.JID
	ID      core.MessageID
	// Unread are the members whose phones could not decrypt it.
	Unread []core.JID
}

// Frames returns the message stanzas that came in with this id, oldest first; all of them
// when the id is empty.
func (s *Server) Frames(id core.MessageID) []Frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Frame
	for _, f := range s.frames {
		if id == "" || f.ID == id {
			found = append(found, f)
		}
	}
	return found
}

// Uploads counts the media that devices have uploaded.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

// Connected says whether the session's device is connected and takes messages.
func (s *Server) Connected(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deviceLocked(session)
	return d != nil && d.conn != nil && d.conn.active
}

// WaitConnected returns when [Server.Connected] is want, or with the error of ctx.
func (s *Server) WaitConnected(ctx context.Context, session string, want bool) error {
	return s.wait(ctx, func() bool {
		d := s.deviceLocked(session)
		return (d != nil && d.conn != nil && d.conn.active) == want
	})
}

// WaitDelivered returns when the session's device has acknowledged everything that
// happened for it so far, or with the error of ctx.
func (s *Server) WaitDelivered(ctx context.Context, session string) error {
	s.mu.Lock()
	d := s.deviceLocked(session)
	s.mu.Unlock()
	if d == nil {
		return ErrUnknownSession
	}
	if err := d.session.WaitDrained(ctx); err != nil {
		return err
	}
	return s.wait(ctx, func() bool { return len(d.queue) == 0 })
}

// wait returns when done is true, which is asked under the lock.
func (s *Server) wait(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// touchLocked wakes those who wait.
func (s *Server) touchLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) deviceLocked(session string) *device {
	for _, d := range s.devices {
		if d.session.Name() == session {
			return d
		}
	}
	return nil
}

// nextID makes an id for a stanza of the server.
func (s *Server) nextID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return fmt.Sprintf("srv-%d", s.serial)
}

// cutLocked closes the sockets that match, without a word.
func (s *Server) cutLocked(match func(*conn) bool) {
	for c := range s.conns {
		if match(c) {
			c.cut()
		}
	}
}

// phone returns the Signal side of a phone of the world.
func (s *Server) phone(p *fakewhatsapp.Phone) *phone {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.phones[p]
	if known == nil {
		known = newPhone(p)
		s.phones[p] = known
	}
	return known
}

// participants are the phones of a group.
func (s *Server) participants(g fakewhatsapp.GroupInfo) []*phone {
	phones := make([]*phone, 0, len(g.Members))
	for _, m := range g.Members {
		phones = append(phones, s.phone(m.Phone))
	}
	return phones
}

// serverTime is the world's clock as stanzas carry it.
func serverTime(t time.Time) string { return fmt.Sprint(t.Unix()) }

func parseJID(j core.JID) types.JID {
	parsed, err := types.ParseJID(string(j))
	if err != nil {
		return types.EmptyJID
	}
	return parsed
}

// sortedJIDs orders addresses, so that frames compare.
func sortedJIDs(j []core.JID) []core.JID {
	slices.Sort(j)
	return j
}

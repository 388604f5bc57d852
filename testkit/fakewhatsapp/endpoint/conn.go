package endpoint

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// The parts of a stanza.
type (
	node  = binary.Node
	attrs = binary.Attrs
)

// largestMessage is what one WebSocket message may hold.
const largestMessage = 1 << 25

// conn is one socket of a client.
type conn struct {
	server *Server
	ws     *websocket.Conn
	ctx    context.Context
	cut    context.CancelFunc // closes the socket without a word
	buffer []byte

	readKey   cipher.AEAD
	readCount uint32

	write      sync.Mutex
	writeKey   cipher.AEAD
	writeCount uint32

	said    hello
	device  *device  // of a linked client, else nil
	pairing *pairing // of one that is not linked, else nil
	active  bool     // guarded by server.mu; the device wants its stanzas
}

// ServeHTTP implements [http.Handler]: the socket, and the media host.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	offline := s.offline
	s.mu.Unlock()
	switch {
	case offline:
		http.Error(w, "offline", http.StatusServiceUnavailable)
	case strings.HasPrefix(r.URL.Path, "/ws/chat"):
		s.serveSocket(w, r)
	default:
		s.serveMedia(w, r)
	}
}

func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // any origin
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	ws.SetReadLimit(largestMessage)
	c := &conn{server: s, ws: ws}
	c.ctx, c.cut = context.WithCancel(s.context)
	defer c.cut()
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	_ = c.run() // why a socket ended is of no use to the other side's test
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	c.active = false
	if c.device != nil && c.device.conn == c {
		c.device.conn = nil
	}
	s.touchLocked()
}

func (c *conn) run() (err error) {
	if c.said, err = c.handshake(); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if c.said.payload.GetDevicePairingData() != nil {
		err = c.greetStranger()
	} else {
		err = c.greetDevice()
	}
	for err == nil {
		var n *node
		if n, err = c.receive(); err == nil {
			err = c.handle(n)
		}
	}
	if errors.Is(err, errEnded) {
		c.endSoon()
		for _, err = c.receive(); err == nil; _, err = c.receive() {
			continue // what comes after the end is not heard
		}
	}
	return err
}

// read returns exactly n bytes of the stream that the WebSocket messages make up.
func (c *conn) read(n int) ([]byte, error) {
	for len(c.buffer) < n {
		_, data, err := c.ws.Read(c.ctx)
		if err != nil {
			return nil, err
		}
		c.buffer = append(c.buffer, data...)
	}
	data := append([]byte{}, c.buffer[:n]...)
	c.buffer = c.buffer[n:]
	return data, nil
}

// readFrame reads one frame: three bytes of length, then so many bytes.
func (c *conn) readFrame() ([]byte, error) {
	head, err := c.read(3)
	if err != nil {
		return nil, err
	}
	return c.read(int(head[0])<<16 | int(head[1])<<8 | int(head[2]))
}

func (c *conn) writeFrame(data []byte) error {
	head := []byte{byte(len(data) >> 16), byte(len(data) >> 8), byte(len(data))}
	return c.ws.Write(c.ctx, websocket.MessageBinary, append(head, data...))
}

func (c *conn) receive() (*node, error) {
	frame, err := c.readFrame()
	if err != nil {
		return nil, err
	}
	plain, err := c.readKey.Open(nil, nonce(c.readCount), frame, nil)
	c.readCount++
	if err != nil {
		return nil, err
	}
	if plain, err = binary.Unpack(plain); err != nil {
		return nil, err
	}
	return binary.Unmarshal(plain)
}

func (c *conn) send(n node) error {
	data, err := binary.Marshal(n)
	if err != nil {
		return err
	}
	c.write.Lock()
	defer c.write.Unlock()
	sealed := c.writeKey.Seal(nil, nonce(c.writeCount), data, nil)
	c.writeCount++
	return c.writeFrame(sealed)
}

// errEnded ends a connection after its last stanza.
var errEnded = errors.New("the server ended the connection")

// greetDevice lets a linked device in, or says why not.
func (c *conn) greetDevice() error {
	s := c.server
	address := types.JID{
		User: fmt.Sprint(c.said.payload.GetUsername()), Device: uint16(c.said.payload.GetDevice()),
		Server: types.DefaultUserServer,
	}
	s.mu.Lock()
	d := s.devices[address]
	var failure *LoginFailure
	if d == nil || string(d.noise) != string(c.said.static) {
		failure = &LoginFailure{Reason: 401}
	} else if waiting := s.logins[d.session.Name()]; len(waiting) > 0 {
		failure = &waiting[0]
		s.logins[d.session.Name()] = waiting[1:]
	}
	var replaced *conn
	if failure == nil {
		replaced, d.conn, c.device = d.conn, c, d
	}
	s.mu.Unlock()
	if failure != nil {
		return errors.Join(c.send(failure.node()), errEnded)
	}
	if replaced != nil {
		_ = replaced.send(conflict("replaced", ""))
		replaced.endSoon()
	}
	return c.send(node{Tag: "success", Attrs: attrs{
		"t": serverTime(s.world.Now()), "lid": d.lid, "props": "27", "creation": "1700000000",
	}})
}

// grace is how long the client has to act on a last stanza before the socket closes: this
// version of whatsmeow may drop what it received and had not handled when that happens.
const grace = 300 * time.Millisecond

// endSoon closes the socket after the grace.
func (c *conn) endSoon() {
	c.server.running.Go(func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			c.cut()
		case <-c.ctx.Done():
		}
	})
}

// conflict is how the server takes a connection away.
func conflict(kind, code string) node {
	n := node{Tag: "stream:error", Attrs: attrs{}, Content: []node{{Tag: "conflict", Attrs: attrs{"type": kind}}}}
	if code != "" {
		n.Attrs["code"] = code
	}
	return n
}

package whatsmeow

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// connection is one client of the library, from its connecting until it is down.
type connection struct {
	stream *stream
	client *whatsmeow.Client
	ctx    context.Context
	over   chan verdict // gets how it ended, once
	codes  chan []string
	pairs  bool
	paired chan struct{} // a phone has agreed
	// restart says that WhatsApp asks the new device to connect again.
	restart chan struct{}
	// dropped says that the library has let the socket go; it is not told of every end.
	dropped chan struct{}

	// guarded by stream.handling
	closed bool

	// guarded by stream.mu
	me, lid types.JID
	stale   map[types.JID]bool // groups whose members must be asked for again
}

// client prepares a client of the library for one connection.
func (g *Gateway) client(device *store.Device) *whatsmeow.Client {
	client := whatsmeow.NewClient(device, quiet{log: g.log})
	client.SetPreLoginHTTPClient(g.options.Client)
	client.SetWebsocketHTTPClient(g.options.Client)
	client.SetMediaHTTPClient(g.media)
	client.EnableAutoReconnect = false
	client.DisableLoginAutoReconnect = true
	client.SynchronousAck = true             // acknowledge what the handler took
	client.EnableDecryptedEventBuffer = true // and keep what it did not take
	client.UseRetryMessageStore = true       // phones that could not read a message ask again, also later
	client.ManualHistorySyncDownload = true  // the phone's history is not wanted
	client.GetClientPayload = func() *waWa6.ClientPayload { return named(device, g.options.DeviceName) }
	return client
}

// named puts our name into what a new device says of itself. The library has one name for
// all devices of a process.
func named(device *store.Device, name string) *waWa6.ClientPayload {
	payload := device.GetClientPayload()
	pairing := payload.GetDevicePairingData()
	var props waCompanionReg.DeviceProps
	if pairing == nil || proto.Unmarshal(pairing.GetDeviceProps(), &props) != nil {
		return payload
	}
	props.Os = &name
	if data, err := proto.Marshal(&props); err == nil {
		pairing.DeviceProps = data
	}
	return payload
}

// connect runs one connection to its end. Without a device it pairs a new one.
func (s *stream) connect(ctx context.Context, device *store.Device) verdict {
	ctx, cancel := context.WithCancel(ctx)
	c := &connection{
		stream: s, ctx: ctx, pairs: device == nil, over: make(chan verdict, 1), codes: make(chan []string, 1),
		paired: make(chan struct{}, 1), restart: make(chan struct{}, 1), dropped: make(chan struct{}, 1), stale: map[types.JID]bool{},
	}
	if c.pairs {
		device = s.g.container.NewDevice()
	} else {
		c.me, c.lid = *device.ID, device.LID
	}
	c.client = s.g.client(device)
	c.client.PrePairCallback = c.pairing
	c.client.AddEventHandlerWithSuccessStatus(c.onEvent)
	s.change(func() {
		s.conn, s.state = c, gateway.StateConnecting
		if c.pairs {
			s.state = gateway.StatePairing
		}
	})
	defer func() {
		c.takeDown(cancel)
		s.handling.Lock() // what is being handled ends first
		c.closed = true
		s.handling.Unlock()
		s.change(func() {
			s.conn = nil
			if s.state == gateway.StateOpen {
				s.state = gateway.StateConnecting
			}
		})
	}()
	if !c.pairs && !c.deliver(gateway.Connection{State: gateway.StateConnecting}) {
		return verdict{next: afterAPause}
	}
	if err := c.client.ConnectContext(ctx); err != nil {
		s.g.log.Warn("no connection to WhatsApp", "session", s.name)
		if !c.pairs {
			return verdict{next: afterAPause}
		}
		c.finish(notPaired(core.ReasonProviderUnreachable))
	}
	v := c.wait()
	s.change(func() { // before it is told, so that whoever hears it can pair again
		s.qr = ""
		if c.pairs {
			s.tries++
			s.takeAsked()
		}
		if v.last != nil {
			s.state = v.last.State
		}
	})
	if v.last != nil {
		c.deliver(*v.last)
	}
	return v
}

// letGo is how long the library has to let go of a socket that has ended.
const letGo = 100 * time.Millisecond

// takeDown closes the socket. Asking the library to would race with a socket that closes by
// itself, in a way that can crash the process; with its context ended, the library finds
// the socket closed and tidies up. Disconnect then has nothing to close and wakes who waits
// for an answer.
func (c *connection) takeDown(cancel context.CancelFunc) {
	cancel()
	timer := time.NewTimer(letGo)
	defer timer.Stop()
	select {
	case <-c.dropped:
	case <-timer.C:
	}
	c.client.Disconnect()
}

// takeAsked forgets a wish to pair that came while pairing.
func (s *stream) takeAsked() {
	select {
	case <-s.asked:
	default:
	}
}

// wait shows QR codes one after the other while the connection lasts.
func (c *connection) wait() verdict {
	t := c.stream.g.options.Timeouts
	timer := time.NewTimer(t.Quick)
	defer timer.Stop()
	if !c.pairs {
		timer.Stop()
	}
	var codes []string
	shown := t.FirstQR
	for {
		select {
		case v := <-c.over:
			return v
		case <-c.ctx.Done():
			return verdict{}
		case codes = <-c.codes:
		case <-c.paired:
			return c.awaitRestart()
		case <-timer.C:
		}
		switch {
		case codes == nil:
			return notPaired(core.ReasonProviderUnreachable)
		case len(codes) == 0:
			return notPaired(core.ReasonNotScanned)
		}
		code := codes[0]
		codes = codes[1:]
		c.stream.change(func() { c.stream.qr = code })
		c.deliver(gateway.QR{Code: code})
		timer.Reset(shown)
		shown = t.NextQR
	}
}

// awaitRestart waits until WhatsApp asks the new device to connect again. The library may
// miss that when the socket closes right behind it, and tells of neither. Before the library
// says that it has paired, the socket must stay: it would forget the device.
func (c *connection) awaitRestart() verdict {
	const poll = 50 * time.Millisecond
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	deadline := time.After(c.stream.g.options.Timeouts.Quick)
	for c.client.IsConnected() {
		select {
		case <-ticker.C:
		case v := <-c.over:
			return v
		case <-c.restart:
			return verdict{next: atOnce}
		case <-deadline:
			return verdict{next: atOnce}
		case <-c.ctx.Done():
			return verdict{}
		}
	}
	return verdict{next: atOnce}
}

// notPaired ends a pairing that no phone agreed to; the next one starts when asked for.
func notPaired(why core.Reason) verdict {
	return verdict{next: whenAsked, last: &gateway.Connection{State: gateway.StateClosed, Reason: why}}
}

// pairing names the new device before its keys are stored, so that no keys are ever without
// a session. The library gives the pairing up when it returns false.
func (c *connection) pairing(device types.JID, _, _ string) bool {
	if err := c.stream.g.table.link(c.ctx, c.stream.name, device); err != nil {
		c.stream.g.log.Warn("a pairing was given up, for the session was not stored", "session", c.stream.name)
		return false
	}
	return true
}

// deliver hands an event to the host. After one that was refused nothing more is handled on
// this connection: what is not acknowledged comes again, in order, on the next.
func (c *connection) deliver(e gateway.Event) (taken bool) {
	s := c.stream
	s.handling.Lock()
	defer s.handling.Unlock()
	if c.closed || c.ctx.Err() != nil {
		return false
	}
	defer func() {
		if p := recover(); p != nil { // the library would acknowledge the message
			s.g.log.Error("a handler panicked", "session", s.name)
			taken = false
		}
		if !taken {
			c.closed = true
			c.finish(verdict{next: afterAPause})
		}
	}()
	if err := s.handle(c.ctx, e); err != nil {
		s.g.log.Warn("an event was refused and will come again", "session", s.name)
		return false
	}
	return true
}

// finish says how the connection ended; the first word counts.
func (c *connection) finish(v verdict) {
	select {
	case c.over <- v:
	default:
	}
}

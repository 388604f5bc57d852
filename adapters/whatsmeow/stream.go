package whatsmeow

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// stream is one session as its host keeps it.
type stream struct {
	g      *Gateway
	name   string
	handle func(context.Context, gateway.Event) error
	// handling lets one event of the session be handled at a time.
	handling sync.Mutex
	asked    chan struct{} // somebody wants to pair
	end      context.CancelCauseFunc
	done     chan struct{}
	uploads  uploads

	mu      sync.Mutex
	state   gateway.State
	linked  bool
	phone   string
	qr      string
	tries   int         // pairings that ended without a phone
	conn    *connection // nil between connections
	changed chan struct{}
}

// Stream implements [gateway.Streamer].
func (g *Gateway) Stream(ctx context.Context, session gateway.Session, handle func(context.Context, gateway.Event) error) error {
	const op = "stream"
	if !core.ValidInstanceName(session.Name) || handle == nil {
		return fail(op, gateway.KindInvalid, codeSessionName, nil)
	}
	if _, err := g.table.get(ctx, session.Name); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return failStored(op, err)
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s := &stream{
		g: g, name: session.Name, handle: handle, end: end,
		asked: make(chan struct{}, 1), done: make(chan struct{}), uploads: newUploads(),
		state: gateway.StateUnknown, changed: make(chan struct{}),
	}
	g.mu.Lock()
	_, taken := g.streams[s.name]
	if !taken {
		g.streams[s.name] = s
	}
	g.mu.Unlock()
	if taken {
		return fail(op, gateway.KindAlreadyExists, codeStreamed, nil)
	}
	defer func() {
		g.mu.Lock()
		delete(g.streams, s.name)
		g.mu.Unlock()
		close(s.done)
	}()
	err := s.run(ctx)
	if final, ok := context.Cause(ctx).(*gateway.Error); ok { //nolint:errorlint // a cause is never wrapped
		return final
	}
	if ctx.Err() != nil || err == nil {
		return nil
	}
	return err
}

// next says when to connect again.
type next int

const (
	afterAPause next = iota
	atOnce
	whenAsked // the session is not linked
)

// verdict is how a connection ended.
type verdict struct {
	final *gateway.Error // going on makes no sense
	next  next
	last  *gateway.Connection // told before the connection is given up
}

// run makes one connection after the other.
func (s *stream) run(ctx context.Context) error {
	pauses := pauses{Pauses: s.g.options.Pauses, pick: jitter}
	for ctx.Err() == nil {
		device, err := s.device(ctx)
		if e := failStored("stream", err); err != nil && e.Kind == gateway.KindNotFound {
			return e
		}
		started, how := time.Now(), verdict{next: afterAPause}
		switch {
		case err != nil:
			s.g.log.Warn("the session's keys were not read", "session", s.name)
		case device != nil || s.awaitPairing(ctx):
			how = s.connect(ctx, device)
		}
		if how.final != nil {
			return how.final
		}
		if how.next == afterAPause {
			s.sleep(ctx, pauses.after(time.Since(started)))
		}
	}
	return nil
}

// device reads the session's keys; nil when it is not linked.
func (s *stream) device(ctx context.Context) (*store.Device, error) {
	row, err := s.g.table.get(ctx, s.name)
	if err != nil {
		return nil, err
	}
	var device *store.Device
	if row.device != types.EmptyJID {
		if device, err = s.g.container.GetDevice(ctx, row.device); err != nil {
			return nil, err
		}
	}
	s.change(func() {
		s.linked, s.phone = device != nil, ""
		switch {
		case device != nil:
			s.phone, s.state = device.ID.User, gateway.StateConnecting
		case row.loggedOut:
			s.state = gateway.StateLoggedOut
		default:
			s.state = gateway.StateClosed
		}
	})
	return device, nil
}

// awaitPairing waits until somebody wants to pair; false when the stream ended.
func (s *stream) awaitPairing(ctx context.Context) bool {
	select {
	case <-s.asked:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *stream) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// change changes what others can see of the stream and wakes those who wait for it.
func (s *stream) change(apply func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	apply()
	close(s.changed)
	s.changed = make(chan struct{})
}

// await returns when done is true, which is asked under the lock, or with the error of ctx
// or that of a stream that ended.
func (s *stream) await(ctx context.Context, op string, done func() bool) *gateway.Error {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-s.done:
			return fail(op, gateway.KindNotConnected, codeNotStreamed, nil)
		case <-ctx.Done():
			return ended(op, gateway.KindTemporary, ctx.Err())
		}
	}
}

// open returns the connection when it can be used.
func (s *stream) open(op string) (*connection, *gateway.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == gateway.StateOpen && s.conn != nil:
		return s.conn, nil
	case s.state == gateway.StateLoggedOut:
		return nil, fail(op, gateway.KindLoggedOut, codeLoggedOut, nil)
	case !s.linked:
		return nil, fail(op, gateway.KindNotConnected, codeNotLinked, nil)
	}
	return nil, fail(op, gateway.KindNotConnected, codeNotOpen, nil)
}

// pauses are how long to wait between connections.
type pauses struct {
	Pauses
	pick  func(time.Duration) time.Duration // by chance, between nothing and the whole
	whole time.Duration
}

// after returns the pause after a connection that lasted so long.
func (p *pauses) after(lasted time.Duration) time.Duration {
	p.whole = min(max(2*p.whole, p.First), p.Longest)
	if lasted >= p.Reset {
		p.whole = p.First
	}
	return p.pick(p.whole)
}

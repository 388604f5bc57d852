package whatsmeow

import (
	"context"
	"strings"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Provision implements [gateway.Gateway]: it reserves the name. The webhook is not used.
func (g *Gateway) Provision(ctx context.Context, s gateway.Session, _ gateway.Webhook) (gateway.Provisioned, error) {
	const op = "provision"
	if !core.ValidInstanceName(s.Name) {
		return gateway.Provisioned{}, fail(op, gateway.KindInvalid, codeSessionName, nil)
	}
	added, err := g.table.add(ctx, s.Name)
	switch {
	case err != nil:
		return gateway.Provisioned{}, failStored(op, err)
	case !added:
		return gateway.Provisioned{}, fail(op, gateway.KindAlreadyExists, codeNameInUse, nil)
	}
	return gateway.Provisioned{}, nil
}

// Connect implements [gateway.Gateway]. For a session that is not linked it starts the
// pairing and waits a little for the first QR code.
func (g *Gateway) Connect(ctx context.Context, session gateway.Session) (gateway.Pairing, error) {
	const op = "connect"
	s, err := g.streamed(ctx, op, session.Name)
	if err != nil {
		return gateway.Pairing{}, err
	}
	wait, cancel := context.WithTimeout(ctx, g.options.Timeouts.Quick)
	defer cancel()
	if e := s.pair(wait, op); e != nil && (ctx.Err() != nil || e.Code != codeTimedOut) {
		return gateway.Pairing{}, e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == gateway.StateOpen:
		return gateway.Pairing{State: gateway.StateOpen}, nil
	case s.linked:
		return gateway.Pairing{State: gateway.StateConnecting}, nil
	}
	return gateway.Pairing{State: gateway.StatePairing, QR: s.qr}, nil
}

// streamed is stream for calls that a session that was logged out can take as well.
func (g *Gateway) streamed(ctx context.Context, op, name string) (*stream, error) {
	s, err := g.stream(ctx, op, name)
	if gateway.KindOf(err) == gateway.KindLoggedOut {
		return nil, fail(op, gateway.KindNotConnected, codeNotStreamed, nil)
	}
	return s, err
}

// pair starts a pairing, unless one runs or the session is linked, and waits for its first
// QR code.
func (s *stream) pair(ctx context.Context, op string) *gateway.Error {
	// A stream that has just begun does not know yet whether it is linked.
	if e := s.await(ctx, op, func() bool { return s.state != gateway.StateUnknown }); e != nil {
		return e
	}
	s.mu.Lock()
	before := s.tries
	if !s.linked && s.state != gateway.StatePairing {
		ring(s.asked)
	}
	s.mu.Unlock()
	tried := false
	e := s.await(ctx, op, func() bool {
		tried = s.tries != before && !s.linked
		return s.linked || s.qr != "" || tried
	})
	if e == nil && tried {
		return fail(op, gateway.KindTemporary, codeDisconnected, nil)
	}
	return e
}

// Status implements [gateway.Gateway]. That a session was logged out is also known where it
// is not streamed.
func (g *Gateway) Status(ctx context.Context, session gateway.Session) (gateway.Status, error) {
	const op = "status"
	s, err := g.stream(ctx, op, session.Name)
	if gateway.KindOf(err) == gateway.KindLoggedOut {
		return gateway.Status{State: gateway.StateLoggedOut}, nil
	}
	if err != nil {
		return gateway.Status{}, err
	}
	if e := s.await(ctx, op, func() bool { return s.state != gateway.StateUnknown }); e != nil {
		return gateway.Status{}, e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := gateway.Status{State: s.state}
	if s.state == gateway.StateOpen {
		status.Phone = s.phone
	}
	return status, nil
}

// The client WhatsApp is told of when it makes a code. It accepts known browsers only.
const (
	codeClient     = whatsmeow.PairClientChrome
	codeClientName = "Chrome (Linux)"
)

// PairingCode implements [gateway.PairingCoder]. It starts the pairing when none runs.
func (g *Gateway) PairingCode(ctx context.Context, session gateway.Session, phone string) (string, error) {
	const op = "pairing_code"
	if len(phone) < 8 || len(phone) > 15 || phone[0] == '0' || strings.Trim(phone, "0123456789") != "" {
		return "", fail(op, gateway.KindInvalid, codePhone, nil)
	}
	s, err := g.streamed(ctx, op, session.Name)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeouts.Quick)
	defer cancel()
	if e := s.pair(ctx, op); e != nil {
		return "", e
	}
	s.mu.Lock()
	linked, c := s.linked, s.conn
	s.mu.Unlock()
	switch {
	case linked:
		return "", fail(op, gateway.KindAlreadyExists, codeLinked, nil)
	case c == nil:
		return "", fail(op, gateway.KindNotConnected, codeDisconnected, nil)
	}
	code, err := c.client.PairPhone(ctx, phone, true, codeClient, codeClientName)
	if err != nil {
		return "", failAsked(op, err)
	}
	return code, nil
}

// Delete implements [gateway.Gateway]. It asks WhatsApp to unlink the device, over the
// session's connection or one made for it, and forgets the keys even when that fails: the
// phone then lists a device that can no longer log in.
func (g *Gateway) Delete(ctx context.Context, session gateway.Session) error {
	const op = "delete"
	if !core.ValidInstanceName(session.Name) {
		return fail(op, gateway.KindInvalid, codeSessionName, nil)
	}
	row, err := g.table.get(ctx, session.Name)
	if e := failStored(op, err); err != nil {
		if e.Kind == gateway.KindNotFound {
			return nil
		}
		return e
	}
	g.mu.Lock()
	s := g.streams[session.Name]
	g.mu.Unlock()
	if row.device != types.EmptyJID {
		g.logOut(ctx, session.Name, s, row.device)
	}
	if s != nil {
		s.end(fail("stream", gateway.KindNotFound, codeNoSession, nil))
		select {
		case <-s.done:
		case <-ctx.Done():
			return ended(op, gateway.KindTemporary, ctx.Err())
		}
	}
	// A pairing may have ended meanwhile, under the name that was read above or another.
	if row, err = g.table.get(ctx, session.Name); err == nil && row.device != types.EmptyJID {
		err = g.container.DeleteDevice(ctx, &store.Device{ID: &row.device})
	}
	if err == nil {
		err = g.table.remove(ctx, session.Name)
	}
	if err != nil && failStored(op, err).Kind != gateway.KindNotFound {
		return failStored(op, err)
	}
	return nil
}

// logOut unlinks a device at WhatsApp if it can.
func (g *Gateway) logOut(ctx context.Context, name string, s *stream, address types.JID) {
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeouts.Quick)
	defer cancel()
	var err error
	if s != nil {
		c, notOpen := s.open("delete")
		if notOpen != nil {
			return
		}
		err = unlink(ctx, c.client, address)
	} else {
		err = g.logOutBriefly(ctx, address)
	}
	if err != nil {
		g.log.Warn("the device was not unlinked at WhatsApp; its keys are removed all the same", "session", name)
	}
}

// logOutBriefly connects a session that is not streamed only to unlink it.
func (g *Gateway) logOutBriefly(ctx context.Context, address types.JID) error {
	device, err := g.container.GetDevice(ctx, address)
	if err != nil || device == nil {
		return err
	}
	client := g.client(device)
	outcome := make(chan bool, 1)
	client.AddEventHandlerWithSuccessStatus(func(event any) bool {
		_, connected := event.(*events.Connected)
		_, permanent := event.(events.PermanentDisconnect)
		if _, dropped := event.(*events.Disconnected); connected || permanent || dropped {
			select {
			case outcome <- connected:
			default:
			}
		}
		return false // messages are left for nobody; they are not ours to acknowledge
	})
	if err := client.ConnectContext(ctx); err != nil {
		return err
	}
	defer client.Disconnect()
	select {
	case connected := <-outcome:
		if !connected {
			return whatsmeow.ErrNotConnected
		}
		return unlink(ctx, client, address)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unlink asks WhatsApp to remove a device. The library's Logout asks the same, and then takes
// the keys away while its other goroutines still read them.
func unlink(ctx context.Context, client *whatsmeow.Client, address types.JID) error {
	_, err := client.DangerousInternals().SendIQ( //nolint:staticcheck // "deprecated: dangerous" is the library's way to say: know what you ask
		ctx, whatsmeow.DangerousInfoQuery{
			Namespace: "md", Type: "set", To: types.ServerJID,
			Content: []binary.Node{{
				Tag: "remove-companion-device", Attrs: binary.Attrs{"jid": address, "reason": "user_initiated"},
			}},
		})
	return err
}

package whatsmeow

import (
	"context"
	"encoding/json"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// onEvent takes what the library tells. False keeps a message from being acknowledged.
func (c *connection) onEvent(event any) bool {
	switch e := event.(type) {
	case *events.Message:
		return c.deliver(c.decode(e))
	case *events.Receipt:
		for _, ack := range acks(e) {
			if !c.deliver(ack) {
				return false
			}
		}
	case *events.GroupInfo:
		return c.deliver(gateway.GroupsChanged{Chat: core.JID(e.JID.String())})
	case *events.JoinedGroup:
		return c.deliver(gateway.GroupsChanged{Chat: core.JID(e.JID.String())})
	case *events.UndecryptableMessage:
		// The library has asked its sender for it; when it comes again it is an ordinary one.
		return c.deliver(gateway.Ignored{What: "undecryptable"})
	case *events.QR:
		select {
		case c.codes <- e.Codes:
		default:
		}
	case *events.PairPasskeyRequest:
		return c.deliver(passkey(e))
	case *events.PairPasskeyConfirmation:
		return c.deliver(gateway.Passkey{Code: e.Code})
	default:
		c.onConnectionEvent(event)
	}
	return true
}

// passkey passes on what a browser's WebAuthn needs.
func passkey(e *events.PairPasskeyRequest) gateway.Event {
	request, err := json.Marshal(e.PublicKey)
	if err != nil {
		return gateway.Ignored{What: "passkey"}
	}
	return gateway.Passkey{Request: request}
}

// onConnectionEvent takes what the library tells of the connection, and decides what to do
// next: what is final is so for WhatsApp too, or would only bring a ban nearer.
func (c *connection) onConnectionEvent(event any) {
	switch e := event.(type) {
	case *events.PairSuccess:
		ring(c.paired)
	case *events.PairError, *events.PairPasskeyError:
		c.finish(notPaired(core.ReasonNotScanned))
	case *events.ManualLoginReconnect: // 515
		if c.pairs {
			ring(c.restart)
		} else {
			c.finish(verdict{next: atOnce})
		}
	case *events.Connected:
		c.opened()
	case *events.Disconnected:
		ring(c.dropped)
		c.finish(verdict{next: afterAPause})
	case *events.StreamError:
		c.finish(verdict{next: afterAPause})
	case *events.KeepAliveTimeout:
		if time.Since(e.LastSuccess) > c.stream.g.options.Timeouts.Silence {
			c.finish(verdict{next: afterAPause})
		}
	case *events.LoggedOut:
		c.loggedOut(e.Reason)
	case *events.StreamReplaced:
		c.ends(gateway.Connection{State: gateway.StateClosed}, fail("stream", gateway.KindAlreadyExists, codeReplaced, nil))
	case *events.TemporaryBan:
		final := fail("stream", gateway.KindRestricted, codeBanned, nil)
		final.RetryAfter = e.Expire
		c.ends(gateway.Connection{State: gateway.StateClosed, Reason: core.ReasonNumberRestricted}, final)
	case *events.ClientOutdated:
		c.ends(gateway.Connection{State: gateway.StateClosed}, fail("stream", gateway.KindPermanent, codeOutdated, nil))
	case *events.ConnectFailure:
		c.ends(gateway.Connection{State: gateway.StateClosed}, fail("stream", gateway.KindPermanent, e.Reason.NumberString(), nil))
	}
}

// ring sets a signal, unless it is set.
func ring(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}

// opened makes the session usable.
func (c *connection) opened() {
	s := c.stream
	s.change(func() {
		if s.conn == c {
			s.state = gateway.StateOpen
		}
	})
	c.deliver(gateway.Connection{State: gateway.StateOpen, Phone: c.me.User})
}

// loggedOut forgets the session's keys, which are worth nothing any more. The library does
// so too, after it said so.
func (c *connection) loggedOut(why events.ConnectFailureReason) {
	s := c.stream
	s.change(func() { s.state, s.linked, s.phone = gateway.StateLoggedOut, false, "" })
	if err := s.g.forget(context.WithoutCancel(c.ctx), s.name, c.me); err != nil {
		s.g.log.Warn("the keys of a session that was logged out were not removed", "session", s.name)
	}
	reason := core.ReasonLoggedOut
	if why == events.ConnectFailureMainDeviceGone || why == events.ConnectFailureUnknownLogout { // locked, banned
		reason = core.ReasonNumberRestricted
	}
	c.ends(
		gateway.Connection{State: gateway.StateLoggedOut, Reason: reason},
		fail("stream", gateway.KindLoggedOut, why.NumberString(), nil),
	)
}

// ends makes this the last connection of the stream.
func (c *connection) ends(last gateway.Connection, final *gateway.Error) {
	c.finish(verdict{final: final, last: &last})
}

// forget removes a session's keys and remembers that it was logged out.
func (g *Gateway) forget(ctx context.Context, name string, device types.JID) error {
	if err := g.container.DeleteDevice(ctx, &store.Device{ID: &device}); err != nil {
		return err
	}
	return g.table.unlink(ctx, name)
}

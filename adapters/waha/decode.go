package waha

import (
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// Decode implements [gateway.WebhookReceiver].
func (g *Gateway) Decode(r gateway.Request) (gateway.Inbound, error) {
	value, code := loosejson.Parse(r.Body)
	envelope := loosejson.Node(value)
	name := eventName(envelope.Text("event"))
	if code == "" && name == "" {
		code = codeShape
	}
	if code != "" {
		return gateway.Inbound{}, &gateway.Error{Op: "decode", Kind: gateway.KindInvalid, Code: code}
	}
	event := eventOf(name, envelope)
	if event == nil {
		event = gateway.Ignored{What: name}
	}
	return gateway.Inbound{Session: envelope.Text("session"), Events: []gateway.Event{event}}, nil
}

// eventName keeps the letters, digits and dots of an event's name, so that it can be counted
// and logged.
func eventName(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' {
			return c
		}
		return -1
	}, s)
}

// eventOf reads an event; nil for one that means nothing here.
func eventOf(name string, envelope loosejson.Object) gateway.Event {
	payload := envelope.Object("payload")
	switch name {
	case "message", "message.any":
		return readMessage(payload).event()
	case "message.edited":
		return edited(payload)
	case "message.revoked":
		return revoked(payload)
	case "message.ack", "message.ack.group":
		return acknowledged(payload)
	case "session.status":
		return connection(payload, envelope)
	case "group.v2.join", "group.v2.leave", "group.v2.participants", "group.v2.update", "group.join", "group.leave":
		id := payload.Object("group").Text("id")
		if id == "" {
			id = payload.Text("id")
		}
		if jid := core.JID(id); jid.IsGroup() {
			return gateway.GroupsChanged{Chat: jid}
		}
	}
	return nil
}

// edited is the new text of a message. The event's own id is that of the edit.
func edited(payload loosejson.Object) gateway.Event {
	m := readMessage(payload)
	if original := parseID(payload.Text("editedMessageId")).id; original != "" {
		m.Key.ID = original
	}
	if !m.complete() {
		return nil
	}
	return gateway.Edited{Key: m.Key, FromMe: m.FromMe, Text: m.Text, At: m.At}
}

// revoked is a message its author took back. "after" is the act, "before" the original, where
// the engine still has it.
func revoked(payload loosejson.Object) gateway.Event {
	m := readMessage(payload.Object("after"))
	if m.Key.Chat == "" {
		m = readMessage(payload.Object("before"))
	}
	if original := parseID(payload.Text("revokedMessageId")).id; original != "" {
		m.Key.ID = original
	}
	if !m.complete() {
		return nil
	}
	return gateway.Revoked{Key: m.Key, FromMe: m.FromMe}
}

var ackLevels = map[int64]gateway.AckLevel{
	-1: gateway.AckError, 1: gateway.AckServer, 2: gateway.AckDelivered, 3: gateway.AckRead, 4: gateway.AckRead,
}

// acknowledged says how far a message of ours got; messages of others mean nothing.
func acknowledged(payload loosejson.Object) gateway.Event {
	m := readMessage(payload)
	n, ok := payload.Number("ack")
	if level := ackLevels[n]; ok && m.complete() && m.FromMe && level != "" {
		return gateway.Ack{Chat: m.Key.Chat, ID: m.Key.ID, Level: level}
	}
	return nil
}

// connection is a change of the session. One that fails while it shows a QR code was not
// scanned; any other failure is the end of the link.
func connection(payload, envelope loosejson.Object) gateway.Event {
	status := payload.Text("status")
	if status == "" {
		return nil
	}
	e := gateway.Connection{State: stateOf(status)}
	switch e.State {
	case gateway.StateOpen:
		e.Phone = phoneOf(envelope.Object("me").Text("id"))
	case gateway.StateLoggedOut:
		e.Reason = core.ReasonLoggedOut
		if before := loosejson.Nodes(payload["statuses"]); len(before) > 1 && stateOf(before[len(before)-2].Text("status")) == gateway.StatePairing {
			e.State, e.Reason = gateway.StateClosed, core.ReasonNotScanned
		}
	}
	return e
}

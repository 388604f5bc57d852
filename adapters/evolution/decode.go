package evolution

import (
	"cmp"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// codeShape says that a webhook body is not an event.
const codeShape = "shape"

// Decode implements [gateway.WebhookReceiver]. The envelope's apikey, server_url,
// destination and sender are never read, its date_time is local time with a false "Z".
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
	return gateway.Inbound{
		Session: sessionOf(envelope),
		Events:  eventsOf(name, envelope["data"]),
	}, nil
}

// sessionOf reads the claimed session: a string, in version 1 sometimes an object.
func sessionOf(envelope loosejson.Object) string {
	if name := envelope.Text("instance"); name != "" {
		return name
	}
	return envelope.Object("instance").Text("instanceName")
}

// eventName brings the spellings of an event ("MESSAGES_UPSERT", "messages-upsert") to
// one. Only letters and dots remain, so that a name can be counted and logged.
func eventName(s string) string {
	if len(s) > 64 {
		s = s[:64]
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z' || c == '.':
			return c
		case c >= 'A' && c <= 'Z':
			return c - 'A' + 'a'
		case c == '_' || c == '-':
			return '.'
		}
		return -1
	}, s)
}

func eventsOf(name string, data any) []gateway.Event {
	ignored := gateway.Ignored{What: name}
	var events []gateway.Event
	switch name {
	case "messages.upsert":
		for _, o := range upserts(data) {
			events = append(events, upserted(o))
		}
	case "messages.edited":
		for _, o := range loosejson.Nodes(data) {
			if o.Has("message") {
				events = append(events, edited(upserted(o)))
			} else if e := protocolEvent(o, nil); e != nil {
				events = append(events, e)
			}
		}
	case "messages.delete":
		for _, o := range loosejson.Nodes(data) {
			if o.Has("key") {
				o = o.Object("key")
			}
			if key := messageKey(o, o); complete(key) {
				events = append(events, gateway.Revoked{Key: key, FromMe: o.Flag("fromMe")})
			}
		}
	case "messages.update":
		for _, o := range loosejson.Nodes(data) {
			if ack := ackOf(o); ack.Level != "" {
				events = append(events, ack)
			}
		}
	case "send.message":
		for _, o := range loosejson.Nodes(data) {
			key := o.Object("key")
			if key.Text("remoteJid") != "" {
				events = append(events, gateway.SendEcho{
					Chat: core.JID(key.Text("remoteJid")),
					ID:   core.MessageID(key.Text("id")),
					Text: read(o.Object("message"), 0).text,
					At:   o.Time("messageTimestamp"),
				})
			}
		}
	case "qrcode.updated":
		if code := loosejson.Node(data).Object("qrcode").Text("code"); code != "" {
			events = append(events, gateway.QR{Code: code})
		}
	case "connection.update":
		if e, ok := connection(loosejson.Node(data)); ok {
			events = append(events, e)
		}
	case "logout.instance", "remove.instance":
		events = append(events, loggedOut(401))
	case "status.instance":
		if o := loosejson.Node(data); o.Text("status") == "closed" {
			code, _ := o.Number("disconnectionReasonCode")
			events = append(events, loggedOut(code))
		}
	case "groups.upsert", "groups.update", "group.update", "group.participants.update":
		for _, o := range loosejson.Nodes(data) {
			if id := o.Text("id"); id != "" {
				events = append(events, gateway.GroupsChanged{Chat: core.JID(id)})
			}
		}
	}
	if len(events) == 0 {
		return []gateway.Event{ignored}
	}
	return events
}

// edited is an event of messages.edited: a message in it is the new text of the one with
// its key.
func edited(e gateway.Event) gateway.Event {
	if m, ok := e.(gateway.Message); ok {
		return gateway.Edited{Key: m.Key, FromMe: m.FromMe, Text: m.Text, At: m.At}
	}
	return e
}

// upserts lists the messages of an upsert: one, an array, or {"messages": […]}.
func upserts(data any) []loosejson.Object {
	if list, ok := loosejson.Node(data)["messages"]; ok {
		return loosejson.Nodes(list)
	}
	return loosejson.Nodes(data)
}

// connection reads a change of the session. A recoverable interruption never says close;
// refused means that nobody scanned the QR codes.
func connection(o loosejson.Object) (gateway.Connection, bool) {
	word := o.Text("state")
	if word == "" {
		return gateway.Connection{}, false
	}
	e := gateway.Connection{State: state(word)}
	code, _ := o.Number("statusReason")
	switch {
	case e.State == gateway.StateOpen:
		e.Phone = phoneOf(o.Text("wuid"))
	case word == "refused":
		e.Reason = core.ReasonNotScanned
	case e.State == gateway.StateClosed && needsQR(code):
		return loggedOut(code), true
	}
	return e, true
}

// loggedOut is the end of a session by a disconnection code: 401 is an ordinary log-out,
// the others WhatsApp's own.
func loggedOut(code int64) gateway.Connection {
	reason := core.ReasonLoggedOut
	if needsQR(code) && code != 401 {
		reason = core.ReasonNumberRestricted
	}
	return gateway.Connection{State: gateway.StateLoggedOut, Reason: reason}
}

var ackLevels = map[string]gateway.AckLevel{
	"SERVER_ACK": gateway.AckServer, "DELIVERY_ACK": gateway.AckDelivered,
	"READ": gateway.AckRead, "PLAYED": gateway.AckRead, "ERROR": gateway.AckError,
}

// ackOf reads how far a message of ours got; messages of others have no level.
func ackOf(o loosejson.Object) gateway.Ack {
	key := o.Object("key")
	if !o.Flag("fromMe") && !key.Flag("fromMe") {
		return gateway.Ack{}
	}
	ack := gateway.Ack{
		Chat:  core.JID(cmp.Or(o.Text("remoteJid"), key.Text("remoteJid"))),
		ID:    core.MessageID(cmp.Or(o.Text("keyId"), key.Text("id"))),
		Level: ackLevels[o.Text("status")],
	}
	if ack.Chat == "" || ack.ID == "" {
		return gateway.Ack{}
	}
	return ack
}

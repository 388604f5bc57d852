package gatewaytest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// decoding makes a mutant whose Decode is wrong.
func decoding(change func(gateway.Request, gateway.Inbound, error) (gateway.Inbound, error)) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, decode: func(r gateway.Request) (gateway.Inbound, error) {
			in, err := g.Decode(r)
			return change(r, in, err)
		}}
	}
}

// spoiling makes a mutant that spoils the events of a type.
func spoiling[E gateway.Event](spoil func(E) gateway.Event) func(*tiny) gateway.Gateway {
	return decoding(func(_ gateway.Request, in gateway.Inbound, err error) (gateway.Inbound, error) {
		for i, e := range in.Events {
			if typed, ok := e.(E); ok {
				in.Events[i] = spoil(typed)
			}
		}
		return in, err
	})
}

// admitting makes a mutant that lets requests in which tiny refuses.
func admitting(admit func(gateway.Request, gateway.SessionAuth) bool) func(*tiny) gateway.Gateway {
	return func(g *tiny) gateway.Gateway {
		return broken{tiny: g, authenticate: func(r gateway.Request, s gateway.SessionAuth) error {
			if admit(r, s) {
				return nil
			}
			return g.Authenticate(r, s)
		}}
	}
}

var webhookMutants = []mutant{
	{"lets everybody in", "AuthenticateTheProvider", admitting(func(gateway.Request, gateway.SessionAuth) bool { return true })},
	{"compares a prefix of the secret", "AuthenticateTheProvider", admitting(func(r gateway.Request, s gateway.SessionAuth) bool {
		got := r.Header.Get("X-Secret")
		return got != "" && strings.HasPrefix(s.Secret.Reveal(), got) && r.Header.Get("X-Session") == s.Name
	})},
	{"checks the sender, not the body", "AuthenticateEveryByte", admitting(func(r gateway.Request, s gateway.SessionAuth) bool {
		return !s.Secret.IsZero() && r.Header.Get("X-Secret") == s.Secret.Reveal() && r.Header.Get("X-Session") == s.Name
	})},
	{"does not say of which session", "DecodeNamesTheSession", decoding(func(_ gateway.Request, in gateway.Inbound, err error) (gateway.Inbound, error) {
		in.Session = ""
		return in, err
	})},
	{"decodes by the clock", "DecodeIsPure", func(g *tiny) gateway.Gateway {
		n := 0
		return decoding(func(_ gateway.Request, in gateway.Inbound, err error) (gateway.Inbound, error) {
			n++
			in.Session += strings.Repeat(" ", n)
			return in, err
		})(g)
	}},
	{"panics on garbage", "DecodeGarbage", decoding(func(_ gateway.Request, in gateway.Inbound, err error) (gateway.Inbound, error) {
		if err != nil {
			panic(err)
		}
		return in, nil
	})},
	{"fails on new kinds of events", "DecodeUnheardEvents", decoding(func(_ gateway.Request, in gateway.Inbound, err error) (gateway.Inbound, error) {
		if len(in.Events) == 1 && in.Events[0] == (gateway.Ignored{What: "unheard"}) {
			err = kind(gateway.KindInvalid)
		}
		return in, err
	})},
	{"keeps the secret with the media", "EventsHoldNoSecrets", decoding(func(r gateway.Request, in gateway.Inbound, err error) (gateway.Inbound, error) {
		for i, e := range in.Events {
			if m, ok := e.(gateway.Message); ok && m.Media != nil {
				media := *m.Media
				media.Handle = []byte(r.Header.Get("X-Secret"))
				m.Media = &media
				in.Events[i] = m
			}
		}
		return in, err
	})},
}

var eventMutants = []mutant{
	{"loses the author", "ATextMessageArrives", spoiling(func(m gateway.Message) gateway.Event {
		m.Key.Participant = ""
		return m
	})},
	{"loses texts in wrappers", "TextsInWrappersArrive", spoiling(func(m gateway.Message) gateway.Event {
		if strings.HasSuffix(m.Text, "ephemeral") {
			m.Text = ""
		}
		return m
	})},
	{"loses media", "MediaArrives", spoiling(func(m gateway.Message) gateway.Event {
		m.Media = nil
		return m
	})},
	{"takes videos for images", "MediaArrives", spoiling(func(m gateway.Message) gateway.Event {
		if m.Media != nil {
			m.Media = &core.Media{Kind: core.Image}
		}
		return m
	})},
	{"takes own messages for others'", "OwnMessagesAreMarked", spoiling(func(m gateway.Message) gateway.Event {
		m.FromMe = false
		return m
	})},
	{"gives an edit its own id", "EditsNameTheOriginal", spoiling(func(e gateway.Edited) gateway.Event {
		e.Key.ID += "E"
		return e
	})},
	{"loses revokes", "RevokesNameTheOriginal", spoiling(func(gateway.Revoked) gateway.Event { return gateway.Ignored{What: "revoke"} })},
	{"takes echoes for messages", "SendsThroughTheProviderEcho", spoiling(func(e gateway.SendEcho) gateway.Event {
		return gateway.Message{Key: core.MessageKey{Chat: e.Chat, ID: e.ID}, FromMe: true, Text: e.Text}
	})},
	{"loses the QR code", "QRCodesArrive", spoiling(func(gateway.QR) gateway.Event { return gateway.QR{} })},
	{"takes a log-out for a pause", "ALogOutArrives", spoiling(func(c gateway.Connection) gateway.Event {
		c.State = gateway.StateClosed
		return c
	})},
	{"makes messages of stickers", "TheUnimportantIsIgnored", spoiling(func(gateway.Ignored) gateway.Event { return gateway.Message{} })},
	{"reads a phone out of a lid", "LIDsAreNoPhoneNumbers", spoiling(func(m gateway.Message) gateway.Event {
		m.Key.Participant = core.JID(strings.TrimSuffix(string(m.Key.Participant), "@lid") + "@s.whatsapp.net")
		return m
	})},
	{"ignores the media limit", "FetchMediaOfAMessage", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, media: func(ctx context.Context, s gateway.Session, m core.Media, _ int64) (gateway.Media, error) {
			return g.FetchMedia(ctx, s, m, 1<<40)
		}}
	}},
	{"lists newest first", "MessagesListsWhatWasSaid", func(g *tiny) gateway.Gateway {
		return broken{tiny: g, messages: func(ctx context.Context, s gateway.Session, chat core.JID, since time.Time, limit int) ([]gateway.Message, error) {
			list, err := g.Messages(ctx, s, chat, since, limit)
			slices.Reverse(list)
			return list, err
		}}
	}},
}

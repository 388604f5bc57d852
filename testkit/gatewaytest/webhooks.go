package gatewaytest

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func webhookCases() []Case {
	needs := []Need{NeedTeller, NeedPhones}
	return []Case{
		{Name: "AuthenticateTheProvider", Needs: needs, Run: authenticate},
		{Name: "AuthenticateEveryByte", Needs: []Need{NeedTeller, NeedPhones, NeedSigned}, Run: authenticateEveryByte},
		{Name: "DecodeNamesTheSession", Needs: needs, Run: decodeNamesTheSession},
		{Name: "DecodeIsPure", Needs: needs, Run: decodeIsPure},
		{Name: "DecodeGarbage", Needs: needs, Run: decodeGarbage},
		{Name: "DecodeUnheardEvents", Needs: needs, Run: decodeUnheard},
		{Name: "EventsHoldNoSecrets", Needs: needs, Run: eventsHoldNoSecrets},
	}
}

func (r run) receiver() gateway.WebhookReceiver {
	return r.Gateway.(gateway.WebhookReceiver)
}

// told makes something happen and returns the requests; it skips the case when the
// provider never tells it.
func (r run) told(s gateway.Session, what Happening) []gateway.Request {
	r.Helper()
	requests, ok, err := r.Provider.(Teller).Tell(s.Name, what)
	r.must(err)
	if !ok {
		r.Skipf("skipped: the provider never tells this: %s", what.Kind)
	}
	if len(requests) == 0 {
		r.Fatalf("the harness failed, not the gateway: no request came of %q", what.Kind)
	}
	return requests
}

// decoded decodes requests and checks what holds for all of them.
func (r run) decoded(s gateway.Session, requests []gateway.Request) []gateway.Event {
	r.Helper()
	var all []gateway.Event
	for _, req := range requests {
		in, err := r.receiver().Decode(req)
		if err != nil {
			r.Fatalf("Decode of a real request failed: %v; the provider would drop the event for good or repeat it for ever", err)
		}
		if in.Session != "" && in.Session != s.Name {
			r.Errorf("Decode says the request is of the session %q, it is of %q", in.Session, s.Name)
		}
		all = append(all, in.Events...)
	}
	return all
}

func authenticate(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-auth")
	secret := r.Provider.Webhook(s.Name).Secret
	good := gateway.SessionAuth{Name: s.Name, Secret: secret}
	for _, req := range r.told(s, Happening{Kind: Texted, Chat: chat, Text: plainText}) {
		if err := r.receiver().Authenticate(req, good); err != nil {
			r.Errorf("a real request of the session was refused: %v", err)
		}
		bare := gateway.Request{Header: http.Header{}, Body: req.Body}
		for what, attempt := range map[string]struct {
			req  gateway.Request
			auth gateway.SessionAuth
		}{
			"a wrong secret":                    {req, gateway.SessionAuth{Name: s.Name, Secret: core.NewSecret("wrong")}},
			"the secret with something added":   {req, gateway.SessionAuth{Name: s.Name, Secret: core.NewSecret(secret.Reveal() + "x")}},
			"another session's name":            {req, gateway.SessionAuth{Name: "conf-other", Secret: secret}},
			"a session that has no secret":      {req, gateway.SessionAuth{Name: s.Name}},
			"no headers":                        {bare, good},
			"no headers and no expected secret": {bare, gateway.SessionAuth{Name: s.Name}},
		} {
			err := r.receiver().Authenticate(attempt.req, attempt.auth)
			r.wantKind(err, "anybody can post to a webhook's address: this request had "+what, gateway.KindAuth)
			r.wantNoSecrets(err, secret.Reveal())
		}
	}
}

func authenticateEveryByte(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-signed")
	auth := gateway.SessionAuth{Name: s.Name, Secret: r.Provider.Webhook(s.Name).Secret}
	for _, req := range r.told(s, Happening{Kind: Texted, Chat: chat, Text: plainText}) {
		forged := map[string][]byte{
			"one byte changed": bytes.Clone(req.Body),
			"a byte added":     append(bytes.Clone(req.Body), ' '),
			"a byte missing":   req.Body[:len(req.Body)-1],
			"no body":          nil,
		}
		forged["one byte changed"][len(req.Body)/2] ^= 1
		for what, body := range forged {
			err := r.receiver().Authenticate(gateway.Request{Header: req.Header, Body: body}, auth)
			r.wantKind(err, "the provider signs what it says, so a forged offer must not pass: "+what, gateway.KindAuth)
		}
	}
}

func decodeNamesTheSession(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-name")
	named := false
	for _, req := range r.told(s, Happening{Kind: Texted, Chat: chat, Text: plainText}) {
		in, err := r.receiver().Decode(req)
		if err != nil {
			r.Fatalf("Decode of a real request failed: %v", err)
		}
		if len(in.Events) == 0 {
			r.Error("Decode returned no event; what means nothing is an Ignored, so that it is counted")
		}
		named = named || in.Session != ""
		if in.Session != "" && in.Session != s.Name {
			r.Errorf("Decode says the request is of the session %q, it is of %q; the engine refuses a claim that does not fit", in.Session, s.Name)
		}
	}
	if !named && !bytes.Contains(r.told(s, Happening{Kind: Texted, Chat: chat, Text: plainText})[0].Body, []byte(s.Name)) {
		r.Skipf("skipped: the provider's requests name no session")
	}
	if !named {
		r.Error("the request names its session but Inbound.Session is empty; the claim must be checked against the authenticated session")
	}
}

func decodeUnheard(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-unheard")
	for _, req := range r.told(s, Happening{Kind: Unheard, Chat: chat}) {
		in, err := r.receiver().Decode(req)
		if err != nil {
			r.Errorf("an event of a new kind failed to decode: %v; providers add kinds, and a failure makes them repeat it or cut us off", err)
		}
		for _, e := range in.Events {
			if _, ok := e.(gateway.Ignored); !ok {
				r.Errorf("an event of a kind that does not exist came as a %T", e)
			}
		}
	}
}

func eventsHoldNoSecrets(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-secrets")
	secrets := []string{s.ServerKey.Reveal(), s.Token.Reveal(), r.Provider.Webhook(s.Name).Secret.Reveal()}
	for _, req := range r.told(s, Happening{Kind: Pictured, Chat: chat, Text: plainText, Media: picture}) {
		in, err := r.receiver().Decode(req)
		said := fmt.Sprintf("%+v", in)
		for _, e := range in.Events {
			if m, ok := e.(gateway.Message); ok && m.Media != nil {
				said += string(m.Media.Handle)
			}
		}
		for _, secret := range secrets {
			if secret != "" && strings.Contains(said, secret) {
				r.Error("a decoded event carries a key of the provider; events are stored and shown, so drop the key while decoding")
			}
		}
		r.wantNoSecrets(err, secrets...)
	}
}

func decodeIsPure(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-pure")
	requests := r.told(s, Happening{Kind: Pictured, Chat: chat, Text: plainText, Media: picture})
	for _, req := range requests {
		body, header := bytes.Clone(req.Body), req.Header.Clone()
		first, _ := r.receiver().Decode(req)
		again, _ := r.receiver().Decode(req)
		if !reflect.DeepEqual(first, again) {
			r.Error("decoding the same request twice gave different events; providers repeat requests, and duplicates are known by their events")
		}
		if !bytes.Equal(body, req.Body) || !reflect.DeepEqual(header, req.Header) {
			r.Error("Decode changed the request it was given")
		}
	}
}

func decodeGarbage(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-garbage")
	garbage := map[string][]byte{
		"nothing":        nil,
		"half an object": []byte(`{"event":`),
		"binary":         {0, 255, 254, 1, 0},
		"deep nesting":   []byte(strings.Repeat(`{"a":`, 100_000)),
		"deep arrays":    []byte(strings.Repeat(`[`, 100_000)),
	}
	for what, body := range garbage {
		_, err := r.decodeSafely(gateway.Request{Header: http.Header{}, Body: body})
		r.wantKind(err, "a body of "+what+" is malformed", gateway.KindInvalid)
	}
	for _, req := range r.told(s, Happening{Kind: ViewOnce, Chat: chat, Text: plainText, Media: picture}) {
		step := max(1, len(req.Body)/500)
		for n := 0; n < len(req.Body); n += step {
			_, _ = r.decodeSafely(gateway.Request{Header: req.Header, Body: req.Body[:n]})
			flipped := bytes.Clone(req.Body)
			flipped[n] ^= 0x15
			_, _ = r.decodeSafely(gateway.Request{Header: req.Header, Body: flipped})
		}
	}
}

func (r run) decodeSafely(req gateway.Request) (in gateway.Inbound, err error) {
	r.Helper()
	defer func() {
		if p := recover(); p != nil {
			r.Errorf("Decode panicked on %d bytes: %v; anybody can send any bytes", len(req.Body), p)
		}
	}()
	return r.receiver().Decode(req)
}

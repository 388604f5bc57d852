package gatewaytest

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func webhookCases() []Case {
	webhooks := []Need{NeedTeller}
	return []Case{
		{Name: "AuthenticateTheProvider", Needs: webhooks, Run: authenticate},
		{Name: "DecodeATextMessage", Needs: webhooks, Run: decodeText},
		{Name: "DecodeTextsInWrappers", Needs: webhooks, Run: decodeWrapped},
		{Name: "DecodeMedia", Needs: webhooks, Run: decodeMedia},
		{Name: "DecodeOwnMessages", Needs: webhooks, Run: decodeOwn},
		{Name: "DecodeEditsAndRevokes", Needs: webhooks, Run: decodeEdits},
		{Name: "DecodeEchoes", Needs: webhooks, Run: decodeEchoes},
		{Name: "DecodeConnectionEvents", Needs: webhooks, Run: decodeConnection},
		{Name: "DecodeTheUnimportant", Needs: webhooks, Run: decodeUnimportant},
		{Name: "DecodeIsPure", Needs: webhooks, Run: decodeIsPure},
		{Name: "DecodeGarbage", Needs: webhooks, Run: decodeGarbage},
		{Name: "FetchMediaOfAMessage", Needs: []Need{NeedTeller, NeedMedia}, Run: fetchMedia},
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

// events decodes requests and checks what holds for all of them.
func (r run) events(s gateway.Session, requests []gateway.Request) []gateway.Event {
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

// only returns the one event of type E that fits among those that happened.
func only[E gateway.Event](r run, events []gateway.Event, fits func(E) bool) E {
	r.Helper()
	var found []E
	for _, e := range events {
		if typed, ok := e.(E); ok && fits(typed) {
			found = append(found, typed)
		}
	}
	if len(found) != 1 {
		r.Fatalf("%d events of type %T came of it instead of one", len(found), *new(E))
	}
	return found[0]
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

func decodeText(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-text")
	before := time.Now().Add(-time.Minute)
	m := only(r, r.events(s, r.told(s, Happening{Kind: Texted, Chat: chat, Text: trickyText})),
		func(m gateway.Message) bool { return m.Text != "" })
	r.wantMessage(m, chat, trickyText)
	if m.FromMe {
		r.Error("a message of another person came as our own; own messages are never offers, so it would be lost")
	}
	if m.Media != nil {
		r.Error("a text came with media")
	}
	if m.At.Before(before) || m.At.After(time.Now().Add(time.Minute)) {
		r.Errorf("the message was written now but is dated %v; too old ones are skipped and the lane is ordered by this time", m.At)
	}
}

func (r run) wantMessage(m gateway.Message, chat core.JID, text string) {
	r.Helper()
	if m.Text != text {
		r.Errorf("the text came as %q, it is %q; it must be exact, for links and prices are read from it", m.Text, text)
	}
	if m.Key.Chat != chat || m.Key.ID == "" || m.Key.Participant == "" {
		r.Errorf("the key is %+v; a message of the group %q needs chat, author and id, because duplicates are known by all three", m.Key, chat)
	}
}

func decodeWrapped(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-wrapped")
	for _, kind := range []HappeningKind{TextedPreview, Ephemeral} {
		text := trickyText + string(kind)
		m := only(r, r.events(s, r.told(s, Happening{Kind: kind, Chat: chat, Text: text})),
			func(m gateway.Message) bool { return m.Text != "" })
		r.wantMessage(m, chat, text)
	}
}

var picture = gateway.Media{
	Kind: core.Image, MimeType: "image/jpeg",
	Data: append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{7, 0, 255}, 1500)...),
}

func decodeMedia(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-media")
	for _, kind := range []HappeningKind{Pictured, ViewOnce} {
		text := trickyText + string(kind)
		m := only(r, r.events(s, r.told(s, Happening{Kind: kind, Chat: chat, Text: text, Media: picture})),
			func(m gateway.Message) bool { return m.Text != "" || m.Media != nil })
		r.wantMessage(m, chat, text)
		if m.Media == nil || m.Media.Kind != core.Image {
			r.Errorf("an image with a caption (%s) came without its image", kind)
		}
	}
}

func decodeOwn(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-own")
	m := only(r, r.events(s, r.told(s, Happening{Kind: Ours, Chat: chat, Text: plainText})),
		func(m gateway.Message) bool { return m.Text != "" })
	r.wantMessage(m, chat, plainText)
	if !m.FromMe {
		r.Error("a message typed on the linked phone is not marked FromMe; what we post would be read as a new offer, and posted again")
	}
}

func decodeEdits(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-edit")
	m := only(r, r.events(s, r.told(s, Happening{Kind: Texted, Chat: chat, Text: plainText})),
		func(m gateway.Message) bool { return m.Text != "" })
	e := only(r, r.events(s, r.told(s, Happening{Kind: EditedText, Chat: chat, Text: trickyText, Of: m.Key})),
		func(gateway.Edited) bool { return true })
	if e.Key.Chat != m.Key.Chat || e.Key.ID != m.Key.ID || e.Text != trickyText {
		r.Errorf("the edit of %+v came as %+v with text %q; its key must be that of the original, its text the new one", m.Key, e.Key, e.Text)
	}
	if e.FromMe {
		r.Error("another person's edit came as our own")
	}
	v := only(r, r.events(s, r.told(s, Happening{Kind: Revoked, Chat: chat, Of: m.Key})),
		func(gateway.Revoked) bool { return true })
	if v.Key.Chat != m.Key.Chat || v.Key.ID != m.Key.ID {
		r.Errorf("the revoke of %+v came as %+v; its key must be that of the original, or the offer is posted although it was taken back", m.Key, v.Key)
	}
}

func decodeEchoes(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-echo")
	echo := only(r, r.events(s, r.told(s, Happening{Kind: Echoed, Chat: chat, Text: trickyText})),
		func(gateway.SendEcho) bool { return true })
	posts := r.posts(s.Name, chat)
	if len(posts) != 1 || echo.Chat != chat || echo.ID != posts[0].ID || echo.Text != trickyText {
		r.Errorf("the echo %+v is not that of the one post in the group (%d posts); it is the proof that a doubtful send left", echo, len(posts))
	}
}

func decodeConnection(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-in-qr")
	qr := only(r, r.events(s, r.told(s, Happening{Kind: QRShown})), func(gateway.QR) bool { return true })
	if qr.Code == "" {
		r.Error("the QR event has no code")
	}
	r.must(r.Provider.Link(s.Name, ourPhone))
	for _, e := range r.events(s, r.told(s, Happening{Kind: LoggedOut})) {
		if c, ok := e.(gateway.Connection); ok && c.State == gateway.StateLoggedOut {
			return
		}
	}
	r.Error("no event says that the session was logged out; the engine would wait for a reconnection that never comes")
}

func decodeUnimportant(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-noise")
	for _, e := range r.events(s, r.told(s, Happening{Kind: Unimportant, Chat: chat})) {
		if _, ok := e.(gateway.Ignored); !ok {
			r.Errorf("an event that means nothing came as a %T; it must be an Ignored, which is counted and answered with success", e)
		}
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

func fetchMedia(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-fetch")
	m := only(r, r.events(s, r.told(s, Happening{Kind: Pictured, Chat: chat, Text: plainText, Media: picture})),
		func(m gateway.Message) bool { return m.Media != nil })
	fetcher := h.Gateway.(gateway.MediaFetcher)
	got, err := fetcher.FetchMedia(r.ctx, s, *m.Media, 1<<20)
	if err != nil || !bytes.Equal(got.Data, picture.Data) || got.Kind != core.Image {
		r.Errorf("FetchMedia: %d bytes of kind %q, error %v; the %d bytes of the image were posted", len(got.Data), got.Kind, err, len(picture.Data))
	}
	_, err = fetcher.FetchMedia(r.ctx, s, *m.Media, 100)
	r.wantKind(err, "media over the limit cannot be had; the offer goes out as text", gateway.KindMediaUnavailable, gateway.KindTooLarge)
	if _, err = fetcher.FetchMedia(r.ctx, s, core.Media{Kind: core.Image, Handle: []byte("not a handle")}, 1<<20); err == nil {
		r.Error("FetchMedia made media out of a handle that is none")
	}
}

package gatewaytest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func eventCases() []Case {
	needs := []Need{NeedEvents, NeedPhones}
	return []Case{
		{Name: "ATextMessageArrives", Needs: needs, Run: textArrives},
		{Name: "TextsInWrappersArrive", Needs: needs, Run: wrappedArrives},
		{Name: "MediaArrives", Needs: needs, Run: mediaArrives},
		{Name: "OwnMessagesAreMarked", Needs: needs, Run: ownMessages},
		{Name: "EditsNameTheOriginal", Needs: needs, Run: editsArrive},
		{Name: "RevokesNameTheOriginal", Needs: needs, Run: revokesArrive},
		{Name: "SendsThroughTheProviderEcho", Needs: needs, Run: echoesArrive},
		{Name: "QRCodesArrive", Needs: []Need{NeedEvents}, Run: qrCodesArrive},
		{Name: "ALogOutArrives", Needs: needs, Run: logOutArrives},
		{Name: "TheUnimportantIsIgnored", Needs: needs, Run: unimportantIsIgnored},
		{Name: "LIDsAreNoPhoneNumbers", Needs: []Need{NeedEvents, NeedPhones, NeedOthers}, Run: lidsAreNoPhones},
		{Name: "FetchMediaOfAMessage", Needs: []Need{NeedEvents, NeedPhones, NeedMedia}, Run: fetchMedia},
		{Name: "MessagesListsWhatWasSaid", Needs: []Need{NeedEvents, NeedPhones, NeedHistory}, Run: messagesLists},
	}
}

// some makes something happen and returns the events of type E that fit among those that came
// of it; at least one.
func some[E gateway.Event](r run, s gateway.Session, what Happening, fits func(E) bool) []E {
	r.Helper()
	find := func(events []gateway.Event) (found []E) {
		for _, e := range events {
			if typed, ok := e.(E); ok && fits(typed) {
				found = append(found, typed)
			}
		}
		return found
	}
	var found []E
	if r.meets(NeedTeller) {
		found = find(r.decoded(s, r.told(s, what)))
	} else {
		before := len(r.streams[s.Name].taken())
		r.happen(s, what)
		r.eventually(fmt.Sprintf("a %T comes of %q", *new(E), what.Kind), func() bool {
			found = find(r.streams[s.Name].taken()[before:])
			return len(found) > 0
		})
	}
	if len(found) == 0 {
		r.Fatalf("no event of type %T came of %q", *new(E), what.Kind)
	}
	return found
}

// only is some where there must be one.
func only[E gateway.Event](r run, s gateway.Session, what Happening, fits func(E) bool) E {
	r.Helper()
	found := some(r, s, what, fits)
	if len(found) != 1 {
		r.Fatalf("%d events of type %T came of %q instead of one", len(found), *new(E), what.Kind)
	}
	return found[0]
}

func hasText(m gateway.Message) bool { return m.Text != "" }

func (r run) wantMessage(m gateway.Message, chat core.JID, text string) {
	r.Helper()
	if m.Text != text {
		r.Errorf("the text came as %q, it is %q; it must be exact, for links and prices are read from it", m.Text, text)
	}
	if m.Key.Chat != chat || m.Key.ID == "" || m.Key.Participant == "" {
		r.Errorf("the key is %+v; a message of the group %q needs chat, author and id, because duplicates are known by all three", m.Key, chat)
	}
}

func textArrives(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-text")
	before := time.Now().Add(-time.Minute)
	m := only(r, s, Happening{Kind: Texted, Chat: chat, Text: trickyText}, hasText)
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

func wrappedArrives(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-wrapped")
	for _, kind := range []HappeningKind{TextedPreview, Ephemeral} {
		text := trickyText + string(kind)
		r.wantMessage(only(r, s, Happening{Kind: kind, Chat: chat, Text: text}, hasText), chat, text)
	}
}

var picture = gateway.Media{
	Kind: core.Image, MimeType: "image/jpeg",
	Data: append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{7, 0, 255}, 1500)...),
}

func mediaArrives(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-media")
	for _, what := range []Happening{
		{Kind: Pictured, Media: picture},
		{Kind: ViewOnce, Media: picture},
		{Kind: Filmed, Media: gateway.Media{Kind: core.Video, MimeType: "video/mp4", Data: []byte("\x00\x00\x00\x18ftypmp42")}},
		{Kind: Documented, Media: gateway.Media{Kind: core.Document, MimeType: "application/pdf", FileName: "lista.pdf", Data: []byte("%PDF-1.7")}},
	} {
		what.Chat, what.Text = chat, trickyText+string(what.Kind)
		m := only(r, s, what, func(m gateway.Message) bool { return m.Text != "" || m.Media != nil })
		r.wantMessage(m, chat, what.Text)
		if m.Media == nil || m.Media.Kind != what.Media.Kind {
			r.Errorf("a %s with a caption (%s) came without it, or as something else", what.Media.Kind, what.Kind)
		}
	}
}

func ownMessages(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-own")
	m := only(r, s, Happening{Kind: Ours, Chat: chat, Text: plainText}, hasText)
	r.wantMessage(m, chat, plainText)
	if !m.FromMe {
		r.Error("a message typed on the linked phone is not marked FromMe; what we post would be read as a new offer, and posted again")
	}
}

func editsArrive(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-edit")
	m := only(r, s, Happening{Kind: Texted, Chat: chat, Text: plainText}, hasText)
	e := only(r, s, Happening{Kind: EditedText, Chat: chat, Text: trickyText, Of: m.Key}, func(gateway.Edited) bool { return true })
	if e.Key.Chat != m.Key.Chat || e.Key.ID != m.Key.ID || e.Text != trickyText {
		r.Errorf("the edit of %+v came as %+v with text %q; its key must be that of the original, its text the new one", m.Key, e.Key, e.Text)
	}
	if e.FromMe {
		r.Error("another person's edit came as our own")
	}
}

func revokesArrive(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-revoke")
	m := only(r, s, Happening{Kind: Texted, Chat: chat, Text: plainText}, hasText)
	v := only(r, s, Happening{Kind: Revoked, Chat: chat, Of: m.Key}, func(gateway.Revoked) bool { return true })
	if v.Key.Chat != m.Key.Chat || v.Key.ID != m.Key.ID {
		r.Errorf("the revoke of %+v came as %+v; its key must be that of the original, or the offer is posted although it was taken back", m.Key, v.Key)
	}
}

func echoesArrive(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-echo")
	echo := only(r, s, Happening{Kind: Echoed, Chat: chat, Text: trickyText}, func(gateway.SendEcho) bool { return true })
	posts := r.posts(s.Name, chat)
	if len(posts) != 1 || echo.Chat != chat || echo.ID != posts[0].ID || echo.Text != trickyText {
		r.Errorf("the echo %+v is not that of the one post in the group (%d posts); it is the proof that a doubtful send left", echo, len(posts))
	}
}

func qrCodesArrive(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-in-qr")
	for _, qr := range some(r, s, Happening{Kind: QRShown}, func(gateway.QR) bool { return true }) {
		if qr.Code == "" {
			r.Error("a QR event has no code")
		}
	}
}

func logOutArrives(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-in-logout")
	// Without it the engine would wait for a reconnection that never comes.
	some(r, s, Happening{Kind: LoggedOut}, func(c gateway.Connection) bool { return c.State == gateway.StateLoggedOut })
}

func unimportantIsIgnored(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-noise")
	var events []gateway.Event
	if r.meets(NeedTeller) {
		events = r.decoded(s, r.told(s, Happening{Kind: Unimportant, Chat: chat}))
	} else {
		// Once a text is there, what came of the group itself has passed.
		only(r, s, Happening{Kind: Texted, Chat: chat, Text: trickyText}, hasText)
		before := len(r.streams[s.Name].taken())
		r.happen(s, Happening{Kind: Unimportant, Chat: chat})
		only(r, s, Happening{Kind: Texted, Chat: chat, Text: plainText}, hasText)
		for _, e := range r.streams[s.Name].taken()[before:] {
			if m, ok := e.(gateway.Message); !ok || m.Text != plainText {
				events = append(events, e)
			}
		}
	}
	for _, e := range events {
		if _, ok := e.(gateway.Ignored); !ok {
			r.Errorf("an event that means nothing came as a %T; it must be an Ignored, which is counted and answered with success", e)
		}
	}
}

func lidsAreNoPhones(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-in-lid")
	phone, lid := r.Provider.(Others).Other()
	m := only(r, s, Happening{Kind: Texted, Chat: chat, Text: plainText}, hasText)
	if m.Key.Participant != phone && m.Key.Participant != lid {
		r.Errorf("the author is %q; it must be their address as WhatsApp writes it, %q or %q, without a device: the digits of a lid are no phone number", m.Key.Participant, phone, lid)
	}
}

func fetchMedia(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-fetch")
	m := only(r, s, Happening{Kind: Pictured, Chat: chat, Text: plainText, Media: picture},
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

func messagesLists(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-history")
	other := r.group(s.Name, Group{Name: "Outro"})
	since := time.Now().Add(-time.Minute)
	only(r, s, Happening{Kind: Texted, Chat: other, Text: "em outro grupo"}, hasText)
	for _, kind := range []HappeningKind{Texted, Ours, Texted} {
		only(r, s, Happening{Kind: kind, Chat: chat, Text: trickyText + string(kind)}, hasText)
	}
	history := h.Gateway.(gateway.History)
	texts := func(limit int) (texts []string) {
		list, err := history.Messages(r.ctx, s, chat, since, limit)
		if err != nil {
			r.Errorf("Messages failed: %v", err)
		}
		for _, m := range list {
			if m.Key.Chat != chat {
				r.Errorf("Messages of %q lists one of %q; another group's offer must not come from this one", chat, m.Key.Chat)
			}
			if ours := strings.HasSuffix(m.Text, string(Ours)); ours != m.FromMe {
				r.Errorf("Messages says FromMe %v of a message that is ours: %v", m.FromMe, ours)
			}
			texts = append(texts, strings.TrimPrefix(m.Text, trickyText))
		}
		return texts
	}
	if got := fmt.Sprint(texts(10)); got != "[texted ours texted]" {
		r.Errorf("Messages lists %s; said was texted, ours, texted, oldest first", got)
	}
	if got := fmt.Sprint(texts(2)); got != "[ours texted]" {
		r.Errorf("Messages of at most two lists %s; it must be the newest, oldest first", got)
	}
	if list, err := history.Messages(r.ctx, s, chat, time.Now().Add(time.Hour), 10); err != nil || len(list) != 0 {
		r.Errorf("Messages since a time to come lists %d, error %v", len(list), err)
	}
}

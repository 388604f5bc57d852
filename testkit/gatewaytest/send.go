package gatewaytest

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func sendCases() []Case {
	phones, refuser := []Need{NeedPhones}, []Need{NeedPhones, NeedRefuser}
	return []Case{
		{Name: "SendPostsTheExactText", Needs: phones, Run: sendPostsTheExactText},
		{Name: "SendPostsALongText", Needs: phones, Run: sendPostsALongText},
		{Name: "SendPostsMedia", Needs: phones, Run: sendPostsMedia},
		{Name: "SendPostsVideosAndDocuments", Needs: phones, Run: sendPostsVideosAndDocuments},
		{Name: "SendWithoutAPhoneIsNotConnected", Run: sendWithoutAPhone},
		{Name: "SendAfterLogoutIsNotConnected", Needs: phones, Run: sendAfterLogout},
		{Name: "SendToAGroupThatIsGone", Needs: phones, Run: sendToAGroupThatIsGone},
		{Name: "SendNothingIsInvalid", Needs: phones, Run: sendNothing},
		{Name: "SendAfterTheContextEnded", Needs: phones, Run: sendAfterTheContextEnded},
		{Name: "SendWhenThrottled", Needs: refuser, Run: sendWhenThrottled},
		{Name: "SendWhenRestricted", Needs: refuser, Run: sendWhenRestricted},
		{Name: "SendToAGroupThatForbids", Needs: refuser, Run: sendToAGroupThatForbids},
		{Name: "AFailureThatPostedIsUnknown", Needs: refuser, Run: aFailureThatPosted},
		{Name: "AnAnswerWithoutIDIsSuccess", Needs: refuser, Run: anAnswerWithoutID},
		{Name: "FindSentFindsWhatWasSent", Needs: []Need{NeedPhones, NeedLookup}, Run: findSent},
		{Name: "FindSentProvesNothingFalse", Needs: []Need{NeedPhones, NeedLookup}, Run: findSentProvesNothingFalse},
	}
}

func sendPostsTheExactText(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-text")
	receipt, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: trickyText})
	if err != nil {
		r.Fatalf("Send failed: %v", err)
	}
	posts := r.posts(s.Name, chat)
	if len(posts) != 1 {
		r.Fatalf("one Send made %d posts; an adapter sends exactly once and never repeats", len(posts))
	}
	if posts[0].Text != trickyText {
		r.Errorf("WhatsApp got %q, sent was %q; the text carries a tenant's links and must arrive byte for byte", posts[0].Text, trickyText)
	}
	if receipt.ID != "" && receipt.ID != posts[0].ID {
		r.Errorf("the receipt says id %q, the message has %q; echoes and acknowledgements are matched by it", receipt.ID, posts[0].ID)
	}
}

func sendPostsALongText(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-long")
	text := strings.Repeat("promoção ", 3500)
	if _, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: text}); err != nil {
		r.Fatalf("Send of %d bytes failed: %v", len(text), err)
	}
	if posts := r.posts(s.Name, chat); len(posts) != 1 || posts[0].Text != text {
		r.Errorf("a text of %d bytes did not arrive once and whole", len(text))
	}
}

func sendPostsMedia(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-media")
	data := append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{0, 1, 254, 255, '\n', '"'}, 5000)...)
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: trickyText, Media: &gateway.Media{
		Kind: core.Image, MimeType: "image/jpeg", FileName: "foto.jpg", Data: data,
	}})
	if err != nil {
		r.Fatalf("Send of an image failed: %v", err)
	}
	posts := r.posts(s.Name, chat)
	if len(posts) != 1 || posts[0].Media == nil {
		r.Fatalf("one image gave %d posts, or one without media", len(posts))
	}
	if p := posts[0]; p.Text != trickyText || p.Media.Kind != core.Image || p.Media.MimeType != "image/jpeg" || !bytes.Equal(p.Media.Data, data) {
		r.Errorf("the image did not arrive as sent: caption same %v, kind %q, type %q, bytes same %v",
			p.Text == trickyText, p.Media.Kind, p.Media.MimeType, bytes.Equal(p.Media.Data, data))
	}
}

func sendPostsVideosAndDocuments(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-kinds")
	sent := []gateway.Media{
		{Kind: core.Video, MimeType: "video/mp4", FileName: "oferta.mp4", Data: []byte("\x00\x00\x00\x18ftypmp42 \xff\xfe")},
		{Kind: core.Document, MimeType: "application/pdf", FileName: "lista.pdf", Data: []byte("%PDF-1.7 \x00\xff")},
	}
	for _, media := range sent {
		if _, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText, Media: &media}); err != nil {
			r.Errorf("Send of a %s failed: %v", media.Kind, err)
		}
	}
	posts := r.posts(s.Name, chat)
	if len(posts) != len(sent) {
		r.Fatalf("%d media gave %d posts", len(sent), len(posts))
	}
	for i, p := range posts {
		if p.Media == nil || p.Media.Kind != sent[i].Kind || !bytes.Equal(p.Media.Data, sent[i].Data) || p.Text != plainText {
			r.Errorf("the %s did not arrive as sent", sent[i].Kind)
		}
	}
}

func sendAfterLogout(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-after-logout")
	r.must(r.phones().Unlink(s.Name))
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "the queue is held until the tenant scans again; anything else throws the offers away or doubts them for ever",
		gateway.KindNotConnected, gateway.KindLoggedOut)
	if n := len(r.posts(s.Name, chat)); n != 0 {
		r.Errorf("a session that was logged out made %d posts", n)
	}
}

func sendWhenRestricted(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.refused("conf-restricted", Restricted)
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "WhatsApp restricted the number itself; slowing down does not help, and going on makes it worse", gateway.KindRestricted)
	r.wantOnlyPostsAfterNil(s, chat, err)
}

func sendWithoutAPhone(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-nophone")
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: "120363000000000009@g.us", Text: plainText})
	r.wantKind(err, "the engine waits for the connection; as unknown the message would be given up, as invalid thrown away",
		gateway.KindNotConnected, gateway.KindLoggedOut)
}

func sendToAGroupThatIsGone(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-gone")
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: elsewhere, Text: plainText})
	r.wantKind(err, "the destination is switched off then; a temporary fault would be retried until the offer is old",
		gateway.KindNotFound, gateway.KindForbidden)
}

func sendNothing(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-nothing")
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat})
	r.wantKind(err, "an empty message can never be sent", gateway.KindInvalid, gateway.KindPermanent)
	if n := len(r.posts(s.Name, chat)); n != 0 {
		r.Errorf("an empty Send made %d posts", n)
	}
}

func sendAfterTheContextEnded(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-ended")
	ended, cancel := context.WithCancel(r.ctx)
	cancel()
	_, err := h.Gateway.Send(ended, s, gateway.Outbound{To: chat, Text: plainText})
	if err == nil {
		r.Fatal("Send succeeded although its context had ended")
	}
	if gateway.KindOf(err) != gateway.KindUnknown && len(r.posts(s.Name, chat)) != 0 {
		r.Errorf("the message was posted but the error is %q, which promises that nothing was sent", gateway.KindOf(err))
	}
}

// refused opens a session whose next send the provider ends in a certain way.
func (r run) refused(name string, how Refusal) (gateway.Session, core.JID) {
	r.Helper()
	s, chat := r.openInGroup(name)
	if !r.Provider.(Refuser).Refuse(s.Name, how) {
		r.Skipf("skipped: the provider never ends a send so: %s", how)
	}
	return s, chat
}

func sendWhenThrottled(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.refused("conf-throttled", Throttled)
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "the whole session must slow down; anything else keeps sending and gets the number banned", gateway.KindRateLimited)
	r.wantOnlyPostsAfterNil(s, chat, err)
}

func sendToAGroupThatForbids(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.refused("conf-forbids", GroupForbids)
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "this one destination is switched off and the others go on", gateway.KindForbidden)
	r.wantOnlyPostsAfterNil(s, chat, err)
}

func aFailureThatPosted(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.refused("conf-lies", Lies)
	_, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	r.wantKind(err, "the message is in the group; calling it definitely failed would post it a second time", gateway.KindUnknown)
	r.wantOnlyPostsAfterNil(s, chat, err)
}

func anAnswerWithoutID(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.refused("conf-noid", NamesNoID)
	receipt, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: plainText})
	if err != nil {
		r.Errorf("an accepted message without an id failed: %v; it was accepted, so it is sent, with an empty id", err)
	}
	if receipt.ID != "" && receipt.ID != r.posts(s.Name, chat)[0].ID {
		r.Errorf("the receipt invents the id %q", receipt.ID)
	}
}

// wantOnlyPostsAfterNil checks a send against the truth: an error with EffectNone must
// have left nothing behind, and no send posts twice.
func (r run) wantOnlyPostsAfterNil(s gateway.Session, chat core.JID, err error) {
	r.Helper()
	n := len(r.posts(s.Name, chat))
	if n > 1 {
		r.Errorf("one Send made %d posts; an adapter never repeats a send, the engine decides", n)
	}
	if n > 0 && err != nil && gateway.KindOf(err) != gateway.KindUnknown {
		r.Errorf("the message was posted but the error is %q, which promises that nothing was sent", gateway.KindOf(err))
	}
}

func findSent(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	finder, ok := h.Gateway.(gateway.SentFinder)
	if !ok {
		r.Fatal("Capabilities.SentLookup claims a look-up, but the gateway has no FindSent")
	}
	s, chat := r.openInGroup("conf-lookup")
	since := time.Now().Add(-time.Minute)
	receipt, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: trickyText})
	if err != nil {
		r.Fatalf("Send failed: %v", err)
	}
	r.eventually("FindSent finds a sent message by its text", func() bool {
		found, id, err := finder.FindSent(r.ctx, s, gateway.SentQuery{Chat: chat, Text: trickyText, Since: since})
		return err == nil && found && (receipt.ID == "" || id == receipt.ID)
	})
	if receipt.ID != "" {
		found, id, err := finder.FindSent(r.ctx, s, gateway.SentQuery{Chat: chat, ID: receipt.ID, Since: since})
		if err != nil || !found || id != receipt.ID {
			r.Errorf("FindSent by id: found %v, id %q, error %v", found, id, err)
		}
	}
}

func findSentProvesNothingFalse(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	finder, ok := h.Gateway.(gateway.SentFinder)
	if !ok {
		r.Fatal("Capabilities.SentLookup claims a look-up, but the gateway has no FindSent")
	}
	s, chat := r.openInGroup("conf-lookup-false")
	other := r.group(s.Name, Group{Name: "Outro"})
	since := time.Now().Add(-time.Minute)
	if _, err := h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: trickyText}); err != nil {
		r.Fatalf("Send failed: %v", err)
	}
	for what, q := range map[string]gateway.SentQuery{
		"another text":   {Chat: chat, Text: trickyText + " ", Since: since},
		"another chat":   {Chat: other, Text: trickyText, Since: since},
		"another id":     {Chat: chat, ID: "3EB0000000000000000000", Since: since},
		"a time to come": {Chat: chat, Text: trickyText, Since: time.Now().Add(time.Hour)},
	} {
		if found, _, err := finder.FindSent(r.ctx, s, q); found || err != nil {
			r.Errorf("FindSent for %s: found %v, error %v; a wrong proof marks an offer sent that never was", what, found, err)
		}
	}
}

package fakeevolution_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// hear posts a message and returns the data of the webhook it makes.
func (s *scene) hear(p *fakewhatsapp.Phone, m fakewhatsapp.Message) map[string]any {
	s.t.Helper()
	s.say(p, m)
	s.idle()
	hooks := s.hooks.take()
	if len(hooks) != 1 || hooks[0].event() != "messages.upsert" {
		s.t.Fatalf("webhooks %q", names(hooks))
	}
	return get[map[string]any](hooks[0].body, "data")
}

func TestTwoInstancesInOneGroup(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	cid := s.phone("5511900000003", "")
	s.group.Add(cid)
	s.open("a", s.ana)
	s.open("b", s.bia)
	s.hooks.take()
	s.say(cid, text("oferta"))
	s.idle()
	paths := []string{}
	hooks := s.hooks.take()
	for _, h := range hooks {
		paths = append(paths, h.path)
		if get[string](h.body, "data", "pushName")+"@lid" != string(cid.LID()) || get[string](h.body, "data", "message", "conversation") != "oferta" {
			t.Errorf("%s: %v", h.path, h.body)
		}
	}
	slices.Sort(paths)
	if !slices.Equal(paths, []string{"/hooks/a", "/hooks/b"}) {
		t.Errorf("webhooks at %q", paths)
	}
	// What one instance sends the other receives, and the sender does not.
	s.sendText("a", "repasse")
	s.idle()
	got := []string{}
	for _, h := range s.hooks.take() {
		got = append(got, h.path+" "+h.event())
	}
	slices.Sort(got)
	if want := []string{"/hooks/a messages.update", "/hooks/a send.message", "/hooks/b messages.upsert"}; !slices.Equal(got, want) {
		t.Errorf("webhooks %q", got)
	}
}

func TestAddressing(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	data := s.hear(s.ana, text("x"))
	if get[string](data, "key", "participant") != string(s.ana.LID()) || get[string](data, "key", "participantAlt") != string(s.ana.JID()) || get[string](data, "key", "addressingMode") != "lid" {
		t.Errorf("by LID: %v", data["key"])
	}
	s.server.SetQuirksFor("a", fakeevolution.Quirks{HideAlternate: true})
	if _, there := get[map[string]any](s.hear(s.ana, text("x")), "key")["participantAlt"]; there {
		t.Error("the alternate is there")
	}
	s.server.SetQuirksFor("a", fakeevolution.Quirks{})
	s.group = s.newGroup(fakewhatsapp.GroupSpec{Members: []*fakewhatsapp.Phone{s.ana, s.bia}, Addressing: fakewhatsapp.ByPhone})
	s.idle()
	s.hooks.take()
	data = s.hear(s.ana, text("x"))
	if get[string](data, "key", "participant") != string(s.ana.JID()) || get[string](data, "key", "participantAlt") != string(s.ana.LID()) || get[string](data, "key", "addressingMode") != "pn" {
		t.Errorf("by phone: %v", data["key"])
	}
	own := s.hear(s.bia, text("typed on the phone"))
	if _, status := own["status"]; !get[bool](own, "key", "fromMe") || status || own["source"] != "ios" {
		t.Errorf("own message: %v", own)
	}
}

func TestContents(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	image := &fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("x")}
	document := &fakewhatsapp.Media{Kind: core.Document, MimeType: "application/pdf", FileName: "x.pdf", Data: []byte("x")}
	for _, c := range []struct {
		name string
		m    fakewhatsapp.Message
		kind string
		path []any // where the text is
	}{
		{"text", text("oferta"), "conversation", []any{"conversation"}},
		{"preview", fakewhatsapp.Message{Text: "oferta", Wrap: fakewhatsapp.WrapPreview}, "conversation", []any{"conversation"}},
		{"ephemeral", fakewhatsapp.Message{Text: "oferta", Wrap: fakewhatsapp.WrapEphemeral}, "ephemeralMessage", []any{"ephemeralMessage", "message", "extendedTextMessage", "text"}},
		{"image", fakewhatsapp.Message{Text: "oferta", Media: image}, "imageMessage", []any{"imageMessage", "caption"}},
		{"ephemeral image", fakewhatsapp.Message{Text: "oferta", Media: image, Wrap: fakewhatsapp.WrapEphemeral}, "ephemeralMessage", []any{"ephemeralMessage", "message", "imageMessage", "caption"}},
		{"view once", fakewhatsapp.Message{Text: "oferta", Media: image, Wrap: fakewhatsapp.WrapViewOnce}, "viewOnceMessageV2", []any{"viewOnceMessageV2", "message", "imageMessage", "caption"}},
		{"video", fakewhatsapp.Message{Text: "oferta", Media: &fakewhatsapp.Media{Kind: core.Video}}, "videoMessage", []any{"videoMessage", "caption"}},
		{"document", fakewhatsapp.Message{Text: "oferta", Media: document, Wrap: fakewhatsapp.WrapCaption}, "documentMessage", []any{"documentMessage", "caption"}},
		{"poll", fakewhatsapp.Message{Text: "oferta", Content: fakewhatsapp.ContentPoll}, "pollCreationMessageV3", []any{"pollCreationMessageV3", "name"}},
		{"contact", fakewhatsapp.Message{Text: "oferta", Content: fakewhatsapp.ContentContact}, "contactMessage", []any{"contactMessage", "displayName"}},
		{"reaction", fakewhatsapp.Message{Text: "oferta", Content: fakewhatsapp.ContentReaction}, "reactionMessage", []any{"reactionMessage", "text"}},
	} {
		data := s.hear(s.ana, c.m)
		if got := get[string](data["message"], c.path...); got != "oferta" || data["messageType"] != c.kind {
			t.Errorf("%s: %v", c.name, data)
		}
	}
	for content, kind := range map[fakewhatsapp.Content]string{fakewhatsapp.ContentAudio: "audioMessage", fakewhatsapp.ContentSticker: "stickerMessage"} {
		if data := s.hear(s.ana, fakewhatsapp.Message{Content: content}); data["messageType"] != kind {
			t.Errorf("%s: %v", content, data)
		}
	}
}

func TestAlbum(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	image := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("x")}
	posts, err := s.ana.PostAlbum(s.group.JID(), "legenda", image, image)
	s.must(err)
	s.idle()
	hooks := s.hooks.take()
	if len(hooks) != 3 || get[float64](hooks[0].body, "data", "message", "albumMessage", "expectedImageCount") != 2 {
		t.Fatalf("webhooks %v", hooks)
	}
	for i, h := range hooks[1:] {
		parent := get[string](h.body, "data", "message", "messageContextInfo", "messageAssociation", "parentMessageKey", "id")
		caption := get[string](h.body, "data", "message", "imageMessage", "caption")
		if parent != string(posts[0].ID) || (caption == "legenda") != (i == 0) {
			t.Errorf("child %d: %v", i, h.body)
		}
	}
}

func TestEditAndRevoke(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	post := s.say(s.ana, text("R$ 10"))
	caption := s.say(s.ana, fakewhatsapp.Message{Text: "R$ 10", Media: &fakewhatsapp.Media{Kind: core.Image}})
	s.idle()
	s.hooks.take()
	s.must(s.ana.Edit(post, "R$ 20"))
	s.must(s.ana.Edit(caption, "R$ 30"))
	s.must(s.ana.Revoke(post))
	s.idle()
	s.server.SetQuirks(fakeevolution.Quirks{RevokeAsDelete: true})
	s.must(s.ana.Revoke(caption))
	s.idle()
	hooks := s.hooks.take()
	if got := names(hooks); !slices.Equal(got, []string{"messages.edited", "messages.edited", "messages.edited", "messages.delete"}) {
		t.Fatalf("webhooks %q", got)
	}
	edit, media, revoke, gone := hooks[0].body["data"], hooks[1].body["data"], hooks[2].body["data"], hooks[3].body["data"]
	if get[string](edit, "key", "id") != string(post.ID) || get[float64](edit, "type") != 14 || get[string](edit, "editedMessage", "conversation") != "R$ 20" {
		t.Errorf("edit: %v", edit)
	}
	if get[string](media, "editedMessage", "imageMessage", "caption") != "R$ 30" {
		t.Errorf("edit of a caption: %v", media)
	}
	if kind, there := revoke.(map[string]any)["type"]; !there || kind != 0.0 || get[any](revoke, "editedMessage") != nil || get[string](revoke, "key", "id") != string(post.ID) {
		t.Errorf("revoke: %v", revoke)
	}
	if get[string](gone, "status") != "DELETED" || get[string](gone, "id") != string(caption.ID) {
		t.Errorf("delete: %v", gone)
	}
}

func TestEncodings(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	at := time.Unix(1795443655, 0)
	for enc, want := range map[fakeevolution.Encoding]string{
		fakeevolution.EncodingObject: "1.795443655e+09 map[high:0 low:3 unsigned:true] map[",
		fakeevolution.EncodingBase64: "1795443655 3 ",
		fakeevolution.EncodingBuffer: "map[high:0 low:1.795443655e+09 unsigned:true] 3 map[data:[",
	} {
		s.server.SetQuirks(fakeevolution.Quirks{Encoding: enc})
		data := s.hear(s.ana, fakewhatsapp.Message{At: at, Media: &fakewhatsapp.Media{Kind: core.Image, Data: []byte("abc")}})
		image := get[map[string]any](data, "message", "imageMessage")
		got := fmt.Sprint(data["messageTimestamp"], " ", image["fileLength"], " ", image["mediaKey"])
		if len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("%q: %s", enc, got)
		}
	}
}

func TestBase64InWebhooksNeedsAReconnect(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	_, hook := s.call("POST", "/webhook/set/a", map[string]any{"webhook": map[string]any{
		"enabled": true, "url": s.hooks.server.URL, "base64": true, "events": []string{},
	}})
	if !get[bool](hook, "webhookBase64") {
		t.Fatalf("set: %v", hook)
	}
	s.hooks.take()
	m := fakewhatsapp.Message{Media: &fakewhatsapp.Media{Kind: core.Image, Data: []byte("abc")}}
	if data := s.hear(s.ana, m); get[any](data, "message", "base64") != nil {
		t.Error("the flag took effect at once")
	}
	s.must(s.server.Disconnect("a", 515))
	s.must(s.server.Recover("a"))
	s.idle()
	s.hooks.take()
	if data := s.hear(s.ana, m); get[string](data, "message", "base64") != base64.StdEncoding.EncodeToString([]byte("abc")) {
		t.Errorf("after the reconnect: %v", data["message"])
	}
}

func TestOldVersionsEchoUpserts(t *testing.T) {
	s := newScene(t, fakeevolution.Options{})
	s.open("a", s.bia)
	s.hooks.take()
	s.server.SetQuirks(fakeevolution.Quirks{EchoUpsert: true})
	s.sendText("a", "x")
	s.idle()
	if got := names(s.hooks.take()); !slices.Equal(got, []string{"send.message", "messages.upsert", "messages.update"}) {
		t.Errorf("webhooks %q", got)
	}
}

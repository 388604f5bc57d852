package whatsmeow_test

import (
	"bytes"
	"testing"

	"github.com/autopromo-cloud/autopromo/adapters/whatsmeow"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestInboundMessages(t *testing.T) {
	for _, by := range []fakewhatsapp.Addressing{fakewhatsapp.ByLID, fakewhatsapp.ByPhone} {
		t.Run(string(by), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, nil)
			h, phone := s.link(session, number)
			group, err := s.world.AddGroup(fakewhatsapp.GroupSpec{
				Subject: "Ofertas", Admins: []*fakewhatsapp.Phone{s.ana}, Members: []*fakewhatsapp.Phone{phone}, Addressing: by,
			})
			s.must(err)
			inboundMessages(s, h, phone, group)
		})
	}
}

func inboundMessages(s *scene, h *host, phone *fakewhatsapp.Phone, group *fakewhatsapp.Group) {
	image := &fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: bytes.Repeat([]byte{1, 2, 255}, 999)}
	document := &fakewhatsapp.Media{Kind: core.Document, MimeType: "application/pdf", FileName: "lista.pdf", Data: []byte("pdf")}
	var first fakewhatsapp.Post
	for i, m := range []fakewhatsapp.Message{
		{Text: "texto"},
		{Text: "prévia", Wrap: fakewhatsapp.WrapPreview},
		{Text: "efêmera", Wrap: fakewhatsapp.WrapEphemeral},
		{Text: "foto", Media: image},
		{Text: "foto que some", Media: image, Wrap: fakewhatsapp.WrapEphemeral},
		{Text: "foto única", Media: image, Wrap: fakewhatsapp.WrapViewOnce},
		{Text: "lista", Media: document, Wrap: fakewhatsapp.WrapCaption},
	} {
		post, err := s.ana.Post(group.JID(), m)
		s.must(err)
		if i == 0 {
			first = post
		}
		got := await(h, saying(m.Text))
		if got.FromMe || got.Key.ID != post.ID || (got.Media != nil) != (m.Media != nil) {
			s.Errorf("%q came as %+v", m.Text, got)
		}
		if m.Media == nil {
			continue
		}
		fetched, err := s.gateway.FetchMedia(s.ctx, h.session, *got.Media, 1<<20)
		if err != nil || !bytes.Equal(fetched.Data, m.Media.Data) || fetched.Kind != m.Media.Kind || fetched.FileName != m.Media.FileName {
			s.Errorf("media of %q: %d bytes, %v", m.Text, len(fetched.Data), err)
		}
		if bytes.Contains(got.Media.Handle, []byte("thumbnail")) || bytes.Contains(got.Media.Handle, []byte("https")) {
			s.Error("the handle holds a thumbnail or an address")
		}
	}
	s.must(s.ana.Edit(first, "texto, corrigido"))
	if e := await(h, func(gateway.Edited) bool { return true }); e.Key.ID != first.ID || e.Text != "texto, corrigido" || e.FromMe {
		s.Errorf("edit %+v", e)
	}
	s.must(s.ana.Revoke(first))
	if e := await(h, func(gateway.Revoked) bool { return true }); e.Key.ID != first.ID || e.FromMe {
		s.Errorf("revoke %+v", e)
	}
	_, err := phone.PostText(group.JID(), "do próprio celular")
	s.must(err)
	if m := await(h, saying("do próprio celular")); !m.FromMe {
		s.Errorf("own message %+v", m)
	}

	// What means nothing, and the status, which is not a group.
	before := count(h, func(gateway.Message) bool { return true })
	for _, c := range []fakewhatsapp.Content{
		fakewhatsapp.ContentSticker, fakewhatsapp.ContentAudio, fakewhatsapp.ContentPoll, fakewhatsapp.ContentContact,
		fakewhatsapp.ContentReaction, fakewhatsapp.ContentAlbum,
	} {
		_, err := s.ana.Post(group.JID(), fakewhatsapp.Message{Content: c, Text: "x"})
		s.must(err)
	}
	s.must(s.server.PostToStatus(session, s.ana.JID(), "status"))
	s.must(s.server.WaitDelivered(s.ctx, session))
	if after := count(h, func(gateway.Message) bool { return true }); after != before {
		s.Errorf("%d messages came of what means nothing", after-before)
	}
	await(h, func(i gateway.Ignored) bool { return i.What == "chat.broadcast" })
	await(h, func(i gateway.Ignored) bool { return i.What == "message.key" })
}

func TestFetchMediaThatCannotBeHad(t *testing.T) {
	s := newScene(t, nil)
	h, phone := s.link(session, number)
	group := s.group(phone)
	_, err := s.ana.PostMedia(group.JID(), fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: bytes.Repeat([]byte{9}, 5000)}, "foto")
	s.must(err)
	m := await(h, saying("foto"))
	fetch := func(media core.Media, limit int64) error {
		_, err := s.gateway.FetchMedia(s.ctx, h.session, media, limit)
		return err
	}
	wantKind(t, fetch(*m.Media, 100), gateway.KindMediaUnavailable)
	wantKind(t, fetch(core.Media{Kind: core.Image, Handle: []byte("not a handle")}, 1<<20), gateway.KindInvalid)
	wantKind(t, fetch(core.Media{Kind: core.Image}, 1<<20), gateway.KindInvalid)
	s.server.DropMedia()
	wantKind(t, fetch(*m.Media, 1<<20), gateway.KindMediaUnavailable)
}

func TestPreview(t *testing.T) {
	s := newScene(t, func(o *whatsmeow.Options) {
		o.Preview = func(link string) (whatsmeow.Preview, bool) {
			return whatsmeow.Preview{Title: "Fone"}, link == "https://loja.example/p?id=1"
		}
	})
	h, phone := s.link(session, number)
	group := s.group(phone)
	for text, wrap := range map[string]fakewhatsapp.Wrap{
		"👉 https://loja.example/p?id=1 hoje": fakewhatsapp.WrapPreview,
		"sem link":                           fakewhatsapp.WrapNone,
		"outro https://outra.example antes de https://loja.example/p?id=1": fakewhatsapp.WrapNone,
	} {
		s.must(h.send(group.JID(), "", text))
		posts := s.world.PostedVia(session)
		if last := posts[len(posts)-1]; last.Text != text || last.Wrap != wrap {
			t.Errorf("%q arrived as %q, wrapped %q; want %q", text, last.Text, last.Wrap, wrap)
		}
	}
}

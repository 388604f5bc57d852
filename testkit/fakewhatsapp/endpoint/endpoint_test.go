package endpoint_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp/endpoint"
)

func (s *scene) send(id, words string, timeout time.Duration) error {
	s.Helper()
	_, err := s.client.SendMessage(s.ctx, s.chat(), &waE2E.Message{Conversation: proto.String(words)},
		whatsmeow.SendRequestExtra{ID: id, Timeout: timeout})
	return err
}

func TestPairByQRCode(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if err := s.server.Scan(s.bia, session, "2@nonsense,a,b,c"); !errors.Is(err, endpoint.ErrBadQR) {
		t.Errorf("a made-up code: %v", err)
	}
	s.link()
	if !s.server.Linked(session) || s.client.Store.ID.User != s.bia.Number() {
		t.Errorf("linked %v as %v", s.server.Linked(session), s.client.Store.ID)
	}
	groups, err := s.client.GetJoinedGroups(s.ctx)
	if err != nil || len(groups) != 1 || groups[0].Name != "Ofertas" || len(groups[0].Participants) != 2 {
		t.Fatalf("groups %+v, %v", groups, err)
	}
}

func TestPairByTypedCode(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.must(s.client.ConnectContext(context.WithoutCancel(s.ctx)))
	await(s, all[*events.QR])
	code, err := s.client.PairPhone(s.ctx, s.bia.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	s.must(err)
	if err := s.server.EnterCode(s.ctx, s.ana, session, code); !errors.Is(err, endpoint.ErrBadCode) {
		t.Errorf("another person's phone: %v", err)
	}
	if err := s.server.EnterCode(s.ctx, s.bia, session, "AAAA-AAAA"); !errors.Is(err, endpoint.ErrBadCode) {
		t.Errorf("a wrong code: %v", err)
	}
	code, err = s.client.PairPhone(s.ctx, s.bia.Number(), true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	s.must(err)
	s.must(s.server.EnterCode(s.ctx, s.bia, session, code))
	await(s, all[*events.Connected])
}

func TestPhonesReadWhatTheDeviceSends(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.link()
	s.must(s.send("3EB0AAAA", "oferta", 0))
	s.must(s.send("3EB0AAAA", "oferta", 0))
	posts := s.world.PostedVia(session)
	if len(posts) != 1 || posts[0].ID != "3EB0AAAA" || posts[0].Text != "oferta" {
		t.Errorf("the ledger has %+v", posts)
	}
	frames := s.server.Frames("3EB0AAAA")
	if len(frames) != 2 || len(frames[0].Unread) != 0 {
		t.Errorf("the same id sent twice came as %+v", frames)
	}
	if r := await(s, all[*events.Receipt]); r.MessageIDs[0] != "3EB0AAAA" {
		t.Errorf("receipt of %v", r.MessageIDs)
	}
	// Somebody who joins gets the key with the next message.
	cid := s.phone("5511900000003", "Cid")
	s.group.Add(cid)
	await(s, func(g *events.GroupInfo) bool { return len(g.Join) == 1 })
	s.must(s.send("3EB0BBBB", "outra", 0))
	if f := s.server.Frames("3EB0BBBB"); len(f) != 1 || len(f[0].Unread) != 0 {
		t.Errorf("the new member: %+v", f)
	}
}

func TestPhonesSeeMedia(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.link()
	data := bytes.Repeat([]byte{0xff, 0xd8, 0, 1}, 3000)
	up, err := s.client.Upload(s.ctx, data, whatsmeow.MediaImage)
	s.must(err)
	message := &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
		Caption: proto.String("legenda"), Mimetype: proto.String("image/jpeg"), URL: &up.URL, DirectPath: &up.DirectPath,
		MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
	}}
	_, err = s.client.SendMessage(s.ctx, s.chat(), message)
	s.must(err)
	posts := s.world.PostedVia(session)
	if len(posts) != 1 || posts[0].Media == nil || !bytes.Equal(posts[0].Media.Data, data) || posts[0].Text != "legenda" {
		t.Errorf("the ledger has %d posts, or another image", len(posts))
	}
	s.server.DropMedia()
	if _, err := s.client.SendMessage(s.ctx, s.chat(), message); !errors.Is(err, whatsmeow.ErrServerReturnedError) {
		t.Errorf("media that is gone: %v", err)
	}
}

func TestDeviceReadsWhatPhonesPost(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.link()
	post, err := s.ana.PostText(s.group.JID(), "promo")
	s.must(err)
	m := s.message()
	if m.Message.GetConversation() != "promo" || m.Info.ID != string(post.ID) || m.Info.IsFromMe || m.Info.Sender.String() != string(s.ana.LID()) {
		t.Errorf("got %+v", m.Info)
	}
	s.must(s.ana.Edit(post, "promo, corrigida"))
	if m := s.message(); m.Message.GetProtocolMessage().GetEditedMessage().GetConversation() != "promo, corrigida" || !m.IsEdit {
		t.Errorf("edit: %v", m.Message)
	}
	s.must(s.ana.Revoke(post))
	if m := s.message(); m.Message.GetProtocolMessage().GetType() != waE2E.ProtocolMessage_REVOKE {
		t.Errorf("revoke: %v", m.Message)
	}
	_, err = s.bia.PostText(s.group.JID(), "minha")
	s.must(err)
	if m := s.message(); !m.Info.IsFromMe {
		t.Errorf("own phone's message: %+v", m.Info)
	}
	data := []byte(strings.Repeat("imagem", 100))
	_, err = s.ana.Post(s.group.JID(), fakewhatsapp.Message{
		Text: "foto", Wrap: fakewhatsapp.WrapEphemeral, Media: &fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: data},
	})
	s.must(err)
	m = s.message()
	got, err := s.client.Download(s.ctx, m.Message.GetImageMessage())
	if err != nil || !bytes.Equal(got, data) || !m.IsEphemeral {
		t.Errorf("image: %d bytes, %v", len(got), err)
	}
	s.must(s.server.WaitDelivered(s.ctx, session))
}

func TestMessagesWaitForTheDevice(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.link()
	s.client.Disconnect()
	s.must(s.server.WaitConnected(s.ctx, session, false))
	_, err := s.ana.PostText(s.group.JID(), "enquanto isso")
	s.must(err)
	s.must(s.client.ConnectContext(context.WithoutCancel(s.ctx)))
	// The client tells of the message and of the end of what waited in either order.
	var told, ended bool
	await(s, func(e any) bool {
		switch e := e.(type) {
		case *events.OfflineSyncCompleted:
			ended = true
		case *events.Message:
			told = told || e.Message.GetConversation() == "enquanto isso"
		}
		return told && ended
	})
	s.must(s.server.WaitDelivered(s.ctx, session))
}

func TestFaultsOfASend(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.link()
	s.server.NextSend(session, endpoint.Refuse(463), endpoint.Silence(), endpoint.Lose(), endpoint.Cut())
	if err := s.send("1", "recusada", 0); !errors.Is(err, whatsmeow.ErrServerReturnedError) || !strings.HasSuffix(err.Error(), " 463") {
		t.Errorf("refused: %v", err)
	}
	for _, id := range []string{"2", "3"} {
		if err := s.send(id, "sem resposta", 50*time.Millisecond); !errors.Is(err, whatsmeow.ErrMessageTimedOut) {
			t.Errorf("no answer to %s: %v", id, err)
		}
	}
	if err := s.send("4", "queda", 0); err != nil { // the client sends it again when it is back
		t.Errorf("cut: %v", err)
	}
	posted := ids(s.server.Frames(""))
	if len(posted) != 5 || len(s.server.Frames("4")) != 2 {
		t.Errorf("frames %v", posted)
	}
	if posts := s.world.PostedVia(session); len(posts) != 2 || posts[0].ID != "2" || posts[1].ID != "4" {
		t.Errorf("the ledger has %+v", posts)
	}
}

func TestEndsOfAConnection(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.link()
	s.must(s.server.Cut(session))
	await(s, all[*events.Disconnected])
	await(s, all[*events.Connected])
	s.must(s.server.Replace(session))
	await(s, all[*events.StreamReplaced])
	s.client.Disconnect()
	s.must(s.client.ConnectContext(context.WithoutCancel(s.ctx)))
	await(s, all[*events.Connected])
	s.client.Disconnect()
	s.server.NextLogin(session, endpoint.LoginFailure{Reason: 402, Code: 104, Expire: time.Hour})
	s.must(s.client.ConnectContext(context.WithoutCancel(s.ctx)))
	if ban := await(s, all[*events.TemporaryBan]); ban.Code != 104 || ban.Expire != time.Hour {
		t.Errorf("ban %v", ban)
	}
	s.client.Disconnect()
	s.must(s.client.ConnectContext(context.WithoutCancel(s.ctx)))
	await(s, all[*events.Connected])
	s.must(s.server.LogOut(session))
	await(s, all[*events.LoggedOut])
	if s.server.Linked(session) {
		t.Error("still linked")
	}
}

package endpoint

import (
	"errors"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func conversation(words string) *waE2E.Message {
	return &waE2E.Message{Conversation: proto.String(words)}
}

// composed is the message a phone's application makes of a post.
func (s *Server) composed(p fakewhatsapp.Post) *waE2E.Message {
	m := s.bare(p)
	switch p.Wrap {
	case fakewhatsapp.WrapPreview:
		m = &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
			Text: proto.String(p.Text), Title: proto.String("Loja"), MatchedText: proto.String("https://loja.example"),
		}}
	case fakewhatsapp.WrapEphemeral:
		if p.Content == fakewhatsapp.ContentText {
			m = &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
				Text: proto.String(p.Text), ContextInfo: &waE2E.ContextInfo{Expiration: proto.Uint32(86400)},
			}}
		}
		m = &waE2E.Message{EphemeralMessage: &waE2E.FutureProofMessage{Message: m}}
	case fakewhatsapp.WrapViewOnce:
		m = &waE2E.Message{ViewOnceMessageV2: &waE2E.FutureProofMessage{Message: m}}
	case fakewhatsapp.WrapCaption:
		m = &waE2E.Message{DocumentWithCaptionMessage: &waE2E.FutureProofMessage{Message: m}}
	}
	if p.Album != "" {
		m.MessageContextInfo = &waE2E.MessageContextInfo{MessageAssociation: &waE2E.MessageAssociation{
			AssociationType:  waE2E.MessageAssociation_MEDIA_ALBUM.Enum(),
			ParentMessageKey: key(p.Group, p.Album),
		}}
	}
	return m
}

// bare is a post without the wrapping.
func (s *Server) bare(p fakewhatsapp.Post) *waE2E.Message {
	switch p.Content {
	case fakewhatsapp.ContentMedia:
		return s.media(p)
	case fakewhatsapp.ContentAlbum:
		return &waE2E.Message{AlbumMessage: &waE2E.AlbumMessage{
			ExpectedImageCount: proto.Uint32(uint32(p.ExpectedImages)), ExpectedVideoCount: proto.Uint32(uint32(p.ExpectedVideos)),
		}}
	case fakewhatsapp.ContentAudio:
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{Mimetype: proto.String("audio/ogg; codecs=opus"), Seconds: proto.Uint32(3), PTT: proto.Bool(true)}}
	case fakewhatsapp.ContentSticker:
		return &waE2E.Message{StickerMessage: &waE2E.StickerMessage{Mimetype: proto.String("image/webp")}}
	case fakewhatsapp.ContentPoll:
		return &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{
			Name: proto.String(p.Text), SelectableOptionsCount: proto.Uint32(1),
			Options: []*waE2E.PollCreationMessage_Option{{OptionName: proto.String("1")}, {OptionName: proto.String("2")}},
		}}
	case fakewhatsapp.ContentContact:
		return &waE2E.Message{ContactMessage: &waE2E.ContactMessage{
			DisplayName: proto.String(p.Text), Vcard: proto.String("BEGIN:VCARD\nVERSION:3.0\nEND:VCARD"),
		}}
	case fakewhatsapp.ContentReaction:
		return &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{Text: proto.String(p.Text), Key: key(p.Group, p.ID)}}
	}
	return conversation(p.Text)
}

// key names a message as its own author does.
func key(group core.JID, id core.MessageID) *waCommon.MessageKey {
	return &waCommon.MessageKey{
		RemoteJID: proto.String(string(group)), ID: proto.String(string(id)), FromMe: proto.Bool(true),
	}
}

func editOf(e fakewhatsapp.Event) *waE2E.Message {
	return &waE2E.Message{EditedMessage: &waE2E.FutureProofMessage{Message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_MESSAGE_EDIT.Enum(), Key: key(e.Group.JID, e.Post.ID),
		EditedMessage: conversation(e.Text), TimestampMS: proto.Int64(e.At.UnixMilli()),
	}}}}
}

func revokeOf(e fakewhatsapp.Event) *waE2E.Message {
	return &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
		Type: waE2E.ProtocolMessage_REVOKE.Enum(), Key: key(e.Group.JID, e.Post.ID),
	}}
}

// received is what a person sees of a message a device sent.
func (s *Server) received(m *waE2E.Message) (fakewhatsapp.Message, error) {
	var wrap fakewhatsapp.Wrap
	if inner := m.GetDocumentWithCaptionMessage().GetMessage(); inner != nil {
		m, wrap = inner, fakewhatsapp.WrapCaption
	}
	if inner := m.GetEphemeralMessage().GetMessage(); inner != nil {
		m, wrap = inner, fakewhatsapp.WrapEphemeral
	}
	switch {
	case m.GetConversation() != "":
		return fakewhatsapp.Message{Text: m.GetConversation(), Wrap: wrap}, nil
	case m.GetExtendedTextMessage() != nil:
		if m.GetExtendedTextMessage().GetTitle() != "" {
			wrap = fakewhatsapp.WrapPreview
		}
		return fakewhatsapp.Message{Text: m.GetExtendedTextMessage().GetText(), Wrap: wrap}, nil
	case m.GetImageMessage() != nil:
		i := m.GetImageMessage()
		return s.attached(core.Image, i, i.GetCaption(), i.GetMimetype(), "", wrap)
	case m.GetVideoMessage() != nil:
		v := m.GetVideoMessage()
		return s.attached(core.Video, v, v.GetCaption(), v.GetMimetype(), "", wrap)
	case m.GetDocumentMessage() != nil:
		d := m.GetDocumentMessage()
		return s.attached(core.Document, d, d.GetCaption(), d.GetMimetype(), d.GetFileName(), wrap)
	}
	return fakewhatsapp.Message{}, errors.New("endpoint: a message with nothing to see")
}

package whatsmeow

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// decode reads one message. An edit may be encrypted once more, with a secret of the
// message it changes.
func (c *connection) decode(e *events.Message) gateway.Event {
	if e.Info.Chat.Server != types.GroupServer {
		return gateway.Ignored{What: "chat." + chatKind(e.Info.Chat)}
	}
	secret := e.Message.GetSecretEncryptedMessage()
	if secret.GetSecretEncType() != waE2E.SecretEncryptedMessage_MESSAGE_EDIT {
		return decode(e.Info, e.RawMessage, c.isMine)
	}
	inner, err := c.client.DecryptSecretEncryptedMessage(c.ctx, e)
	if err != nil {
		return gateway.Ignored{What: "edit.undecryptable"}
	}
	if read(inner, 0).protocol != nil {
		return decode(e.Info, inner, c.isMine)
	}
	return gateway.Edited{
		Key: keyOf(e.Info, secret.GetTargetMessageKey().GetID()), FromMe: e.Info.IsFromMe,
		Text: read(inner, 0).text, At: e.Info.Timestamp,
	}
}

// chatKind names a kind of chat that is no group.
func chatKind(chat types.JID) string {
	switch chat.Server {
	case types.BroadcastServer:
		return "broadcast" // and the status
	case types.NewsletterServer:
		return "newsletter"
	}
	return "direct"
}

// keyOf names a message of the sender of another.
func keyOf(info types.MessageInfo, id string) core.MessageKey {
	return core.MessageKey{
		Chat: core.JID(info.Chat.String()), Participant: core.JID(info.Sender.ToNonAD().String()), ID: core.MessageID(id),
	}
}

// decode reads a message to a group. The first message of a person comes in two parts with
// one id, of which the first holds a key only.
func decode(info types.MessageInfo, m *waE2E.Message, isMine func(types.JID) bool) gateway.Event {
	c := read(m, 0)
	switch {
	case c.protocol != nil:
		return change(info, c.protocol, isMine)
	case c.text != "" || c.media != nil:
		return gateway.Message{
			Key: keyOf(info, info.ID), FromMe: info.IsFromMe, Text: c.text, Media: c.media, At: info.Timestamp,
		}
	case m.GetSenderKeyDistributionMessage() != nil:
		return gateway.Ignored{What: "message.key"}
	}
	return gateway.Ignored{What: "message.other"}
}

// change reads an edit or a revoke. The key inside is as its author sees it.
func change(info types.MessageInfo, p *waE2E.ProtocolMessage, isMine func(types.JID) bool) gateway.Event {
	key, fromMe := keyOf(info, p.GetKey().GetID()), info.IsFromMe
	if key.ID == "" {
		return gateway.Ignored{What: "message.protocol"}
	}
	switch p.GetType() {
	case waE2E.ProtocolMessage_MESSAGE_EDIT:
		return gateway.Edited{Key: key, FromMe: fromMe, Text: read(p.GetEditedMessage(), 0).text, At: info.Timestamp}
	case waE2E.ProtocolMessage_REVOKE:
		// An administrator takes back what somebody else wrote.
		if author, err := types.ParseJID(p.GetKey().GetParticipant()); err == nil && author.User != "" && !p.GetKey().GetFromMe() {
			key.Participant, fromMe = core.JID(author.ToNonAD().String()), isMine(author)
		}
		return gateway.Revoked{Key: key, FromMe: fromMe}
	}
	return gateway.Ignored{What: "message.protocol"}
}

// content is what a message says, out of its wrappers.
type content struct {
	text     string
	media    *core.Media
	protocol *waE2E.ProtocolMessage
}

// maxWrappers bounds the unwrapping; real messages have three at most.
const maxWrappers = 12

// wrapped returns what is inside an envelope, nil when m is none.
func wrapped(m *waE2E.Message) *waE2E.Message {
	if inner := m.GetDeviceSentMessage().GetMessage(); inner != nil {
		return inner
	}
	for _, w := range []*waE2E.FutureProofMessage{
		m.GetEphemeralMessage(), m.GetViewOnceMessage(), m.GetViewOnceMessageV2(), m.GetViewOnceMessageV2Extension(),
		m.GetDocumentWithCaptionMessage(), m.GetAssociatedChildMessage(), m.GetEditedMessage(), m.GetGroupMentionedMessage(),
		m.GetBotInvokeMessage(), m.GetBotForwardedMessage(), m.GetQuestionMessage(), m.GetSpoilerMessage(),
	} {
		if inner := w.GetMessage(); inner != nil {
			return inner
		}
	}
	return nil
}

func read(m *waE2E.Message, depth int) content {
	switch {
	case m == nil || depth > maxWrappers:
		return content{}
	case m.GetProtocolMessage() != nil:
		return content{protocol: m.GetProtocolMessage()}
	case m.GetConversation() != "":
		return content{text: m.GetConversation()}
	case m.GetExtendedTextMessage().GetText() != "":
		return content{text: m.GetExtendedTextMessage().GetText()}
	}
	if c := readMedia(m); c.media != nil {
		return c
	}
	if inner := wrapped(m); inner != nil {
		return read(inner, depth+1)
	}
	return readRich(m)
}

// readMedia reads the attachments that travel with an offer. The handle is the attachment
// without what is not needed to fetch it: its thumbnail, its caption and its address.
func readMedia(m *waE2E.Message) content {
	if v := m.GetPtvMessage(); v != nil {
		m = &waE2E.Message{VideoMessage: v}
	}
	switch {
	case m.GetImageMessage() != nil:
		i := m.GetImageMessage()
		return attached(i.GetCaption(), core.Media{Kind: core.Image, MimeType: i.GetMimetype()}, &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			DirectPath: i.DirectPath, MediaKey: i.MediaKey, FileSHA256: i.FileSHA256, FileEncSHA256: i.FileEncSHA256, FileLength: i.FileLength,
		}})
	case m.GetVideoMessage() != nil:
		v := m.GetVideoMessage()
		return attached(v.GetCaption(), core.Media{Kind: core.Video, MimeType: v.GetMimetype()}, &waE2E.Message{VideoMessage: &waE2E.VideoMessage{
			DirectPath: v.DirectPath, MediaKey: v.MediaKey, FileSHA256: v.FileSHA256, FileEncSHA256: v.FileEncSHA256, FileLength: v.FileLength,
		}})
	case m.GetDocumentMessage() != nil:
		d := m.GetDocumentMessage()
		name := d.GetFileName()
		if name == "" {
			name = d.GetTitle()
		}
		return attached(d.GetCaption(), core.Media{Kind: core.Document, MimeType: d.GetMimetype(), FileName: name}, &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
			DirectPath: d.DirectPath, MediaKey: d.MediaKey, FileSHA256: d.FileSHA256, FileEncSHA256: d.FileEncSHA256, FileLength: d.FileLength,
		}})
	}
	return content{}
}

func attached(caption string, media core.Media, handle *waE2E.Message) content {
	// A handle that cannot be written is one that cannot be fetched: the text stays.
	media.Handle, _ = proto.Marshal(handle)
	return content{text: caption, media: &media}
}

// readRich reads the messages businesses send: a body, perhaps under a picture.
func readRich(m *waE2E.Message) content {
	switch {
	case m.GetTemplateMessage().GetHydratedTemplate() != nil:
		t := m.GetTemplateMessage().GetHydratedTemplate()
		return headed(&waE2E.Message{ImageMessage: t.GetImageMessage(), VideoMessage: t.GetVideoMessage()}, t.GetHydratedContentText())
	case m.GetInteractiveMessage() != nil:
		i := m.GetInteractiveMessage()
		return headed(&waE2E.Message{ImageMessage: i.GetHeader().GetImageMessage(), VideoMessage: i.GetHeader().GetVideoMessage()}, i.GetBody().GetText())
	case m.GetButtonsMessage() != nil:
		b := m.GetButtonsMessage()
		return headed(&waE2E.Message{ImageMessage: b.GetImageMessage(), VideoMessage: b.GetVideoMessage()}, b.GetContentText())
	case m.GetListMessage() != nil:
		return content{text: m.GetListMessage().GetDescription()}
	}
	return content{}
}

func headed(header *waE2E.Message, body string) content {
	c := readMedia(header)
	if body != "" {
		c.text = body
	}
	return c
}

// acks reads how far messages of ours got. A receipt of our own is about a message we read,
// unless its type says that another device of ours got what we sent.
func acks(r *events.Receipt) []gateway.Event {
	level, ok := map[types.ReceiptType]gateway.AckLevel{
		types.ReceiptTypeSender:    gateway.AckServer,
		types.ReceiptTypeDelivered: gateway.AckDelivered,
		types.ReceiptTypeInactive:  gateway.AckDelivered,
		types.ReceiptTypeRead:      gateway.AckRead,
		types.ReceiptTypePlayed:    gateway.AckRead,
	}[r.Type]
	if !ok || r.Chat.Server != types.GroupServer || r.IsFromMe != (r.Type == types.ReceiptTypeSender) {
		return []gateway.Event{gateway.Ignored{What: "receipt"}}
	}
	var all []gateway.Event
	for _, id := range r.MessageIDs {
		all = append(all, gateway.Ack{Chat: core.JID(r.Chat.String()), ID: core.MessageID(id), Level: level})
	}
	return all
}

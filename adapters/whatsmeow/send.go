package whatsmeow

import (
	"context"
	"strings"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Send implements [gateway.Gateway]. Media is uploaded before, once for all groups it goes
// to, and a failed upload has sent nothing.
func (g *Gateway) Send(ctx context.Context, session gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	const op = "send"
	s, err := g.stream(ctx, op, session.Name)
	if err != nil {
		return gateway.Receipt{}, err
	}
	to, e := destination(op, m)
	if e != nil {
		return gateway.Receipt{}, e
	}
	c, e := s.open(op)
	if e != nil {
		return gateway.Receipt{}, e
	}
	if err := ctx.Err(); err != nil {
		return gateway.Receipt{}, ended(op, gateway.KindTemporary, err)
	}
	message, e := c.compose(ctx, m)
	if e != nil {
		return gateway.Receipt{}, e
	}
	if e := c.refresh(ctx, op, to); e != nil {
		return gateway.Receipt{}, e
	}
	sent, err := c.client.SendMessage(ctx, to, message, whatsmeow.SendRequestExtra{
		ID: types.MessageID(m.ID), Timeout: g.options.Timeouts.Send,
	})
	if err != nil {
		if stale(refusal(err)) {
			s.change(func() { c.stale[to] = true })
		}
		return gateway.Receipt{}, failSent(op, err)
	}
	return gateway.Receipt{ID: core.MessageID(sent.ID)}, nil
}

// destination checks what can be known to be wrong.
func destination(op string, m gateway.Outbound) (types.JID, *gateway.Error) {
	to, err := types.ParseJID(string(m.To))
	switch {
	case err != nil || !m.To.IsGroup():
		return to, fail(op, gateway.KindInvalid, codeChat, nil)
	case m.Text == "" && m.Media == nil:
		return to, fail(op, gateway.KindInvalid, codeText, nil)
	case len(m.ID) > 64 || strings.Trim(string(m.ID), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return to, fail(op, gateway.KindInvalid, codeMessageID, nil)
	}
	return to, nil
}

// refresh asks for the members of a group again after a message was refused because what
// the library had of them was out of date.
func (c *connection) refresh(ctx context.Context, op string, group types.JID) *gateway.Error {
	c.stream.mu.Lock()
	stale := c.stale[group]
	c.stream.mu.Unlock()
	if !stale {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.stream.g.options.Timeouts.Quick)
	defer cancel()
	if _, err := c.client.GetGroupInfo(ctx, group); err != nil {
		return failAsked(op, err)
	}
	c.stream.change(func() { delete(c.stale, group) })
	return nil
}

// compose makes WhatsApp's message.
func (c *connection) compose(ctx context.Context, m gateway.Outbound) (*waE2E.Message, *gateway.Error) {
	if m.Media != nil {
		return c.withMedia(ctx, m)
	}
	preview := c.stream.g.options.Preview
	if preview == nil {
		return &waE2E.Message{Conversation: &m.Text}, nil
	}
	links := extract.Links(m.Text)
	if len(links) == 0 {
		return &waE2E.Message{Conversation: &m.Text}, nil
	}
	first := links[0] // a preview of another link would mislead
	p, ok := preview(first.URL)
	if !ok || p.Title == "" {
		return &waE2E.Message{Conversation: &m.Text}, nil
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
		Text: &m.Text, MatchedText: proto.String(m.Text[first.Start:first.End]), Title: &p.Title, Description: &p.Description,
		JPEGThumbnail: p.Thumbnail, PreviewType: waE2E.ExtendedTextMessage_NONE.Enum(),
	}}, nil
}

// withMedia makes the message of an attachment.
func (c *connection) withMedia(ctx context.Context, m gateway.Outbound) (*waE2E.Message, *gateway.Error) {
	kind, ok := mediaTypes[m.Media.Kind]
	if !ok || len(m.Media.Data) == 0 {
		return nil, fail("send", gateway.KindInvalid, codeMedia, nil)
	}
	up, e := c.upload(ctx, m.Media, kind)
	if e != nil {
		return nil, e
	}
	var caption, name *string
	if m.Text != "" {
		caption = proto.String(m.Text)
	}
	if m.Media.FileName != "" {
		name = proto.String(m.Media.FileName)
	}
	mime := proto.String(m.Media.MimeType)
	switch m.Media.Kind {
	case core.Video:
		return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{
			URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileSHA256: up.FileSHA256,
			FileEncSHA256: up.FileEncSHA256, FileLength: &up.FileLength, Mimetype: mime, Caption: caption,
		}}, nil
	case core.Document:
		document := &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
			URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileSHA256: up.FileSHA256,
			FileEncSHA256: up.FileEncSHA256, FileLength: &up.FileLength, Mimetype: mime, Caption: caption,
			FileName: name, Title: name,
		}}
		if caption != nil {
			document = &waE2E.Message{DocumentWithCaptionMessage: &waE2E.FutureProofMessage{Message: document}}
		}
		return document, nil
	}
	return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
		URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileSHA256: up.FileSHA256,
		FileEncSHA256: up.FileEncSHA256, FileLength: &up.FileLength, Mimetype: mime, Caption: caption,
	}}, nil
}

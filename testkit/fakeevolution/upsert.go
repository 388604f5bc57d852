package fakeevolution

import (
	"strconv"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// key is the key of a post as the instance sees it.
func (s *Server) key(i *instance, p fakewhatsapp.Post, g fakewhatsapp.GroupInfo) map[string]any {
	fromMe := i.phone != nil && i.phone.JID() == p.Author
	k := map[string]any{"remoteJid": p.Group, "fromMe": fromMe, "id": p.ID, "addressingMode": g.Addressing}
	author := s.world.Phone(p.Author)
	if author == nil {
		return k
	}
	k["participant"] = address(g, author)
	if fromMe || s.quirksOf(i).HideAlternate {
		return k
	}
	if g.Addressing == fakewhatsapp.ByPhone {
		k["participantAlt"] = author.LID()
	} else {
		k["participantAlt"] = author.JID()
	}
	return k
}

// upsert is the data of messages.upsert.
func (s *Server) upsert(i *instance, e fakewhatsapp.Event) map[string]any {
	p := e.Post
	message, kind := s.content(i, p, e.Group)
	key := s.key(i, p, e.Group)
	data := map[string]any{
		"key": key, "pushName": s.pushName(p.Author), "message": message, "messageType": kind,
		"messageTimestamp": timestamp(s.quirksOf(i).Encoding, p.At), "instanceId": i.id, "source": "ios",
	}
	if p.Via != "" {
		data["source"] = "web"
	}
	if key["fromMe"] == false {
		data["status"] = "DELIVERY_ACK"
	}
	if p.Wrap == fakewhatsapp.WrapPreview {
		data["contextInfo"] = map[string]any{"mentionedJid": []string{}}
	}
	return data
}

// pushName is the author's name; people without one are shown as digits.
func (s *Server) pushName(author core.JID) string {
	p := s.world.Phone(author)
	switch {
	case p == nil:
		return ""
	case p.Name() != "":
		return p.Name()
	}
	digits, _, _ := strings.Cut(string(p.LID()), "@")
	return digits
}

// edited is the data of messages.edited: the bare protocol message, whose key is that of
// the original.
func (s *Server) edited(i *instance, e fakewhatsapp.Event) map[string]any {
	p := e.Post
	content := map[string]any{"conversation": e.Text}
	switch {
	case p.Media != nil:
		content = map[string]any{string(p.Media.Kind) + "Message": map[string]any{"caption": e.Text}}
	case p.Wrap == fakewhatsapp.WrapPreview:
		content = map[string]any{"extendedTextMessage": map[string]any{"text": e.Text}}
	}
	return map[string]any{
		"key": s.key(i, p, e.Group), "type": 14, "editedMessage": content,
		"timestampMs": strconv.FormatInt(e.At.UnixMilli(), 10),
	}
}

// revoked is the event and the data of a delete for everyone.
func (s *Server) revoked(i *instance, e fakewhatsapp.Event) (event string, data map[string]any) {
	key := s.key(i, e.Post, e.Group)
	if s.quirksOf(i).RevokeAsDelete {
		key["status"] = "DELETED"
		return "messages.delete", key
	}
	return "messages.edited", map[string]any{
		"key": key, "type": 0, "timestampMs": strconv.FormatInt(e.At.UnixMilli(), 10),
	}
}

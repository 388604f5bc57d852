package waha

import (
	"encoding/json"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// messageID is a message's id in its parts.
type messageID struct {
	fromMe      bool
	chat        core.JID
	id          core.MessageID
	participant core.JID
}

// parseID reads an id: the full form "<fromMe>_<chat>_<id>[_<author>]", or the id alone.
func parseID(s string) messageID {
	parts := strings.SplitN(s, "_", 4)
	if len(parts) < 3 {
		return messageID{id: core.MessageID(s)}
	}
	m := messageID{fromMe: parts[0] == "true", chat: canonical(parts[1]), id: core.MessageID(parts[2])}
	if len(parts) == 4 {
		m.participant = canonical(parts[3])
	}
	return m
}

// message is a message as the server writes it in events and lists.
type message struct {
	gateway.Message
	viaAPI bool // sent by us through the server
	other  bool // content we have no use for
}

func (m message) complete() bool { return m.Key.Chat != "" && m.Key.ID != "" }

// readMessage reads a message. Its chat is part of its id; where it is not, it is the group
// among from and to, for engines differ on which says it.
func readMessage(o loosejson.Object) message {
	full := o.Text("id")
	if full == "" {
		full = o.Object("id").Text("_serialized")
	}
	id := parseID(full)
	m := message{Message: gateway.Message{
		Key:    core.MessageKey{Chat: id.chat, Participant: id.participant, ID: id.id},
		FromMe: id.fromMe,
		Text:   o.Text("body"),
		At:     o.Time("timestamp"),
	}}
	if o.Has("fromMe") {
		m.FromMe = o.Flag("fromMe")
	}
	if author := o.Text("participant", "author"); author != "" {
		m.Key.Participant = canonical(author)
	}
	for _, key := range []string{"from", "to"} {
		if jid := core.JID(o.Text(key)); m.Key.Chat == "" && jid.IsGroup() {
			m.Key.Chat = jid
		}
	}
	m.viaAPI = m.FromMe && o.Text("source") == "api"
	if o.Flag("hasMedia") {
		m.Media = mediaOf(o.Object("media"), m.Key.Chat, full)
		m.other = m.Media == nil
	}
	return m
}

// mediaOf reads the attachment that travels with an offer; nil for any other, such as a
// sticker, which is an image only by its type.
func mediaOf(o loosejson.Object, chat core.JID, full string) *core.Media {
	media := core.Media{MimeType: o.Text("mimetype"), FileName: o.Text("filename")}
	switch kind, _, _ := strings.Cut(media.MimeType, "/"); {
	case kind == "audio", kind == "", media.MimeType == "image/webp":
		return nil
	case kind == "image":
		media.Kind = core.Image
	case kind == "video":
		media.Kind = core.Video
	default:
		media.Kind = core.Document
	}
	packed, err := json.Marshal(handle{File: filePath(o.Text("url")), Chat: string(chat), ID: full})
	if err != nil {
		return nil
	}
	media.Handle = packed
	return &media
}

// event is what a message means: the proof of a send of ours, an offer, or nothing.
func (m message) event() gateway.Event {
	switch {
	case !m.complete():
		return nil
	case m.viaAPI:
		return gateway.SendEcho{Chat: m.Key.Chat, ID: m.Key.ID, Text: m.Text, At: m.At}
	case m.Text == "" && m.Media == nil:
		return nil
	}
	return m.Message
}

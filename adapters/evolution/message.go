package evolution

import (
	"encoding/json"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// wrappers are the envelopes WhatsApp puts around a message; the server removes few of
// them. The content is in their "message".
var wrappers = []string{
	"ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension",
	"documentWithCaptionMessage", "associatedChildMessage", "editedMessage",
	"groupMentionedMessage", "botInvokeMessage", "deviceSentMessage",
	"botForwardedMessage", "questionMessage", "spoilerMessage",
}

// maxWrappers bounds the unwrapping; real messages have three at most.
const maxWrappers = 12

// mediaKinds are the attachments that travel with an offer.
var mediaKinds = []struct {
	field string
	kind  core.MediaKind
}{
	{"imageMessage", core.Image}, {"videoMessage", core.Video},
	{"ptvMessage", core.Video}, {"documentMessage", core.Document},
}

// handleFields are what the server needs to fetch media again; the rest, above all the
// thumbnail, stays out of the handle.
var handleFields = []string{
	"url", "mimetype", "fileSha256", "fileLength", "height", "width", "mediaKey",
	"fileEncSha256", "directPath", "mediaKeyTimestamp", "seconds", "fileName", "title",
}

// content is what a message says, out of its wrappers.
type content struct {
	text      string
	media     *core.Media
	mediaType string // the field of the media, for the handle
	mediaNode object
	protocol  object // an edit or a revoke inside an ordinary message
	other     string // the type of content we have no use for
}

// read unwraps a message.
func read(message object, depth int) content {
	if message == nil || depth > maxWrappers {
		return content{}
	}
	if protocol := message.object("protocolMessage"); protocol != nil {
		return content{protocol: protocol}
	}
	if text := message.text("conversation"); text != "" {
		return content{text: text}
	}
	if text := message.object("extendedTextMessage").text("text"); text != "" {
		return content{text: text}
	}
	if c, ok := readMedia(message); ok {
		return c
	}
	for _, wrapper := range wrappers {
		if inner := message.object(wrapper).object("message"); inner != nil {
			return read(inner, depth+1)
		}
	}
	if c, ok := readRich(message, depth); ok {
		return c
	}
	return content{other: otherType(message)}
}

func readMedia(message object) (content, bool) {
	for _, m := range mediaKinds {
		o := message.object(m.field)
		if o == nil {
			continue
		}
		return content{
			text: o.text("caption"),
			media: &core.Media{
				Kind:     m.kind,
				MimeType: o.text("mimetype"),
				FileName: o.text("fileName", "title"),
			},
			mediaType: m.field,
			mediaNode: o,
		}, true
	}
	return content{}, false
}

// readRich reads the messages businesses send: a body, perhaps under a picture.
func readRich(message object, depth int) (content, bool) {
	if template := message.object("templateMessage"); template != nil {
		for _, key := range []string{"hydratedTemplate", "hydratedFourRowTemplate"} {
			if t := template.object(key); t != nil {
				return withBody(t, t.text("hydratedContentText")), true
			}
		}
		if t := template.object("interactiveMessageTemplate"); t != nil {
			return read(object{"interactiveMessage": map[string]any(t)}, depth+1), true
		}
	}
	if o := message.object("interactiveMessage"); o != nil {
		return withBody(o.object("header"), o.object("body").text("text")), true
	}
	if o := message.object("buttonsMessage"); o != nil {
		return withBody(o, o.text("contentText")), true
	}
	if o := message.object("listMessage"); o != nil {
		return content{text: o.text("description", "title")}, true
	}
	return content{}, false
}

func withBody(header object, body string) content {
	c, _ := readMedia(header)
	if body != "" {
		c.text = body
	}
	return c
}

// otherType names the content of a message we have no use for, "" when there is none at
// all: the distribution of a group's keys, whose real content follows under the same id.
func otherType(message object) string {
	for key := range message {
		switch key {
		case "messageContextInfo", "senderKeyDistributionMessage":
		default:
			return "other"
		}
	}
	return ""
}

// upserted reads one message event.
func upserted(o object) gateway.Event {
	key := o.object("key")
	name := messageKey(key, o)
	if !complete(name) {
		return gateway.Ignored{What: "messages.upsert.shape"}
	}
	c := read(o.object("message"), 0)
	switch {
	case c.protocol != nil:
		if e := protocolEvent(c.protocol, o); e != nil {
			return e
		}
		return gateway.Ignored{What: "messages.upsert.protocol"}
	case c.text == "" && c.media == nil && c.other != "":
		return gateway.Ignored{What: "messages.upsert.other"}
	}
	if c.media != nil {
		c.media.Handle = handle(key, c)
	}
	return gateway.Message{
		Key:    name,
		FromMe: key.flag("fromMe"),
		Text:   c.text,
		Media:  c.media,
		At:     o.time("messageTimestamp"),
	}
}

// messageKey reads the name of a message. The author comes in many spellings, and any of
// them will do; each is kept as given, because a lid is no phone number.
func messageKey(key, around object) core.MessageKey {
	author := []string{
		"participant", "participantAlt", "participantLid", "participantPn", "senderLid", "senderPn",
	}
	participant := key.text(author...)
	if participant == "" && strings.HasSuffix(key.text("remoteJid"), "@g.us") {
		participant = around.text(author...)
	}
	if strings.Contains(participant, ":") {
		participant = bareJID(participant) // which of the author's devices does not matter
	}
	return core.MessageKey{
		Chat:        core.JID(key.text("remoteJid")),
		Participant: core.JID(participant),
		ID:          core.MessageID(key.text("id")),
	}
}

func complete(k core.MessageKey) bool { return k.Chat != "" && k.ID != "" }

// protocolEvent reads an edit (type 14) or a deletion for everybody (type 0), which come
// bare as messages.edited or inside the message around; nil for other housekeeping.
func protocolEvent(protocol, around object) gateway.Event {
	key := protocol.object("key")
	name := messageKey(key, protocol)
	fromMe := key.flag("fromMe")
	if outer := around.object("key"); outer != nil {
		// The inner key is as its author sees it, so only its id can be used.
		name = messageKey(outer, around)
		name.ID = core.MessageID(key.text("id"))
		fromMe = outer.flag("fromMe")
	} else if name.Participant == "" && name.Chat.IsGroup() {
		fromMe = false // likewise: without an author it is the author's own view
	}
	if !complete(name) {
		return nil
	}
	kind, ok := protocol.number("type")
	edited := protocol.object("editedMessage")
	switch {
	case edited != nil && (ok && kind == 14 || protocol.text("type") == "MESSAGE_EDIT" || !ok):
		at := protocol.time("timestampMs")
		if at.IsZero() {
			at = around.time("messageTimestamp")
		}
		return gateway.Edited{Key: name, FromMe: fromMe, Text: read(edited, 0).text, At: at}
	case ok && kind == 0 || protocol.text("type") == "REVOKE":
		return gateway.Revoked{Key: name, FromMe: fromMe}
	}
	return nil
}

// handle packs what FetchMedia will pass back to the server.
func handle(key object, c content) []byte {
	short := map[string]any{}
	for _, field := range []string{"remoteJid", "fromMe", "id", "participant"} {
		if key.has(field) {
			short[field] = key[field]
		}
	}
	media := map[string]any{}
	for _, field := range handleFields {
		if c.mediaNode.has(field) {
			media[field] = c.mediaNode[field]
		}
	}
	packed, err := json.Marshal(map[string]any{
		"key":     short,
		"message": map[string]any{c.mediaType: media},
	})
	if err != nil {
		return nil
	}
	return packed
}

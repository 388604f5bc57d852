package evolution

import (
	"encoding/json"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
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
	mediaNode loosejson.Object
	protocol  loosejson.Object // an edit or a revoke inside an ordinary message
	other     string           // the type of content we have no use for
}

// read unwraps a message.
func read(message loosejson.Object, depth int) content {
	if message == nil || depth > maxWrappers {
		return content{}
	}
	if protocol := message.Object("protocolMessage"); protocol != nil {
		return content{protocol: protocol}
	}
	if text := message.Text("conversation"); text != "" {
		return content{text: text}
	}
	if text := message.Object("extendedTextMessage").Text("text"); text != "" {
		return content{text: text}
	}
	if c, ok := readMedia(message); ok {
		return c
	}
	for _, wrapper := range wrappers {
		if inner := message.Object(wrapper).Object("message"); inner != nil {
			return read(inner, depth+1)
		}
	}
	if c, ok := readRich(message, depth); ok {
		return c
	}
	return content{other: otherType(message)}
}

func readMedia(message loosejson.Object) (content, bool) {
	for _, m := range mediaKinds {
		o := message.Object(m.field)
		if o == nil {
			continue
		}
		return content{
			text: o.Text("caption"),
			media: &core.Media{
				Kind:     m.kind,
				MimeType: o.Text("mimetype"),
				FileName: o.Text("fileName", "title"),
			},
			mediaType: m.field,
			mediaNode: o,
		}, true
	}
	return content{}, false
}

// readRich reads the messages businesses send: a body, perhaps under a picture.
func readRich(message loosejson.Object, depth int) (content, bool) {
	if template := message.Object("templateMessage"); template != nil {
		for _, key := range []string{"hydratedTemplate", "hydratedFourRowTemplate"} {
			if t := template.Object(key); t != nil {
				return withBody(t, t.Text("hydratedContentText")), true
			}
		}
		if t := template.Object("interactiveMessageTemplate"); t != nil {
			return read(loosejson.Object{"interactiveMessage": map[string]any(t)}, depth+1), true
		}
	}
	if o := message.Object("interactiveMessage"); o != nil {
		return withBody(o.Object("header"), o.Object("body").Text("text")), true
	}
	if o := message.Object("buttonsMessage"); o != nil {
		return withBody(o, o.Text("contentText")), true
	}
	if o := message.Object("listMessage"); o != nil {
		return content{text: o.Text("description", "title")}, true
	}
	return content{}, false
}

func withBody(header loosejson.Object, body string) content {
	c, _ := readMedia(header)
	if body != "" {
		c.text = body
	}
	return c
}

// otherType names the content of a message we have no use for, "" when there is none at
// all: the distribution of a group's keys, whose real content follows under the same id.
func otherType(message loosejson.Object) string {
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
func upserted(o loosejson.Object) gateway.Event {
	key := o.Object("key")
	name := messageKey(key, o)
	if !complete(name) {
		return gateway.Ignored{What: "messages.upsert.shape"}
	}
	c := read(o.Object("message"), 0)
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
		FromMe: key.Flag("fromMe"),
		Text:   c.text,
		Media:  c.media,
		At:     o.Time("messageTimestamp"),
	}
}

// messageKey reads the name of a message. The author comes in many spellings, and any of
// them will do; each is kept as given, because a lid is no phone number.
func messageKey(key, around loosejson.Object) core.MessageKey {
	author := []string{
		"participant", "participantAlt", "participantLid", "participantPn", "senderLid", "senderPn",
	}
	participant := key.Text(author...)
	if participant == "" && strings.HasSuffix(key.Text("remoteJid"), "@g.us") {
		participant = around.Text(author...)
	}
	if strings.Contains(participant, ":") {
		participant = bareJID(participant) // which of the author's devices does not matter
	}
	return core.MessageKey{
		Chat:        core.JID(key.Text("remoteJid")),
		Participant: core.JID(participant),
		ID:          core.MessageID(key.Text("id")),
	}
}

func complete(k core.MessageKey) bool { return k.Chat != "" && k.ID != "" }

// protocolEvent reads an edit (type 14) or a deletion for everybody (type 0), which come
// bare as messages.edited or inside the message around; nil for other housekeeping.
func protocolEvent(protocol, around loosejson.Object) gateway.Event {
	key := protocol.Object("key")
	name := messageKey(key, protocol)
	fromMe := key.Flag("fromMe")
	if outer := around.Object("key"); outer != nil {
		// The inner key is as its author sees it, so only its id can be used.
		name = messageKey(outer, around)
		name.ID = core.MessageID(key.Text("id"))
		fromMe = outer.Flag("fromMe")
	} else if name.Participant == "" && name.Chat.IsGroup() {
		fromMe = false // likewise: without an author it is the author's own view
	}
	if !complete(name) {
		return nil
	}
	kind, ok := protocol.Number("type")
	edited := protocol.Object("editedMessage")
	switch {
	case edited != nil && (ok && kind == 14 || protocol.Text("type") == "MESSAGE_EDIT" || !ok):
		at := protocol.Time("timestampMs")
		if at.IsZero() {
			at = around.Time("messageTimestamp")
		}
		return gateway.Edited{Key: name, FromMe: fromMe, Text: read(edited, 0).text, At: at}
	case ok && kind == 0 || protocol.Text("type") == "REVOKE":
		return gateway.Revoked{Key: name, FromMe: fromMe}
	}
	return nil
}

// handle packs what FetchMedia will pass back to the server.
func handle(key loosejson.Object, c content) []byte {
	short := map[string]any{}
	for _, field := range []string{"remoteJid", "fromMe", "id", "participant"} {
		if key.Has(field) {
			short[field] = key[field]
		}
	}
	media := map[string]any{}
	for _, field := range handleFields {
		if c.mediaNode.Has(field) {
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

package fakeevolution

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// content is the message object of a post and its messageType, as this server version
// leaves it: link previews and captioned documents are unwrapped, all other wraps kept.
func (s *Server) content(i *instance, p fakewhatsapp.Post, g fakewhatsapp.GroupInfo) (message map[string]any, kind string) {
	enc := s.quirksOf(i).Encoding
	switch p.Content {
	case fakewhatsapp.ContentText:
		message, kind = map[string]any{"conversation": p.Text}, "conversation"
	case fakewhatsapp.ContentMedia:
		kind = string(p.Media.Kind) + "Message"
		message = map[string]any{kind: mediaObject(enc, p)}
	case fakewhatsapp.ContentAlbum:
		return map[string]any{"albumMessage": map[string]any{
			"expectedImageCount": p.ExpectedImages, "expectedVideoCount": p.ExpectedVideos,
		}}, "albumMessage"
	case fakewhatsapp.ContentAudio:
		return map[string]any{"audioMessage": map[string]any{
			"url": mediaURL(p), "directPath": directPath(p), "mimetype": "audio/ogg; codecs=opus", "seconds": 3, "ptt": true,
		}}, "audioMessage"
	case fakewhatsapp.ContentSticker:
		return map[string]any{"stickerMessage": map[string]any{
			"url": mediaURL(p), "directPath": directPath(p), "mimetype": "image/webp", "isAnimated": false,
		}}, "stickerMessage"
	case fakewhatsapp.ContentPoll:
		return map[string]any{"pollCreationMessageV3": map[string]any{
			"name": p.Text, "selectableOptionsCount": 1,
			"options": []any{map[string]any{"optionName": "1"}, map[string]any{"optionName": "2"}},
		}}, "pollCreationMessageV3"
	case fakewhatsapp.ContentContact:
		return map[string]any{"contactMessage": map[string]any{
			"displayName": p.Text, "vcard": "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD",
		}}, "contactMessage"
	default: // ContentReaction
		return map[string]any{"reactionMessage": map[string]any{
			"text": p.Text, "key": map[string]any{"remoteJid": p.Group, "fromMe": false},
		}}, "reactionMessage"
	}
	switch p.Wrap {
	case fakewhatsapp.WrapEphemeral:
		if p.Content == fakewhatsapp.ContentText {
			message = map[string]any{"extendedTextMessage": map[string]any{
				"text": p.Text, "contextInfo": map[string]any{"expiration": 86400},
			}}
		}
		return map[string]any{"ephemeralMessage": map[string]any{"message": message}}, "ephemeralMessage"
	case fakewhatsapp.WrapViewOnce:
		return map[string]any{"viewOnceMessageV2": map[string]any{"message": message}}, "viewOnceMessageV2"
	}
	secret := map[string]any{"messageSecret": bytesIn(enc, digest(p, "secret"))}
	if p.Album != "" {
		secret = map[string]any{"messageAssociation": map[string]any{
			"associationType": 1, "parentMessageKey": s.key(i, fakewhatsapp.Post{Group: p.Group, Author: p.Author, ID: p.Album}, g),
		}}
	}
	message["messageContextInfo"] = secret
	if i.base64 && p.Media != nil {
		message["base64"] = base64.StdEncoding.EncodeToString(p.Media.Data)
	}
	return message, kind
}

// mediaObject announces media. The bytes themselves are fetched with
// chat/getBase64FromMediaMessage.
func mediaObject(enc Encoding, p fakewhatsapp.Post) map[string]any {
	m := p.Media
	sum := sha256.Sum256(m.Data)
	o := map[string]any{
		"url": mediaURL(p), "directPath": directPath(p), "mimetype": m.MimeType, "caption": nil,
		"fileSha256": bytesIn(enc, sum[:]), "fileEncSha256": bytesIn(enc, digest(p, "encrypted")),
		"mediaKey": bytesIn(enc, digest(p, "key")), "mediaKeyTimestamp": longIn(enc, p.At.Unix()),
		"fileLength": longIn(enc, int64(len(m.Data))),
	}
	if p.Text != "" {
		o["caption"] = p.Text
	}
	switch m.Kind {
	case core.Document:
		o["fileName"], o["title"] = m.FileName, m.FileName
	case core.Video:
		o["height"], o["width"], o["seconds"] = 720, 1280, 14
	default:
		o["height"], o["width"] = 1080, 1080
	}
	return o
}

func directPath(p fakewhatsapp.Post) string { return "/v/t62/" + string(p.ID) + ".enc" }

func mediaURL(p fakewhatsapp.Post) string { return "https://mmg.whatsapp.net" + directPath(p) }

func digest(p fakewhatsapp.Post, of string) []byte {
	sum := sha256.Sum256([]byte(of + string(p.Group) + string(p.ID)))
	return sum[:]
}

// bytesIn writes bytes the way an encoding does.
func bytesIn(enc Encoding, b []byte) any {
	switch enc {
	case EncodingBase64:
		return base64.StdEncoding.EncodeToString(b)
	case EncodingBuffer:
		data := make([]int, len(b))
		for i, v := range b {
			data[i] = int(v)
		}
		return map[string]any{"type": "Buffer", "data": data}
	}
	o := make(map[string]int, len(b))
	for i, v := range b {
		o[strconv.Itoa(i)] = int(v)
	}
	return o
}

// longIn writes a 64-bit number the way an encoding does.
func longIn(enc Encoding, n int64) any {
	switch enc {
	case EncodingBase64:
		return strconv.FormatInt(n, 10)
	case EncodingBuffer:
		return n
	}
	return map[string]any{"low": int32(n), "high": int32(n >> 32), "unsigned": true}
}

// timestamp is a message's time in epoch seconds: a number as a rule, in other encodings
// as they have it.
func timestamp(enc Encoding, t time.Time) any {
	switch enc {
	case EncodingBase64:
		return longIn(EncodingBase64, t.Unix())
	case EncodingBuffer:
		return longIn(EncodingObject, t.Unix())
	}
	return t.Unix()
}

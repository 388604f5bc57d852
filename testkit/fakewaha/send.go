package fakewaha

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func (s *Server) sendText(q *request) answer {
	if _, given := q.fields["text"].(string); !given {
		return httpError(http.StatusBadRequest, []string{"text must be a string"})
	}
	return s.send(q, fakewhatsapp.Message{Text: q.text("text")})
}

func (s *Server) sendMedia(q *request) answer {
	file, _ := q.fields["file"].(map[string]any)
	encoded, _ := file["data"].(string)
	mimeType, _ := file["mimetype"].(string)
	name, _ := file["filename"].(string)
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || encoded == "" {
		return httpError(http.StatusBadRequest, []string{"file.data must be base64 encoded"})
	}
	kind := map[Op]core.MediaKind{OpSendImage: core.Image, OpSendVideo: core.Video, OpSendFile: core.Document}[q.op]
	return s.send(q, fakewhatsapp.Message{
		Text:  q.text("caption"),
		Media: &fakewhatsapp.Media{Kind: kind, MimeType: mimeType, FileName: name, Data: data},
	})
}

// honoursIDs says whether the server takes ids chosen by the sender.
func (s *Server) honoursIDs() bool {
	var version [3]int
	for i, part := range strings.SplitN(s.opts.Version, ".", 3) {
		version[i], _ = strconv.Atoi(part)
	}
	since := [3]int{2026, 4, 3}
	for i := range version {
		if version[i] != since[i] {
			return version[i] > since[i] && s.opts.Engine != WEBJS
		}
	}
	return s.opts.Engine != WEBJS
}

// send posts a message into the world and answers with it, or with what the engine throws.
func (s *Server) send(q *request, m fakewhatsapp.Message) answer {
	chat := core.JID(q.text("chatId"))
	if chat == "" {
		return httpError(http.StatusBadRequest, []string{"chatId must be a string"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sn, refusal, valid := s.running(q, working)
	if !valid {
		return refusal
	}
	if s.honoursIDs() {
		m.ID = core.MessageID(q.text("id"))
	}
	post, err := sn.link.Post(chat, m)
	if err != nil {
		return s.exception(q, s.thrown(err))
	}
	g := fakewhatsapp.GroupInfo{}
	if group := s.world.Group(chat); group != nil {
		g = group.Info()
	}
	payload := s.wire(sn, post, g, false)
	reply := map[string]any{"id": payload["id"], "_data": payload["_data"]}
	if s.opts.Engine == WEBJS {
		reply["id"] = map[string]any{"fromMe": true, "remote": post.Group, "id": post.ID, "_serialized": payload["id"]}
	}
	if q.untold {
		return created(reply)
	}
	s.store(sn, post, g)
	s.emit(sn, "message.any", post.ID, payload)
	s.emit(sn, "message.ack.group", post.ID, map[string]any{
		"id": payload["id"], "from": post.Group, "participant": nil, "fromMe": true, "ack": 1, "ackName": "SERVER",
	})
	return created(reply)
}

// thrown is the engine's text for a post that WhatsApp did not take.
func (s *Server) thrown(err error) string {
	if s.opts.Engine == GOWS {
		switch {
		case errors.Is(err, fakewhatsapp.ErrUnknownGroup):
			return "2 UNKNOWN: failed to get group members: that group does not exist"
		case errors.Is(err, fakewhatsapp.ErrNotMember):
			return "2 UNKNOWN: failed to get group members: you're not participating in that group"
		case errors.Is(err, fakewhatsapp.ErrNotAllowed):
			return "2 UNKNOWN: server returned error 403"
		}
		return "2 UNKNOWN: server returned error 479"
	}
	switch {
	case errors.Is(err, fakewhatsapp.ErrUnknownGroup):
		return "item-not-found"
	case errors.Is(err, fakewhatsapp.ErrNotMember), errors.Is(err, fakewhatsapp.ErrNotAllowed):
		return "forbidden"
	}
	return "not-acceptable"
}

package fakewaha

import (
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// row is a message in the server's store.
type row struct {
	post  fakewhatsapp.Post
	group fakewhatsapp.GroupInfo
	at    time.Time
}

// store keeps a message; NOWEB does so only when the session asked for it. s.mu is held.
func (s *Server) store(sn *session, p fakewhatsapp.Post, g fakewhatsapp.GroupInfo) {
	if s.stores(sn) {
		sn.rows = append(sn.rows, row{p, g, p.At})
	}
}

func (s *Server) stores(sn *session) bool {
	if s.opts.Engine != NOWEB {
		return true
	}
	noweb, _ := sn.config["noweb"].(map[string]any)
	store, _ := noweb["store"].(map[string]any)
	return store["enabled"] == true
}

// messages lists a chat, newest first.
func (s *Server) messages(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn, refusal, valid := s.running(q, working)
	if !valid {
		return refusal
	}
	if !s.stores(sn) {
		return httpError(http.StatusBadRequest, "Enable NOWEB store \"config.noweb.store.enabled=True\" when starting a new session.")
	}
	query := q.URL.Query()
	limit, offset := number(query.Get("limit"), 10), number(query.Get("offset"), 0)
	list := []any{}
	for _, r := range slices.Backward(sn.rows) {
		switch {
		case string(r.post.Group) != q.chat,
			query.Has("filter.fromMe") && query.Get("filter.fromMe") != strconv.FormatBool(r.post.Author == sn.phone.JID()),
			query.Has("filter.timestamp.gte") && r.at.Unix() < int64(number(query.Get("filter.timestamp.gte"), 0)),
			query.Has("filter.timestamp.lte") && r.at.Unix() > int64(number(query.Get("filter.timestamp.lte"), 0)):
			continue
		}
		list = append(list, s.wire(sn, r.post, r.group, query.Get("downloadMedia") != "false"))
	}
	list = list[min(offset, len(list)):]
	return ok(list[:min(limit, len(list))])
}

func (s *Server) message(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn, refusal, valid := s.running(q, working)
	if !valid {
		return refusal
	}
	for _, r := range slices.Backward(sn.rows) {
		if string(r.post.Group) == q.chat && (q.id == string(r.post.ID) || q.id == s.serialized(sn, r.post, r.group)) {
			return ok(s.wire(sn, r.post, r.group, q.URL.Query().Get("downloadMedia") != "false"))
		}
	}
	return httpError(http.StatusNotFound, "Message not found")
}

func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return n
	}
	return otherwise
}

// file serves downloaded media. The file's name is the message's id.
func (s *Server) file(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := s.sessions[q.name]
	id := core.MessageID(strings.TrimSuffix(q.id, path.Ext(q.id)))
	if sn != nil {
		for _, r := range sn.rows {
			if r.post.ID == id && r.post.Media != nil {
				return answer{status: http.StatusOK, raw: r.post.Media.Data, header: http.Header{"Content-Type": {r.post.Media.MimeType}}}
			}
		}
	}
	return answer{status: http.StatusNotFound, raw: []byte(FileGone().Body)}
}

// serialized is a message's full id: who wrote it, the chat, the id and, in groups, the
// author.
func (s *Server) serialized(sn *session, p fakewhatsapp.Post, g fakewhatsapp.GroupInfo) string {
	id := strconv.FormatBool(p.Author == sn.phone.JID()) + "_" + string(p.Group) + "_" + string(p.ID)
	if author := s.world.Phone(p.Author); author != nil {
		id += "_" + address(g, author)
	}
	return id
}

// wire is a message as events and answers show it.
func (s *Server) wire(sn *session, p fakewhatsapp.Post, g fakewhatsapp.GroupInfo, download bool) map[string]any {
	mine := p.Author == sn.phone.JID()
	author := address(g, s.world.Phone(p.Author))
	o := map[string]any{
		"id": s.serialized(sn, p, g), "timestamp": p.At.Unix(), "from": p.Group, "to": nil, "fromMe": mine,
		"participant": author, "source": "app", "body": p.Text, "hasMedia": false, "media": nil,
		"ack": 1, "ackName": "SERVER", "vCards": []any{}, "replyTo": nil, "_data": s.engineData(sn, p, author),
	}
	if mine && p.Via == sn.name {
		o["source"] = "api"
	}
	if s.opts.Engine == WEBJS {
		self := sn.phone.Number() + "@c.us"
		o["to"] = self
		if mine {
			o["from"], o["to"] = self, p.Group
		}
	}
	m := p.Media
	if p.Content == fakewhatsapp.ContentSticker {
		m = &fakewhatsapp.Media{MimeType: "image/webp"}
	}
	if p.Content == fakewhatsapp.ContentAudio {
		m = &fakewhatsapp.Media{MimeType: "audio/ogg; codecs=opus"}
	}
	if m == nil {
		return o
	}
	media := map[string]any{"url": nil, "mimetype": m.MimeType, "filename": nil, "error": nil}
	if m.FileName != "" {
		media["filename"] = m.FileName
	}
	if download {
		media["url"] = s.opts.BaseURL + "/api/files/" + sn.name + "/" + string(p.ID) + extension(m.MimeType)
	}
	o["hasMedia"], o["media"] = true, media
	return o
}

func extension(mimeType string) string {
	if mimeType == "image/jpeg" {
		return ".jpeg"
	}
	if all, err := mime.ExtensionsByType(mimeType); err == nil && len(all) > 0 {
		return all[0]
	}
	return ".bin"
}

// engineData is the engine's own view, which differs and must not be relied on.
func (s *Server) engineData(sn *session, p fakewhatsapp.Post, author string) map[string]any {
	mine := p.Author == sn.phone.JID()
	switch s.opts.Engine {
	case NOWEB:
		return map[string]any{"key": map[string]any{"remoteJid": p.Group, "fromMe": mine, "id": p.ID, "participant": author}}
	case WEBJS:
		return map[string]any{"id": map[string]any{"fromMe": mine, "remote": p.Group, "id": p.ID}}
	}
	return map[string]any{"Info": map[string]any{
		"Chat": p.Group, "Sender": author, "IsFromMe": mine, "IsGroup": true, "ID": p.ID, "Timestamp": p.At.Format(time.RFC3339),
	}}
}

// address is how a phone is named in a group: "@lid", or "@c.us" instead of
// "@s.whatsapp.net".
func address(g fakewhatsapp.GroupInfo, p *fakewhatsapp.Phone) string {
	if p == nil {
		return ""
	}
	if g.Addressing == fakewhatsapp.ByPhone {
		return p.Number() + "@c.us"
	}
	return string(p.LID())
}

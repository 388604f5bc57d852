package fakeevolution

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// row is a message in the server's database.
type row struct {
	id       string
	post     fakewhatsapp.Post
	fromMe   bool
	data     map[string]any
	statuses []string
}

// store keeps a message, unless the quirks say that nothing is kept; s.mu is held.
func (s *Server) store(i *instance, p fakewhatsapp.Post, data map[string]any) {
	if !s.quirksOf(i).NoRows {
		fromMe := i.phone != nil && i.phone.JID() == p.Author
		i.rows = append(i.rows, &row{id: newUUID(), post: p, fromMe: fromMe, data: data})
	}
}

func (i *instance) row(id core.MessageID) *row {
	for _, r := range slices.Backward(i.rows) { // mostly the newest is wanted
		if r.post.ID == id {
			return r
		}
	}
	return nil
}

// findMessages looks messages up, newest first. As in the real server fromMe:false does
// not filter, a time needs both ends, and there is no search in texts.
func (s *Server) findMessages(q *request) answer {
	where, _ := q.fields["where"].(map[string]any)
	key, _ := where["key"].(map[string]any)
	chat, _ := key["remoteJid"].(string)
	id, _ := key["id"].(string)
	fromMe, _ := key["fromMe"].(bool)
	during, wrong, valid := period(where["messageTimestamp"])
	if !valid {
		return wrong
	}
	size, page := number(q.fields["offset"], 50), number(q.fields["page"], 1)

	s.mu.Lock()
	defer s.mu.Unlock()
	found := []*row{}
	for _, r := range q.inst.rows {
		if (chat == "" || chat == string(r.post.Group)) && (id == "" || id == string(r.post.ID)) &&
			(!fromMe || r.fromMe) && during(r.post.At) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b *row) int {
		if c := b.post.At.Compare(a.post.At); c != 0 {
			return c
		}
		return b.post.Seq - a.post.Seq
	})
	total := len(found)
	from := min((page-1)*size, total)
	records := []any{}
	for _, r := range found[from:min(from+size, total)] {
		records = append(records, r.record())
	}
	return ok(map[string]any{"messages": map[string]any{
		"total": total, "pages": (total + size - 1) / size, "currentPage": page, "records": records,
	}})
}

func (r *row) record() map[string]any {
	updates := []any{}
	for _, status := range r.statuses {
		updates = append(updates, map[string]any{"status": status})
	}
	return map[string]any{
		"id": r.id, "key": r.data["key"], "pushName": r.data["pushName"], "messageType": r.data["messageType"],
		"message": r.data["message"], "messageTimestamp": r.post.At.Unix(), "instanceId": r.data["instanceId"],
		"source": r.data["source"], "contextInfo": r.data["contextInfo"], "MessageUpdate": updates,
	}
}

// period reads {gte, lte} in ISO form; whole seconds count, and one end alone is ignored.
func period(v any) (during func(time.Time) bool, wrong answer, ok bool) {
	always := func(time.Time) bool { return true }
	ends, _ := v.(map[string]any)
	gte, hasFrom := ends["gte"].(string)
	lte, hasTo := ends["lte"].(string)
	if !hasFrom || !hasTo {
		return always, answer{}, true
	}
	from, err1 := time.Parse(time.RFC3339, gte)
	to, err2 := time.Parse(time.RFC3339, lte)
	if err1 != nil || err2 != nil {
		return nil, fail(http.StatusBadRequest, []string{"Invalid `this.prismaRepository.message.count()` invocation"}), false
	}
	return func(t time.Time) bool {
		return t.Unix() >= from.Unix() && t.Unix() <= to.Unix()
	}, answer{}, true
}

func number(v any, otherwise int) int {
	if f, ok := v.(float64); ok && f >= 1 {
		return int(f)
	}
	return otherwise
}

func (s *Server) findStatus(q *request) answer {
	where, _ := q.fields["where"].(map[string]any)
	id, _ := where["id"].(string)
	chat, _ := where["remoteJid"].(string)
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	for _, r := range q.inst.rows {
		if id != "" && id != string(r.post.ID) || chat != "" && chat != string(r.post.Group) {
			continue
		}
		for _, status := range r.statuses {
			list = append(list, map[string]any{
				"id": r.id, "keyId": r.post.ID, "remoteJid": r.post.Group, "fromMe": r.fromMe,
				"participant": nil, "status": status, "messageId": r.id, "instanceId": q.inst.id,
			})
		}
	}
	return ok(list)
}

// getBase64 downloads the media of a stored message, or of a whole message in the body.
func (s *Server) getBase64(q *request) answer {
	message, _ := q.fields["message"].(map[string]any)
	key, _ := message["key"].(map[string]any)
	id, _ := key["id"].(string)
	path := findDirectPath(message["message"])
	s.mu.Lock()
	defer s.mu.Unlock()
	var post *fakewhatsapp.Post
	if r := q.inst.row(core.MessageID(id)); r != nil {
		post = &r.post
	} else if path != "" && q.inst.session != nil {
		post = s.postAt(q.inst, path)
	}
	switch {
	case post == nil:
		return fail(http.StatusBadRequest, []string{"Message not found"})
	case post.Media == nil:
		return fail(http.StatusBadRequest, []string{"The message is not of the media type"})
	case !q.inst.online():
		return fail(http.StatusBadRequest, []string{"Error: Connection Closed"})
	}
	m := post.Media
	name := m.FileName
	if name == "" {
		_, ext, _ := strings.Cut(m.MimeType, "/")
		name = string(post.ID) + "." + ext
	}
	return created(map[string]any{
		"mediaType": string(m.Kind) + "Message", "fileName": name, "caption": post.Text, "mimetype": m.MimeType,
		"size":   map[string]any{"fileLength": longIn(EncodingObject, int64(len(m.Data))), "height": 1080, "width": 1080},
		"base64": base64.StdEncoding.EncodeToString(m.Data), "buffer": nil,
	})
}

// postAt finds the media behind a path in the groups of an instance; s.mu is held.
func (s *Server) postAt(i *instance, path string) *fakewhatsapp.Post {
	for _, g := range i.session.Groups() {
		for _, p := range s.world.PostedIn(g.JID) {
			if p.Media != nil && directPath(p) == path {
				return &p
			}
		}
	}
	return nil
}

// findDirectPath looks through a message, wrapped or not, for the address of its media.
func findDirectPath(v any) string {
	o, _ := v.(map[string]any)
	if path, ok := o["directPath"].(string); ok {
		return path
	}
	for _, inner := range o {
		if path := findDirectPath(inner); path != "" {
			return path
		}
	}
	return ""
}

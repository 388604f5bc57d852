package fakeevolution

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func (s *Server) sendText(q *request) answer {
	for _, p := range []string{"number", "text"} {
		if _, given := q.fields[p].(string); !given {
			return schema(`instance requires property "` + p + `"`)
		}
	}
	if strings.TrimSpace(q.text("text")) == "" {
		return fail(http.StatusBadRequest, []string{"Text is required"})
	}
	return s.send(q, fakewhatsapp.Message{Text: q.text("text")})
}

func (s *Server) sendMedia(q *request) answer {
	if strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/form-data") {
		if a, ok := q.decodeForm(); !ok {
			return a
		}
	}
	for _, p := range []string{"number", "mediatype"} {
		if _, given := q.fields[p].(string); !given {
			return schema(`instance requires property "` + p + `"`)
		}
	}
	kind := core.MediaKind(q.text("mediatype"))
	switch kind {
	case core.Image, core.Video, core.Document:
	default:
		return schema("instance.mediatype is not one of enum values: image,document,video,audio,ptv")
	}
	data, wrong, valid := s.media(q, kind)
	if !valid {
		return wrong
	}
	m := &fakewhatsapp.Media{Kind: kind, FileName: q.text("fileName"), MimeType: q.text("mimetype"), Data: data}
	if m.MimeType == "" {
		m.MimeType = mime.TypeByExtension(path.Ext(m.FileName))
	}
	if m.MimeType == "" {
		m.MimeType = map[core.MediaKind]string{
			core.Image: "image/png", core.Video: "video/mp4", core.Document: "application/octet-stream",
		}[kind]
	}
	return s.send(q, fakewhatsapp.Message{Text: q.text("caption"), Media: m})
}

// media gets the bytes of a sendMedia: uploaded, in base64, or behind a URL.
func (s *Server) media(q *request, kind core.MediaKind) (data []byte, wrong answer, ok bool) {
	if uploaded, given := q.fields["file"].([]byte); given {
		return uploaded, answer{}, true
	}
	media := q.text("media")
	if u, err := url.Parse(media); err == nil && (u.Scheme == "http" || u.Scheme == "https") && strings.Contains(u.Hostname(), ".") {
		return s.download(media)
	}
	data, err := base64.StdEncoding.DecodeString(media)
	switch {
	case err != nil || media == "":
		return nil, fail(http.StatusBadRequest, []string{"Owned media must be a url or base64"}), false
	case kind == core.Document && q.text("fileName") == "":
		return nil, fail(http.StatusBadRequest, []string{"For base64 the file name must be informed."}), false
	}
	return data, answer{}, true
}

// download fetches media as the real server does, from wherever the caller says.
func (s *Server) download(address string) (data []byte, wrong answer, ok bool) {
	failed := func(text string) ([]byte, answer, bool) {
		return nil, fail(http.StatusInternalServerError, []string{text}), false
	}
	req, err := http.NewRequestWithContext(s.closed, http.MethodGet, address, nil)
	if err != nil {
		return failed("TypeError: Invalid URL")
	}
	resp, err := s.opts.Client.Do(req)
	if err != nil {
		return failed("Error: connect ECONNREFUSED " + req.URL.Host)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return failed("AxiosError: Request failed with status code " + resp.Status[:3])
	}
	if data, err = io.ReadAll(resp.Body); err != nil {
		return failed("Error: aborted")
	}
	return data, answer{}, true
}

// decodeForm reads a multipart body into fields; the upload becomes bytes under "file".
func (q *request) decodeForm() (answer, bool) {
	q.Body = io.NopCloser(strings.NewReader(string(q.body)))
	if err := q.ParseMultipartForm(maxBody); err != nil {
		return fail(http.StatusInternalServerError, "Multipart: Boundary not found"), false
	}
	for k, v := range q.MultipartForm.Value {
		q.fields[k] = v[0]
	}
	file, header, err := q.FormFile("file")
	if err != nil {
		return answer{}, true
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return fail(http.StatusInternalServerError, "Error: read upload"), false
	}
	q.fields["file"] = data
	if q.text("fileName") == "" {
		q.fields["fileName"] = header.Filename
	}
	return answer{}, true
}

// send posts a message into the world and answers as the real server does: with the
// message, or with 400 and one of its error texts.
func (s *Server) send(q *request, m fakewhatsapp.Message) answer {
	jid, isGroup := groupAddress(q.text("number"))
	if !isGroup {
		return fail(http.StatusBadRequest, []any{map[string]any{"jid": jid, "exists": false, "number": q.text("number")}})
	}
	if delay, ok := q.fields["delay"].(float64); ok {
		s.wait(time.Duration(delay) * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := q.inst
	switch {
	case i.session == nil:
		return refused("[object Object]") // no socket at all, so no group metadata
	case !i.online():
		return refused("Error: Connection Closed")
	}
	post, err := i.session.Post(jid, m)
	if err != nil {
		return refused(sendError(err))
	}
	data := s.sent(i, post)
	if q.unstored {
		return created(data)
	}
	s.store(i, post, data)
	s.emitFor(i, "send.message", post.ID, data)
	if s.quirksOf(i).EchoUpsert {
		s.emitFor(i, "messages.upsert", post.ID, data)
	}
	if r := i.row(post.ID); r != nil {
		r.statuses = append(r.statuses, "SERVER_ACK")
		s.emitFor(i, "messages.update", post.ID, map[string]any{
			"keyId": post.ID, "remoteJid": post.Group, "fromMe": true, "participant": i.phone.LID(),
			"status": "SERVER_ACK", "instanceId": i.id, "messageId": r.id,
		})
	}
	s.broadcast()
	return created(data)
}

func refused(message string) answer { return fail(http.StatusBadRequest, []string{message}) }

// sendError is the text the real server has for a post that WhatsApp did not take.
func sendError(err error) string {
	switch {
	case errors.Is(err, fakewhatsapp.ErrUnknownGroup), errors.Is(err, fakewhatsapp.ErrNotMember):
		return "[object Object]"
	case errors.Is(err, fakewhatsapp.ErrNotAllowed):
		return "Error: forbidden"
	case errors.Is(err, fakewhatsapp.ErrUnlinked):
		return "Error: Connection Closed"
	}
	return "Error: not-acceptable"
}

// groupAddress reads a number field: a group address, or 18 digits and more.
func groupAddress(number string) (core.JID, bool) {
	if len(number) >= 18 && strings.Trim(number, "0123456789") == "" {
		number += "@g.us"
	}
	jid := core.JID(number)
	return jid, jid.IsGroup()
}

// sent is the message as send answers and send.message show it.
func (s *Server) sent(i *instance, p fakewhatsapp.Post) map[string]any {
	message, kind := s.content(i, p, fakewhatsapp.GroupInfo{})
	delete(message, "messageContextInfo")
	data := map[string]any{
		"key":      map[string]any{"remoteJid": p.Group, "fromMe": true, "id": p.ID},
		"pushName": "Você", "status": "PENDING", "message": message, "messageType": kind,
		"messageTimestamp": p.At.Unix(), "instanceId": i.id, "source": "web",
	}
	if p.Media != nil {
		data["contextInfo"] = map[string]any{}
	}
	return data
}

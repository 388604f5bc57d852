package waha

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

type sendBody struct {
	Session string `json:"session"`
	ChatID  string `json:"chatId"`
	ID      string `json:"id,omitempty"`
	Text    string `json:"text,omitempty"`
	// LinkPreview is off: with it the server fetches the tenant's affiliate link itself,
	// which counts as a click from a data centre.
	LinkPreview *bool     `json:"linkPreview,omitempty"`
	Caption     *string   `json:"caption,omitempty"` // given even when empty: old versions have a default text
	File        *fileBody `json:"file,omitempty"`
}

type fileBody struct {
	MimeType string `json:"mimetype"`
	FileName string `json:"filename,omitempty"`
	Data     string `json:"data"` // bare base64
}

// Send implements [gateway.Gateway]. Only group addresses are accepted.
func (g *Gateway) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	r := request{op: "send", nature: gatewayhttp.Sends, timeout: g.timeouts.Send, method: http.MethodPost}
	if !m.To.IsGroup() {
		return gateway.Receipt{}, r.fail(gateway.KindInvalid, codeChat)
	}
	if !utf8.ValidString(m.Text) || m.Media == nil && strings.TrimSpace(m.Text) == "" {
		return gateway.Receipt{}, r.fail(gateway.KindInvalid, codeText)
	}
	body := sendBody{Session: s.Name, ChatID: string(m.To)}
	if g.clientIDs {
		body.ID = string(m.ID)
	}
	if m.Media == nil {
		off := false
		r.path, body.Text, body.LinkPreview = "/api/sendText", m.Text, &off
	} else {
		var ok bool
		if r.path, body.File, ok = fileOf(*m.Media); !ok {
			return gateway.Receipt{}, r.fail(gateway.KindInvalid, codeMedia)
		}
		body.Caption = &m.Text
	}
	r.body = body
	var answer map[string]any
	if err := g.call(ctx, s, r, &answer); err != nil {
		return gateway.Receipt{}, g.whyNotSent(ctx, s, err)
	}
	id := sentID(answer)
	if body.ID != "" && id != "" && string(id) != body.ID {
		// The promise of the Capabilities is broken; from here on it holds no more.
		g.log.ErrorContext(ctx, "waha: the server ignored the message id it was given; it no longer takes client ids",
			"instance", s.Name, "message_id", string(id))
	}
	return gateway.Receipt{ID: id}, nil
}

// fileOf is an attachment with the route that sends its kind.
func fileOf(m gateway.Media) (path string, file *fileBody, ok bool) {
	path, ok = map[core.MediaKind]string{
		core.Image: "/api/sendImage", core.Video: "/api/sendVideo", core.Document: "/api/sendFile",
	}[m.Kind]
	mimeType := m.MimeType
	if mimeType == "" {
		mimeType = map[core.MediaKind]string{
			core.Image: "image/jpeg", core.Video: "video/mp4", core.Document: "application/octet-stream",
		}[m.Kind]
	}
	return path, &fileBody{mimeType, m.FileName, base64.StdEncoding.EncodeToString(m.Data)}, ok && len(m.Data) > 0
}

// sentID reads the id of a sent message, which engines write as a text, as an object, or in a
// key; "" when there is none.
func sentID(answer loosejson.Object) core.MessageID {
	for _, o := range []loosejson.Object{answer, answer.Object("_data")} {
		if text := o.Text("id"); text != "" {
			return parseID(text).id
		}
		if id := o.Object("id").Text("id"); id != "" {
			return core.MessageID(id)
		}
		if id := o.Object("key").Text("id"); id != "" {
			return core.MessageID(id)
		}
	}
	return ""
}

// whyNotSent looks up how a session stands that the server did not find: it finds only those
// that run. Nothing was sent, so asking is safe.
func (g *Gateway) whyNotSent(ctx context.Context, s gateway.Session, refusal error) error {
	var e *gateway.Error
	if !errors.As(refusal, &e) || e.Code != codeNoSession {
		return refusal
	}
	session, err := g.info(ctx, s, e.Op)
	if gateway.KindOf(err) == gateway.KindNotFound {
		return refusal
	}
	if err != nil {
		e.Kind = gateway.KindNotConnected
		return e
	}
	return request{op: e.Op}.fail(notWorking(session.Status), codeStatus)
}

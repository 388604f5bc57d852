package evolution

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

const (
	pathSendText  = "/message/sendText/"
	pathSendMedia = "/message/sendMedia/"
)

type textBody struct {
	Number string `json:"number"`
	Text   string `json:"text"`
	// LinkPreview is off: with it the server fetches the tenant's affiliate link itself,
	// which counts as a click from a data centre.
	LinkPreview bool `json:"linkPreview"`
}

type mediaBody struct {
	Number    string `json:"number"`
	MediaType string `json:"mediatype"`
	MimeType  string `json:"mimetype,omitempty"`
	Caption   string `json:"caption,omitempty"`
	Media     string `json:"media"` // bare base64; a data URI is refused
	FileName  string `json:"fileName"`
}

// Send implements [gateway.Gateway]. Only group addresses are accepted. When the server
// refuses without saying why, two look-ups find out; nothing is ever sent twice.
func (g *Gateway) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	r := request{op: "send", nature: gatewayhttp.Sends, success: http.StatusCreated, timeout: g.timeouts.Send, method: http.MethodPost}
	if !m.To.IsGroup() {
		return gateway.Receipt{}, r.fail(gateway.KindInvalid, codeChat, nil)
	}
	if !utf8.ValidString(m.Text) || m.Media == nil && strings.TrimSpace(m.Text) == "" {
		return gateway.Receipt{}, r.fail(gateway.KindInvalid, codeText, nil)
	}
	if m.Media == nil {
		r.path, r.body = pathSendText, textBody{Number: string(m.To), Text: m.Text}
	} else {
		body, ok := newMediaBody(m)
		if !ok {
			return gateway.Receipt{}, r.fail(gateway.KindInvalid, codeMedia, nil)
		}
		r.path, r.body = pathSendMedia, body
	}
	var answer struct {
		Key   struct{ RemoteJID, ID string }
		Error any
	}
	if err := g.call(ctx, s, r, &answer); err != nil {
		return gateway.Receipt{}, g.reasonOf(ctx, s, m.To, err)
	}
	if answer.Error == true {
		return gateway.Receipt{}, r.fail(gateway.KindUnknown, codeOpaque, nil)
	}
	if answer.Key.RemoteJID != "" && answer.Key.RemoteJID != string(m.To) {
		g.log.WarnContext(ctx, "evolution: a message was accepted for another chat than asked",
			"instance", s.Name, "message_id", answer.Key.ID)
	}
	return gateway.Receipt{ID: core.MessageID(answer.Key.ID)}, nil
}

func newMediaBody(m gateway.Outbound) (mediaBody, bool) {
	body := mediaBody{
		Number:    string(m.To),
		MediaType: string(m.Media.Kind),
		MimeType:  m.Media.MimeType,
		Caption:   m.Text,
		FileName:  m.Media.FileName,
	}
	switch m.Media.Kind {
	case core.Image:
		// The server makes every image a JPEG but tells its type by the file name.
		body.MimeType, body.FileName = "image/jpeg", "image.jpg"
	case core.Video:
		if body.FileName == "" {
			body.FileName = "video.mp4"
		}
	case core.Document:
		if body.FileName == "" {
			body.FileName = "document"
		}
	default:
		return mediaBody{}, false
	}
	body.Media = base64.StdEncoding.EncodeToString(m.Media.Data)
	return body, body.Media != ""
}

// reasonOf replaces the one refusal without a text, which means that the server could not
// get the group's data, by its cause: no connection, or no such group for us. Nothing was
// sent, so asking is safe.
func (g *Gateway) reasonOf(ctx context.Context, s gateway.Session, chat core.JID, refusal error) error {
	e, ok := refusal.(*gateway.Error)
	if !ok || e.Code != codeOpaque || e.Kind != gateway.KindTemporary {
		return refusal
	}
	if state, err := g.connectionState(ctx, s, e.Op); err != nil {
		return refusal
	} else if state != gateway.StateOpen {
		e.Kind = gateway.KindNotConnected
		return e
	}
	var answer struct{}
	err := g.call(ctx, s, request{
		op: e.Op, timeout: g.timeouts.Quick, method: http.MethodGet,
		path: "/group/findGroupInfos/", query: url.Values{"groupJid": {string(chat)}},
	}, &answer)
	cause, ok := err.(*gateway.Error)
	if !ok {
		return refusal
	}
	switch cause.Kind {
	case gateway.KindNotFound, gateway.KindForbidden, gateway.KindRateLimited, gateway.KindNotConnected:
		if cause.Code != codeStatus && cause.Code != codeNoInstance {
			return cause
		}
	}
	return refusal
}

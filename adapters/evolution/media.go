package evolution

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// largestMedia bounds any limit asked for: WhatsApp itself carries no more.
const largestMedia = 2 << 30

// FetchMedia implements [gateway.MediaFetcher]. The handle holds the message itself, so
// the server need not have stored it.
func (g *Gateway) FetchMedia(ctx context.Context, s gateway.Session, media core.Media, limit int64) (gateway.Media, error) {
	limit = min(limit, largestMedia)
	r := request{
		op: "fetch_media", timeout: g.timeouts.Media, method: http.MethodPost,
		path: "/chat/getBase64FromMediaMessage/", limit: 64<<10 + limit/3*4,
	}
	if !json.Valid(media.Handle) || limit <= 0 {
		return gateway.Media{}, r.fail(gateway.KindInvalid, codeHandle, nil)
	}
	r.body = struct {
		Message json.RawMessage `json:"message"`
	}{media.Handle}
	var answer struct{ Base64, MimeType, FileName string }
	if err := g.call(ctx, s, r, &answer); err != nil {
		return gateway.Media{}, unavailable(err)
	}
	encoded := answer.Base64
	if _, bare, ok := strings.Cut(encoded, ";base64,"); ok {
		encoded = bare
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(data) == 0 {
		return gateway.Media{}, r.fail(gateway.KindMediaUnavailable, codeUnreadable, nil)
	}
	if int64(len(data)) > limit {
		return gateway.Media{}, r.fail(gateway.KindMediaUnavailable, codeTooLarge, nil)
	}
	fetched := gateway.Media{Kind: media.Kind, MimeType: media.MimeType, FileName: media.FileName, Data: data}
	if answer.MimeType != "" {
		fetched.MimeType = answer.MimeType
	}
	if fetched.FileName == "" {
		fetched.FileName = answer.FileName
	}
	return fetched, nil
}

// unavailable turns the refusals that mean "this media cannot be had" into that kind: the
// server answers 400 for all of them.
func unavailable(err error) error {
	e, ok := err.(*gateway.Error)
	if !ok {
		return err
	}
	if e.Kind == gateway.KindInvalid && e.Code == codeStatus || e.Code == codeAnswerTooLarge || e.Code == codeOpaque {
		e.Kind = gateway.KindMediaUnavailable
	}
	return e
}

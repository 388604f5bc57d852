package waha

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// largestMedia bounds any limit asked for: WhatsApp itself carries no more.
const largestMedia = 2 << 30

// filesPath is where the server keeps media it has downloaded, for a few minutes.
const filesPath = "/api/files/"

// handle is what FetchMedia needs: the file, if there is one already, and the message.
type handle struct {
	File string `json:"file,omitempty"` // its path at the server
	Chat string `json:"chat"`
	ID   string `json:"id"` // in the server's full form
}

// filePath is the path of a media address. Its host is what the server believes to be its own
// name and is never followed: the key goes to the session's server only.
func filePath(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if i := strings.Index(u.EscapedPath(), filesPath); i >= 0 {
		return u.EscapedPath()[i:]
	}
	return ""
}

// FetchMedia implements [gateway.MediaFetcher]. A file that is gone, or was never downloaded,
// is asked for once more through its message.
func (g *Gateway) FetchMedia(ctx context.Context, s gateway.Session, media core.Media, limit int64) (gateway.Media, error) {
	limit = min(limit, largestMedia)
	r := request{op: "fetch_media", timeout: g.timeouts.Media, method: http.MethodGet, limit: limit}
	var h handle
	if json.Unmarshal(media.Handle, &h) != nil || h.ID == "" || limit <= 0 || h.File != "" && !strings.HasPrefix(h.File, filesPath) {
		return gateway.Media{}, r.fail(gateway.KindInvalid, codeHandle)
	}
	if h.File != "" {
		got, err := g.file(ctx, s, r, media, h.File)
		if err == nil || err.(*gateway.Error).Code != codeNotFound {
			return got, err
		}
	}
	var row map[string]any
	err := g.call(ctx, s, request{
		op: r.op, timeout: g.timeouts.Media, method: http.MethodGet,
		path:  pathOf(s, "/chats/"+url.PathEscape(h.Chat)+"/messages/"+url.PathEscape(h.ID)),
		query: url.Values{"downloadMedia": {"true"}},
	}, &row)
	if err != nil {
		return gateway.Media{}, unavailable(g.whyNotSent(ctx, s, err))
	}
	path := filePath(loosejson.Object(row).Object("media").Text("url"))
	if path == "" {
		return gateway.Media{}, r.fail(gateway.KindMediaUnavailable, codeNotFound)
	}
	got, err := g.file(ctx, s, r, media, path)
	return got, unavailable(err)
}

// file fetches one file.
func (g *Gateway) file(ctx context.Context, s gateway.Session, r request, media core.Media, path string) (gateway.Media, error) {
	r.path = path
	answer, err := g.do(ctx, s, r)
	if err != nil {
		return gateway.Media{}, tooLarge(err)
	}
	if len(answer.Data) == 0 {
		return gateway.Media{}, r.fail(gateway.KindMediaUnavailable, codeUnreadable)
	}
	return gateway.Media{Kind: media.Kind, MimeType: media.MimeType, FileName: media.FileName, Data: answer.Data}, nil
}

// tooLarge says of an answer over the limit that the media cannot be had.
func tooLarge(err error) error {
	if e, ok := err.(*gateway.Error); ok && e.Code == "answer_too_large" {
		e.Kind = gateway.KindMediaUnavailable
	}
	return err
}

// unavailable turns the refusals that mean "this media cannot be had" into that kind.
func unavailable(err error) error {
	e, ok := err.(*gateway.Error)
	if ok && (e.Kind == gateway.KindInvalid || e.Code == codeNotFound || e.Code == codeException) {
		e.Kind = gateway.KindMediaUnavailable
	}
	return err
}

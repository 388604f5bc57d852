package whatsmeow

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

var mediaTypes = map[core.MediaKind]whatsmeow.MediaType{
	core.Image: whatsmeow.MediaImage, core.Video: whatsmeow.MediaVideo, core.Document: whatsmeow.MediaDocument,
}

// The bounds of what is remembered of uploads. WhatsApp keeps media for weeks; an offer is
// out within hours.
const (
	mostUploads   = 64
	longestUpload = 6 * time.Hour
)

// uploads remembers the media of one session, so that an offer for many groups is uploaded
// once. The turn is a lock that respects a context.
type uploads struct {
	turn  chan struct{}
	known map[uploadKey]uploaded
}

type uploadKey struct {
	kind core.MediaKind
	sum  [sha256.Size]byte
}

type uploaded struct {
	whatsmeow.UploadResponse
	at time.Time
}

func newUploads() uploads {
	return uploads{turn: make(chan struct{}, 1), known: map[uploadKey]uploaded{}}
}

// upload brings media to WhatsApp, unless it is there.
func (c *connection) upload(ctx context.Context, media *gateway.Media, kind whatsmeow.MediaType) (whatsmeow.UploadResponse, *gateway.Error) {
	const op = "send"
	u := c.stream.uploads
	ctx, cancel := context.WithTimeout(ctx, c.stream.g.options.Timeouts.Media)
	defer cancel()
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
	case <-ctx.Done():
		return whatsmeow.UploadResponse{}, ended(op, gateway.KindTemporary, ctx.Err())
	}
	key := uploadKey{media.Kind, sha256.Sum256(media.Data)}
	if known, ok := u.known[key]; ok && time.Since(known.at) < longestUpload {
		return known.UploadResponse, nil
	}
	response, err := c.client.Upload(ctx, media.Data, kind)
	if err != nil {
		if ctx.Err() != nil {
			return response, ended(op, gateway.KindTemporary, ctx.Err())
		}
		e := failAsked(op, err)
		if e.Code == codeUnlisted {
			e.Code = codeUpload
		}
		return response, e
	}
	u.makeRoom()
	u.known[key] = uploaded{response, time.Now()}
	return response, nil
}

// makeRoom forgets the oldest upload when there are too many.
func (u uploads) makeRoom() {
	if len(u.known) < mostUploads {
		return
	}
	var oldest uploadKey
	first := true
	for key, up := range u.known {
		if first || up.at.Before(u.known[oldest].at) {
			oldest, first = key, false
		}
	}
	delete(u.known, oldest)
}

// FetchMedia implements [gateway.MediaFetcher]. Media that WhatsApp no longer has is not
// asked for at the sender's phone.
func (g *Gateway) FetchMedia(ctx context.Context, session gateway.Session, media core.Media, limit int64) (gateway.Media, error) {
	const op = "fetch_media"
	s, err := g.stream(ctx, op, session.Name)
	if err != nil {
		return gateway.Media{}, err
	}
	source, announced := attachment(media.Handle)
	if source == nil || limit <= 0 {
		return gateway.Media{}, fail(op, gateway.KindInvalid, codeHandle, nil)
	}
	if announced > uint64(limit) {
		return gateway.Media{}, fail(op, gateway.KindMediaUnavailable, codeTooLarge, nil)
	}
	c, notOpen := s.open(op)
	if notOpen != nil {
		return gateway.Media{}, notOpen
	}
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeouts.Media)
	defer cancel()
	data, err := c.client.Download(context.WithValue(ctx, bound{}, limit), source)
	switch {
	case err != nil:
		return gateway.Media{}, failDownload(op, err)
	case int64(len(data)) > limit:
		return gateway.Media{}, fail(op, gateway.KindMediaUnavailable, codeTooLarge, nil)
	}
	return gateway.Media{Kind: media.Kind, MimeType: media.MimeType, FileName: media.FileName, Data: data}, nil
}

// attachment reads a handle. The library fetches by the path in it, from hosts WhatsApp
// names; the address, which the sender of a message chooses, is not in a handle.
func attachment(handle []byte) (whatsmeow.DownloadableMessage, uint64) {
	var m waE2E.Message
	if len(handle) == 0 || proto.Unmarshal(handle, &m) != nil {
		return nil, 0
	}
	switch {
	case m.GetImageMessage() != nil:
		return m.GetImageMessage(), m.GetImageMessage().GetFileLength()
	case m.GetVideoMessage() != nil:
		return m.GetVideoMessage(), m.GetVideoMessage().GetFileLength()
	case m.GetDocumentMessage() != nil:
		return m.GetDocumentMessage(), m.GetDocumentMessage().GetFileLength()
	}
	return nil, 0
}

// failDownload maps the failure of a download: what is gone, damaged or too large cannot be
// had.
func failDownload(op string, err error) *gateway.Error {
	var status whatsmeow.DownloadHTTPError
	switch {
	case errors.Is(err, errTooLarge):
		return fail(op, gateway.KindMediaUnavailable, codeTooLarge, nil)
	case errors.As(err, &status) && status.StatusCode < http.StatusInternalServerError:
		return fail(op, gateway.KindMediaUnavailable, codeGone, nil)
	}
	for _, damaged := range []error{
		whatsmeow.ErrNoURLPresent, whatsmeow.ErrTooShortFile, whatsmeow.ErrInvalidMediaHMAC, whatsmeow.ErrInvalidMediaEncSHA256,
		whatsmeow.ErrInvalidMediaSHA256, whatsmeow.ErrInvalidUnencryptedMediaSHA256, whatsmeow.ErrUnknownMediaType,
	} {
		if errors.Is(err, damaged) {
			return fail(op, gateway.KindMediaUnavailable, codeDownload, nil)
		}
	}
	return failAsked(op, err)
}

// bound is the key of a download's limit in its context.
type bound struct{}

var errTooLarge = errors.New("whatsmeow: the media is larger than asked for")

// overhead is what encryption adds to media, at most.
const overhead = 64

// limited returns a client whose answers end where the request's context says: the library
// reads them as a whole.
func limited(client *http.Client) *http.Client {
	c := *client
	c.Transport = bounded{c.Transport}
	return &c
}

type bounded struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(r)
	if limit, ok := r.Context().Value(bound{}).(int64); ok && err == nil {
		response.Body = &boundedBody{ReadCloser: response.Body, left: limit + overhead}
	}
	return response, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

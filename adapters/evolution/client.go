package evolution

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	answerLimit = 8 << 20
	groupsLimit = 64 << 20
)

// nature says what a call does to the world, hence what its failure may have left behind.
type nature int

const (
	reads nature = iota // repeating it is harmless
	acts                // creates or deletes a session
	sends               // posts a message
)

// request is one call of the server's API.
type request struct {
	op      string // the port method, for errors
	nature  nature
	method  string
	path    string // a literal; the session's name is appended when it ends in "/"
	query   url.Values
	body    any // sent as JSON; nil for none
	admin   bool
	success int // the one status of success; 0 means any 2xx
	timeout time.Duration
	limit   int64 // of the answer in bytes; 0 means answerLimit
}

// call makes the one HTTP call and decodes a 2xx answer into out. It never repeats a call
// and never sends an Idempotency-Key, which would let the transport repeat it.
func (g *Gateway) call(ctx context.Context, s gateway.Session, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, body, err := newRequest(ctx, s, r)
	if err != nil {
		return err
	}
	res, err := g.client.Do(req)
	if err != nil {
		return r.notAnswered(err, body.stop() || r.body == nil && !neverDialled(err))
	}
	defer res.Body.Close()
	limit := r.limit
	if limit == 0 {
		limit = answerLimit
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return r.notAnswered(err, true)
	case int64(len(data)) > limit:
		return r.fail(r.unproven(), codeAnswerTooLarge, nil)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return r.refused(res.StatusCode, res.Header, data)
	case r.success != 0 && res.StatusCode != r.success:
		return r.fail(r.unproven(), codeStatus, nil) // something else than the server answered
	}
	return r.decode(data, out)
}

func newRequest(ctx context.Context, s gateway.Session, r request) (*http.Request, *outgoing, error) {
	if !core.ValidInstanceName(s.Name) {
		return nil, nil, r.fail(gateway.KindInvalid, codeSessionName, nil)
	}
	base, err := url.Parse(s.ServerURL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, nil, r.fail(gateway.KindInvalid, codeServerURL, nil)
	}
	address := strings.TrimRight(s.ServerURL, "/") + r.path
	if strings.HasSuffix(r.path, "/") {
		address += url.PathEscape(s.Name)
	}
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	key := keyFor(s, r.admin)
	if !validKey(key) {
		return nil, nil, r.fail(gateway.KindAuth, codeKey, nil)
	}
	body := &outgoing{}
	if r.body != nil {
		if body.data, err = json.Marshal(r.body); err != nil {
			return nil, nil, r.fail(gateway.KindInvalid, codeBody, nil)
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, nil)
	if err != nil {
		return nil, nil, r.fail(gateway.KindInvalid, codeServerURL, nil)
	}
	if r.body != nil {
		req.GetBody = body.open
		req.Body, _ = body.open()
		req.ContentLength = int64(len(body.data))
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "autopromo")
	req.Header.Set("apikey", key)
	return req, body, nil
}

// keyFor chooses the session's own key wherever it is enough: a call that mixed two
// sessions up is then refused by the server instead of obeyed.
func keyFor(s gateway.Session, admin bool) string {
	if s.Token.IsZero() || admin && !s.ServerKey.IsZero() {
		return s.ServerKey.Reveal()
	}
	return s.Token.Reveal()
}

func validKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return key != ""
}

// decode reads a 2xx answer. One that is not the expected JSON comes from something else
// than the server, such as a proxy's login page.
func (r request) decode(data []byte, out any) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("null")) || json.Unmarshal(data, out) != nil {
		return r.fail(r.unproven(), codeUnreadable, nil)
	}
	return nil
}

// outgoing is a request body that knows whether it left as a whole. The server cannot act
// on a part of it, so "not complete" proves that nothing happened. That the transport has
// not finished writing when a call fails is no proof by itself, because it writes in a
// goroutine of its own; stop therefore also forbids any further reading.
type outgoing struct {
	mu       sync.Mutex
	data     []byte
	complete bool
	stopped  bool
}

func (o *outgoing) open() (io.ReadCloser, error) {
	return &outgoingReader{of: o}, nil
}

// stop ends all reading and says whether the whole body had been read before.
func (o *outgoing) stop() (complete bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	return o.complete
}

type outgoingReader struct {
	of  *outgoing
	pos int
}

func (r *outgoingReader) Read(p []byte) (int, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.of.stopped {
		return 0, io.ErrClosedPipe
	}
	if r.pos == len(r.of.data) {
		return 0, io.EOF
	}
	n := copy(p, r.of.data[r.pos:])
	r.pos += n
	r.of.complete = r.of.complete || r.pos == len(r.of.data)
	return n, nil
}

func (r *outgoingReader) Close() error { return nil }

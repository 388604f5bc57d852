package evolution

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

const groupsLimit = 64 << 20

// request is one call of the server's API.
type request struct {
	op      string // the port method, for errors
	nature  gatewayhttp.Nature
	method  string
	path    string // a literal; the session's name is appended when it ends in "/"
	query   url.Values
	body    any // sent as JSON; nil for none
	admin   bool
	success int // the one status of success; 0 means any 2xx
	timeout time.Duration
	limit   int64 // of the answer in bytes; 0 means gatewayhttp's own
}

func (r request) fail(kind gateway.Kind, code string, cause error) *gateway.Error {
	return gatewayhttp.Call{Op: r.op}.Fail(kind, code, cause)
}

// unproven is the kind of a failure that proves nothing.
func (r request) unproven() gateway.Kind {
	return gatewayhttp.Call{Nature: r.nature}.Unproven()
}

// call makes the one HTTP call and decodes a 2xx answer into out.
func (g *Gateway) call(ctx context.Context, s gateway.Session, r request, out any) error {
	c, err := r.httpCall(s)
	if err != nil {
		return err
	}
	answer, err := c.Do(ctx, g.client)
	switch {
	case err != nil:
		return err
	case answer.Status < 200 || answer.Status > 299:
		return r.refused(answer.Status, answer.Header, answer.Data)
	case r.success != 0 && answer.Status != r.success:
		return r.fail(r.unproven(), codeStatus, nil) // something else than the server answered
	}
	return r.decode(answer.Data, out)
}

func (r request) httpCall(s gateway.Session) (gatewayhttp.Call, error) {
	c := gatewayhttp.Call{Op: r.op, Nature: r.nature, Method: r.method, Timeout: r.timeout, Limit: r.limit}
	if !core.ValidInstanceName(s.Name) {
		return c, r.fail(gateway.KindInvalid, codeSessionName, nil)
	}
	path := r.path
	if strings.HasSuffix(path, "/") {
		path += url.PathEscape(s.Name)
	}
	var ok bool
	if c.URL, ok = gatewayhttp.URL(s.ServerURL, path, r.query); !ok {
		return c, r.fail(gateway.KindInvalid, codeServerURL, nil)
	}
	key := keyFor(s, r.admin)
	if !gatewayhttp.ValidKey(key) {
		return c, r.fail(gateway.KindAuth, codeKey, nil)
	}
	c.Header = http.Header{"Accept": {"application/json"}, "User-Agent": {"autopromo"}}
	c.Header.Set("apikey", key)
	if r.body != nil {
		var err error
		if c.Body, err = json.Marshal(r.body); err != nil {
			return c, r.fail(gateway.KindInvalid, codeBody, nil)
		}
		c.Header.Set("Content-Type", "application/json")
	}
	return c, nil
}

// keyFor chooses the session's own key wherever it is enough: a call that mixed two
// sessions up is then refused by the server instead of obeyed.
func keyFor(s gateway.Session, admin bool) string {
	if s.Token.IsZero() || admin && !s.ServerKey.IsZero() {
		return s.ServerKey.Reveal()
	}
	return s.Token.Reveal()
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

package waha

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

const (
	groupsLimit = 64 << 20
	userAgent   = "autopromo"
)

// request is one call of the server's API.
type request struct {
	op      string // the port method, for errors
	nature  gatewayhttp.Nature
	method  string
	path    string // its parts are escaped already
	query   url.Values
	body    any // sent as JSON; nil for none
	timeout time.Duration
	limit   int64
}

func (r request) call() gatewayhttp.Call {
	return gatewayhttp.Call{Op: r.op, Nature: r.nature, Method: r.method, Timeout: r.timeout, Limit: r.limit}
}

func (r request) fail(kind gateway.Kind, code string) *gateway.Error {
	return r.call().Fail(kind, code, nil)
}

// call makes the one HTTP call and decodes a 2xx answer into out; nil for an answer whose
// body says nothing.
func (g *Gateway) call(ctx context.Context, s gateway.Session, r request, out any) error {
	answer, err := g.do(ctx, s, r)
	if err != nil || out == nil {
		return err
	}
	data := bytes.TrimSpace(answer.Data)
	if len(data) == 0 || bytes.Equal(data, []byte("null")) || json.Unmarshal(data, out) != nil {
		return r.fail(r.call().Unproven(), codeUnreadable) // something else than the server answered
	}
	return nil
}

// do makes the one HTTP call and returns a 2xx answer.
func (g *Gateway) do(ctx context.Context, s gateway.Session, r request) (gatewayhttp.Answer, error) {
	c := r.call()
	if !core.ValidInstanceName(s.Name) {
		return gatewayhttp.Answer{}, r.fail(gateway.KindInvalid, codeSessionName)
	}
	var ok bool
	if c.URL, ok = gatewayhttp.URL(s.ServerURL, r.path, r.query); !ok {
		return gatewayhttp.Answer{}, r.fail(gateway.KindInvalid, gatewayhttp.CodeServerURL)
	}
	if !gatewayhttp.ValidKey(s.ServerKey.Reveal()) {
		return gatewayhttp.Answer{}, r.fail(gateway.KindAuth, gatewayhttp.CodeKey)
	}
	c.Header = http.Header{"Accept": {"application/json"}, "User-Agent": {userAgent}, "X-Api-Key": {s.ServerKey.Reveal()}}
	if r.body != nil {
		var err error
		if c.Body, err = json.Marshal(r.body); err != nil {
			return gatewayhttp.Answer{}, r.fail(gateway.KindInvalid, codeBody)
		}
		c.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Do(ctx, g.client)
	if err == nil && (answer.Status < 200 || answer.Status > 299) {
		err = r.refused(answer)
	}
	return answer, err
}

// pathOf is the path of a session's own route.
func pathOf(s gateway.Session, rest string) string { return "/api/" + url.PathEscape(s.Name) + rest }

// sessionPath is the path of a session itself.
func sessionPath(s gateway.Session, rest string) string {
	return "/api/sessions/" + url.PathEscape(s.Name) + rest
}

package gatewayhttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// The codes of a [gateway.Error] made here.
const (
	CodeServerURL      = "server_url"       // not an http or https address
	CodeKey            = "api_key"          // empty, or not a header value
	CodeAnswerTooLarge = "answer_too_large" // more than Call.Limit
	CodeTimedOut       = "timed_out"
	CodeCanceled       = "canceled"
	CodeDial           = "dial" // no connection was made
	CodeTLS            = "tls"
	CodeNetwork        = "network"
)

// defaultLimit bounds an answer where the call does not.
const defaultLimit = 8 << 20

// longestRetryAfter clamps what a server asks for: a wrong header must not stop a tenant for
// days.
const longestRetryAfter = time.Hour

// Nature says what a call does to the world, hence what its failure may have left behind.
type Nature int

// The natures of a call.
const (
	Reads Nature = iota // repeating it is harmless
	Acts                // creates or deletes something
	Sends               // posts a message
)

// Call is one call of a provider's API.
type Call struct {
	Op     string // the port method, for errors
	Nature Nature
	Method string
	URL    string // see [URL]
	Header http.Header
	Body   []byte // nil for none
	// Timeout bounds the call besides its context; zero for no bound.
	Timeout time.Duration
	Limit   int64 // of the answer in bytes; 8 MiB when zero
}

// Answer is a whole answer, whatever its status.
type Answer struct {
	Status int
	Header http.Header
	Data   []byte
}

// Client returns a copy of client that follows no redirect, or whoever controls one gets the
// key, and keeps no cookie, for sessions of several tenants share it.
func Client(client *http.Client) *http.Client {
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Do makes the call once, with a client made by [Client]. It never repeats it and sends no
// Idempotency-Key, which would let the transport repeat it. The error is a *gateway.Error.
func (c Call) Do(ctx context.Context, client *http.Client) (Answer, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, c.Method, c.URL, nil)
	if err != nil {
		return Answer{}, c.Fail(gateway.KindInvalid, CodeServerURL, nil)
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	body := &outgoing{data: c.Body}
	if c.Body != nil {
		req.GetBody = body.open
		req.Body, _ = body.open()
		req.ContentLength = int64(len(c.Body))
	}
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, c.notAnswered(err, body.stop() || c.Body == nil && !neverDialled(err))
	}
	defer res.Body.Close()
	limit := c.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return Answer{}, c.notAnswered(err, true)
	case int64(len(data)) > limit:
		return Answer{}, c.Fail(c.Unproven(), CodeAnswerTooLarge, nil)
	}
	return Answer{res.StatusCode, res.Header, data}, nil
}

// Fail is an error of this call. The code comes from a closed list, and the cause must not
// carry what a server said.
func (c Call) Fail(kind gateway.Kind, code string, cause error) *gateway.Error {
	return &gateway.Error{Op: c.Op, Kind: kind, Code: code, Err: cause}
}

// Unproven is the kind of a failure that proves nothing: a question can be asked again, for
// anything else it is not known what happened.
func (c Call) Unproven() gateway.Kind {
	if c.Nature == Reads {
		return gateway.KindTemporary
	}
	return gateway.KindUnknown
}

// RateLimited is the error of a 429, which is answered before the work.
func (c Call) RateLimited(code string, header http.Header, now time.Time) *gateway.Error {
	e := c.Fail(gateway.KindRateLimited, code, fmt.Errorf("HTTP status %d", http.StatusTooManyRequests))
	e.RetryAfter = retryAfter(header.Get("Retry-After"), now)
	return e
}

// notAnswered maps a call without a whole answer; written says that the request left as a
// whole. The cause is named by us: the transport's own text may quote what the server said.
func (c Call) notAnswered(err error, written bool) *gateway.Error {
	kind := gateway.KindTemporary
	if written {
		kind = c.Unproven()
	}
	var network *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return c.Fail(kind, CodeCanceled, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return c.Fail(kind, CodeTimedOut, context.DeadlineExceeded)
	case errors.As(err, &timeout) && timeout.Timeout():
		return c.Fail(kind, CodeTimedOut, nil)
	case isTLS(err):
		return c.Fail(kind, CodeTLS, nil)
	case neverDialled(err):
		return c.Fail(kind, CodeDial, nil)
	case errors.As(err, &network):
		return c.Fail(kind, CodeNetwork, fmt.Errorf("%s failed", network.Op))
	}
	return c.Fail(kind, CodeNetwork, nil)
}

// URL joins the address of a provider and a path, whose parts the caller has escaped; false
// when base is not the plain address of a web server.
func URL(base, path string, query url.Values) (string, bool) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", false
	}
	address := strings.TrimRight(base, "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address, true
}

// ValidKey says whether a key can be the value of a header.
func ValidKey(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return key != ""
}

// retryAfter reads a Retry-After header in seconds or as a date.
func retryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		wait = time.Duration(min(seconds, uint64(longestRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestRetryAfter)
}

func neverDialled(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var record tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &authority) ||
		errors.As(err, &hostname) || errors.As(err, &record)
}

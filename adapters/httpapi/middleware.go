package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
)

// bodyTime bounds how long a client may take to send a body.
const bodyTime = 10 * time.Second

// tenantKey is where the authenticated tenant's id is kept for the request log.
const tenantKey = "user_id"

// about is what every handler may want to know of a request.
type about struct {
	language core.Language
	address  string // of the client, for counting attempts
	route    string // the pattern that matched, for logs
	// userAgent is what the client says it is.
	userAgent string
}

type aboutKey struct{}

func aboutOf(ctx context.Context) about {
	a, _ := ctx.Value(aboutKey{}).(about)
	return a
}

func languageOf(ctx context.Context) core.Language {
	if l := aboutOf(ctx).language; l != "" {
		return l
	}
	return core.Portuguese
}

func (s *server) describeRequest(c *gin.Context) {
	a := about{
		language: negotiate(c.GetHeader("Accept-Language")),
		address:  network(c.ClientIP()),
		route:    c.FullPath(), userAgent: c.GetHeader("User-Agent"),
	}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), aboutKey{}, a))
	c.Next()
}

// negotiate picks English only for those who prefer it to Portuguese.
func negotiate(accept string) core.Language {
	best, preferred := 0.0, core.Portuguese
	for part := range strings.SplitSeq(accept, ",") {
		tag, weight, _ := strings.Cut(part, ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(weight), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(value, 64); err != nil {
				continue
			}
		}
		if !(q > best) {
			continue
		}
		switch base {
		case "pt":
			best, preferred = q, core.Portuguese
		case "en":
			best, preferred = q, core.English
		}
	}
	return preferred
}

// network is the part of an address that one client cannot change at will: an IPv6 client
// has a whole /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if ip = ip.Unmap(); ip.Is6() {
		if prefix, err := ip.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

func secureHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	c.Next()
}

// logRequest writes one line a request. The route is logged as its pattern: paths and
// queries carry ids and webhook tokens.
func (s *server) logRequest(c *gin.Context) {
	start := time.Now()
	c.Next()
	route := c.FullPath()
	if route == "" {
		route = "unmatched"
	}
	level := slog.LevelInfo
	if route == healthPath || route == readyPath || route == metricsPath {
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", knownMethod(c.Request.Method)), slog.String("route", route),
		slog.Int("status", c.Writer.Status()), slog.Duration("duration", time.Since(start)),
	}
	if id := c.GetString(tenantKey); id != "" {
		attrs = append(attrs, slog.String("user_id", id))
	}
	s.log.LogAttrs(c.Request.Context(), level, "request", attrs...)
}

// knownMethod keeps made-up methods, which may be any text, out of the log.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// recoverPanic answers 500 and logs where it happened; a panic's value may quote a message,
// so only runtime errors are logged in words.
func (s *server) recoverPanic(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(v)
		}
		what := fmt.Sprintf("%T", v)
		if err, ok := v.(runtime.Error); ok {
			what = err.Error()
		}
		s.log.ErrorContext(c.Request.Context(), "a handler panicked", "route", c.FullPath(),
			"panic", what, "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			p := problemOf(&core.Error{Code: core.CodeInternal}, languageOf(c.Request.Context()))
			s.writeProblem(c, p)
		}
		c.Abort()
	}()
	c.Next()
}

// limitBody reads the body of an API request, so that what follows works on memory.
func (s *server) limitBody(c *gin.Context) {
	body, err := readBody(c, s.options.MaxBodyBytes)
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	c.Next()
}

// readBody reads at most limit bytes within bodyTime. The deadline is taken back
// afterwards: left in place it would cancel a handler that works longer than that.
func readBody(c *gin.Context, limit int64) ([]byte, error) {
	tooLarge := core.NewError(core.CodeInvalid, core.ReasonBodyTooLarge, "")
	if encoding := c.GetHeader("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, core.NewError(core.CodeInvalid, core.ReasonUnsupportedMedia, "")
	}
	if c.Request.Body == nil || c.Request.Body == http.NoBody {
		return nil, nil
	}
	if c.Request.ContentLength > limit {
		c.Header("Connection", "close") // what follows is not read
		return nil, tooLarge
	}
	control := http.NewResponseController(c.Writer)
	if control.SetReadDeadline(time.Now().Add(bodyTime)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	var over *http.MaxBytesError
	var slow net.Error
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &over):
		return nil, tooLarge
	case errors.As(err, &slow) && slow.Timeout():
		c.Header("Connection", "close")
	}
	// A body that broke off says nothing about the sender's next try.
	return nil, &core.Error{Code: core.CodeUnavailable, Reason: core.ReasonUnavailable, Err: err}
}

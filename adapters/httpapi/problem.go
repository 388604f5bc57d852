package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	problemType = "application/problem+json"
	// retryLater is the Retry-After of an answer that knows no better.
	retryLater = 5 * time.Second
)

// problem is an RFC 9457 problem. It is an error of huma's with a status and headers.
type problem struct {
	Type   string         `json:"type" doc:"Always about:blank; the code tells problems apart" example:"about:blank"`
	Title  string         `json:"title" doc:"The name of the HTTP status" example:"Unprocessable Entity"`
	Status int            `json:"status" doc:"The HTTP status" example:"422"`
	Detail string         `json:"detail" doc:"What is wrong, for people: Brazilian Portuguese, or English by Accept-Language"`
	Code   string         `json:"code" doc:"What is wrong, for programs" example:"out_of_range"`
	Errors []fieldProblem `json:"errors,omitempty" doc:"The inputs to blame, when there are any"`

	headers http.Header
}

// fieldProblem blames one input.
type fieldProblem struct {
	Location string `json:"location" doc:"The name of the input: a field of the body, or a parameter" example:"window_start"`
	Message  string `json:"message" doc:"What is wrong with it, for people"`
}

// Error, GetStatus, GetHeaders and ContentType make problem an error huma can write.
func (p *problem) Error() string              { return p.Code }
func (p *problem) GetStatus() int             { return p.Status }
func (p *problem) GetHeaders() http.Header    { return p.headers }
func (p *problem) ContentType(string) string  { return problemType }
func (p *problem) header(name, value string)  { p.headers.Set(name, value) }
func (p *problem) retryAfter(d time.Duration) { p.header("Retry-After", seconds(d)) }

func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

func newProblem(status int, reason core.Reason, detail string) *problem {
	p := &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: detail, Code: string(reason), headers: http.Header{},
	}
	switch status {
	case http.StatusUnauthorized:
		p.header("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		p.retryAfter(retryLater)
	}
	return p
}

// methodNotAllowed has no reason in core, because the core knows no methods.
func methodNotAllowed(l core.Language) *problem {
	detail := "Este endereço não aceita este método."
	if l == core.English {
		detail = "This address does not accept this method."
	}
	return newProblem(http.StatusMethodNotAllowed, "method_not_allowed", detail)
}

// tooManyAttempts is a refusal that knows when to come back.
type tooManyAttempts struct{ wait time.Duration }

func (e *tooManyAttempts) Error() string { return fmt.Sprintf("too many attempts, wait %s", e.wait) }

// withStatus is an error whose status differs from what its reason has elsewhere.
type withStatus struct {
	status int
	err    error
}

func (e *withStatus) Error() string { return e.err.Error() }
func (e *withStatus) Unwrap() error { return e.err }

// statusByReason names the statuses that do not follow from the code alone. The 400s are
// those of the original product's API.
var statusByReason = map[core.Reason]int{
	core.ReasonMalformedBody:       http.StatusBadRequest,
	core.ReasonInvalidCursor:       http.StatusBadRequest,
	core.ReasonBodyTooLarge:        http.StatusRequestEntityTooLarge,
	core.ReasonUnsupportedMedia:    http.StatusUnsupportedMediaType,
	core.ReasonEmailTaken:          http.StatusBadRequest,
	core.ReasonAlreadyConnected:    http.StatusBadRequest,
	core.ReasonNotConnected:        http.StatusBadRequest,
	core.ReasonNoInstance:          http.StatusNotFound,
	core.ReasonProviderAuth:        http.StatusBadRequest,
	core.ReasonProviderUnreachable: http.StatusBadGateway,
	core.ReasonWhatsAppUnreachable: http.StatusBadGateway,
	core.ReasonProviderRefused:     http.StatusBadGateway,
	core.ReasonProviderVersion:     http.StatusBadGateway,
	core.ReasonProviderLicense:     http.StatusBadGateway,
	core.ReasonProviderBusy:        http.StatusServiceUnavailable,
}

var statusByCode = map[core.Code]int{
	core.CodeInvalid:         http.StatusUnprocessableEntity,
	core.CodeUnauthenticated: http.StatusUnauthorized,
	core.CodeForbidden:       http.StatusForbidden,
	core.CodeNotFound:        http.StatusNotFound,
	core.CodeConflict:        http.StatusConflict,
	core.CodePrecondition:    http.StatusConflict,
	core.CodeUnsupported:     http.StatusUnprocessableEntity,
	core.CodeRateLimited:     http.StatusTooManyRequests,
	core.CodeUnavailable:     http.StatusServiceUnavailable,
	core.CodeCanceled:        http.StatusServiceUnavailable,
	core.CodeInternal:        http.StatusInternalServerError,
}

var reasonByCode = map[core.Code]core.Reason{
	core.CodeInvalid:         core.ReasonInvalidField,
	core.CodeUnauthenticated: core.ReasonUnauthenticated,
	core.CodeForbidden:       core.ReasonAccountInactive,
	core.CodeNotFound:        core.ReasonNotFound,
	core.CodeRateLimited:     core.ReasonTooManyAttempts,
	core.CodeConflict:        core.ReasonConflict,
	core.CodePrecondition:    core.ReasonConflict,
	core.CodeUnsupported:     core.ReasonInvalidField,
	core.CodeUnavailable:     core.ReasonUnavailable,
	core.CodeCanceled:        core.ReasonUnavailable,
	core.CodeInternal:        core.ReasonInternal,
}

// problemOf turns any error into what the caller may see of it.
func problemOf(err error, l core.Language) *problem {
	var ready *problem
	if errors.As(err, &ready) {
		return ready
	}
	var many *tooManyAttempts
	if errors.As(err, &many) {
		reason := core.ReasonTooManyAttempts
		p := newProblem(http.StatusTooManyRequests, reason, reason.Sentence(l, ""))
		p.retryAfter(many.wait)
		return p
	}
	code := core.CodeOf(err)
	var e *core.Error
	if !errors.As(err, &e) || code == core.CodeInternal {
		e = &core.Error{Code: code}
	}
	reason, detail := e.Reason, e.Detail
	if reason == "" {
		reason = reasonByCode[code]
	}
	if code == core.CodeNotFound && reason != core.ReasonNoInstance {
		reason, detail = core.ReasonNotFound, "" // one answer, whatever the id
	}
	status, ok := statusByReason[reason]
	if !ok {
		status = statusByCode[code]
	}
	var fixed *withStatus
	if errors.As(err, &fixed) {
		status = fixed.status
	}
	if detail == "" {
		detail = e.Field
	}
	p := newProblem(status, reason, reason.Sentence(l, detail))
	if e.Field != "" && code != core.CodeNotFound {
		p.Errors = []fieldProblem{{Location: e.Field, Message: p.Detail}}
	}
	if wait := gateway.RetryAfterOf(err); wait > 0 && status == http.StatusServiceUnavailable {
		p.retryAfter(wait)
	}
	return p
}

// problem is problemOf in the caller's language. What is not the caller's fault is logged.
func (s *server) problem(ctx context.Context, err error) *problem {
	p := problemOf(err, languageOf(ctx))
	switch {
	case p.Status == http.StatusInternalServerError:
		s.log.ErrorContext(ctx, "a request failed", "route", aboutOf(ctx).route, "error", err)
	case p.Status > http.StatusInternalServerError && ctx.Err() == nil:
		s.log.WarnContext(ctx, "a request failed for now", "route", aboutOf(ctx).route, "error", err)
	}
	return p
}

// refuse answers a request outside huma with err.
func (s *server) refuse(c *gin.Context, err error) {
	s.writeProblem(c, s.problem(c.Request.Context(), err))
}

func (s *server) writeProblem(c *gin.Context, p *problem) {
	for name, values := range p.headers {
		c.Writer.Header()[name] = values
	}
	writeJSON(c, p.Status, problemType, p)
	c.Abort()
}

func writeJSON(c *gin.Context, status int, contentType string, body any) {
	c.Header("Content-Type", contentType)
	c.Status(status)
	enc := json.NewEncoder(c.Writer)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		_ = c.Error(err) // the client went away; the status is out already
	}
}

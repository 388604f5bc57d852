package httpapi

import (
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	instanceHeader = "X-Instance-Name"
	maxHookToken   = 256
	maxProvider    = 64
)

// registerWebhooks adds the providers' entry. It bypasses huma: the body belongs to the
// gateway adapter, byte for byte, and this is the hot path.
func (s *server) registerWebhooks() {
	s.router.POST(apiPrefix+"/webhook/whatsapp", s.webhook)
	s.router.POST("/hooks/:provider/:token", s.webhook)
	s.router.POST(apiPrefix+"/hooks/:provider/:token", s.webhook)
}

// webhook hands a provider's request to the engine. Its status decides whether a message is
// lost: providers give up on 400, 401, 404, 413, 415 and 422, so those are only for what can
// never succeed, and everything that might is 429, 500 or 503.
func (s *server) webhook(c *gin.Context) {
	w, err := s.readWebhook(c)
	if err == nil {
		err = s.engine.Ingest(c.Request.Context(), w)
	}
	s.answerWebhook(c, err)
}

// errWebhookRefused is the one answer to every webhook that does not prove whose it is.
var errWebhookRefused = core.NewError(core.CodeUnauthenticated, core.ReasonWebhookRefused, "")

func (s *server) answerWebhook(c *gin.Context, err error) {
	switch core.CodeOf(err) {
	case "":
		writeJSON(c, http.StatusOK, jsonType, map[string]string{"status": "ok"})
	case core.CodeUnauthenticated, core.CodeNotFound, core.CodeForbidden:
		s.refuse(c, errWebhookRefused) // one answer, whatever was wrong
	case core.CodeInvalid, core.CodeUnavailable, core.CodeRateLimited, core.CodeCanceled, core.CodeInternal:
		s.refuse(c, err)
	default:
		// A conflict or a precondition may be gone at the next try.
		s.refuse(c, &core.Error{Code: core.CodeUnavailable, Reason: core.ReasonUnavailable, Err: err})
	}
}

// readWebhook checks what can be checked without knowing whose request it is.
func (s *server) readWebhook(c *gin.Context) (engine.Webhook, error) {
	w := engine.Webhook{Provider: core.Provider(c.Param("provider")), Token: c.Param("token")}
	if len(w.Token) > maxHookToken || len(w.Provider) > maxProvider {
		return w, errWebhookRefused
	}
	switch names := c.Request.Header.Values(instanceHeader); {
	case len(names) == 1 && core.ValidInstanceName(names[0]):
		w.Instance = names[0]
	case len(names) > 0:
		return w, &withStatus{http.StatusBadRequest, core.InvalidField(instanceHeader, core.ReasonInvalidField, "")}
	}
	if kind := c.GetHeader("Content-Type"); kind != "" {
		// Some providers post forms; by their own URL the gateway adapter knows what to expect.
		if kind, _, err := mime.ParseMediaType(kind); err != nil || kind != jsonType && (kind != formType || w.Token == "") {
			return w, core.NewError(core.CodeInvalid, core.ReasonUnsupportedMedia, "")
		}
	}
	body, err := readBody(c, s.options.MaxWebhookBytes)
	if err != nil {
		return w, err
	}
	if len(body) == 0 {
		return w, core.NewError(core.CodeInvalid, core.ReasonMalformedBody, "")
	}
	w.Request = gateway.Request{Header: c.Request.Header, Body: body}
	return w, nil
}

// describeWebhooks documents the webhook routes.
func (s *server) describeWebhooks() {
	const description = "For WhatsApp providers. The answer is 200 only after everything is stored. Wrong credentials " +
		"of any kind are one and the same 401. 429, 500 and 503 ask for another try; any other error is final."
	param := func(name, in, text string, required bool) *huma.Param {
		return &huma.Param{Name: name, In: in, Description: text, Required: required, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	header := param(instanceHeader, "header", "The instance's name; at most one", false)
	byURL := []*huma.Param{
		param("provider", "path", "The kind of provider, such as evolution", true),
		param("token", "path", "The unguessable part of the URL given to the provider", true), header,
	}
	event := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject, Description: "The provider's own event", AdditionalProperties: true}}
	for _, hook := range []struct {
		path, id, summary string
		params            []*huma.Param
	}{
		{apiPrefix + "/webhook/whatsapp", "webhook-whatsapp", "Take an event, by instance name and secret header", []*huma.Param{header}},
		{"/hooks/{provider}/{token}", "webhook", "Take an event, by the URL given to the provider", byURL},
		{apiPrefix + "/hooks/{provider}/{token}", "webhook-api", "Take an event, by the URL given to the provider", byURL},
	} {
		op := huma.Operation{
			Method: http.MethodPost, Path: hook.path, OperationID: hook.id, Tags: []string{"webhooks"},
			Summary: hook.summary, Description: description, Parameters: hook.params,
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{jsonType: event}},
			Responses:   map[string]*huma.Response{"200": {Description: "Stored"}},
		}
		if len(hook.params) > 1 {
			op.RequestBody.Content[formType] = event
		}
		s.addProblems(&op, http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
			http.StatusInternalServerError, http.StatusServiceUnavailable)
		s.api.OpenAPI().AddOperation(&op)
	}
}

package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/autopromo-cloud/autopromo/core"
)

// problems turns huma's own errors, which are English and echo the input back, into ours.
func problems(ctx huma.Context, _ string, body any) (any, error) {
	model, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	l := languageOf(ctx.Context())
	switch model.Status {
	case http.StatusBadRequest:
		return newProblem(model.Status, core.ReasonMalformedBody, core.ReasonMalformedBody.Sentence(l, "")), nil
	case http.StatusUnsupportedMediaType:
		return newProblem(model.Status, core.ReasonUnsupportedMedia, core.ReasonUnsupportedMedia.Sentence(l, "")), nil
	case http.StatusUnprocessableEntity:
		return invalidInput(model, l), nil
	}
	return newProblem(model.Status, core.ReasonInternal, core.ReasonInternal.Sentence(l, "")), nil
}

// invalidInput blames each input huma's schema validation refused. The first one decides
// code and detail.
func invalidInput(model *huma.ErrorModel, l core.Language) *problem {
	p := newProblem(model.Status, core.ReasonInvalidField, core.ReasonInvalidField.Sentence(l, ""))
	for i, e := range model.Errors {
		reason, location := judge(e)
		field := location[strings.Index(location, ".")+1:]
		detail := field
		if reason == core.ReasonOutOfRange {
			detail += allowed(e.Message)
		}
		message := reason.Sentence(l, detail)
		if i == 0 {
			p.Code, p.Detail = string(reason), message
		}
		p.Errors = append(p.Errors, fieldProblem{Location: field, Message: message})
	}
	return p
}

// judge finds the reason behind a validation message. Huma gives no codes, but its messages
// are exported constants.
func judge(e *huma.ErrorDetail) (core.Reason, string) {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	name, missing := strings.CutPrefix(e.Message, before)
	switch {
	case missing && strings.HasSuffix(name, after):
		return core.ReasonRequired, e.Location + "." + strings.TrimSuffix(name, after)
	case strings.HasPrefix(e.Message, "required "):
		return core.ReasonRequired, e.Location
	case e.Message == validation.MsgUnexpectedProperty, e.Message == "unknown query parameter":
		return core.ReasonUnknownField, e.Location
	case e.Message == fmt.Sprintf(validation.MsgExpectedMinLength, 1):
		return core.ReasonRequired, e.Location
	case allowed(e.Message) != "":
		return core.ReasonOutOfRange, e.Location
	}
	return core.ReasonInvalidField, e.Location
}

// allowed is the language-free part of a message about a limit, such as " (<= 100)".
func allowed(message string) string {
	for _, limit := range []string{
		validation.MsgExpectedMinimumNumber, validation.MsgExpectedMaximumNumber,
		validation.MsgExpectedMinLength, validation.MsgExpectedMaxLength,
		validation.MsgExpectedMinItems, validation.MsgExpectedMaxItems, validation.MsgExpectedOneOf,
	} {
		before, _, _ := strings.Cut(limit, "%")
		if rest, ok := strings.CutPrefix(message, before); ok {
			limits := before[strings.IndexAny(before, `<>"`):] + rest
			return " (" + strings.ReplaceAll(limits, `"`, "") + ")"
		}
	}
	return ""
}

var errNUL = errors.New("the text has a NUL character")

// decodeJSON is json.Unmarshal that also refuses NUL characters, which no database text can
// hold. Huma decodes each body twice, first into an untyped value: that is looked through.
func decodeJSON(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	if untyped, ok := v.(*any); ok && bytes.Contains(data, []byte(`\u0000`)) && hasNUL(*untyped) {
		return errNUL
	}
	return nil
}

func hasNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, item := range v {
			if hasNUL(item) {
				return true
			}
		}
	case map[string]any:
		for key, item := range v {
			if strings.ContainsRune(key, 0) || hasNUL(item) {
				return true
			}
		}
	}
	return false
}

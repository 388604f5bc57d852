package waha

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// The codes of [gateway.Error] that this adapter uses, besides those of gatewayhttp.
const (
	codeSessionName  = "session_name"
	codeBody         = "body"
	codeWebhook      = "webhook"
	codeChat         = "chat"
	codeText         = "text"
	codeMedia        = "media"
	codeHandle       = "handle"
	codePhone        = "phone"
	codeClientIDs    = "client_ids"
	codeTooLarge     = "too_large"
	codeUnreadable   = "unreadable"
	codeRedirect     = "redirect"
	codeUnauthorized = "unauthorized"
	codeThrottled    = "too_many_requests"
	codeNoSession    = "no_session"
	codeStatus       = "status"
	codeSchema       = "schema"
	codeException    = "exception"
	codeNotFound     = "not_found"
	codeShape        = "shape"
)

// refusal is the body of an answer that is not 2xx, as far as it is read.
type refusal struct {
	StatusCode int             // repeats the HTTP status in the server's own answers
	Message    json.RawMessage // a string or strings
	Status     string          // of a session that is not as expected
	Exception  struct{ Message string }
}

// said is the server's message when it is one text.
func (f refusal) said() string {
	var text string
	if json.Unmarshal(f.Message, &text) != nil {
		return ""
	}
	return text
}

// phrase is what an engine throws, and what it proves. All of them come before anything left,
// or are WhatsApp's own refusal of the message.
type phrase struct {
	text string
	code string
	kind gateway.Kind
}

// phrases are looked for in the one line of an exception, which never holds what was to be
// sent. A number after "server returned error" is WhatsApp's; see serverErrors.
var phrases = []phrase{
	{"that group does not exist", "group_not_found", gateway.KindNotFound},
	{"you're not participating in that group", "not_in_group", gateway.KindForbidden},
	{"the store doesn't contain a device JID", "not_logged_in", gateway.KindLoggedOut},
	{"websocket not connected", "not_connected", gateway.KindNotConnected},
	{"rate-overlimit", "rate_overlimit", gateway.KindRateLimited},
	{"not-acceptable", "not_acceptable", gateway.KindForbidden},
	{"forbidden", "forbidden", gateway.KindForbidden},
	{"item-not-found", "item_not_found", gateway.KindNotFound},
}

const serverErrorText = "server returned error "

// serverErrors are WhatsApp's refusals of a message by number: 463 restricts messages to new
// contacts, 475 is its quota used up, 479 a stanza it does not like.
var serverErrors = map[string]gateway.Kind{
	"401": gateway.KindForbidden, "403": gateway.KindForbidden, "404": gateway.KindNotFound,
	"420": gateway.KindForbidden, "429": gateway.KindRateLimited,
	"463": gateway.KindRestricted, "475": gateway.KindRestricted, "479": gateway.KindPermanent,
}

// refused maps an answer that is not 2xx.
func (r request) refused(answer gatewayhttp.Answer) *gateway.Error {
	c := r.call()
	cause := fmt.Errorf("HTTP status %d", answer.Status)
	var f refusal
	known := json.Unmarshal(answer.Data, &f) == nil
	// A body that repeats the status is the server's own word; anything else may be a proxy's.
	own := known && f.StatusCode == answer.Status
	switch {
	case answer.Status == http.StatusUnauthorized, own && answer.Status == http.StatusForbidden:
		return c.Fail(gateway.KindAuth, codeUnauthorized, cause)
	case answer.Status == http.StatusRequestEntityTooLarge:
		return c.Fail(gateway.KindTooLarge, codeTooLarge, cause)
	case answer.Status == http.StatusTooManyRequests:
		return c.RateLimited(codeThrottled, answer.Header, time.Now())
	case answer.Status < 400:
		return c.Fail(r.doubtful(gateway.KindInvalid), codeRedirect, cause)
	case answer.Status == http.StatusUnprocessableEntity && f.Status != "":
		return c.Fail(notWorking(f.Status), codeStatus, cause)
	case own && answer.Status == http.StatusUnprocessableEntity && strings.HasSuffix(f.said(), "already exists. Use PUT to update it."):
		return c.Fail(gateway.KindAlreadyExists, codeSchema, cause)
	case own && answer.Status == http.StatusNotFound:
		return c.Fail(gateway.KindNotFound, codeNoSession, cause)
	case own && answer.Status < 500:
		return c.Fail(gateway.KindInvalid, codeSchema, cause)
	case answer.Status == http.StatusInternalServerError && f.Exception.Message != "":
		return r.thrown(f.Exception.Message)
	case answer.Status == http.StatusNotFound && r.nature == gatewayhttp.Reads:
		return c.Fail(gateway.KindTemporary, codeNotFound, cause) // a proxy's, or of a file
	case answer.Status >= 500:
		return c.Fail(c.Unproven(), codeException, cause)
	}
	return c.Fail(r.doubtful(gateway.KindInvalid), codeSchema, cause)
}

// doubtful is the kind of an answer that is not the server's own, which on a send proves
// nothing.
func (r request) doubtful(kind gateway.Kind) gateway.Kind {
	if r.nature == gatewayhttp.Sends {
		return gateway.KindUnknown
	}
	return kind
}

// thrown maps what the engine threw.
func (r request) thrown(message string) *gateway.Error {
	line, _, _ := strings.Cut(message, "\n")
	if _, number, found := strings.Cut(line, serverErrorText); found {
		if kind, ok := serverErrors[number]; ok {
			return r.fail(kind, "server_error_"+number)
		}
	}
	for _, p := range phrases {
		if strings.HasSuffix(line, p.text) {
			return r.fail(p.kind, p.code)
		}
	}
	return r.fail(r.call().Unproven(), codeException)
}

// notWorking is the kind of a call on a session that stands otherwise than WORKING.
func notWorking(status string) gateway.Kind {
	if stateOf(status) == gateway.StateLoggedOut {
		return gateway.KindLoggedOut
	}
	return gateway.KindNotConnected
}

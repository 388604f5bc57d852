package evolution

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// The codes of [gateway.Error] that this adapter uses.
const (
	codeSessionName    = "session_name"
	codeServerURL      = gatewayhttp.CodeServerURL
	codeKey            = gatewayhttp.CodeKey
	codeBody           = "body"
	codeWebhook        = "webhook"
	codeChat           = "chat"
	codeText           = "text"
	codeMedia          = "media"
	codeHandle         = "handle"
	codeTooLarge       = "too_large"
	codeAnswerTooLarge = gatewayhttp.CodeAnswerTooLarge
	codeUnreadable     = "unreadable"
	codeStatus         = "status"
	codeRedirect       = "redirect"
	codeRoute          = "route"
	codeVersion        = "version_1"
	codeLicense        = "license_required"
	codeNoInstance     = "no_instance"
	codeNameInUse      = "name_in_use"
	codeUnauthorized   = "unauthorized"
	codeThrottled      = "too_many_requests"
	codeSchema         = "schema"
	codeDatabase       = "database"
	codeOpaque         = "object"
	codeClosed         = "connection_closed"
	codeTimedOut       = gatewayhttp.CodeTimedOut
)

// phrase is one message text of the server and what it proves. Only the first line of a
// message counts, without its "Error: ": what follows is a stack, and may quote the text
// that was to be sent.
type phrase struct {
	match func(string) bool
	code  string
	kind  gateway.Kind
	// onSend is the kind when a message was being posted: KindUnknown unless the phrase is
	// known to come from before anything left.
	onSend gateway.Kind
}

// databaseText stands for any text of the server's database layer.
const databaseText = "this.prismaRepository"

var phrases = []phrase{
	{exact(databaseText), codeDatabase, gateway.KindTemporary, gateway.KindUnknown},
	{exact("Timed Out"), codeTimedOut, gateway.KindTemporary, gateway.KindUnknown},
	{exact("Connection Closed"), codeClosed, gateway.KindNotConnected, gateway.KindUnknown},
	{between(`The "`, `" instance does not exist`), codeNoInstance, gateway.KindNotFound, gateway.KindNotFound},
	{between(`Instance "`, `" not found`), codeNoInstance, gateway.KindNotFound, gateway.KindNotFound},
	{between(`This name "`, `" is already in use.`), codeNameInUse, gateway.KindAlreadyExists, gateway.KindUnknown},
	{between("Cannot GET /", ""), codeRoute, gateway.KindInvalid, gateway.KindInvalid},
	{between("Cannot POST /", ""), codeRoute, gateway.KindInvalid, gateway.KindInvalid},
	{between("Cannot DELETE /", ""), codeRoute, gateway.KindInvalid, gateway.KindInvalid},
	{between("instance requires property ", ""), codeSchema, gateway.KindInvalid, gateway.KindInvalid},
	{exact("Text is required"), codeSchema, gateway.KindInvalid, gateway.KindInvalid},
	{exact("Owned media must be a url or base64"), codeSchema, gateway.KindInvalid, gateway.KindInvalid},
	{exact("Invalid integration"), codeSchema, gateway.KindInvalid, gateway.KindInvalid},
	{exact("not-acceptable"), "not_acceptable", gateway.KindForbidden, gateway.KindForbidden},
	{exact("forbidden"), "forbidden", gateway.KindForbidden, gateway.KindForbidden},
	{exact("rate-overlimit"), "rate_overlimit", gateway.KindRateLimited, gateway.KindRateLimited},
	{between("SessionError: No sessions", ""), "no_sessions", gateway.KindTemporary, gateway.KindTemporary},
	{exact("item-not-found"), "item_not_found", gateway.KindNotFound, gateway.KindUnknown},
	{between(`The "`, `" instance is not connected`), codeClosed, gateway.KindNotConnected, gateway.KindUnknown},
	{exact("Cannot convert undefined or null to object"), codeClosed, gateway.KindNotConnected, gateway.KindUnknown},
}

// mediaPhrases say that the server could not fetch the media it was told to send.
var mediaPhrases = []func(string) bool{
	between("AxiosError", ""), between("Request failed with status code ", ""),
	between("connect ECONNREFUSED ", ""), between("getaddrinfo ", ""),
}

func exact(text string) func(string) bool {
	return func(s string) bool { return s == text }
}

func between(prefix, suffix string) func(string) bool {
	return func(s string) bool { return strings.HasPrefix(s, prefix) && strings.HasSuffix(s, suffix) }
}

// refused maps an answer that is not 2xx.
func (r request) refused(status int, header http.Header, data []byte) *gateway.Error {
	cause := fmt.Errorf("HTTP status %d", status)
	var answer struct {
		Code     any
		Message  json.RawMessage
		Response json.RawMessage
	}
	isJSON := json.Unmarshal(data, &answer) == nil
	switch {
	case status == http.StatusUnauthorized:
		return r.fail(gateway.KindAuth, codeUnauthorized, cause)
	case status == http.StatusRequestEntityTooLarge:
		return r.fail(gateway.KindTooLarge, codeTooLarge, cause)
	case status == http.StatusTooManyRequests:
		return gatewayhttp.Call{Op: r.op}.RateLimited(codeThrottled, header, time.Now())
	case status == http.StatusServiceUnavailable && answer.Code == "LICENSE_REQUIRED":
		return r.fail(gateway.KindLicense, codeLicense, cause)
	case status < 400:
		return r.unlisted(gateway.KindInvalid, codeRedirect, cause)
	case !isJSON:
		return r.fail(r.unproven(), codeUnreadable, cause)
	}
	messages := append(flatten(answer.Response, 0), flatten(answer.Message, 0)...)
	if e := r.explained(status, messages); e != nil {
		e.Err = cause
		return e
	}
	switch {
	case status >= 500:
		return r.fail(r.unproven(), codeStatus, cause)
	case status == http.StatusForbidden:
		return r.unlisted(gateway.KindAuth, codeStatus, cause)
	case status == http.StatusNotFound:
		return r.unlisted(gateway.KindNotFound, codeStatus, cause)
	}
	return r.unlisted(gateway.KindInvalid, codeStatus, cause)
}

// unlisted is a refusal without a listed phrase. The status then says what happened,
// except on a send, where a 4xx is answered for messages that left.
func (r request) unlisted(kind gateway.Kind, code string, cause error) *gateway.Error {
	if r.nature == gatewayhttp.Sends {
		kind = gateway.KindUnknown
	}
	return r.fail(kind, code, cause)
}

// explained maps the server's own phrases; nil when none is listed.
func (r request) explained(status int, messages []string) *gateway.Error {
	for _, p := range phrases {
		for _, m := range messages {
			if !p.match(m) {
				continue
			}
			return r.fail(p.kindFor(r, status), p.code, nil)
		}
	}
	for _, m := range messages {
		for _, match := range mediaPhrases {
			if status == http.StatusInternalServerError && match(m) && r.path == pathSendMedia {
				return r.fail(gateway.KindMediaUnavailable, codeMedia, nil)
			}
		}
	}
	// An inner exception lost its text: on a send it was the query for the group, which
	// comes before the message.
	if len(messages) == 1 && messages[0] == "[object Object]" {
		return r.fail(gateway.KindTemporary, codeOpaque, nil)
	}
	return nil
}

func (p phrase) kindFor(r request, status int) gateway.Kind {
	switch {
	case r.nature == gatewayhttp.Sends && p.code == codeDatabase && status >= http.StatusInternalServerError:
		return gateway.KindTemporary // a guard failed, which runs before the send
	case r.nature == gatewayhttp.Sends:
		return p.onSend
	case p.kind == gateway.KindTemporary:
		return r.unproven()
	}
	return p.kind
}

// flatten lists the message texts of an error answer, whichever of its five shapes the
// message has: a string, strings, strings in an array in an array, objects, stack text.
func flatten(raw json.RawMessage, depth int) []string {
	if len(raw) == 0 || depth > 4 {
		return nil
	}
	var text string
	var list []json.RawMessage
	var object struct{ Message json.RawMessage }
	switch {
	case json.Unmarshal(raw, &text) == nil:
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		if strings.Contains(text, databaseText) || strings.HasPrefix(text, "PrismaClient") {
			first = databaseText
		}
		if first = strings.TrimSpace(strings.TrimPrefix(first, "Error: ")); first == "" {
			return nil
		}
		return []string{first}
	case json.Unmarshal(raw, &list) == nil:
		var all []string
		for _, item := range list {
			all = append(all, flatten(item, depth+1)...)
		}
		return all
	case json.Unmarshal(raw, &object) == nil:
		return flatten(object.Message, depth+1)
	}
	return nil
}

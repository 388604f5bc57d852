package whatsmeow

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// The codes of [gateway.Error] that this adapter uses. A number WhatsApp answered is the
// code itself.
const (
	codeSessionName  = "session_name"
	codeNameInUse    = "name_in_use"
	codeNoSession    = "no_session"
	codeDatabase     = "database"
	codeLoggedOut    = "logged_out"
	codeNotLinked    = "not_linked"
	codeNotOpen      = "not_open"
	codeNotStreamed  = "not_streamed"
	codeStreamed     = "already_streamed"
	codeLinked       = "already_linked"
	codeReplaced     = "replaced"
	codeOutdated     = "client_outdated"
	codeBanned       = "temporary_ban"
	codeChat         = "chat"
	codeText         = "text"
	codeMedia        = "media"
	codeHandle       = "handle"
	codeMessageID    = "message_id"
	codePhone        = "phone"
	codeUpload       = "upload"
	codeDownload     = "download"
	codeTooLarge     = "too_large"
	codeGone         = "gone"
	codeGroupGone    = "group_not_found"
	codeNotInGroup   = "not_in_group"
	codeTimedOut     = "timed_out"
	codeCanceled     = "canceled"
	codeDisconnected = "disconnected"
	codeUnlisted     = "unlisted"
)

// fail makes an error. Causes are never the library's own errors: their texts can quote
// addresses and stanzas.
func fail(op string, kind gateway.Kind, code string, cause error) *gateway.Error {
	return &gateway.Error{Op: op, Kind: kind, Code: code, Err: cause}
}

// errNoSession says that a session was never provisioned or is deleted.
var errNoSession = errors.New("whatsmeow: no such session")

// failStored maps an error of the adapter's own table.
func failStored(op string, err error) *gateway.Error {
	switch {
	case errors.Is(err, errNoSession):
		return fail(op, gateway.KindNotFound, codeNoSession, nil)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ended(op, gateway.KindTemporary, err)
	}
	return fail(op, gateway.KindTemporary, codeDatabase, nil)
}

// ended maps the end of a context.
func ended(op string, kind gateway.Kind, err error) *gateway.Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fail(op, kind, codeTimedOut, context.DeadlineExceeded)
	}
	return fail(op, kind, codeCanceled, context.Canceled)
}

// answers are the numbers with which WhatsApp refuses a question or a message, as users of
// this and other client libraries report them. All mean that nothing was done.
var answers = map[int]gateway.Kind{
	400: gateway.KindInvalid,
	401: gateway.KindForbidden,
	403: gateway.KindForbidden,
	404: gateway.KindNotFound,
	405: gateway.KindForbidden,
	406: gateway.KindForbidden,
	410: gateway.KindNotFound,
	419: gateway.KindRateLimited,
	420: gateway.KindTemporary, // 420, 421 and 479: what we know of the group is out of date
	421: gateway.KindTemporary,
	429: gateway.KindRateLimited,
	463: gateway.KindRestricted, // the account may not start chats for a while
	479: gateway.KindTemporary,
}

// stale says whether a refusal of a message means that the list of members is out of date.
func stale(code int) bool { return code == 420 || code == 421 || code == 479 }

// failAsked maps the failure of a question, which changes nothing whatever became of it.
func failAsked(op string, err error) *gateway.Error {
	var answered *whatsmeow.IQError
	switch {
	case errors.Is(err, whatsmeow.ErrGroupNotFound):
		return fail(op, gateway.KindNotFound, codeGroupGone, nil)
	case errors.Is(err, whatsmeow.ErrNotInGroup):
		return fail(op, gateway.KindForbidden, codeNotInGroup, nil)
	case errors.As(err, &answered):
		kind, ok := answers[answered.Code]
		if !ok {
			kind = gateway.KindTemporary
		}
		return fail(op, kind, strconv.Itoa(answered.Code), nil)
	case errors.Is(err, whatsmeow.ErrNotLoggedIn):
		return fail(op, gateway.KindLoggedOut, codeLoggedOut, nil)
	case errors.Is(err, whatsmeow.ErrNotConnected), errors.Is(err, whatsmeow.ErrIQDisconnected):
		return fail(op, gateway.KindNotConnected, codeDisconnected, nil)
	case errors.Is(err, whatsmeow.ErrIQTimedOut):
		return fail(op, gateway.KindTemporary, codeTimedOut, nil)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ended(op, gateway.KindTemporary, err)
	}
	return fail(op, gateway.KindTemporary, codeUnlisted, nil)
}

// failSent maps the failure of a send. Before the message leaves, the library asks for the
// group and its devices; the errors of those questions prove that nothing was sent.
// Everything not listed may have been sent.
func failSent(op string, err error) *gateway.Error {
	var answered *whatsmeow.IQError
	switch {
	case errors.Is(err, whatsmeow.ErrServerReturnedError):
		return refusedMessage(op, err)
	case errors.Is(err, whatsmeow.ErrGroupNotFound), errors.Is(err, whatsmeow.ErrNotInGroup), errors.As(err, &answered),
		errors.Is(err, whatsmeow.ErrNotLoggedIn), errors.Is(err, whatsmeow.ErrIQDisconnected), errors.Is(err, whatsmeow.ErrIQTimedOut):
		return failAsked(op, err)
	case errors.Is(err, whatsmeow.ErrNotConnected) && err != whatsmeow.ErrNotConnected: //nolint:errorlint // see below
		// Wrapped it comes from before the send. Bare it comes from the library's attempt to
		// repeat one, after the message left.
		return failAsked(op, err)
	case errors.Is(err, whatsmeow.ErrMessageTimedOut):
		return fail(op, gateway.KindUnknown, codeTimedOut, nil)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ended(op, gateway.KindUnknown, err)
	}
	var dropped *whatsmeow.DisconnectedError
	if errors.As(err, &dropped) {
		return fail(op, gateway.KindUnknown, codeDisconnected, nil)
	}
	return fail(op, gateway.KindUnknown, codeUnlisted, nil)
}

// refusedMessage maps the number of a refused message. WhatsApp's own failures, and numbers
// nobody documented, prove nothing.
func refusedMessage(op string, err error) *gateway.Error {
	code := refusal(err)
	kind, ok := answers[code]
	if !ok {
		kind = gateway.KindUnknown
	}
	return fail(op, kind, strconv.Itoa(code), nil)
}

// refusal reads the number, which the library has in the text of its error only; 0 when
// there is none.
func refusal(err error) int {
	_, after, _ := strings.Cut(err.Error(), whatsmeow.ErrServerReturnedError.Error()+" ")
	code, _ := strconv.Atoi(after)
	return code
}

package gateway

import (
	"errors"
	"fmt"
	"time"
)

// Kind classes a failed call by what the engine shall do about it.
type Kind string

// The kinds. On a Send all but KindUnknown mean that nothing was sent.
const (
	KindAuth             Kind = "auth"              // key refused: stop, a person is needed
	KindLicense          Kind = "license"           // the provider wants a licence activation
	KindVersion          Kind = "version"           // the provider is of a version the adapter does not speak
	KindInvalid          Kind = "invalid"           // this request is wrong and stays wrong
	KindNotFound         Kind = "not_found"         // no such session, group or message
	KindAlreadyExists    Kind = "already_exists"    // the name is taken
	KindNotConnected     Kind = "not_connected"     // wait for the session to open
	KindLoggedOut        Kind = "logged_out"        // wait for a new QR code
	KindForbidden        Kind = "forbidden"         // the group does not let us post
	KindRateLimited      Kind = "rate_limited"      // back the whole session off
	KindRestricted       Kind = "restricted"        // WhatsApp restricted the account
	KindTooLarge         Kind = "too_large"         // media over the provider's limit
	KindMediaUnavailable Kind = "media_unavailable" // the media cannot be had
	KindTemporary        Kind = "temporary"         // nothing happened; retry with backoff
	KindPermanent        Kind = "permanent"         // nothing happened and never will
	KindUnknown          Kind = "unknown"           // it may have happened: never repeat blindly
)

// Effect says what a failed call may have done.
type Effect string

// The effects of a failed call.
const (
	EffectNone     Effect = "none"     // proven: nothing happened
	EffectPossible Effect = "possible" // it may have happened
)

// Error is the only error type an adapter returns.
type Error struct {
	Kind Kind
	Op   string // the port method, such as "send"
	// Code is the provider's own short code or phrase from a closed list; never free text
	// that could carry a secret or a message.
	Code string
	// RetryAfter is how long the provider asked to wait, zero when it did not say.
	RetryAfter time.Duration
	Err        error // the cause, redacted by the adapter
}

// Error implements error.
func (e *Error) Error() string {
	s := fmt.Sprintf("gateway %s: %s", e.Op, e.Kind)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Effect says what the call may have done: possible only for KindUnknown.
func (e *Error) Effect() Effect {
	if e.Kind == KindUnknown {
		return EffectPossible
	}
	return EffectNone
}

// KindOf returns the kind of err: that of the first [Error] in its chain, "" for nil. Any
// other error is KindUnknown, because nothing is proven about it.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return KindUnknown
}

// RetryAfterOf returns how long the provider asked to wait, zero when it did not say.
func RetryAfterOf(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

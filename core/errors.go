package core

import (
	"context"
	"errors"
	"strings"
)

// Code classes an error by what the caller can do about it.
type Code string

// The codes. Programs act on the code, people read the reason.
const (
	CodeInvalid         Code = "invalid"         // the request is wrong and will stay wrong
	CodeUnauthenticated Code = "unauthenticated" // the caller did not prove who they are
	CodeForbidden       Code = "forbidden"       // known caller, not allowed
	CodeNotFound        Code = "not_found"       // not there, or not this tenant's
	CodeConflict        Code = "conflict"        // there already, or changed meanwhile
	CodePrecondition    Code = "precondition"    // something else has to happen first
	CodeUnsupported     Code = "unsupported"     // this provider or store cannot do it
	CodeRateLimited     Code = "rate_limited"    // later
	CodeUnavailable     Code = "unavailable"     // a dependency is down; retry
	CodeCanceled        Code = "canceled"        // the caller went away
	CodeInternal        Code = "internal"        // our fault; its text is never shown
)

// Sentinels for errors.Is: any [Error] with the same code matches.
var (
	ErrInvalid      = &Error{Code: CodeInvalid}
	ErrNotFound     = &Error{Code: CodeNotFound, Reason: ReasonNotFound}
	ErrConflict     = &Error{Code: CodeConflict, Reason: ReasonConflict}
	ErrPrecondition = &Error{Code: CodePrecondition}
	ErrUnavailable  = &Error{Code: CodeUnavailable, Reason: ReasonUnavailable}
)

// Error is what the engine and the repositories return for an expected failure. It holds
// nothing secret and nothing of another tenant, so its Reason and Detail can be shown.
type Error struct {
	Code   Code
	Reason Reason // why, machine-readable; [Reason.Sentence] says it to a person
	Field  string // the offending input, when one is to blame
	Detail string // fills the {detail} of the sentence
	Err    error  // the cause, for logs only
}

// NewError returns an *Error as error. Detail fills the {detail} of the reason's sentence.
func NewError(code Code, reason Reason, detail string) error {
	return &Error{Code: code, Reason: reason, Detail: detail}
}

// InvalidField returns a CodeInvalid error that blames one input field.
func InvalidField(field string, reason Reason, detail string) error {
	return &Error{Code: CodeInvalid, Reason: reason, Field: field, Detail: detail}
}

// Error implements error.
func (e *Error) Error() string {
	parts := []string{string(e.Code)}
	if e.Reason != "" {
		parts = append(parts, string(e.Reason))
	}
	if e.Field != "" {
		parts = append(parts, "field "+e.Field)
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches any *Error with the same code, so that the sentinels work.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf returns the code of err: that of the first [Error] in its chain, CodeCanceled for
// context errors, CodeInternal for anything else, "" for nil.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return CodeCanceled
	}
	return CodeInternal
}

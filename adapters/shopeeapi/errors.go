package shopeeapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// failure says why there is no link. Its text is ours alone: the words of a server or of the
// transport may repeat what must not be shown.
type failure struct {
	text string
	// again says that the same call may succeed in a moment.
	again bool
	cause error // links.ErrRefused, an error of a context, or nil
}

func (f *failure) Error() string { return "shopeeapi: " + f.text }
func (f *failure) Unwrap() error { return f.cause }

func worthRepeating(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.again
}

// refused is a failure that will be the same next time.
func refused(text string) error { return &failure{text: text, cause: links.ErrRefused} }

// passing is a failure of the moment, failed one that may pass but not at once.
func passing(text string) error { return &failure{text: text, again: true} }
func failed(text string) error  { return &failure{text: text} }

// reported maps the code of an error that Shopee reports; doc.go says how sure each is.
func reported(code int) error {
	switch code {
	case 10000:
		return passing("Shopee has an internal error (10000)")
	case 10030:
		return passing("too many calls (10030)")
	case 10010:
		return refused("Shopee does not understand the query (10010)")
	case 10020:
		return refused("the credentials or the clock are wrong (10020)")
	case 10031, 10032, 10033, 10034, 10035:
		return refused(fmt.Sprintf("the account may not use the API (%d)", code))
	case 11001:
		return refused("Shopee refuses the address or the sub-id (11001)")
	}
	return failed(fmt.Sprintf("Shopee reports an unknown error (%d)", code))
}

// unexpectedStatus maps an answer that the API itself never gives: its errors come with
// status 200. It proves nothing about the request.
func unexpectedStatus(status int) error {
	text := fmt.Sprintf("HTTP status %d", status)
	if status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		return passing(text)
	}
	return failed(text)
}

// notAnswered maps a call without a whole answer. It may be repeated: a link made twice
// harms nobody.
func notAnswered(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{text: "the caller left", cause: context.Canceled}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{text: "no answer in time", again: true, cause: context.DeadlineExceeded}
	case errors.As(err, &timeout) && timeout.Timeout():
		return passing("no answer in time")
	}
	return passing("the connection failed")
}

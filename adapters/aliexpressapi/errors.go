package aliexpressapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

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

func (f *failure) Error() string { return "aliexpressapi: " + f.text }
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

// gatewayError maps what the platform answers in front of the programme; doc.go says how sure
// each code is.
func gatewayError(code, subCode, kind string) error {
	switch code {
	case "InvalidAppKey":
		return refused("the app key is wrong (InvalidAppKey)")
	case "IncompleteSignature":
		return refused("the app secret is wrong (IncompleteSignature)")
	case "IllegalTimestamp":
		return refused("the clock is wrong (IllegalTimestamp)")
	case "InvalidApiPath", "InsufficientPermission":
		return refused("the account may not use the method (" + code + ")")
	case "MissingParameter", "InvalidParameter":
		return refused("AliExpress does not understand the request (" + code + ")")
	case "ApiCallLimit", "AppCallLimit":
		return passing("too many calls (" + code + ")")
	}
	switch {
	case strings.HasPrefix(code, "isv.appkey"), strings.HasPrefix(subCode, "isv.appkey"):
		return refused("the app key is wrong (isv.appkey)")
	case kind == "SYSTEM", kind == "ISP", strings.HasPrefix(code, "isp."), strings.HasPrefix(subCode, "isp."):
		return passing("the platform has an internal error") // not the caller's fault
	}
	return failed("the platform reports an unknown error" + shown(plainCode, code))
}

var (
	// plainCode and plainNumber are codes that can be shown: no key or secret looks like one.
	plainCode   = regexp.MustCompile(`^[A-Za-z.-]{1,40}$`)
	plainNumber = regexp.MustCompile(`^[0-9]{1,4}$`)
)

// shown puts a code behind a text when it fits form.
func shown(form *regexp.Regexp, code string) string {
	if !form.MatchString(code) {
		return ""
	}
	return " (" + code + ")"
}

// programmeError maps a resp_code other than 200.
func programmeError(code string) error {
	switch code {
	case "401":
		return refused("the account is no registered publisher (401)")
	case "404":
		return passing("the programme has an internal error (404)")
	}
	return failed("the programme reports an unknown error" + shown(plainNumber, code))
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

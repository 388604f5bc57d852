// Package fakelinks stands in for the hosts of short links, so that a resolver can be run
// without the internet: give [Hosts], or [Web] where plain redirects are not enough, to its
// HTTP client as the transport. No connection is ever opened.
package fakelinks

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Hosts maps a short link to where it redirects. It is an http.RoundTripper that answers a
// known link with 301 and its target, anything else with 404.
type Hosts map[string]string

// RoundTrip implements http.RoundTripper.
func (h Hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if target, ok := h[r.URL.String()]; ok {
		return play(Redirect(target), r)
	}
	return play(Status(http.StatusNotFound), r)
}

// Web maps addresses, complete and without fragment, to what is found there. It is an
// http.RoundTripper that answers any other address with 404. It must not be changed while
// requests are made.
type Web map[string]Answer

// RoundTrip implements http.RoundTripper.
func (w Web) RoundTrip(r *http.Request) (*http.Response, error) {
	address := *r.URL
	address.Fragment, address.RawFragment = "", ""
	if answer, ok := w[address.String()]; ok {
		return play(answer, r)
	}
	return play(Status(http.StatusNotFound), r)
}

// Answer answers one request. It returns nil when the caller is gone first.
type Answer func(*http.Request) *http.Response

func play(answer Answer, r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close() // as the interface demands
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := answer(r)
	if response == nil {
		return nil, r.Context().Err()
	}
	response.Request = r
	return response, nil
}

// respond is an answer without surprises.
func respond(status int, header http.Header, body string) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// Recorder passes requests on and remembers the addresses asked for. It is safe for
// concurrent use.
type Recorder struct {
	// Transport gets the requests.
	Transport http.RoundTripper

	mu       sync.Mutex
	requests []string
}

// RoundTrip implements http.RoundTripper.
func (r *Recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.mu.Lock()
	r.requests = append(r.requests, request.URL.String())
	r.mu.Unlock()
	return r.Transport.RoundTrip(request)
}

// Requests returns the addresses asked for so far, in order.
func (r *Recorder) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

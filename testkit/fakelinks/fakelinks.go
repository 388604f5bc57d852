// Package fakelinks stands in for the hosts of short links, so that a resolver can be run
// without the internet: give [Hosts] to its HTTP client as the transport.
package fakelinks

import (
	"io"
	"net/http"
	"strings"
)

// Hosts maps a short link to where it redirects. It is an http.RoundTripper that answers a
// known link with 301 and its target, anything else with 404, and never opens a connection.
type Hosts map[string]string

// RoundTrip implements http.RoundTripper.
func (h Hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close() // as the interface demands
	}
	answer := &http.Response{
		Status: "404 Not Found", StatusCode: http.StatusNotFound,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}
	if target, ok := h[r.URL.String()]; ok {
		answer.Status, answer.StatusCode = "301 Moved Permanently", http.StatusMovedPermanently
		answer.Header.Set("Location", target)
	}
	return answer, nil
}

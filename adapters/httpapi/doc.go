// Package httpapi serves an engine over HTTP: the REST API under /api/v1, the webhooks of
// the WhatsApp providers, health checks, and the OpenAPI document with a page that shows it.
//
//	handler, err := httpapi.New(e, httpapi.Options{SigningKey: key})
//	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
//
// The handler has no goroutine and no state but the log-in throttle, so any number of
// replicas can serve the same tenants with the same signing key. Connection limits (header
// size, header and idle timeouts) belong to the http.Server; body size and body read time
// are bounded here.
//
// Who calls is taken from the bearer token only: no body, query or header names a tenant,
// and unknown JSON fields and query parameters are refused.
//
// Every error is an RFC 9457 problem (application/problem+json). Its code is a
// [core.Reason]; its detail is a sentence in Brazilian Portuguese, or in English when
// Accept-Language prefers that. An id that does not exist, is malformed or belongs to
// another tenant gives the same 404, byte for byte.
package httpapi

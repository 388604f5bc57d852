package safehttp

import (
	"net/http"
	"time"
)

// ClientOptions tune a client. The zero value works.
type ClientOptions struct {
	// Timeout bounds a whole request with its body. Default: 10 s; negative: none, for
	// callers that give every request a deadline.
	Timeout time.Duration
	// DialTimeout bounds one connection attempt. Default: 5 s.
	DialTimeout time.Duration
	// MaxIdleConnsPerHost is how many connections are kept open to one host. Default: 8.
	MaxIdleConnsPerHost int
	// WebPortsOnly refuses every port but 80 and 443, except on hosts the operator listed.
	// Without it the ports from 1024 up are allowed too.
	WebPortsOnly bool
}

// Client returns a client whose connections the guard judges. It answers a redirect with the
// redirect itself, because Go would forward an API key in a custom header to the new host; it
// uses no proxy, keeps no cookies and asks for no compression, so that a limit on the bytes
// read is a limit on the bytes unpacked.
func (g *Guard) Client(options ClientOptions) *http.Client {
	switch {
	case options.Timeout == 0:
		options.Timeout = 10 * time.Second
	case options.Timeout < 0:
		options.Timeout = 0
	}
	if options.DialTimeout <= 0 {
		options.DialTimeout = 5 * time.Second
	}
	if options.MaxIdleConnsPerHost <= 0 {
		options.MaxIdleConnsPerHost = 8
	}
	return &http.Client{
		Timeout: options.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            g.dialer(options.DialTimeout, options.WebPortsOnly),
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    options.DialTimeout,
			MaxIdleConns:           16 * options.MaxIdleConnsPerHost,
			MaxIdleConnsPerHost:    options.MaxIdleConnsPerHost,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

package safehttp

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// maxServerURL is the longest provider address accepted, in bytes.
const maxServerURL = 512

// CheckServer judges the base URL of a provider as a tenant typed it and returns its one
// normalised form: lower-case scheme and ASCII host, no default port, no trailing slash. It
// asks no name server; the address behind a name is judged when it is dialled.
//
// The error is a *core.Error with CodeInvalid, Field "api_url" and ReasonProviderURL for a
// wrong form, or ReasonProviderURLHost for a host or port that is not allowed here.
func (g *Guard) CheckServer(rawURL string) (normalized string, err error) {
	normalized, reason, err := g.server(rawURL)
	if err != nil {
		return "", &core.Error{Code: core.CodeInvalid, Reason: reason, Field: "api_url", Err: err}
	}
	return normalized, nil
}

func (g *Guard) server(rawURL string) (string, core.Reason, error) {
	rawURL = strings.TrimSpace(rawURL)
	if len(rawURL) > maxServerURL {
		return "", core.ReasonProviderURL, errors.New("too long")
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return "", core.ReasonProviderURL, errors.New("not a URL") // its text would repeat the input
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", core.ReasonProviderURL, errors.New("not http or https")
	case u.Opaque != "" || u.Host == "":
		return "", core.ReasonProviderURL, errors.New("no host")
	case u.User != nil:
		return "", core.ReasonProviderURL, errors.New("it has user information")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(rawURL, "#"):
		return "", core.ReasonProviderURL, errors.New("it has a query or a fragment")
	case !isPlainPath(u.EscapedPath()):
		return "", core.ReasonProviderURL, errors.New("its path is not plain")
	}

	h, err := parseHost(u.Hostname())
	if errors.Is(err, errNumeric) {
		return "", core.ReasonProviderURLHost, err
	} else if err != nil {
		return "", core.ReasonProviderURL, err
	}
	standard := uint16(443)
	if u.Scheme == "http" {
		standard = 80
	}
	port := standard
	if u.Port() != "" {
		if port, err = parsePort(u.Port()); err != nil {
			return "", core.ReasonProviderURL, err
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return "", core.ReasonProviderURL, errPort
	}
	if err := g.checkHost(h, port); err != nil {
		return "", core.ReasonProviderURLHost, err
	}

	authority := h.text
	switch {
	case port != standard:
		authority = net.JoinHostPort(h.text, strconv.Itoa(int(port)))
	case h.ip.Is6():
		authority = "[" + h.text + "]"
	}
	return u.Scheme + "://" + authority + strings.TrimRight(u.Path, "/"), "", nil
}

func (g *Guard) checkHost(h host, port uint16) error {
	switch {
	case g.listed(h, port):
		return nil
	case !portAllowed(port, false):
		return ErrBlocked
	case h.ip.IsValid():
		return g.check(h, h.ip)
	case g.allowLoopback && h.isLoopback():
		return nil
	case h.isInternal():
		return ErrBlocked
	}
	return nil
}

// isPlainPath refuses what servers and proxies read in more than one way: escapes, "..",
// empty segments, backslashes.
func isPlainPath(escaped string) bool {
	if escaped == "" || escaped == "/" {
		return true
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(escaped[1:], "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
		for i := range len(segment) {
			c := segment[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~", rune(c)) {
				return false
			}
		}
	}
	return true
}

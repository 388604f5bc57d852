package safehttp

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

var (
	errHost = errors.New("not a host name")
	errPort = errors.New("not a port")
	// errNumeric is a number that programs disagree about: 2130706433, 0x7f.1, 127.1.
	errNumeric = errors.New("an address in an unusual notation")
)

// host is a normalised host: a lower-case ASCII name without trailing dot, or an address.
type host struct {
	text string
	ip   netip.Addr // valid when it is an address
}

// parseHost normalises the host of a URL, without brackets.
func parseHost(s string) (host, error) {
	if strings.Contains(s, ":") {
		ip, err := netip.ParseAddr(s)
		if err != nil || ip.Zone() != "" {
			return host{}, errNumeric
		}
		return host{ip.Unmap().String(), ip.Unmap()}, nil
	}
	s = strings.TrimSuffix(s, ".")
	ascii := strings.ToLower(s)
	if !isASCII(s) {
		var err error
		if ascii, err = idna.Lookup.ToASCII(s); err != nil {
			return host{}, errHost
		}
	}
	if ip, err := netip.ParseAddr(ascii); err == nil {
		return host{ip.String(), ip}, nil
	}
	if ascii == "" || len(ascii) > 253 {
		return host{}, errHost
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return host{}, errHost
		}
	}
	if isNumber(labels[len(labels)-1]) {
		return host{}, errNumeric
	}
	return host{text: ascii}, nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isLabel allows the underscore, which container networks use in names.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isNumber says whether a resolver may take a name that ends in this label for an IPv4
// address. No top-level domain is a number.
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// isLoopback says whether h means this machine without asking a name server.
func (h host) isLoopback() bool {
	return h.ip.IsLoopback() || h.text == "localhost" || strings.HasSuffix(h.text, ".localhost")
}

// isInternal says whether h is a name that cannot be public: one of a local network.
func (h host) isInternal() bool {
	if h.ip.IsValid() {
		return false
	}
	if !strings.Contains(h.text, ".") {
		return true
	}
	for _, suffix := range []string{".localhost", ".local", ".localdomain", ".internal", ".lan", ".home.arpa"} {
		if strings.HasSuffix(h.text, suffix) {
			return true
		}
	}
	return false
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, errPort
	}
	return uint16(n), nil
}

func trimBrackets(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

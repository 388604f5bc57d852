package safehttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// ErrBlocked is in the chain of the error of every request that the guard stopped.
var ErrBlocked = errors.New("the address is not allowed")

// Options say which hosts are reachable although they are private. The zero value allows
// public addresses only.
type Options struct {
	// AllowHosts are hosts that may have any address, as "host" for every port of it or as
	// "host:port". There are no wildcards; write IPv6 addresses as "[::1]:8080".
	AllowHosts []string
	// AllowLoopback allows this machine by the names localhost and *.localhost and by
	// loopback addresses, but not by other names that resolve to them.
	AllowLoopback bool
}

// Guard decides which addresses may be reached. It is safe for concurrent use.
type Guard struct {
	hosts         map[string]bool // "host" or "host:port", normalised
	allowLoopback bool
	special       *ssrf.Guardian
	resolver      *net.Resolver // nil is Go's own
}

// NewGuard returns a Guard. It fails on an entry of AllowHosts that names no single host.
func NewGuard(options Options) (*Guard, error) {
	g := &Guard{
		hosts:         map[string]bool{},
		allowLoopback: options.AllowLoopback,
		special:       ssrf.New(ssrf.WithAnyPort()), // ports are judged with the host, below
	}
	for _, entry := range options.AllowHosts {
		key, err := allowKey(entry)
		if err != nil {
			return nil, fmt.Errorf("allowed host %q: %w", entry, err)
		}
		g.hosts[key] = true
	}
	return g, nil
}

// allowKey normalises one entry of AllowHosts.
func allowKey(entry string) (string, error) {
	name, service, err := net.SplitHostPort(entry)
	if err != nil {
		h, err := parseHost(trimBrackets(entry)) // no port
		return h.text, err
	}
	h, err := parseHost(name)
	if err != nil {
		return "", err
	}
	port, err := parsePort(service)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(h.text, strconv.Itoa(int(port))), nil
}

// listed says whether the operator allowed h, or h on this port.
func (g *Guard) listed(h host, port uint16) bool {
	return g.hosts[h.text] || g.hosts[net.JoinHostPort(h.text, strconv.Itoa(int(port)))]
}

// check judges one address that h was resolved to.
func (g *Guard) check(h host, ip netip.Addr) error {
	if ip.Zone() != "" {
		return fmt.Errorf("%w: it has a zone", ErrBlocked)
	}
	if g.allowLoopback && h.isLoopback() && ip.Unmap().IsLoopback() {
		return nil
	}
	if err := g.special.SafeAddr(ip.Unmap()); err != nil {
		return fmt.Errorf("%w: it is private or special", ErrBlocked)
	}
	return nil
}

// portAllowed keeps strangers from mail, database and other well-known ports.
func portAllowed(port uint16, webOnly bool) bool {
	return port == 80 || port == 443 || !webOnly && port >= 1024
}

// dialer returns the DialContext of a transport. The original host is known only here and the
// resolved address only in Control, so the first decides what the second checks.
func (g *Guard) dialer(timeout time.Duration, webOnly bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		name, service, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBlocked, err)
		}
		h, err := parseHost(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBlocked, err)
		}
		port, err := parsePort(service)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBlocked, err)
		}
		d := net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, Resolver: g.resolver}
		if !g.listed(h, port) {
			if !portAllowed(port, webOnly && !(g.allowLoopback && h.isLoopback())) {
				return nil, fmt.Errorf("%w: port %d", ErrBlocked, port)
			}
			d.Control = func(_, resolved string, _ syscall.RawConn) error {
				to, err := netip.ParseAddrPort(resolved)
				if err != nil {
					return fmt.Errorf("%w: %w", ErrBlocked, err)
				}
				return g.check(h, to.Addr())
			}
		}
		return d.DialContext(ctx, network, net.JoinHostPort(h.text, strconv.Itoa(int(port))))
	}
}

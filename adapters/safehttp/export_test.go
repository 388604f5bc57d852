package safehttp

import "net"

// WithResolver returns a Guard that asks r for addresses.
func (g *Guard) WithResolver(r *net.Resolver) *Guard {
	c := *g
	c.resolver = r
	return &c
}

package wiring

import (
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
)

// newResolver follows short links out of strangers' messages. Its guard is stricter than
// the gateway's: this machine is no place for them, nor is the operator's provider unless
// it is among the private hosts that the operator allows for links too.
func newResolver(files *opened, s Settings) (*resolver.Resolver, error) {
	guard, err := safehttp.NewGuard(safehttp.Options{AllowHosts: s.Config.AllowPrivateHosts})
	if err != nil {
		return nil, failed("read --allow-private-hosts", err)
	}
	client := guard.Client(safehttp.ClientOptions{WebPortsOnly: true})
	files.add(func() error { client.CloseIdleConnections(); return nil })
	if s.ShortLinks != nil {
		client.Transport = s.ShortLinks
	}
	r, err := resolver.New(resolver.Options{Client: client, Blocked: safehttp.ErrBlocked, Logger: s.Log})
	return r, failed("make the link resolver", err)
}

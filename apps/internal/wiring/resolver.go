package wiring

import (
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// newResolver follows short links out of strangers' messages. Its guard is stricter than
// the gateway's: neither this machine nor the operator's provider is a place for them.
func newResolver(files *opened, s Settings) (links.Resolver, error) {
	guard, err := safehttp.NewGuard(safehttp.Options{AllowHosts: s.Config.AllowPrivateHosts})
	if err != nil {
		return nil, failed("read --allow-private-hosts", err)
	}
	client := guard.Client(safehttp.ClientOptions{WebPortsOnly: true})
	files.add(func() error { client.CloseIdleConnections(); return nil })
	if s.ShortLinks != nil {
		client.Transport = s.ShortLinks
	}
	r, err := resolver.New(resolver.Options{Client: client, Logger: s.Log})
	return r, failed("make the link resolver", err)
}

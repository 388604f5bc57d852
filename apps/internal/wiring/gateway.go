package wiring

import (
	"net/url"
	"slices"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// checkServer judges the provider addresses that tenants type.
type checkServer func(rawURL string) (string, error)

// newGateway makes the WhatsApp provider. Its connections go where tenants say, so they
// pass a guard; the operator's own provider may live on a private address.
func newGateway(files *opened, s Settings) (gateway.Gateway, checkServer, error) {
	hosts := slices.Clone(s.Config.AllowPrivateHosts)
	if u, err := url.Parse(s.Config.EvolutionURL); err == nil && u.Host != "" {
		hosts = append(hosts, u.Host)
	}
	guard, err := safehttp.NewGuard(safehttp.Options{AllowHosts: hosts, AllowLoopback: s.Config.AllowLoopback})
	if err != nil {
		return nil, nil, failed("read --allow-private-hosts", err)
	}
	// The gateway bounds each kind of call itself; some take minutes.
	client := guard.Client(safehttp.ClientOptions{Timeout: -1})
	files.add(func() error { client.CloseIdleConnections(); return nil })
	g, err := evolution.New(evolution.Options{Client: client, Logger: s.Log})
	if err != nil {
		return nil, nil, failed("make the WhatsApp gateway", err)
	}
	return decorateGateway(g), guard.CheckServer, nil
}

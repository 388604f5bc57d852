package wiring

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/autopromo-cloud/autopromo/adapters/safehttp"
	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// checkServer judges the provider addresses that tenants type.
type checkServer func(rawURL string) (string, error)

// providers are the ways to WhatsApp on offer, the default first.
type providers []gateway.Gateway

// newGateways makes the ways to WhatsApp that the operator offers. The connections to
// servers go where tenants say, so they pass a guard; the operator's own servers may live
// on private addresses.
func newGateways(files *opened, s Settings) (providers, checkServer, error) {
	hosts := slices.Clone(s.Config.AllowPrivateHosts)
	for _, own := range []string{s.Config.EvolutionURL, s.Config.WahaURL} {
		if u, err := url.Parse(own); err == nil && u.Host != "" {
			hosts = append(hosts, u.Host)
		}
	}
	guard, err := safehttp.NewGuard(safehttp.Options{AllowHosts: hosts, AllowLoopback: s.Config.AllowLoopback})
	if err != nil {
		return nil, nil, failed("read --allow-private-hosts", err)
	}
	// The gateways bound each kind of call themselves; some take minutes.
	client := guard.Client(safehttp.ClientOptions{Timeout: -1})
	files.add(func() error { client.CloseIdleConnections(); return nil })
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	var all providers
	for _, name := range s.Config.Gateways {
		g, err := newGateway(ctx, name, files, s, client)
		if err != nil {
			return nil, nil, failed("make the WhatsApp gateway "+name, err)
		}
		all = append(all, decorateGateway(g))
	}
	return all, guard.CheckServer, nil
}

func newGateway(ctx context.Context, name string, files *opened, s Settings, client *http.Client) (gateway.Gateway, error) {
	switch name {
	case config.Evolution:
		return newEvolution(s, client)
	case config.Waha:
		return newWaha(s, client)
	case config.Whatsmeow:
		return newWhatsmeow(ctx, files, s)
	}
	return nil, fmt.Errorf("there is none of this name")
}

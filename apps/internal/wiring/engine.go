package wiring

import (
	"net"

	"go.uber.org/fx"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/adapters/waha"
	"github.com/autopromo-cloud/autopromo/apps/internal/fxrun"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func newEngine(
	s Settings, repo repository.Repository, publisher bus.Publisher, subscriber bus.Subscriber,
	providers providers, check checkServer, shortLinks *resolver.Resolver, minters []links.Minter, stores *affiliate.Registry, at address,
) (*engine.Engine, error) {
	var roles engine.Role
	if s.Config.Roles.Worker {
		roles |= engine.Worker
	}
	if s.Config.Roles.Dispatcher {
		roles |= engine.Dispatcher
	}
	config := engine.Config{
		PublicURL: publicURL(s, at),
		Servers:   s.servers(), CheckServer: check, IDKey: s.Keys.MessageID, Roles: roles,
		WithoutPacing: s.Config.PacingOff, Logger: s.Log,
	}
	hasten(&config)
	e, err := engine.New(engine.Deps{
		Repository: repo, Publisher: publisher, Subscriber: subscriber,
		Gateways: providers, Resolver: shortLinks, Minters: minters, Stores: stores,
	}, config)
	return e, failed("make the engine", err)
}

// servers are the operator's own, by provider.
func (s Settings) servers() map[core.Provider]engine.Server {
	return map[core.Provider]engine.Server{
		evolution.Name: {URL: s.Config.EvolutionURL, Key: s.Config.EvolutionAPIKey},
		waha.Name:      {URL: s.Config.WahaURL, Key: s.Config.WahaAPIKey},
	}
}

// publicURL is the base of webhook addresses: what the operator says, else the address the
// server listens on.
func publicURL(s Settings, at address) string {
	if s.Config.PublicURL != "" {
		return s.Config.PublicURL
	}
	listens := string(at)
	if listens == "" {
		listens = s.Config.HTTPAddr
	}
	return "http://" + reachable(listens)
}

// reachable replaces "every address of this machine" by one that can be called.
func reachable(hostPort string) string {
	host, port, err := net.SplitHostPort(hostPort)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return hostPort
}

func runEngine(lc fx.Lifecycle, stopper fx.Shutdowner, s Settings, e *engine.Engine) {
	fxrun.Hook(lc, stopper, s.Log, "engine", e.Run)
}

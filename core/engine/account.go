package engine

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Activity counts the tenant's offers and sent deliveries in steps from since, which have at
// least one second. Steps in which nothing happened are left out.
func (t *Tenant) Activity(ctx context.Context, since time.Time, step time.Duration) ([]core.Activity, error) {
	return t.repo.Account().Activity(ctx, since, step)
}

// EndSessions ends every session of the tenant. A hash that is not zero becomes the new
// password's.
func (t *Tenant) EndSessions(ctx context.Context, hash core.Secret) (core.Tenant, error) {
	return t.repo.Account().Renew(ctx, hash)
}

// Erase removes the tenant with everything it owns, at once and for good. Its WhatsApp is
// disconnected first; a provider that cannot be told keeps nobody's data from being erased.
func (t *Tenant) Erase(ctx context.Context) error {
	if _, err := t.Disconnect(ctx); err != nil && core.CodeOf(err) != core.CodeNotFound {
		return err
	}
	return t.repo.Account().Erase(ctx)
}

// Offering is a WhatsApp provider a tenant can connect through.
type Offering struct {
	Provider core.Provider
	// HasServer says that sessions live on a server, which can be the tenant's own.
	HasServer bool
	// NeedsServer says that the tenant has to give an address and a key, because the
	// operator has none.
	NeedsServer bool
	// PairsByCode says that a phone can be linked by a code typed on it.
	PairsByCode bool
}

// Offerings lists the providers, the default first.
func (e *Engine) Offerings() []Offering {
	list := make([]Offering, 0, len(e.deps.Gateways))
	for _, g := range e.deps.Gateways {
		c := g.Capabilities()
		_, pairsByCode := g.(gateway.PairingCoder)
		list = append(list, Offering{
			Provider: c.Provider, HasServer: c.NeedsServer, PairsByCode: pairsByCode,
			NeedsServer: c.NeedsServer && e.config.Servers[c.Provider].URL == "",
		})
	}
	return list
}

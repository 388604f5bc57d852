package engine

import (
	"context"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/policy"
)

// NewTenant is what a new customer gives.
type NewTenant struct {
	Email    string
	FullName string
	// PasswordHash is made by whoever authenticates; empty when the embedder has its own
	// users.
	PasswordHash core.Secret
}

// Register creates a tenant with safe default settings. A taken e-mail is CodeConflict with
// ReasonEmailTaken, a malformed one CodeInvalid.
func (e *Engine) Register(ctx context.Context, n NewTenant) (core.Tenant, error) {
	email, err := core.NormalizeEmail(n.Email)
	if err != nil {
		return core.Tenant{}, err
	}
	if len(n.FullName) > 200 {
		return core.Tenant{}, core.InvalidField("full_name", core.ReasonOutOfRange, "full_name (0–200)")
	}
	id, err := e.newID()
	if err != nil {
		return core.Tenant{}, err
	}
	t := core.Tenant{
		ID: core.TenantID(id), Email: email, FullName: n.FullName, PasswordHash: n.PasswordHash,
		Active: true, Settings: core.DefaultSettings(), CreatedAt: e.now(),
	}
	err = e.deps.Repository.Directory().CreateTenant(ctx, t)
	if core.CodeOf(err) == core.CodeConflict {
		return core.Tenant{}, &core.Error{Code: core.CodeConflict, Reason: core.ReasonEmailTaken, Field: "email"}
	}
	return t, err
}

// TenantByEmail finds a tenant for a log-in; CodeNotFound when there is none.
func (e *Engine) TenantByEmail(ctx context.Context, email string) (core.Tenant, error) {
	email, err := core.NormalizeEmail(email)
	if err != nil {
		return core.Tenant{}, core.ErrNotFound
	}
	id, err := e.deps.Repository.Directory().TenantByEmail(ctx, email)
	if err != nil {
		return core.Tenant{}, err
	}
	return e.Tenant(id).Get(ctx)
}

// Get returns the tenant itself; CodeNotFound when it does not exist.
func (t *Tenant) Get(ctx context.Context) (core.Tenant, error) { return t.repo.Account().Get(ctx) }

// ChangeSettings applies change and stores the result if it is valid. An error of change,
// or a broken rule (CodeInvalid naming the field), stores nothing.
func (t *Tenant) ChangeSettings(ctx context.Context, change func(*core.Settings) error) (core.Tenant, error) {
	tenant, err := t.Get(ctx)
	if err != nil {
		return core.Tenant{}, err
	}
	if err := change(&tenant.Settings); err != nil {
		return core.Tenant{}, err
	}
	if err := tenant.Settings.Validate(); err != nil {
		return core.Tenant{}, err
	}
	for field, stores := range map[string][]string{
		"blacklist_stores": tenant.Settings.BlockedStores, "allowed_stores": tenant.Settings.AllowedStores,
	} {
		for _, slug := range stores {
			// A merchant without a slug, paid through a network, is named by its domain.
			if _, ok := t.e.deps.Stores.Store(slug); !ok && !affiliate.IsSite(slug) {
				return core.Tenant{}, core.InvalidField(field, core.ReasonUnknownStore, slug)
			}
		}
	}
	if err := t.repo.Account().SaveSettings(ctx, tenant.Settings); err != nil {
		return core.Tenant{}, err
	}
	// A wider window or a smaller gap shall not wait for the time computed under the old
	// rules.
	t.wake(ctx)
	return tenant, nil
}

// Stats counts what the dashboard shows; "today" is the tenant's own day.
func (t *Tenant) Stats(ctx context.Context) (core.Stats, error) {
	tenant, err := t.Get(ctx)
	if err != nil {
		return core.Stats{}, err
	}
	return t.repo.Account().Stats(ctx, policy.DayStart(t.e.now(), tenant.Settings.Location()))
}

package engine

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Operations is the operator's side of the engine. It looks across tenants and sees who they
// are, states, times and counts; what it changes it writes into the audit log. Whoever hands
// it out has to know that it is an operator who asks.
type Operations struct {
	e *Engine
	// actor is who is written down.
	actor string
}

// Operations acts as an operator, whose name goes into the audit log.
func (e *Engine) Operations(actor string) *Operations { return &Operations{e: e, actor: actor} }

// Tenants lists tenants, newest first.
func (o *Operations) Tenants(ctx context.Context, q repository.TenantQuery) ([]repository.TenantSummary, error) {
	if q.Since.IsZero() {
		q.Since = o.e.now().Add(-24 * time.Hour)
	}
	return o.e.deps.Repository.Operations().Tenants(ctx, q)
}

// Tenant returns one tenant; CodeNotFound when there is none.
func (o *Operations) Tenant(ctx context.Context, id core.TenantID) (repository.TenantSummary, error) {
	all, err := o.Tenants(ctx, repository.TenantQuery{Search: string(id), Limit: 1})
	if err == nil && (len(all) == 0 || all[0].ID != id) {
		err = core.ErrNotFound
	}
	if err != nil {
		return repository.TenantSummary{}, err
	}
	return all[0], nil
}

// Instances lists WhatsApp sessions, those that need somebody first.
func (o *Operations) Instances(ctx context.Context, limit int) ([]repository.InstanceSummary, error) {
	return o.e.deps.Repository.Operations().Instances(ctx, limit)
}

// Lanes lists the lanes with something to send or under way, the longest-due first.
func (o *Operations) Lanes(ctx context.Context, limit int) ([]repository.LaneSummary, error) {
	return o.e.deps.Repository.Operations().Lanes(ctx, o.e.now(), limit)
}

// Audit lists what operators did, newest first, continuing after before.
func (o *Operations) Audit(ctx context.Context, before core.AuditID, limit int) ([]core.AuditEntry, error) {
	return o.e.deps.Repository.Operations().Audit(ctx, before, limit)
}

// SetActive lets a tenant in, or shuts it out: then it cannot log in and nothing of it is
// processed or sent; what is queued waits. An operator cannot shut themselves out.
func (o *Operations) SetActive(ctx context.Context, id core.TenantID, active bool) (core.Tenant, error) {
	action := core.TenantDeactivated
	if active {
		action = core.TenantActivated
	}
	return o.govern(ctx, id, action, "", func(t *core.Tenant) error {
		if !active && t.Email == o.actor {
			return core.NewError(core.CodePrecondition, core.ReasonOwnAccount, "")
		}
		t.Active = active
		return nil
	})
}

// SetLimits bounds what a tenant may do, from now on: destinations that are on stay on.
func (o *Operations) SetLimits(ctx context.Context, id core.TenantID, l core.Limits) (core.Tenant, error) {
	if err := l.Validate(); err != nil {
		return core.Tenant{}, err
	}
	return o.govern(ctx, id, core.LimitsChanged, describe(l), func(t *core.Tenant) error { t.Limits = l; return nil })
}

func (o *Operations) govern(ctx context.Context, id core.TenantID, action core.AuditAction, detail string, change func(*core.Tenant) error) (core.Tenant, error) {
	entry, err := o.e.newID()
	if err != nil {
		return core.Tenant{}, err
	}
	t := o.e.Tenant(id)
	tenant, err := t.repo.Account().Govern(ctx, core.AuditEntry{
		ID: core.AuditID(entry), Tenant: id, Actor: o.actor, Action: action, Detail: detail, At: o.e.now(),
	}, change)
	if err == nil {
		t.wake(ctx) // what waited under the old rules need not wait under the new ones
	}
	return tenant, err
}

// Health is how the installation is.
type Health struct {
	// Database is how long the database took to answer; DatabaseFault why it did not.
	Database      time.Duration
	DatabaseFault error
	Ledger        repository.Ledger
	// Waiting counts messages nobody has begun to process, or whose worker died, of the
	// tenants that wait longest; OldestWaiting is since when the first does. A bus or workers
	// that do not keep up show here.
	Waiting       int
	OldestWaiting time.Time
	Backlog       []repository.Backlog
	// Listeners counts who follows changes in this process.
	Listeners int
}

// backlogShown is how many tenants' backlogs are looked at.
const backlogShown = 100

// Health asks everything that can be asked without changing anything.
func (o *Operations) Health(ctx context.Context) (h Health, err error) {
	began := o.e.config.Now()
	if h.DatabaseFault = o.e.Ready(ctx); h.DatabaseFault != nil {
		return h, nil
	}
	h.Database = o.e.config.Now().Sub(began)
	if h.Ledger, err = o.e.deps.Repository.Queue().Ledger(ctx); err != nil {
		return h, err
	}
	if h.Backlog, err = o.e.deps.Repository.Queue().Backlog(ctx, o.e.now(), backlogShown); err != nil {
		return h, err
	}
	for _, b := range h.Backlog {
		h.Waiting += b.Waiting
	}
	if len(h.Backlog) > 0 {
		h.OldestWaiting = h.Backlog[0].Since
	}
	h.Listeners = o.e.feed.count()
	return h, nil
}

// AppointOperator makes the account with an e-mail an operator's, or a tenant's again. It
// works on the repository alone, for whoever has that: no operator appoints another one.
func AppointOperator(ctx context.Context, r repository.Repository, email string, operator bool) (core.Tenant, error) {
	email, err := core.NormalizeEmail(email)
	if err != nil {
		return core.Tenant{}, err
	}
	id, err := r.Directory().TenantByEmail(ctx, email)
	if err != nil {
		return core.Tenant{}, err
	}
	now := r.Now().UTC().Truncate(time.Microsecond)
	entry, err := core.NewUUID(now, rand.Reader)
	if err != nil {
		return core.Tenant{}, err
	}
	action := core.OperatorRemoved
	if operator {
		action = core.OperatorAdded
	}
	return r.Tenant(id).Account().Govern(ctx, core.AuditEntry{
		ID: core.AuditID(entry), Tenant: id, Actor: commandLine, Action: action, At: now,
	}, func(t *core.Tenant) error { t.Operator = operator; return nil })
}

// commandLine is written down for what no account did.
const commandLine = "command line"

package bunrepository

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// mutant is a good repository with one rule broken.
type mutant struct {
	repository.Repository
	tweaks
	mu   sync.Mutex
	seen []core.TenantID
}

// tweaks replace single methods.
type tweaks struct {
	accept   func(repository.Inbox, core.InboxEntry) (core.InboxID, bool, error)
	finish   func(repository.Inbox, core.InboxEntry) error
	edit     func(repository.Inbox, core.InboxEntry) (core.InboxID, bool, error)
	revoke   func(repository.Inbox, core.InboxEntry) error
	begin    func(repository.Lane, repository.Deliveries, repository.Begin) (core.Delivery, error)
	settle   func(repository.Deliveries, repository.Settle) (core.Delivery, error)
	history  func(repository.Lane, time.Time) ([]core.Dispatch, error)
	renew    func(repository.Lane, core.Lane, time.Time) error
	wake     func(repository.Lane, time.Time) error
	find     func(m *mutant, own repository.Deliveries, id core.DeliveryID) (core.Delivery, error)
	save     func(repository.Offers, repository.SaveOffer) (core.Offer, error)
	list     func(repository.Offers, repository.OfferQuery) ([]core.Offer, error)
	active   func(repository.Sources, core.JID) (core.Source, error)
	discover func(repository.Sources, []core.Source) ([]core.Source, error)
	update   func(repository.Instance, func(*core.Instance) error) (core.Instance, error)
	take     func(q repository.Queue, now time.Time, holder string, lease time.Duration) (core.Lane, error)
	due      func(q repository.Queue, now, before time.Time, limit int) ([]repository.InboxRef, error)
	byName   func(repository.Directory, string) (core.TenantID, error)
}

func (m *mutant) tenants() []core.TenantID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen)
}

func (m *mutant) Tenant(id core.TenantID) repository.Tenant {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = append(m.seen, id)
	return mutantTenant{m.Repository.Tenant(id), m}
}

func (m *mutant) Queue() repository.Queue { return mutantQueue{m.Repository.Queue(), m} }
func (m *mutant) Directory() repository.Directory {
	return mutantDirectory{m.Repository.Directory(), m}
}

type mutantTenant struct {
	repository.Tenant
	m *mutant
}

func (t mutantTenant) Inbox() repository.Inbox       { return mutantInbox{t.Tenant.Inbox(), t.m} }
func (t mutantTenant) Offers() repository.Offers     { return mutantOffers{t.Tenant.Offers(), t.m} }
func (t mutantTenant) Sources() repository.Sources   { return mutantSources{t.Tenant.Sources(), t.m} }
func (t mutantTenant) Instance() repository.Instance { return mutantInstance{t.Tenant.Instance(), t.m} }
func (t mutantTenant) Deliveries() repository.Deliveries {
	return mutantDeliveries{t.Tenant.Deliveries(), t.m}
}

func (t mutantTenant) Lane() repository.Lane {
	return mutantLane{t.Tenant.Lane(), t.Tenant.Deliveries(), t.m}
}

type mutantInbox struct {
	repository.Inbox
	m *mutant
}

func (b mutantInbox) Accept(ctx context.Context, e core.InboxEntry) (core.InboxID, bool, error) {
	if b.m.accept == nil {
		return b.Inbox.Accept(ctx, e)
	}
	return b.m.accept(b.Inbox, e)
}

func (b mutantInbox) Finish(ctx context.Context, e core.InboxEntry) error {
	if b.m.finish == nil {
		return b.Inbox.Finish(ctx, e)
	}
	return b.m.finish(b.Inbox, e)
}

func (b mutantInbox) Edit(ctx context.Context, e core.InboxEntry) (core.InboxID, bool, error) {
	if b.m.edit == nil {
		return b.Inbox.Edit(ctx, e)
	}
	return b.m.edit(b.Inbox, e)
}

func (b mutantInbox) Revoke(ctx context.Context, e core.InboxEntry) error {
	if b.m.revoke == nil {
		return b.Inbox.Revoke(ctx, e)
	}
	return b.m.revoke(b.Inbox, e)
}

type mutantDeliveries struct {
	repository.Deliveries
	m *mutant
}

func (d mutantDeliveries) Get(ctx context.Context, id core.DeliveryID) (core.Delivery, error) {
	if d.m.find == nil {
		return d.Deliveries.Get(ctx, id)
	}
	return d.m.find(d.m, d.Deliveries, id)
}

func (d mutantLane) Begin(ctx context.Context, b repository.Begin) (core.Delivery, error) {
	if d.m.begin == nil {
		return d.Lane.Begin(ctx, b)
	}
	return d.m.begin(d.Lane, d.deliveries, b)
}

func (d mutantDeliveries) Settle(ctx context.Context, s repository.Settle) (core.Delivery, error) {
	if d.m.settle == nil {
		return d.Deliveries.Settle(ctx, s)
	}
	return d.m.settle(d.Deliveries, s)
}

func (d mutantLane) History(ctx context.Context, since time.Time) ([]core.Dispatch, error) {
	if d.m.history == nil {
		return d.Lane.History(ctx, since)
	}
	return d.m.history(d.Lane, since)
}

func (d mutantLane) Wake(ctx context.Context, now time.Time) error {
	if d.m.wake == nil {
		return d.Lane.Wake(ctx, now)
	}
	return d.m.wake(d.Lane, now)
}

type mutantLane struct {
	repository.Lane
	deliveries repository.Deliveries
	m          *mutant
}

func (d mutantLane) Renew(ctx context.Context, lane core.Lane, until time.Time) error {
	if d.m.renew == nil {
		return d.Lane.Renew(ctx, lane, until)
	}
	return d.m.renew(d.Lane, lane, until)
}

type mutantOffers struct {
	repository.Offers
	m *mutant
}

func (o mutantOffers) Save(ctx context.Context, s repository.SaveOffer) (core.Offer, error) {
	if o.m.save == nil {
		return o.Offers.Save(ctx, s)
	}
	return o.m.save(o.Offers, s)
}

func (o mutantOffers) List(ctx context.Context, q repository.OfferQuery) ([]core.Offer, error) {
	if o.m.list == nil {
		return o.Offers.List(ctx, q)
	}
	return o.m.list(o.Offers, q)
}

type mutantSources struct {
	repository.Sources
	m *mutant
}

func (s mutantSources) Active(ctx context.Context, jid core.JID) (core.Source, error) {
	if s.m.active == nil {
		return s.Sources.Active(ctx, jid)
	}
	return s.m.active(s.Sources, jid)
}

func (s mutantSources) Discovered(ctx context.Context, groups []core.Source) ([]core.Source, error) {
	if s.m.discover == nil {
		return s.Sources.Discovered(ctx, groups)
	}
	return s.m.discover(s.Sources, groups)
}

type mutantInstance struct {
	repository.Instance
	m *mutant
}

func (n mutantInstance) Update(ctx context.Context, change func(*core.Instance) error) (core.Instance, error) {
	if n.m.update == nil {
		return n.Instance.Update(ctx, change)
	}
	return n.m.update(n.Instance, change)
}

type mutantQueue struct {
	repository.Queue
	m *mutant
}

func (q mutantQueue) TakeLane(ctx context.Context, now time.Time, holder string, lease time.Duration) (core.Lane, error) {
	if q.m.take == nil {
		return q.Queue.TakeLane(ctx, now, holder, lease)
	}
	return q.m.take(q.Queue, now, holder, lease)
}

func (q mutantQueue) DueInbox(ctx context.Context, now, before time.Time, limit int) ([]repository.InboxRef, error) {
	if q.m.due == nil {
		return q.Queue.DueInbox(ctx, now, before, limit)
	}
	return q.m.due(q.Queue, now, before, limit)
}

type mutantDirectory struct {
	repository.Directory
	m *mutant
}

func (d mutantDirectory) TenantByInstanceName(ctx context.Context, name string) (core.TenantID, error) {
	if d.m.byName == nil {
		return d.Directory.TenantByInstanceName(ctx, name)
	}
	return d.m.byName(d.Directory, name)
}

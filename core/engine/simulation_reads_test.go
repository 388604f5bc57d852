package engine_test

import (
	"context"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

// watched is the database as one process reaches it. Reads are points too, so that of all
// goroutines one runs at a time: else a seed would not say what happens.
type watched struct {
	repository.Repository
	r *replica
}

func (w watched) Tenant(id core.TenantID) repository.Tenant {
	// The database itself notes when an offer's deliveries could be seen.
	below := saves{w.Repository, func(own repository.Offers, ctx context.Context, all []repository.SaveOffer) ([]core.Offer, error) {
		saved, err := own.Save(ctx, all...)
		for _, offer := range saved {
			w.r.s.meter.save(offer.ID, w.r.s.now())
		}
		return saved, err
	}}
	return watchedTenant{faulty.Repository(below, w.r.trip(string(id))).Tenant(id), w.r, string(id)}
}

func (w watched) Queue() repository.Queue {
	return watchedQueue{faulty.Repository(w.Repository, w.r.trip("")).Queue(), w.r}
}

func (w watched) Directory() repository.Directory {
	return watchedDirectory{faulty.Repository(w.Repository, w.r.trip("")).Directory(), w.r}
}

// read stands before a read of what the words name.
func read[T any](ctx context.Context, r *replica, ask func() (T, error), words ...string) (T, error) {
	if err := r.trip(strings.Join(words, " "))(ctx, "read"); err != nil {
		var none T
		return none, err
	}
	return ask()
}

type watchedQueue struct {
	repository.Queue
	r *replica
}

func (q watchedQueue) Backlog(ctx context.Context, now time.Time, limit int) ([]repository.Backlog, error) {
	return read(ctx, q.r, func() ([]repository.Backlog, error) { return q.Queue.Backlog(ctx, now, limit) }, "backlog")
}

func (q watchedQueue) Unsettled(ctx context.Context, now time.Time, limit int) ([]repository.DeliveryRef, error) {
	return read(ctx, q.r, func() ([]repository.DeliveryRef, error) { return q.Queue.Unsettled(ctx, now, limit) }, "unsettled")
}

type watchedDirectory struct {
	repository.Directory
	r *replica
}

func (d watchedDirectory) TenantByWebhook(ctx context.Context, hash string) (core.TenantID, error) {
	return read(ctx, d.r, func() (core.TenantID, error) { return d.Directory.TenantByWebhook(ctx, hash) }, "webhook", hash)
}

func (d watchedDirectory) TenantByInstanceName(ctx context.Context, name string) (core.TenantID, error) {
	return read(ctx, d.r, func() (core.TenantID, error) { return d.Directory.TenantByInstanceName(ctx, name) }, "name", name)
}

func (d watchedDirectory) Unchecked(ctx context.Context, before time.Time, limit int) ([]core.TenantID, error) {
	return read(ctx, d.r, func() ([]core.TenantID, error) { return d.Directory.Unchecked(ctx, before, limit) }, "unchecked")
}

type watchedTenant struct {
	repository.Tenant
	r  *replica
	id string
}

func (t watchedTenant) Instance() repository.Instance { return watchedInstance{t.Tenant.Instance(), t} }
func (t watchedTenant) Inbox() repository.Inbox       { return oneByOne{t.Tenant.Inbox()} }
func (t watchedTenant) Lane() repository.Lane         { return watchedLane{t.Tenant.Lane(), t.r.s} }
func (t watchedTenant) Deliveries() repository.Deliveries {
	return watchedDeliveries{t.Tenant.Deliveries(), t}
}

type watchedInstance struct {
	repository.Instance
	t watchedTenant
}

func (i watchedInstance) Get(ctx context.Context) (core.Instance, error) {
	return read(ctx, i.t.r, func() (core.Instance, error) { return i.Instance.Get(ctx) }, "instance", i.t.id)
}

type watchedDeliveries struct {
	repository.Deliveries
	t watchedTenant
}

func (d watchedDeliveries) Get(ctx context.Context, id core.DeliveryID) (core.Delivery, error) {
	return read(ctx, d.t.r, func() (core.Delivery, error) { return d.Deliveries.Get(ctx, id) }, "delivery", d.t.id, string(id))
}

// oneByOne has a process work at one message of a tenant at a time.
type oneByOne struct{ repository.Inbox }

func (b oneByOne) Claim(ctx context.Context, now, until time.Time, _ int) ([]core.InboxEntry, error) {
	return b.Inbox.Claim(ctx, now, until, 1)
}

// watchedLane notes when the sender had looked at what is pending.
type watchedLane struct {
	repository.Lane
	s *simulation
}

func (l watchedLane) Begin(ctx context.Context, b repository.Begin) ([]core.Delivery, error) {
	looked := l.s.now()
	begun, err := l.Lane.Begin(ctx, b)
	for _, d := range begun {
		l.s.meter.begin(d.ID, looked)
	}
	return begun, err
}

package engine

import (
	"context"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	// feedPoll is how often a listener looks for what other processes changed.
	feedPoll = time.Second
	// feedOverlap is how far each look goes back behind the newest change already seen: a
	// change shows its time only when its transaction ends, and the clocks of processes
	// differ.
	feedOverlap = 5 * time.Second
	feedPage    = 500
)

// Watch tells what changes for the tenant after since, until ctx ends or tell returns an
// error, which it returns. The truth is the database, so changes made by any process are
// told, within about a second, and at once those made by this one. tell is called for each
// look, also with no changes, so that a connection can be kept alive.
//
// A change is told at least once, perhaps not in order; a thing that changed several times
// between two looks is told of once. Whoever comes back after an interruption gives as since
// the At of the newest change they were told.
func (t *Tenant) Watch(ctx context.Context, since time.Time, tell func([]repository.Change) error) error {
	wake, leave := t.e.feed.listen(t.id)
	defer leave()
	tick := time.NewTicker(feedPoll)
	defer tick.Stop()
	told := map[string]time.Time{} // by id, what is within the overlap
	newest := since
	for {
		fresh, err := t.untold(ctx, newest.Add(-feedOverlap), told)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		for _, c := range fresh {
			told[c.ID] = c.At
			if c.At.After(newest) {
				newest = c.At
			}
		}
		for id, at := range told {
			if at.Before(newest.Add(-feedOverlap)) {
				delete(told, id)
			}
		}
		if err := tell(fresh); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-wake:
		}
	}
}

// untold reads the changes from a time on that were not told yet.
func (t *Tenant) untold(ctx context.Context, from time.Time, told map[string]time.Time) (fresh []repository.Change, err error) {
	after := repository.Moment{At: from}
	for {
		page, err := t.repo.Changes(ctx, after, feedPage)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if at, known := told[c.ID]; !known || !at.Equal(c.At) {
				fresh = append(fresh, c)
			}
		}
		if len(page) < feedPage {
			return fresh, nil
		}
		after = page[len(page)-1].Moment
	}
}

// feed wakes the listeners of this process. It carries no news: a listener that is woken
// looks for itself.
type feed struct {
	mu        sync.Mutex
	listeners map[core.TenantID]map[chan struct{}]bool
}

func (f *feed) listen(id core.TenantID) (wake <-chan struct{}, leave func()) {
	c := make(chan struct{}, 1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == nil {
		f.listeners = map[core.TenantID]map[chan struct{}]bool{}
	}
	if f.listeners[id] == nil {
		f.listeners[id] = map[chan struct{}]bool{}
	}
	f.listeners[id][c] = true
	return c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if delete(f.listeners[id], c); len(f.listeners[id]) == 0 {
			delete(f.listeners, id)
		}
	}
}

func (f *feed) count() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, listeners := range f.listeners {
		n += len(listeners)
	}
	return n
}

func (f *feed) wake(id core.TenantID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.listeners[id] {
		select {
		case c <- struct{}{}:
		default: // it is awake already
		}
	}
}

// noticed is a tenant's repository whose changes wake the tenant's listeners.
type noticed struct {
	repository.Tenant
	wake func()
}

func (n noticed) Instance() repository.Instance {
	return noticedInstance{n.Tenant.Instance(), n.wake}
}
func (n noticed) Inbox() repository.Inbox   { return noticedInbox{n.Tenant.Inbox(), n.wake} }
func (n noticed) Offers() repository.Offers { return noticedOffers{n.Tenant.Offers(), n.wake} }
func (n noticed) Lane() repository.Lane     { return noticedLane{n.Tenant.Lane(), n.wake} }
func (n noticed) Deliveries() repository.Deliveries {
	return noticedDeliveries{n.Tenant.Deliveries(), n.wake}
}

type noticedInstance struct {
	repository.Instance
	wake func()
}

func (n noticedInstance) Create(ctx context.Context, i core.Instance) error {
	defer n.wake()
	return n.Instance.Create(ctx, i)
}

func (n noticedInstance) Update(ctx context.Context, change func(*core.Instance) error) (core.Instance, error) {
	defer n.wake()
	return n.Instance.Update(ctx, change)
}

type noticedInbox struct {
	repository.Inbox
	wake func()
}

func (n noticedInbox) Revoke(ctx context.Context, e core.InboxEntry) error {
	defer n.wake()
	return n.Inbox.Revoke(ctx, e)
}

type noticedOffers struct {
	repository.Offers
	wake func()
}

func (n noticedOffers) Save(ctx context.Context, all ...repository.SaveOffer) ([]core.Offer, error) {
	defer n.wake()
	return n.Offers.Save(ctx, all...)
}

type noticedLane struct {
	repository.Lane
	wake func()
}

func (n noticedLane) Begin(ctx context.Context, b repository.Begin) ([]core.Delivery, error) {
	defer n.wake()
	return n.Lane.Begin(ctx, b)
}

func (n noticedLane) Conclude(ctx context.Context, all []repository.Settle, lane core.Lane, next time.Time) error {
	defer n.wake()
	return n.Lane.Conclude(ctx, all, lane, next)
}

type noticedDeliveries struct {
	repository.Deliveries
	wake func()
}

func (n noticedDeliveries) Settle(ctx context.Context, s repository.Settle) (core.Delivery, error) {
	defer n.wake()
	return n.Deliveries.Settle(ctx, s)
}

package engine

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	claimBatch   = 16     // messages of one turn
	claimsAtOnce = 4      // of them, because each may wait for other people's servers
	maxBacklogs  = 10_000 // tenants looked at in one sweep
)

// answerDoorbell notes that a tenant has work. The doorbell is done with that: the entry is
// in the database, and the sweep finds it whatever happens to this process. Garbage is
// dropped.
func (e *Engine) answerDoorbell(_ context.Context, m bus.Message) error {
	var d doorbell
	if err := json.Unmarshal(m.Payload, &d); err != nil || !core.IsUUID(string(d.Tenant)) || !core.IsUUID(string(d.Inbox)) {
		e.log.Warn("doorbell dropped: it is not one of ours", "bus_id", m.ID)
		return nil
	}
	e.turns.call(d.Tenant)
	return nil
}

// work gives tenants their turns until ctx ends and the turns under way are over.
func (e *Engine) work(ctx context.Context) {
	var wg sync.WaitGroup
	for range e.config.Workers {
		wg.Go(func() {
			for {
				id, ok := e.turns.next(ctx)
				if !ok {
					return
				}
				e.turns.end(id, e.Tenant(id).turn(ctx))
			}
		})
	}
	wg.Wait()
}

// sweep calls tenants whose doorbells were lost, whose retries are due, or whose worker
// died.
func (e *Engine) sweep(ctx context.Context) {
	now := e.now()
	backlog, err := e.deps.Repository.Queue().Backlog(ctx, now, maxBacklogs)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("looking for unprocessed messages failed", "error", err)
		}
		return
	}
	e.load.learn(backlog, now)
	for _, b := range backlog {
		if now.Sub(b.Since) >= e.config.DoorbellGrace {
			e.turns.call(b.Tenant)
		}
	}
}

// turn processes the tenant's next messages and says whether there may be more. When ctx
// ends those that were begun are finished and the others given back.
func (t *Tenant) turn(ctx context.Context) (more bool) {
	work := context.WithoutCancel(ctx)
	now := t.e.now()
	claims, err := t.repo.Inbox().Claim(work, now, now.Add(t.e.config.Lease), claimBatch)
	if err == nil && len(claims) > 0 {
		err = t.processAll(ctx, claims)
	}
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		t.log().Error("the tenant's messages were not processed; they will be tried again", "error", err)
		return false
	}
	// Claims are short of the batch also when one was claimed alone.
	return len(claims) > 0
}

func (t *Tenant) processAll(ctx context.Context, claims []core.InboxEntry) error {
	work := context.WithoutCancel(ctx)
	v, err := t.look(work)
	if err != nil {
		return err
	}
	stop := t.keepClaims(work, claims)
	defer stop()
	r := t.newResults()
	finish := r.storing(work)
	each(claims, claimsAtOnce, func(entry core.InboxEntry) {
		if ctx.Err() != nil {
			entry.State, entry.RetryAt = core.InboxNew, t.e.now()
			r.end(entry)
			return
		}
		if err := t.process(work, v, entry, r); ignoreConflict(err) != nil {
			t.log().Error("processing failed; it will be tried again", "inbox_id", string(entry.ID), "error", err)
		}
	})
	finish()
	return ignoreConflict(t.repo.Inbox().Finish(work, r.ended...))
}

// keepClaims renews claims until the returned function is called; those that have ended are
// not affected.
func (t *Tenant) keepClaims(ctx context.Context, claims []core.InboxEntry) (stop func()) {
	return keeping(ctx, t.e.config.Lease/3, func(ctx context.Context) {
		if err := t.repo.Inbox().Renew(ctx, claims, t.e.now().Add(t.e.config.Lease)); err != nil && ctx.Err() == nil {
			t.log().Warn("claims were not renewed; others may begin the same work", "error", err)
		}
	})
}

// keeping calls f each interval until the returned function is called, which waits for a
// call under way.
func keeping(ctx context.Context, interval time.Duration, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				f(ctx)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// view is what judging a tenant's messages needs to know, read at one moment.
type view struct {
	tenant       core.Tenant
	sources      []core.Source
	destinations []core.Destination
	tags         []core.Tag
}

func (t *Tenant) look(ctx context.Context) (v view, err error) {
	err = t.repo.Snapshot(ctx, func(r repository.Tenant) (err error) {
		if v.tenant, err = r.Account().Get(ctx); err != nil {
			return err
		}
		if v.sources, err = r.Sources().List(ctx); err != nil {
			return err
		}
		if v.destinations, err = r.Destinations().List(ctx); err != nil {
			return err
		}
		v.tags, err = r.Tags().List(ctx)
		return err
	})
	return v, err
}

// source is the group a message came from, with the rules it has, also when it was switched
// off since; the zero Source when it was removed.
func (v view) source(chat core.JID) core.Source {
	for _, s := range v.sources {
		if s.JID == chat {
			return s
		}
	}
	return core.Source{}
}

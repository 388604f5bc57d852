package engine

import (
	"context"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	readyBatch      = 100
	recheckOffline  = 30 * time.Second // lane pause while the instance is not connected
	historySpan     = 26 * time.Hour   // covers the longest local day
	leaseMargin     = 30 * time.Second // a dispatching delivery is given up this long after its call must have ended
	mediaTimeout    = time.Minute
	laneLease       = 10 * time.Second // a dead holder's lane goes on after this; a living one renews
	throttleDefault = 15 * time.Minute
	throttleMax     = 6 * time.Hour
	outageRetry     = time.Minute // lane pause when the provider cannot be reached
)

// nudge wakes the dispatcher of this process; others find the lane by polling.
func (e *Engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// wake makes the tenant's lane due, after something changed that it may have waited for.
func (t *Tenant) wake(ctx context.Context) {
	if err := t.repo.Lane().Wake(ctx, t.e.now()); err != nil && core.CodeOf(err) != core.CodeNotFound {
		t.log().Warn("the lane was not woken; it will be due by itself", "error", err)
	}
	t.e.nudge()
}

// dispatch takes due lanes, the longest-due first, and serves up to Senders of them at
// once. It ends with ctx, after the sends under way.
func (e *Engine) dispatch(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, e.config.Senders)
	idle := time.NewTimer(0)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case free <- struct{}{}:
		}
		lane, err := e.deps.Repository.Queue().TakeLane(ctx, e.now(), e.holder, laneLease)
		if err == nil {
			wg.Go(func() {
				defer func() { <-free; e.nudge() }()
				// A send under way outlives the shutdown signal.
				sendCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mediaTimeout+e.config.SendTimeout+leaseMargin)
				defer cancel()
				e.Tenant(lane.Tenant).serve(sendCtx, lane)
			})
			continue
		}
		<-free
		if core.CodeOf(err) != core.CodeNotFound && ctx.Err() == nil {
			e.log.Error("no lane could be taken", "error", err)
		}
		idle.Reset(e.config.IdlePoll)
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-idle.C:
		}
	}
}

// serve sends at most one message of a leased lane and gives the lease back.
func (t *Tenant) serve(ctx context.Context, lane core.Lane) {
	stop := t.keep(ctx, lane)
	next, err := t.sendNext(ctx, lane)
	stop()
	if err != nil {
		t.log().Error("the lane could not be served", "error", err)
		next = t.e.now().Add(outageRetry)
	}
	// The lease must go back even when the time for sending is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := t.repo.Lane().Release(ctx, lane, next); err != nil {
		t.log().Error("the lane's lease was not given back; it will expire", "error", err)
	}
}

// keep renews a lease until the returned function is called. A lease that is lost all the
// same stops nothing here: the fence refuses whatever a former holder begins.
func (t *Tenant) keep(ctx context.Context, lane core.Lane) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(laneLease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := t.repo.Lane().Renew(ctx, lane, t.e.now().Add(laneLease)); err != nil && ctx.Err() == nil {
				t.log().Warn("the lane's lease was not renewed", "error", err)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// sendNext picks the delivery whose turn it is and sends it. It returns when the lane shall
// be looked at again; the gap after a send is kept by the repository.
func (t *Tenant) sendNext(ctx context.Context, lane core.Lane) (time.Time, error) {
	tenant, err := t.Get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	inst, err := t.repo.Instance().Get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	now := t.e.now()
	ready, err := t.fresh(ctx, tenant, now)
	if err != nil || len(ready) == 0 {
		return now, err
	}
	if inst.Status != core.InstanceConnected || !tenant.Active {
		return now.Add(recheckOffline), nil
	}
	d, at, err := t.choose(ctx, tenant, inst, ready, now)
	if err != nil || d == nil {
		return at, err
	}
	return t.send(ctx, lane, tenant, inst, *d)
}

// fresh lists the deliveries whose turn it may be, after expiring those that got too old.
func (t *Tenant) fresh(ctx context.Context, tenant core.Tenant, now time.Time) ([]core.Delivery, error) {
	for {
		ready, err := t.repo.Deliveries().Ready(ctx, readyBatch)
		if err != nil {
			return nil, err
		}
		expired := false
		for _, d := range ready {
			if now.Sub(d.SourceAt) <= tenant.Settings.MaxAge {
				continue
			}
			_, err := t.repo.Deliveries().Settle(ctx, repository.Settle{
				ID: d.ID, From: core.DeliveryPending, Attempt: d.Attempt, To: core.DeliveryExpired,
				Reason: core.ReasonTooOld, Now: now,
			})
			if err != nil && core.CodeOf(err) != core.CodeConflict {
				return nil, err
			}
			expired = true
		}
		if !expired {
			return ready, nil
		}
	}
}

// choose returns the first delivery that pacing allows now, or nil and when to look again.
func (t *Tenant) choose(ctx context.Context, tenant core.Tenant, inst core.Instance, ready []core.Delivery, now time.Time) (*core.Delivery, time.Time, error) {
	var history []core.Dispatch
	if !t.e.config.WithoutPacing {
		var err error
		if history, err = t.repo.Lane().History(ctx, now.Add(-historySpan)); err != nil {
			return nil, now, err
		}
		if at, why := policy.Slot(tenant.Settings, inst.LinkedAt, now, history); at.After(now) {
			t.log().Debug("the lane waits", "reason", why, "until", at)
			return nil, at, nil
		}
	}
	next := now.Add(recheckOffline)
	for i, d := range ready {
		at := d.NotBefore
		if !t.e.config.WithoutPacing {
			if g := policy.GroupReady(tenant.Settings.Pacing, d.DestinationID, history); g.After(at) {
				at = g
			}
		}
		if !at.After(now) {
			return &ready[i], now, nil
		}
		if at.Before(next) {
			next = at
		}
	}
	return nil, next, nil
}

// gap is the pause after a send that begins at now.
func (t *Tenant) gap(p core.Pacing) (gap time.Duration) {
	if t.e.config.WithoutPacing {
		return 0
	}
	t.e.draw(func(r *mathrand.Rand) { gap = policy.Gap(p, r) })
	return gap
}

package engine

import (
	"context"
	"encoding/json"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	readyBatch      = 100
	recheckOffline  = 30 * time.Second // lane pause while the instance is not connected
	historySpan     = 26 * time.Hour   // covers the longest local day
	mediaTimeout    = time.Minute
	throttleDefault = 15 * time.Minute
	throttleMax     = 6 * time.Hour
	outageRetry     = time.Minute // lane pause when the provider cannot be reached
	// visitTime is how long a lane without gaps is served before the others have a turn.
	visitTime = 500 * time.Millisecond
	busyPause = time.Second // lane pause while a lost lease is still at work
)

// nudge wakes the dispatcher of this process; others find the lane by polling.
func (e *Engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// callDispatcher wakes a dispatcher: this process's own, else one of another process. One
// that is not reached finds the lane by itself, a little later.
func (t *Tenant) callDispatcher(ctx context.Context) {
	if t.e.config.Roles&Dispatcher != 0 {
		t.e.nudge()
		return
	}
	payload, err := json.Marshal(dispatchBell{Tenant: t.id})
	if err == nil {
		err = t.e.deps.Publisher.Publish(ctx, TopicDispatch, bus.Message{Payload: payload})
	}
	if err != nil {
		t.log().Debug("no dispatcher was called", "error", err)
	}
}

// dispatchBell is the payload of TopicDispatch.
type dispatchBell struct {
	Tenant core.TenantID `json:"user_id"`
}

// answerDispatchBell looks for due lanes, whoever's they are.
func (e *Engine) answerDispatchBell(context.Context, bus.Message) error {
	e.nudge()
	return nil
}

// wake makes the tenant's lane due, after something changed that it may have waited for.
func (t *Tenant) wake(ctx context.Context) {
	if err := t.repo.Lane().Wake(ctx, t.e.now()); err != nil && core.CodeOf(err) != core.CodeNotFound {
		t.log().Warn("the lane was not woken; it will be due by itself", "error", err)
	}
	t.callDispatcher(ctx)
}

// dispatch has up to Senders senders look for due lanes: one each time there may be some, and
// one more for each lane that was found. It ends with ctx, after the sends under way.
func (e *Engine) dispatch(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, e.config.Senders)
	idle := time.NewTicker(e.config.IdlePoll)
	defer idle.Stop()
	for {
		// A place first: whoever gives one up has looked before this wake-up, or after it.
		select {
		case <-ctx.Done():
			return
		case free <- struct{}{}:
		}
		wg.Go(func() {
			defer func() { <-free }()
			e.sendDue(ctx)
		})
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-idle.C:
		}
	}
}

// sendDue takes due lanes, the longest-due first, and serves one after the other until none
// is due. Taking a lane has to be durable, so senders that take at the same time share the
// price, or at least the wait.
func (e *Engine) sendDue(ctx context.Context) {
	for ctx.Err() == nil {
		lane, err := e.deps.Repository.Queue().TakeLane(ctx, e.now(), e.holder, e.config.Lease)
		if err != nil {
			if core.CodeOf(err) != core.CodeNotFound && ctx.Err() == nil {
				e.log.Error("no lane could be taken", "error", err)
			}
			return
		}
		e.nudge()
		e.visit(ctx, lane)
	}
}

// visit serves a lane, unless this process is at it still: then its lease was lost because it
// could not be renewed, and two sends of one session must not overlap.
func (e *Engine) visit(ctx context.Context, lane core.Lane) {
	v := &visit{Tenant: e.Tenant(lane.Tenant), lane: lane, over: ctx, each: 1}
	if _, busy := e.visited.LoadOrStore(lane.Instance, true); busy {
		if err := v.release(ctx, e.now().Add(busyPause)); err != nil && ctx.Err() == nil {
			v.log().Error("the lane's lease was not given back; it will expire", "error", err)
		}
		return
	}
	defer e.visited.Delete(lane.Instance)
	// A send under way outlives the shutdown signal.
	sendCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), visitTime+mediaTimeout+e.config.SendTimeout+e.config.margin())
	defer cancel()
	v.serve(sendCtx)
}

// visit is the time a sender has a lane for.
type visit struct {
	*Tenant
	lane core.Lane
	// over ends when no further message shall be begun.
	over context.Context
	// each is how many messages of each group are looked at together.
	each int
	// last is what the last attempts came to, until it is stored: with the next step of the
	// lane, since each transaction has its price.
	last []repository.Settle
}

// serve sends what may go and gives the lease back.
func (v *visit) serve(ctx context.Context) {
	stop := v.keep(ctx, v.lane)
	next, err := v.run(ctx)
	stop()
	if err != nil {
		v.log().Error("the lane could not be served", "error", err)
		next = v.e.now().Add(outageRetry)
	}
	// The lease must go back even when the time for sending is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := v.release(ctx, next); err != nil {
		v.log().Error("the lane's lease was not given back; it will expire", "error", err)
	}
}

// release gives the lease back, with what the last attempts came to.
func (v *visit) release(ctx context.Context, next time.Time) error {
	if len(v.last) > 0 {
		if err := v.repo.Lane().Conclude(ctx, v.last, v.lane, next); err == nil {
			return nil
		}
	}
	return errors.Join(v.settled(ctx), v.repo.Lane().Release(ctx, v.lane, next))
}

// settled stores what the last attempts came to by itself, before anything that takes time.
func (v *visit) settled(ctx context.Context) (err error) {
	// What is known about a call must be stored even when its time is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, s := range v.last {
		err = errors.Join(err, v.conclude(ctx, s))
	}
	v.last = nil
	return err
}

// begin permits attempts, and stores what those before came to.
func (v *visit) begin(ctx context.Context, b repository.Begin) ([]core.Delivery, error) {
	b.Settle = v.last
	begun, err := v.repo.Lane().Begin(ctx, b)
	if err == nil {
		v.last = nil
		return begun, nil
	}
	if failed := v.settled(ctx); failed != nil || len(b.Settle) == 0 || core.CodeOf(err) != core.CodeConflict {
		return nil, errors.Join(failed, err)
	}
	b.Settle = nil // an echo was faster, perhaps, and had settled one of them
	return v.repo.Lane().Begin(ctx, b)
}

// keep renews a lease until the returned function is called. A lease that is lost all the
// same stops nothing here: the fence refuses whatever a former holder begins.
func (t *Tenant) keep(ctx context.Context, lane core.Lane) (stop func()) {
	return keeping(ctx, t.e.config.Lease/3, func(ctx context.Context) {
		if err := t.repo.Lane().Renew(ctx, lane, t.e.now().Add(t.e.config.Lease)); err != nil && ctx.Err() == nil {
			t.log().Warn("the lane's lease was not renewed", "error", err)
		}
	})
}

// standing is what choosing and permitting the next send needs to know, read at one moment.
type standing struct {
	view
	instance core.Instance
	ready    []repository.Ready
	history  []core.Dispatch
}

func (t *Tenant) standing(ctx context.Context, each int, now time.Time) (s standing, err error) {
	err = t.repo.Snapshot(ctx, func(r repository.Tenant) (err error) {
		if s.ready, err = r.Deliveries().Ready(ctx, each, readyBatch); err != nil || len(s.ready) == 0 {
			return err
		}
		if s.tenant, err = r.Account().Get(ctx); err != nil {
			return err
		}
		s.tenant.Settings = s.tenant.Bound()
		if s.instance, err = r.Instance().Get(ctx); err != nil {
			return err
		}
		if s.destinations, err = r.Destinations().List(ctx); err != nil {
			return err
		}
		if s.tags, err = r.Tags().List(ctx); err != nil || t.e.config.WithoutPacing {
			return err
		}
		s.history, err = r.Lane().History(ctx, now.Add(-historySpan))
		return err
	})
	return s, err
}

// run sends what may go now, one message after the other: one only where the lane is paced,
// since it rests then. It returns when the lane shall be looked at again; the gap after a
// send is kept by the repository.
func (v *visit) run(ctx context.Context) (time.Time, error) {
	until := v.e.now().Add(visitTime)
	for {
		next, more, err := v.round(ctx)
		if err != nil || !more || v.over.Err() != nil || v.e.now().After(until) {
			return next, err
		}
	}
}

// round sends to each group the messages whose turn it is, as far as they may go now. more
// says that there may be some left that may.
func (v *visit) round(ctx context.Context) (next time.Time, more bool, err error) {
	now := v.e.now()
	s, err := v.standing(ctx, v.each, now)
	if err != nil || len(s.ready) == 0 {
		return now, false, err
	}
	if expired, err := v.expire(ctx, s, now); expired || err != nil {
		return now, expired, err // there is something left, perhaps
	}
	if s.instance.Status != core.InstanceConnected || !s.tenant.Active || !v.reachable(s.instance) {
		return now.Add(recheckOffline), false, nil
	}
	turn, at := v.choose(s, now)
	if len(turn) == 0 {
		return at, false, nil
	}
	for len(turn) > 0 {
		n := v.together(s.instance, turn)
		next, sent, err := v.send(ctx, s, turn[:n])
		if err != nil || !sent || !v.e.config.WithoutPacing || v.over.Err() != nil || v.e.now().Sub(now) > visitTime {
			return next, false, err // also because what was read is too old by now
		}
		turn = turn[n:]
	}
	v.each = deeper(v.each, v.e.now().Sub(now), len(s.destinations))
	return now, true, nil
}

// deeper is how many messages of each group the next round looks at, from those of the last
// and the time they took: what a quarter of a visit is enough for, so that few permissions
// are given back.
func deeper(each int, took time.Duration, groups int) int {
	enough := int(time.Duration(each) * (visitTime / 4) / max(took, time.Millisecond))
	return max(1, min(enough, readyBatch/max(groups, 1)))
}

// together is how many of those whose turn it is are permitted at once. All of them are in
// doubt when this process dies, so they must be such that to send them again is no harm.
func (t *Tenant) together(inst core.Instance, turn []repository.Ready) int {
	gw, err := t.e.gateway(inst)
	if err != nil || !t.e.config.WithoutPacing || gw.Capabilities().ClientMessageID != gateway.ClientIDHonoured {
		return 1
	}
	n := slices.IndexFunc(turn, func(r repository.Ready) bool { return r.Media != nil })
	if n < 0 {
		n = len(turn)
	}
	return max(n, 1)
}

// expire ends the deliveries at the head that got too old.
func (t *Tenant) expire(ctx context.Context, s standing, now time.Time) (some bool, err error) {
	for _, d := range s.ready {
		if now.Sub(d.SourceAt) <= s.tenant.Settings.MaxAge {
			continue
		}
		_, err := t.repo.Deliveries().Settle(ctx, repository.Settle{
			ID: d.ID, From: core.DeliveryPending, Attempt: d.Attempt, To: core.DeliveryExpired,
			Reason: core.ReasonTooOld, Now: now,
		})
		if ignoreConflict(err) != nil {
			return some, err
		}
		some = true
	}
	return some, nil
}

// choose returns the deliveries that pacing allows now, the first of which may go in any
// case, or none and when to look again.
func (t *Tenant) choose(s standing, now time.Time) (turn []repository.Ready, next time.Time) {
	if !t.e.config.WithoutPacing {
		if at, why := policy.Slot(s.tenant.Settings, s.instance.LinkedAt, now, s.history); at.After(now) {
			t.log().Debug("the lane waits", "reason", why, "until", at)
			return nil, at
		}
	}
	next = now.Add(recheckOffline)
	waits := map[core.DestinationID]bool{}
	for _, d := range s.ready {
		if waits[d.DestinationID] {
			continue // a group keeps its order
		}
		at := d.NotBefore
		if !t.e.config.WithoutPacing {
			if g := policy.GroupReady(s.tenant.Settings.Pacing, d.DestinationID, s.history); g.After(at) {
				at = g
			}
		}
		if waits[d.DestinationID] = at.After(now); !waits[d.DestinationID] {
			turn = append(turn, d)
		} else if at.Before(next) {
			next = at
		}
	}
	return turn, next
}

// rest is how long the lane rests from the look at its pace on: the gap, and what may pass
// until the call.
func (t *Tenant) rest(p core.Pacing) (rest time.Duration) {
	if t.e.config.WithoutPacing {
		return 0
	}
	t.e.draw(func(r *mathrand.Rand) { rest = policy.Gap(p, r) + promptly })
	return rest
}

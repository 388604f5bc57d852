package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Some gateways hold the sessions' connections to WhatsApp in this process. Dispatchers host
// such sessions: one at most each, by a lease in the database, so that those of a process
// that died go on elsewhere. The host sends for its sessions, because nobody else is given
// their lanes, and makes the calls that others ask of it (see calls.go).

const (
	hostStarts    = 16               // sessions that come up at once
	hostStart     = 10 * time.Second // what a silent start counts for
	hostTrouble   = 30 * time.Second // before a session in trouble is hosted again
	pairAgain     = 5 * time.Second  // between two tries to pair while WhatsApp is out of reach
	replacedPause = time.Minute      // somebody else has the connection
	refusedPause  = 10 * time.Minute // a person has to do something first
	bannedPause   = time.Hour        // when WhatsApp does not say for how long
	maxRefusals   = 5                // of one event that cannot be stored
)

// hosting is what this process hosts.
type hosting struct {
	mu       sync.Mutex
	sessions map[core.TenantID]*hosted
	wake     chan struct{} // a session may need a host
}

// hosted is one session, or what is left of it.
type hosted struct {
	bell chan struct{} // its instance or its calls may have changed
	name string        // of the session that is streamed now, "" for none
	open bool
}

func newHosting() hosting {
	return hosting{sessions: map[core.TenantID]*hosted{}, wake: make(chan struct{}, 1)}
}

// enter notes that a tenant's session is looked after here; nil when it is already.
func (h *hosting) enter(id core.TenantID) *hosted {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[id] != nil {
		return nil
	}
	s := &hosted{bell: make(chan struct{}, 1)}
	h.sessions[id] = s
	return s
}

// leave ends that. Who rang meanwhile meant the next host.
func (h *hosting) leave(id core.TenantID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.sessions[id].bell:
		signal(h.wake)
	default:
	}
	delete(h.sessions, id)
}

// streams notes which session is streamed, and whether it is open.
func (h *hosting) streams(s *hosted, name string, open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.name, s.open = name, open
}

// has says whether the session is streamed here, and whether it is open.
func (h *hosting) has(id core.TenantID, name string) (has, open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[id]
	has = s != nil && s.name == name
	return has, has && s.open
}

// ring has the session looked at now, where this process hosts it or might.
func (h *hosting) ring(id core.TenantID) {
	h.mu.Lock()
	s := h.sessions[id]
	h.mu.Unlock()
	if s != nil {
		signal(s.bell)
		return
	}
	signal(h.wake)
}

// signal sets a signal, unless it is set.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// streamer is the gateway of an instance, when its sessions live in a process.
func (e *Engine) streamer(i core.Instance) (gateway.Streamer, bool) {
	s, ok := e.gateways[i.Provider].(gateway.Streamer)
	return s, ok
}

// reachable says whether this process can use the session right now, as far as it knows.
func (t *Tenant) reachable(i core.Instance) bool {
	if _, ok := t.e.streamer(i); !ok {
		return true
	}
	_, open := t.e.hosting.has(t.id, i.Name)
	return open
}

// host looks for sessions that need a host until ctx ends, and hosts them until sessions
// ends: a send under way needs its connection a little longer.
func (e *Engine) host(ctx, sessions context.Context) {
	var providers []core.Provider
	for name, g := range e.gateways {
		if _, ok := g.(gateway.Streamer); ok {
			providers = append(providers, name)
		}
	}
	if len(providers) == 0 {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { e.every(ctx, e.config.IdlePoll, e.hearCalls) })
	starts := make(chan struct{}, hostStarts)
	look := time.NewTicker(e.config.SweepEvery)
	defer look.Stop()
	for {
		ids, err := e.deps.Repository.Queue().Unhosted(ctx, e.now(), providers, sweepBatch)
		if err != nil && ctx.Err() == nil {
			e.log.Error("looking for sessions to host failed", "error", err)
		}
		for _, id := range ids {
			if s := e.hosting.enter(id); s != nil {
				wg.Go(func() {
					defer e.hosting.leave(id)
					e.Tenant(id).host(sessions, s, starts)
				})
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case <-e.hosting.wake:
		}
	}
}

// errLost ends the hosting of a session whose lease is over.
var errLost = errors.New("the lease on the session is lost")

// host becomes the host of the tenant's session, if it can, and stays it while there is
// something to host. It waits for a place among the starts first.
func (t *Tenant) host(ctx context.Context, s *hosted, starts chan struct{}) {
	select {
	case starts <- struct{}{}:
	case <-ctx.Done():
		return
	}
	started := sync.OnceFunc(func() { <-starts })
	defer started()
	lease := t.e.config.Lease
	now := t.e.now()
	host, err := t.repo.Hosting().Take(ctx, t.e.holder, now, now.Add(lease))
	if err != nil {
		if code := core.CodeOf(err); code != core.CodeConflict && code != core.CodeNotFound && ctx.Err() == nil {
			t.log().Error("the session could not be taken", "error", err)
		}
		return
	}
	ctx, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	// What was not renewed in time may be somebody else's: the stream ends before that, and
	// ending takes its time too.
	left := func(until time.Time) time.Duration { return until.Sub(t.e.now()) - lease/6 }
	expiry := time.AfterFunc(left(now.Add(lease)), func() { lose(errLost) })
	defer expiry.Stop()
	stop := keeping(ctx, lease/3, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, lease/3)
		defer cancel()
		until := t.e.now().Add(lease)
		err := t.repo.Hosting().Keep(ctx, host, until)
		switch core.CodeOf(err) {
		case "":
			expiry.Reset(left(until))
		case core.CodeConflict, core.CodeNotFound:
			lose(errLost)
		default:
			t.log().Warn("the lease on the session was not renewed", "error", err)
		}
	})
	slow := time.AfterFunc(hostStart, started)
	next := t.hold(ctx, s, started)
	slow.Stop()
	stop()
	if errors.Is(context.Cause(ctx), errLost) {
		t.log().Warn("the session is hosted elsewhere or nowhere: its lease was lost")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := t.repo.Hosting().Leave(ctx, host, next); err != nil && core.CodeOf(err) != core.CodeNotFound {
		t.log().Warn("the session's lease was not given back; it will expire", "error", err)
	}
}

// hold streams the tenant's session, whatever its name is by now, and removes one that the
// tenant has disconnected. It returns when the session may be hosted again.
func (t *Tenant) hold(ctx context.Context, s *hosted, started func()) time.Time {
	for ctx.Err() == nil {
		inst, err := t.repo.Instance().Get(ctx)
		if err != nil {
			return t.e.now().Add(hostTrouble)
		}
		streamer, ok := t.e.streamer(inst)
		switch {
		case !ok || !inst.Provisioned:
			return time.Time{}
		case inst.Status == core.InstanceDisconnected:
			if inst.WebhookHash == "" && !t.remove(ctx, inst) {
				return t.e.now().Add(hostTrouble)
			}
			return time.Time{}
		}
		if next, again := t.stream(ctx, s, streamer, inst, started); !again {
			return next
		}
	}
	return time.Time{}
}

// remove ends a session at WhatsApp and notes that it is gone.
func (t *Tenant) remove(ctx context.Context, inst core.Instance) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hostTrouble)
	defer cancel()
	if !t.cleanUp(ctx, inst) {
		return false
	}
	_, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name == inst.Name {
			i.Provisioned = false
		}
		return nil
	})
	return err == nil || core.CodeOf(err) == core.CodeNotFound
}

// stream streams one session until it ends or is the tenant's no more. again says that the
// instance has to be looked at anew; else it may be hosted again at next.
func (t *Tenant) stream(ctx context.Context, s *hosted, streamer gateway.Streamer, inst core.Instance, started func()) (next time.Time, again bool) {
	ctx, stop := context.WithCancel(ctx)
	t.e.hosting.streams(s, inst.Name, false)
	ended := make(chan error, 1)
	go func() { ended <- streamer.Stream(ctx, t.e.session(inst), t.listener(s, inst, started)) }()
	calls := t.answering(ctx)
	defer func() {
		t.e.hosting.streams(s, "", false)
		stop()
		calls.Wait()
	}()
	look := time.NewTicker(t.e.config.Lease / 3)
	defer look.Stop()
	pair := time.NewTicker(pairAgain)
	defer pair.Stop()
	signal(s.bell) // somebody may wait already
	for {
		select {
		case err := <-ended:
			t.e.hosting.streams(s, "", false) // before it is stored: nobody asks about it any more
			return t.streamEnded(ctx, inst, err), false
		case <-s.bell:
		case <-look.C:
		case <-pair.C:
			calls.pairAgain = true
		}
		current, err := t.repo.Instance().Get(ctx)
		switch {
		case core.CodeOf(err) == core.CodeNotFound: // the account was erased
			current = core.Instance{}
		case err != nil:
			continue
		}
		if current.Name == inst.Name && current.Status != core.InstanceDisconnected {
			calls.look(current)
			continue
		}
		if current.Name != inst.Name || current.WebhookHash == "" {
			t.remove(ctx, inst) // while it is connected, so that the phone learns of it
		}
		stop()
		if err := <-ended; err != nil {
			t.log().Debug("the stream of a session that is left has ended", "error", err)
		}
		return time.Time{}, true
	}
}

// listener takes the events of a streamed session.
func (t *Tenant) listener(s *hosted, inst core.Instance, started func()) func(context.Context, gateway.Event) error {
	refused, times := gateway.Event(nil), 0
	return func(ctx context.Context, event gateway.Event) error {
		started()
		err := t.hear(ctx, s, inst, event)
		if err == nil || ctx.Err() != nil || core.CodeOf(err) == core.CodeUnavailable {
			return err
		}
		// A database that is away comes back. Anything else would come again for ever, and
		// nothing behind it would.
		if message, ok := event.(gateway.Message); ok {
			before, _ := refused.(gateway.Message)
			if before.Key != message.Key {
				refused, times = event, 0
			}
			if times++; core.CodeOf(err) != core.CodeInvalid && times < maxRefusals {
				return err
			}
			t.log().Error("a message could not be stored and is lost", "message_id", string(message.Key.ID), "error", err)
			return nil
		}
		t.log().Error("an event could not be stored and is lost", "error", err)
		return nil
	}
}

// hear does what one event of a streamed session asks for.
func (t *Tenant) hear(ctx context.Context, s *hosted, inst core.Instance, event gateway.Event) error {
	c, ok := event.(gateway.Connection)
	if !ok {
		return t.take(ctx, inst, event)
	}
	// Before it is stored: whoever is woken by that asks at once.
	t.e.hosting.streams(s, inst.Name, c.State == gateway.StateOpen)
	defer signal(s.bell)
	if c.State == gateway.StateClosed {
		switch c.Reason {
		case core.ReasonNumberRestricted:
			return nil // the end of the stream tells for how long
		case core.ReasonProviderUnreachable:
			return t.waits(ctx, inst, core.ReasonWhatsAppUnreachable)
		}
	}
	return t.take(ctx, inst, event)
}

// waits notes that a session comes back by itself, and why it is away.
func (t *Tenant) waits(ctx context.Context, inst core.Instance, why core.Reason) error {
	news := false
	_, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name == inst.Name && i.Status != core.InstanceDisconnected {
			news = i.Reason != why
			i.Dropped(t.e.now())
			i.Reason, i.QRCode = why, ""
		}
		return nil
	})
	if news {
		t.log().Warn("the session is away and comes back by itself", "reason", why, "why", why.Sentence(core.English, ""))
	}
	return err
}

// streamEnded stores what the end of a stream means, and says when the session may be
// hosted again.
func (t *Tenant) streamEnded(ctx context.Context, inst core.Instance, err error) (next time.Time) {
	if err == nil {
		return time.Time{}
	}
	// What happened has to be stored even when this process stops.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now := t.e.now()
	log := t.log().With("error", err)
	var stored error
	switch gateway.KindOf(err) {
	case gateway.KindLoggedOut:
		log.Warn("the session was logged out")
		_, stored = t.changeState(ctx, inst.Name, gateway.Status{State: gateway.StateLoggedOut}, core.ReasonLoggedOut)
	case gateway.KindNotFound:
		log.Warn("the session is not there any more")
		_, stored = t.changeState(ctx, inst.Name, gateway.Status{State: gateway.StateLoggedOut}, core.ReasonLoggedOut)
	case gateway.KindAlreadyExists:
		log.Warn("another program has the session's connection; it is left alone for a while")
		next = now.Add(replacedPause)
		_, stored = t.changeState(ctx, inst.Name, gateway.Status{State: gateway.StateConnecting}, "")
	case gateway.KindRestricted:
		pause := gateway.RetryAfterOf(err)
		if pause <= 0 {
			pause = bannedPause
		}
		next = now.Add(pause)
		log.Warn("WhatsApp has restricted the number", "until", next)
		stored = t.waits(ctx, inst, core.ReasonRestrictedForNow)
	case gateway.KindPermanent:
		log.Error("WhatsApp does not let this program in, perhaps because it is too old: update AutoPromo. The number stays linked")
		next = now.Add(refusedPause)
		stored = t.waits(ctx, inst, core.ReasonWhatsAppRefused)
	default:
		log.Error("the session's stream ended")
		next = now.Add(hostTrouble)
		_, stored = t.changeState(ctx, inst.Name, gateway.Status{State: gateway.StateConnecting}, "")
	}
	if stored != nil {
		log.Error("how the stream ended was not stored", "store_error", stored)
	}
	return next
}

package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	lookAgain  = 30 * time.Second // between two look-ups of one unknown outcome
	asksAtOnce = 16
)

// settleUnknown looks after attempts without an answer: expired ones become ambiguous, and
// ambiguous ones are looked up until proof or the end of the grace.
func (e *Engine) settleUnknown(ctx context.Context) {
	refs, err := e.deps.Repository.Queue().Unsettled(ctx, e.now(), sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("looking for unknown outcomes failed", "error", err)
		}
		return
	}
	each(refs, asksAtOnce, func(ref repository.DeliveryRef) {
		t := e.Tenant(ref.Tenant)
		if err := t.settle(ctx, ref.ID); err != nil && ctx.Err() == nil {
			t.log().Error("an unknown outcome was not settled; it will be tried again", "delivery_id", string(ref.ID), "error", err)
		}
	})
}

// each calls f for all, some at a time, so that one slow answer does not hold up the others.
func each[T any](all []T, atOnce int, f func(T)) {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, atOnce)
	for _, one := range all {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			f(one)
		})
	}
}

func (t *Tenant) settle(ctx context.Context, id core.DeliveryID) error {
	d, err := t.repo.Deliveries().Get(ctx, id)
	if err != nil {
		return err
	}
	now := t.e.now()
	s := repository.Settle{ID: d.ID, From: d.State, Attempt: d.Attempt, Now: now}
	switch d.State {
	case core.DeliveryDispatching:
		if now.Before(d.Deadline) {
			return nil
		}
		// Whoever sent it is gone. That the time is up proves nothing about the message.
		s.To, s.Reason, s.NotBefore = core.DeliveryAmbiguous, core.ReasonOutcomeUnknown, now
	case core.DeliveryAmbiguous:
		tenant, err := t.Get(ctx)
		if err != nil {
			return err
		}
		inst, err := t.repo.Instance().Get(ctx)
		if err != nil {
			return err
		}
		same, err := t.sentBy(ctx, inst, d)
		if err != nil {
			return err
		}
		// Without its gateway nothing can be looked up, but the grace must end all the same.
		gw, _ := t.e.gateway(inst)
		found, messageID, certain := t.findSent(ctx, gw, inst, d)
		if found {
			if found, err = t.unclaimed(ctx, d, messageID); err != nil {
				return err
			}
			certain = false
		}
		if found {
			return t.markSent(ctx, d, messageID)
		}
		// Another session cannot know that nothing was sent, and to its own number the same
		// id is another message.
		certain = certain && same
		honoured := same && gw != nil && gw.Capabilities().ClientMessageID == gateway.ClientIDHonoured
		switch {
		case certain:
			s.To, s.Reason = core.DeliveryPending, core.ReasonProviderTemporary
		case now.Sub(d.DispatchedAt) < t.e.config.ProofGrace:
			s.To, s.Reason, s.NotBefore = core.DeliveryAmbiguous, d.Reason, now.Add(min(lookAgain, t.e.config.ProofGrace/4))
		case honoured, tenant.Settings.Unproven == core.AtLeastOnce:
			// The same client id makes it the same message; without that, the tenant chose
			// "maybe twice".
			s.To, s.Reason = core.DeliveryPending, core.ReasonOutcomeUnknown
		default:
			s.To, s.Reason = core.DeliveryUnconfirmed, core.ReasonNoProof
		}
	default:
		return nil
	}
	_, err = t.repo.Deliveries().Settle(ctx, s)
	return ignoreConflict(err)
}

// sentBy says whether the attempt was made by the session the tenant has now.
func (t *Tenant) sentBy(ctx context.Context, inst core.Instance, d core.Delivery) (bool, error) {
	offer, err := t.repo.Offers().Get(ctx, d.OfferID)
	return err == nil && d.ClientID == t.clientID(inst, offer.Source, d), err
}

// unclaimed says whether no other delivery is known to be that message: the same text may
// have been sent to the group before.
func (t *Tenant) unclaimed(ctx context.Context, d core.Delivery, id core.MessageID) (bool, error) {
	same, err := t.repo.Deliveries().Unproven(ctx, d.Chat, id)
	return !slices.ContainsFunc(same, func(other core.Delivery) bool {
		return id != "" && other.MessageID == id && other.ID != d.ID
	}), err
}

// findSent asks the provider whether a message of ours is there. certain says that "no"
// proves that it was not sent.
func (t *Tenant) findSent(ctx context.Context, gw gateway.Gateway, inst core.Instance, d core.Delivery) (found bool, id core.MessageID, certain bool) {
	finder, ok := gw.(gateway.SentFinder)
	if !ok || inst.Status != core.InstanceConnected {
		return false, "", false
	}
	q := gateway.SentQuery{Chat: d.Chat, Text: d.Text, Since: d.DispatchedAt.Add(-time.Minute)}
	if gw.Capabilities().ClientMessageID == gateway.ClientIDHonoured {
		q.ID = d.ClientID
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	found, id, err := finder.FindSent(ctx, t.e.session(inst), q)
	if err != nil {
		t.log().Warn("the provider could not look up a sent message", "delivery_id", string(d.ID), "error", err)
		return false, "", false
	}
	return found, id, gw.Capabilities().SentLookup == gateway.LookupComplete
}

// checkInstances asks providers about sessions nobody has heard of for a while, or not since
// this process began: events can be lost, and a lost one must not leave a tenant waiting.
func (e *Engine) checkInstances(ctx context.Context, began time.Time) {
	before := e.now().Add(-checkConnected)
	if began.After(before) {
		before = began
	}
	tenants, err := e.deps.Repository.Directory().Unchecked(ctx, before, sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("looking for unchecked instances failed", "error", err)
		}
		return
	}
	each(tenants, asksAtOnce, func(id core.TenantID) {
		t := e.Tenant(id)
		inst, err := t.repo.Instance().Get(ctx)
		if err != nil || inst.Status == core.InstanceConnecting && e.now().Sub(inst.CheckedAt) < checkConnected {
			return // one that is coming up has a time of its own
		}
		stored, _ := t.check(ctx, inst)
		t.breakSilence(ctx, stored)
		if mayHaveMissed(stored, inst.CheckedAt, e.now()) {
			if err := t.backfill(ctx, stored); err != nil && ctx.Err() == nil {
				t.log().Warn("the history was not searched to its end; it will be tried again", "error", err)
			}
		}
		if inst.CheckedAt.IsZero() {
			t.searched(ctx, stored)
		}
	})
}

// searched notes that a session that came back has been looked after.
func (t *Tenant) searched(ctx context.Context, inst core.Instance) {
	_, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name == inst.Name && i.CheckedAt.IsZero() {
			i.CheckedAt = t.e.now()
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		t.log().Warn("the search was not noted; it is made again", "error", err)
	}
}

// check asks the provider how a session stands and stores the answer. It returns the
// instance as stored and what the provider said; one that does not answer changes only when
// it was asked.
func (t *Tenant) check(ctx context.Context, inst core.Instance) (core.Instance, gateway.State) {
	if _, streams := t.e.streamer(inst); streams {
		if has, _ := t.e.hosting.has(t.id, inst.Name); !has {
			return t.leaveToHost(ctx, inst)
		}
	}
	status, reason := gateway.Status{State: gateway.StateUnknown}, core.ReasonUnknownProvider
	if gw, err := t.e.gateway(inst); err == nil {
		status, reason = t.ask(ctx, gw, inst)
	}
	stored, err := t.changeState(ctx, inst.Name, status, reason)
	if err != nil {
		if ctx.Err() == nil {
			t.log().Error("the status was not stored", "error", err)
		}
		return inst, gateway.StateUnknown
	}
	return stored, status.State
}

// leaveToHost takes what is stored of a session for how it stands: its host, another
// process, stores each change at once.
func (t *Tenant) leaveToHost(ctx context.Context, inst core.Instance) (core.Instance, gateway.State) {
	stored, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if now := t.e.now(); speaksFor(*i, inst.Name) && i.CheckedAt.Before(now) {
			i.CheckedAt = now
		}
		return nil
	})
	if err != nil {
		return inst, gateway.StateUnknown
	}
	return stored, gateway.StateUnknown
}

// ask gets the status of a session, and why it is not open where that is known.
func (t *Tenant) ask(ctx context.Context, gw gateway.Gateway, inst core.Instance) (gateway.Status, core.Reason) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	status, err := gw.Status(ctx, t.e.session(inst))
	reason := core.Reason("")
	if err != nil {
		status, reason = gateway.Status{State: gateway.StateUnknown}, providerReason(err)
		t.log().Warn("the provider did not tell the status", "provider", inst.Provider, "error", err, "why", reason.Sentence(core.English, ""))
		if gateway.KindOf(err) == gateway.KindNotFound {
			status.State = gateway.StateLoggedOut
		}
	}
	if status.State == gateway.StateLoggedOut {
		reason = core.ReasonLoggedOut
	}
	return status, reason
}

// speaksFor says whether word of a session may change the instance: not word of an older
// session, nor of one the tenant has disconnected.
func speaksFor(i core.Instance, name string) bool {
	return i.Name == name && (i.Status != core.InstanceDisconnected || i.WebhookHash != "")
}

// changeState applies what the provider says about a session. Events come late, twice and
// in any order, and an answer may be older than an event stored meanwhile. So only a
// log-out is final; a session that is merely down is asked about again soon, until it is
// back or closedGrace is over.
func (t *Tenant) changeState(ctx context.Context, name string, s gateway.Status, reason core.Reason) (core.Instance, error) {
	opened := false
	inst, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if !speaksFor(*i, name) || i.Status == core.InstanceDisconnected && (s.State != gateway.StateOpen ||
			i.Reason == core.ReasonLoggedOut || i.Reason == core.ReasonNumberRestricted) {
			return nil
		}
		now, was := t.e.now(), i.Status
		unsearched := i.CheckedAt.IsZero()
		i.CheckedAt = now
		switch s.State {
		case gateway.StateOpen:
			i.Opened(s.Phone, now)
		case gateway.StatePairing, gateway.StateConnecting:
			i.Dropped(now)
		case gateway.StateLoggedOut:
			i.Closed(reason, now)
		case gateway.StateClosed:
			switch {
			case reason != "":
				i.Closed(reason, now)
			case was == core.InstanceConnecting && now.Sub(i.UpdatedAt) > closedGrace:
				i.Closed(core.ReasonNotConnected, now)
			default:
				i.Dropped(now)
			}
		case gateway.StateUnknown:
			i.Reason = reason
			if reason == core.ReasonProviderAuth || reason == core.ReasonProviderLicense || reason == core.ReasonProviderVersion {
				i.Dropped(now) // nothing can be sent: the lane waits instead of trying
			}
		}
		if i.Status == core.InstanceConnecting {
			i.CheckedAt = now.Add(checkConnecting - checkConnected) // ask again soon
		}
		opened = i.Status == core.InstanceConnected && was != core.InstanceConnected
		if opened || unsearched && i.Status == core.InstanceConnected {
			// The next sweep searches for what was missed, whatever else is heard until then.
			i.CheckedAt = time.Time{}
		}
		return nil
	})
	if err == nil && opened {
		t.log().Info("WhatsApp connected")
		t.wake(ctx)
	}
	return inst, err
}

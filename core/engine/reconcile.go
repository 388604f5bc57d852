package engine

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const lookAgain = 30 * time.Second // between two look-ups of one unknown outcome

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
	for _, ref := range refs {
		t := e.Tenant(ref.Tenant)
		if err := t.settle(ctx, ref.ID); err != nil && ctx.Err() == nil {
			t.log().Error("an unknown outcome was not settled; it will be tried again", "delivery_id", string(ref.ID), "error", err)
		}
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
		gw, err := t.e.gateway(inst)
		if err != nil {
			return err
		}
		found, messageID, certain := t.findSent(ctx, gw, inst, d)
		if found {
			return t.markSent(ctx, d, messageID)
		}
		honoured := gw.Capabilities().ClientMessageID == gateway.ClientIDHonoured
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

// checkInstances asks providers about sessions nobody has heard of for a while: events can
// be lost, and a lost one must not leave a tenant waiting.
func (e *Engine) checkInstances(ctx context.Context) {
	tenants, err := e.deps.Repository.Directory().Unchecked(ctx, e.now().Add(-checkConnected), sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("looking for unchecked instances failed", "error", err)
		}
		return
	}
	for _, id := range tenants {
		t := e.Tenant(id)
		if inst, err := t.repo.Instance().Get(ctx); err == nil {
			t.check(ctx, inst)
		}
	}
}

// check asks the provider how a session stands and stores the answer. It returns the
// instance as stored; a provider that does not answer changes only when it was asked.
func (t *Tenant) check(ctx context.Context, inst core.Instance) core.Instance {
	gw, err := t.e.gateway(inst)
	if err != nil {
		return inst
	}
	askCtx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	status, err := gw.Status(askCtx, t.e.session(inst))
	reason := core.Reason("")
	if err != nil {
		t.log().Warn("the provider did not tell the status", "error", err)
		status, reason = gateway.Status{State: gateway.StateUnknown}, providerReason(err)
		if gateway.KindOf(err) == gateway.KindNotFound {
			status.State = gateway.StateLoggedOut
		}
	}
	if status.State == gateway.StateLoggedOut {
		reason = core.ReasonLoggedOut
	}
	stored, err := t.changeState(ctx, inst.Name, status, reason)
	if err != nil {
		t.log().Error("the status was not stored", "error", err)
		return inst
	}
	return stored
}

// changeState applies what the provider says about a session. Word of an older session of
// the tenant changes nothing.
func (t *Tenant) changeState(ctx context.Context, name string, s gateway.Status, reason core.Reason) (core.Instance, error) {
	opened := false
	inst, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name != name || i.Status == core.InstanceDisconnected && s.State != gateway.StateOpen {
			return nil
		}
		now, was := t.e.now(), i.Status
		i.CheckedAt = now
		switch s.State {
		case gateway.StateOpen:
			i.Opened(s.Phone, now)
		case gateway.StatePairing, gateway.StateConnecting:
			i.Dropped(now)
		case gateway.StateLoggedOut:
			i.Closed(reason, now)
		case gateway.StateClosed:
			// A session that has never been opened starts as closed.
			if was == core.InstanceConnected || reason != "" {
				i.Closed(reason, now)
			}
		case gateway.StateUnknown:
			i.Reason = reason
		}
		if i.Status == core.InstanceConnecting {
			i.CheckedAt = now.Add(checkConnecting - checkConnected) // ask again soon
		}
		opened = i.Status == core.InstanceConnected && was != core.InstanceConnected
		return nil
	})
	if err == nil && opened {
		t.log().Info("WhatsApp connected")
		t.wake(ctx)
	}
	return inst, err
}

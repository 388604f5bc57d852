package engine

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/policy"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	firstLook  = 10 * time.Second // before an unknown outcome is looked up: the echo comes first
	sendRetry  = 15 * time.Second // first pause after a send that provably did nothing
	sendRetryM = 10 * time.Minute
	promptly   = time.Second // from looking at the pace to the call; else the look is too old
)

// send makes an attempt at each of some deliveries: last checks, media, then the
// compare-and-set that permits exactly one call for each, the calls, and what they mean.
// Everything slow happens before the permission, so that only the calls themselves can be
// interrupted into doubt. sent says that the provider took all that were to go; it
// returns when the lane may look again.
func (v *visit) send(ctx context.Context, s standing, turn []repository.Ready) (next time.Time, sent bool, err error) {
	inst := s.instance
	gw, err := v.e.gateway(inst)
	if err != nil {
		return v.e.now().Add(recheckOffline), false, err
	}
	media, gone, err := v.mediaOf(ctx, gw, inst, turn)
	if err != nil {
		next, err := v.withoutMediaYet(ctx, turn[0].Delivery, err)
		return next, false, err
	}
	now := v.e.now()
	if media != nil || gone {
		// Fetching may have taken a minute: whatever can forbid the send is asked anew.
		current, err := v.standing(ctx, 1, now)
		if err != nil || current.instance.Name != inst.Name || current.instance.Status != core.InstanceConnected {
			return now, false, err
		}
		s = current
	}
	b := repository.Begin{Lane: v.lane, Now: now, NextSend: now.Add(v.rest(s.tenant.Settings.Pacing))}
	for _, r := range turn {
		held, err := v.heldBack(ctx, s.view, r)
		if err != nil {
			return now, false, ignoreConflict(err)
		}
		if !held {
			b.Attempts = append(b.Attempts, repository.Attempt{
				ID: r.ID, Text: r.Text, ClientID: v.clientID(inst, r.Source, r.Delivery), WithoutMedia: gone,
			})
		}
	}
	if len(b.Attempts) == 0 {
		return now, false, nil
	}
	// The calls must be over before their lease is, also when this process is frozen in
	// between or the clock is set: context deadlines keep to the monotonic clock.
	allowed := v.e.config.SendTimeout
	if len(b.Attempts) > 1 {
		allowed += visitTime // in which all of them begin
	}
	b.Deadline = now.Add(allowed + v.e.config.margin())
	callCtx, cancel := context.WithTimeout(ctx, allowed)
	defer cancel()
	begun, err := v.begin(ctx, b)
	if err != nil {
		return now, false, ignoreConflict(err) // edited, cancelled or somebody else's in between
	}
	switch {
	case len(begun) < len(b.Attempts):
		// One was edited or cancelled in between, and those after it in its group must not
		// get ahead of it.
		return now, false, v.handBack(ctx, begun)
	case !v.e.config.WithoutPacing && v.e.now().Sub(now) > promptly:
		// The process stood still, or the database did. The pace was looked at too long ago:
		// the rest that was stored may be over by now, and the window closed.
		return now, false, v.handBack(ctx, begun)
	}
	for i, d := range begun {
		if i > 0 && (v.over.Err() != nil || v.e.now().Sub(now) > visitTime) {
			return v.e.now(), false, v.handBack(ctx, begun[i:])
		}
		var sendErr error
		if next, sendErr = v.attempt(callCtx, gw, inst, d, media); sendErr != nil {
			err := v.handBack(ctx, begun[i+1:])
			v.afterFailure(ctx, inst, d, sendErr)
			return next, false, err
		}
	}
	return next, true, nil
}

// mediaOf fetches what travels with a delivery that is sent alone.
func (v *visit) mediaOf(ctx context.Context, gw gateway.Gateway, inst core.Instance, turn []repository.Ready) (m *gateway.Media, gone bool, err error) {
	if turn[0].Media == nil {
		return nil, false, nil
	}
	if err := v.settled(ctx); err != nil {
		return nil, false, err
	}
	return v.fetchMedia(ctx, gw, inst, turn[0])
}

// heldBack makes the last check of a delivery and cancels one that must not go out;
// CodeConflict when it was changed meanwhile.
func (v *visit) heldBack(ctx context.Context, known view, r repository.Ready) (bool, error) {
	hold, err := v.lastCheck(ctx, known, r)
	if err != nil || hold == nil {
		return false, err
	}
	v.log().Warn("delivery cancelled before sending", "delivery_id", string(r.ID), "reason", hold.Reason)
	_, err = v.repo.Deliveries().Settle(ctx, repository.Settle{
		ID: r.ID, From: core.DeliveryPending, Attempt: r.Attempt, To: core.DeliveryCancelled,
		Reason: hold.Reason, Detail: hold.Detail, Now: v.e.now(),
	})
	return true, err
}

// attempt makes a call that was permitted and notes what came of it.
func (v *visit) attempt(ctx context.Context, gw gateway.Gateway, inst core.Instance, d core.Delivery, media *gateway.Media) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, v.e.config.SendTimeout)
	defer cancel()
	receipt, err := gw.Send(ctx, v.e.session(inst), gateway.Outbound{ID: d.ClientID, To: d.Chat, Text: d.Text, Media: media})
	outcome, next := v.outcome(d, receipt, err)
	v.log().Info("delivery attempted", "delivery_id", string(d.ID), "offer_id", string(d.OfferID),
		"state", outcome.To, "reason", outcome.Reason, "attempt", d.Attempt)
	v.last = append(v.last, outcome)
	return next, err
}

// withoutMediaYet puts off a delivery whose media could not be asked for. Where only this
// media is in trouble the others go on.
func (t *Tenant) withoutMediaYet(ctx context.Context, d core.Delivery, err error) (time.Time, error) {
	t.log().Warn("the media could not be asked for; the delivery waits", "delivery_id", string(d.ID), "error", err)
	now := t.e.now()
	if gateway.KindOf(err) != gateway.KindTemporary {
		return now.Add(outageRetry), nil
	}
	_, err = t.repo.Deliveries().Settle(ctx, repository.Settle{
		ID: d.ID, From: core.DeliveryPending, Attempt: d.Attempt, To: core.DeliveryPending,
		Reason: core.ReasonProviderTemporary, NotBefore: now.Add(outageRetry), Now: now,
	})
	return now, ignoreConflict(err)
}

// handBack gives permissions back with which nothing was sent, and stores what the attempts
// before came to.
func (v *visit) handBack(ctx context.Context, unused []core.Delivery) error {
	now := v.e.now()
	for _, d := range unused {
		v.log().Warn("the permission to send was given back", "delivery_id", string(d.ID))
		v.last = append(v.last, repository.Settle{
			ID: d.ID, From: core.DeliveryDispatching, Attempt: d.Attempt, To: core.DeliveryPending,
			Reason: d.Reason, NotBefore: now, Now: now,
		})
	}
	return v.settled(ctx)
}

// conclude stores what an attempt came to. When it took so long that it was given up
// meanwhile, what is known now still ends the doubt; an echo that was faster stays.
func (t *Tenant) conclude(ctx context.Context, s repository.Settle) error {
	stored, err := t.repo.Deliveries().Settle(ctx, s)
	inDoubt := stored.State == core.DeliveryAmbiguous && s.To != core.DeliveryAmbiguous ||
		stored.State == core.DeliveryUnconfirmed && s.To == core.DeliverySent
	if core.CodeOf(err) == core.CodeConflict && inDoubt && stored.Attempt == s.Attempt && stored.State.CanBecome(s.To) {
		s.From = stored.State
		_, err = t.repo.Deliveries().Settle(ctx, s)
	}
	return ignoreConflict(err)
}

// clientID is the message id we choose for a delivery. It comes from natural keys only, so
// it is the same when lost rows come back, and another one only when a person sends again
// or another session does: a message id means something within one session.
func (t *Tenant) clientID(i core.Instance, source core.MessageKey, d core.Delivery) core.MessageID {
	return core.DeriveMessageID([]byte(t.e.config.IDKey.Reveal()), string(t.id), i.Name,
		string(source.Chat), string(source.Participant), string(source.ID), string(d.Chat), strconv.Itoa(d.Epoch))
}

// lastCheck says why a delivery must not go out after all. The proof is made from the
// stored text and today's tags, whatever was true when it was written.
func (t *Tenant) lastCheck(ctx context.Context, v view, r repository.Ready) (*core.Hold, error) {
	on := slices.ContainsFunc(v.destinations, func(d core.Destination) bool { return d.ID == r.DestinationID && d.Active })
	if !on {
		return &core.Hold{Reason: core.ReasonDestinationOff}, nil
	}
	return t.proof(ctx, r.Text, t.e.deps.Stores.Identity(v.tags), core.NewSubID(r.DestinationID, r.Inbox))
}

// outcome says what an attempt means: the delivery's next state and when the lane may look
// again.
func (t *Tenant) outcome(d core.Delivery, r gateway.Receipt, err error) (repository.Settle, time.Time) {
	now := t.e.now()
	s := repository.Settle{ID: d.ID, From: core.DeliveryDispatching, Attempt: d.Attempt, Now: now}
	next := now
	again := func(reason core.Reason, at time.Time) {
		s.To, s.Reason, s.NotBefore = core.DeliveryPending, reason, at
	}
	switch kind := gateway.KindOf(err); kind {
	case "":
		s.To, s.MessageID = core.DeliverySent, r.ID
	case gateway.KindRateLimited, gateway.KindRestricted:
		wait := gateway.RetryAfterOf(err)
		if wait <= 0 {
			wait = throttleDefault
		}
		next = now.Add(min(wait, throttleMax))
		s.RestUntil = next
		again(core.ReasonProviderThrottle, next)
	case gateway.KindNotConnected, gateway.KindLoggedOut, gateway.KindAuth, gateway.KindLicense, gateway.KindVersion:
		next = now.Add(recheckOffline)
		again(core.ReasonWaitingConnection, next)
	case gateway.KindNotFound:
		// The session or the group: afterFailure finds out which.
		next = now.Add(recheckOffline)
		again(core.ReasonGroupGone, next)
	case gateway.KindTemporary:
		t.e.draw(func(rnd *mathrand.Rand) {
			again(core.ReasonProviderTemporary, now.Add(policy.Backoff(d.Attempt, sendRetry, sendRetryM, rnd)))
		})
	case gateway.KindMediaUnavailable, gateway.KindTooLarge:
		again(core.ReasonMediaGone, now)
		if s.WithoutMedia = true; d.WithoutMedia {
			s.To, s.Reason, s.Detail = core.DeliveryFailed, core.ReasonProviderInvalid, string(kind)
		}
	case gateway.KindForbidden:
		s.To, s.Reason = core.DeliveryFailed, core.ReasonGroupForbidden
	case gateway.KindInvalid, gateway.KindPermanent, gateway.KindAlreadyExists:
		s.To, s.Reason, s.Detail = core.DeliveryFailed, core.ReasonProviderInvalid, string(kind)
	default:
		s.To, s.Reason, s.NotBefore = core.DeliveryAmbiguous, core.ReasonOutcomeUnknown, now.Add(min(firstLook, t.e.config.ProofGrace/4))
	}
	return s, next
}

// afterFailure learns from a definite refusal what it says about the instance or the group.
func (t *Tenant) afterFailure(ctx context.Context, inst core.Instance, d core.Delivery, err error) {
	t.log().Warn("the provider did not send", "delivery_id", string(d.ID), "error", err)
	switch gateway.KindOf(err) {
	case gateway.KindForbidden:
		t.destinationProblem(ctx, d, core.ReasonGroupForbidden)
	case gateway.KindNotFound:
		// Only a session that is known to be there and open says something about the group.
		if stored, state := t.check(ctx, inst); state == gateway.StateOpen && stored.Name == inst.Name {
			t.destinationProblem(ctx, d, core.ReasonGroupGone)
		}
	case gateway.KindNotConnected, gateway.KindLoggedOut, gateway.KindAuth, gateway.KindLicense, gateway.KindVersion, gateway.KindUnknown:
		// A session that went down turns each further send into doubt.
		t.check(ctx, inst)
	}
}

// destinationProblem switches a destination off that refuses us; the tenant sees why and
// can switch it on again. Other groups go on.
func (t *Tenant) destinationProblem(ctx context.Context, d core.Delivery, reason core.Reason) {
	_, err := t.repo.Destinations().Update(ctx, d.DestinationID, func(dest *core.Destination) error {
		dest.Active, dest.Problem = false, reason
		return nil
	})
	if err != nil {
		t.log().Error("the destination was not switched off", "destination_id", string(d.DestinationID), "error", err)
	}
}

// markSent settles a delivery by proof.
func (t *Tenant) markSent(ctx context.Context, d core.Delivery, id core.MessageID) error {
	_, err := t.repo.Deliveries().Settle(ctx, repository.Settle{
		ID: d.ID, From: d.State, Attempt: d.Attempt, To: core.DeliverySent, MessageID: id, Now: t.e.now(),
	})
	if err == nil {
		t.log().Info("delivery proven sent", "delivery_id", string(d.ID), "was", d.State)
	}
	return ignoreConflict(err)
}

// ignoreConflict is for compare-and-sets somebody else may win.
func ignoreConflict(err error) error {
	if core.CodeOf(err) == core.CodeConflict {
		return nil
	}
	return err
}

package engine

import (
	"context"
	"encoding/json"
	mathrand "math/rand/v2"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/core/policy"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	claimLease   = time.Minute      // longer than the slowest processing
	planTimeout  = 40 * time.Second // for all that other people's servers do for one message
	linkRetry    = 30 * time.Second // first pause before a short link is tried again
	linkRetryMax = 30 * time.Minute
	sweepBatch   = 200
	maxNear      = 50 // texts an offer is compared with
)

// answerDoorbell processes the entry a doorbell names. Doorbells that are no use (garbage,
// somebody else's id, work already done) are acknowledged; an error has the bus deliver
// again later.
func (e *Engine) answerDoorbell(ctx context.Context, m bus.Message) error {
	var d doorbell
	if err := json.Unmarshal(m.Payload, &d); err != nil || !core.IsUUID(string(d.Tenant)) || !core.IsUUID(string(d.Inbox)) {
		e.log.Warn("doorbell dropped: it is not one of ours", "bus_id", m.ID)
		return nil
	}
	t := e.Tenant(d.Tenant)
	err := t.process(ctx, d.Inbox)
	switch core.CodeOf(err) {
	case core.CodeConflict:
		return nil // done, or in somebody else's hands
	case core.CodeNotFound:
		t.log().Warn("doorbell dropped: no such entry in this tenant", "inbox_id", string(d.Inbox))
		return nil
	case "":
	default:
		t.log().Error("processing failed; it will be tried again", "inbox_id", string(d.Inbox), "error", err)
	}
	return err
}

// process turns one accepted message into an offer with deliveries, a held offer, or a
// skipped entry. The claim counts the start before any work, so that a message that kills
// the process is set aside after core.MaxStarts.
func (t *Tenant) process(ctx context.Context, id core.InboxID) error {
	now := t.e.now()
	entry, err := t.repo.Inbox().Claim(ctx, id, now, now.Add(claimLease))
	if err != nil {
		return err
	}
	tenant, err := t.Get(ctx)
	if err != nil {
		return err
	}
	if reason := unfit(tenant, entry, now); reason != "" {
		return t.skip(ctx, entry, reason)
	}
	source, err := t.source(ctx, entry.Key.Chat)
	if err != nil {
		return err
	}
	again := t.nextTry(entry, tenant.Settings.MaxAge, now)
	p, err := t.plan(ctx, tenant.Settings, source, entry.Text, again.IsZero())
	if err != nil {
		return err
	}
	if !p.sells {
		return t.skip(ctx, entry, p.sellsNothing())
	}
	save, err := t.offer(ctx, tenant, source, entry, p, again)
	if err != nil {
		return err
	}
	offer, err := t.repo.Offers().Save(ctx, save)
	if err != nil {
		return err
	}
	t.log().Info("offer stored", "offer_id", string(offer.ID), "status", offer.Status(), "store", offer.Store,
		"deliveries", len(offer.Deliveries))
	t.e.nudge()
	return nil
}

// source is the group a message came from, with the rules it has, also when it was switched
// off since; the zero Source when it was removed.
func (t *Tenant) source(ctx context.Context, chat core.JID) (core.Source, error) {
	source, err := t.repo.Sources().Active(ctx, chat)
	if core.CodeOf(err) != core.CodeNotFound {
		return source, err
	}
	known, err := t.repo.Sources().List(ctx)
	for _, s := range known {
		if s.JID == chat {
			return s, err
		}
	}
	return core.Source{}, err
}

// nextTry is when a message whose links cannot be opened, or made, now is judged again; the
// zero time when this is its last try, also because it will be too old by then.
func (t *Tenant) nextTry(entry core.InboxEntry, maxAge time.Duration, now time.Time) (at time.Time) {
	t.e.draw(func(r *mathrand.Rand) {
		at = now.Add(policy.Backoff(2*entry.Retries+1, linkRetry, linkRetryMax, r))
	})
	if entry.Starts-entry.Retries >= core.MaxStarts || at.Sub(entry.SentAt) > maxAge {
		return time.Time{}
	}
	return at
}

// unfit says why an entry cannot become an offer, whatever its links are.
func unfit(tenant core.Tenant, entry core.InboxEntry, now time.Time) core.Reason {
	switch {
	case !tenant.Active:
		return core.ReasonAccountInactive
	case len(entry.Text) > core.MaxTextBytes:
		return core.ReasonTooLong
	case entry.Text == "":
		return core.ReasonNoContent
	case now.Sub(entry.SentAt) > tenant.Settings.MaxAge:
		return core.ReasonStale
	}
	return ""
}

// skip ends a claim without an offer. An edit, or a short link that opened at last, can make
// a former offer unfit: then the offer stays, held, and what was pending is cancelled.
func (t *Tenant) skip(ctx context.Context, entry core.InboxEntry, reason core.Reason) error {
	entry.State, entry.Reason = core.InboxSkipped, reason
	if entry.Revision > 0 || entry.Starts > 1 {
		offer, err := t.repo.Offers().ByInbox(ctx, entry.ID)
		if err == nil {
			entry.State = core.InboxDone
			offer.Hold, offer.FinalText, offer.Deliveries = &core.Hold{Reason: reason}, "", nil
			offer.Text, offer.UpdatedAt = entry.Text, t.e.now()
			_, err = t.repo.Offers().Save(ctx, repository.SaveOffer{Entry: entry, Offer: offer, Now: t.e.now()})
			return err
		}
		if core.CodeOf(err) != core.CodeNotFound {
			return err
		}
	}
	t.log().Debug("message skipped", "inbox_id", string(entry.ID), "reason", reason)
	return t.repo.Inbox().Finish(ctx, entry)
}

// offer is what to store for a judged message: the offer, its deliveries, and the end of
// the claim. Again is when the message may be tried again, the zero time for never.
func (t *Tenant) offer(ctx context.Context, tenant core.Tenant, source core.Source, entry core.InboxEntry, p *plan, again time.Time) (repository.SaveOffer, error) {
	now := t.e.now()
	id, err := t.e.newID()
	if err != nil {
		return repository.SaveOffer{}, err
	}
	o := core.Offer{
		ID: core.OfferID(id), InboxID: entry.ID, InstanceID: entry.InstanceID, Source: entry.Key, SourceName: source.Label,
		Text: entry.Text, ProductKey: p.productKey, Store: p.store, Facts: p.facts, Media: entry.Media,
		SentAt: entry.SentAt, CreatedAt: now, UpdatedAt: now,
	}
	if o.FinalText, err = t.write(ctx, p, core.SubID{}); err != nil {
		return repository.SaveOffer{}, err
	}
	if len(p.holds) == 0 {
		if o.Deliveries, err = t.deliveries(ctx, tenant.Settings, entry, o, p); err != nil {
			return repository.SaveOffer{}, err
		}
		if len(o.Deliveries) == 0 && len(p.holds) == 0 {
			p.hold(core.Hold{Reason: core.ReasonNoDestination})
		}
	}
	o.Links = p.links
	entry.State = core.InboxDone
	if len(p.holds) > 0 {
		o.Hold, o.FinalText, o.Deliveries = &p.holds[0], "", nil
		if p.waits() && !again.IsZero() {
			entry.State, entry.RetryAt = core.InboxNew, again
		}
	}
	save := repository.SaveOffer{
		Entry: entry, Offer: o, Now: now,
		RepostSince: now.Add(-tenant.Settings.RepostWindow), TextSince: now.Add(-tenant.Settings.TextWindow),
	}
	return save, t.fingerprint(ctx, &save)
}

// fingerprint says which texts the offer's own is a repetition of. The text stands for the
// product only where there is none, or where it is long and names the price: "Corre! <link>"
// can sell something else each time.
func (t *Tenant) fingerprint(ctx context.Context, s *repository.SaveOffer) error {
	if s.Offer.FinalText == "" {
		return nil
	}
	s.NearKey = extract.NearKey(s.Offer.FinalText)
	if s.Offer.ProductKey != "" && (s.NearKey == "" || !s.Offer.Price.Known()) {
		return nil
	}
	s.TextKey = extract.TextKey(s.Offer.FinalText)
	if s.TextKey == "" || s.NearKey == "" || s.Offer.ProductKey != "" {
		return nil
	}
	near, err := t.repo.Offers().Near(ctx, s.NearKey, s.TextSince, maxNear)
	for _, n := range near {
		if extract.Similar(n.Text, s.Offer.FinalText) {
			s.TextKey = n.TextKey
			break
		}
	}
	return err
}

// deliveries are one per active destination, in random order: always the same group first
// does not look human.
func (t *Tenant) deliveries(ctx context.Context, s core.Settings, entry core.InboxEntry, o core.Offer, p *plan) ([]core.Delivery, error) {
	all, err := t.repo.Destinations().List(ctx)
	if err != nil {
		return nil, err
	}
	t.e.draw(func(r *mathrand.Rand) {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	})
	var list []core.Delivery
	for _, d := range all {
		// Active and still the source of this very message cannot be both, but a group
		// changed between check and use must not be fed with itself.
		if !d.Active || d.JID == entry.Key.Chat {
			continue
		}
		text := o.FinalText
		if s.SubIDs {
			if text, err = t.write(ctx, p, core.NewSubID(d.ID, entry.ID)); err != nil || text == "" {
				return nil, err
			}
		}
		id, err := t.e.newID()
		if err != nil {
			return nil, err
		}
		list = append(list, core.Delivery{
			ID: core.DeliveryID(id), OfferID: o.ID, InstanceID: entry.InstanceID, DestinationID: d.ID, Chat: d.JID,
			Text: text, State: core.DeliveryPending, SourceAt: entry.SentAt, CreatedAt: o.UpdatedAt, UpdatedAt: o.UpdatedAt,
		})
	}
	return list, nil
}

// ringAgain rings doorbells that may have been lost: entries that should have been taken up
// by now. Processing is idempotent, so one too many is harmless.
func (e *Engine) ringAgain(ctx context.Context) {
	now := e.now()
	due, err := e.deps.Repository.Queue().DueInbox(ctx, now, now.Add(-e.config.DoorbellGrace), sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("looking for unprocessed messages failed", "error", err)
		}
		return
	}
	for _, ref := range due {
		e.Tenant(ref.Tenant).ring(ctx, ref.ID)
	}
}

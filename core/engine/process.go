package engine

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/core/policy"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	planTimeout  = 40 * time.Second // for all that other people's servers do for one message
	linkRetry    = 30 * time.Second // first pause before a short link is tried again
	linkRetryMax = 30 * time.Minute
	sweepBatch   = 200
	maxNear      = 50 // texts an offer is compared with
)

// process turns one claimed message into an offer with deliveries, a held offer, or a
// skipped entry. The claim counted the start before any work, so that a message that kills
// the process is set aside after core.MaxStarts.
func (t *Tenant) process(ctx context.Context, v view, entry core.InboxEntry, r *results) error {
	now := t.e.now()
	if reason := unfit(v.tenant, entry, now); reason != "" {
		return t.skip(ctx, entry, reason, r)
	}
	source := v.source(entry.Key.Chat)
	again := t.nextTry(entry, v.tenant.Settings.MaxAge, now)
	p, err := t.plan(ctx, v, source, entry.Text, again.IsZero())
	if err != nil {
		return err
	}
	if !p.sells {
		return t.skip(ctx, entry, p.sellsNothing(), r)
	}
	save, err := t.offer(ctx, v, source, entry, p, again)
	if err != nil {
		return err
	}
	if err := r.fingerprint(ctx, &save); err != nil {
		return err
	}
	r.save(save)
	return nil
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
	case now.Sub(entry.SentAt) > tenant.Settings.MaxAge:
		return core.ReasonStale
	}
	return worthless(entry.Text)
}

// worthless says why nobody can make an offer of a text.
func worthless(text string) core.Reason {
	switch {
	case len(text) > core.MaxTextBytes:
		return core.ReasonTooLong
	case text == "":
		return core.ReasonNoContent
	case len(extract.Links(extract.Unglue(text))) == 0:
		return core.ReasonNoLink
	}
	return ""
}

// skip ends a claim without an offer. An edit, or a short link that opened at last, can make
// a former offer unfit: then the offer stays, held, and what was pending is cancelled.
func (t *Tenant) skip(ctx context.Context, entry core.InboxEntry, reason core.Reason, r *results) error {
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
	r.end(entry)
	return nil
}

// offer is what to store for a judged message: the offer, its deliveries, and the end of
// the claim. Again is when the message may be tried again, the zero time for never.
func (t *Tenant) offer(ctx context.Context, v view, source core.Source, entry core.InboxEntry, p *plan, again time.Time) (repository.SaveOffer, error) {
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
		if o.Deliveries, err = t.deliveries(ctx, v, entry, o, p); err != nil {
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
	return repository.SaveOffer{
		Entry: entry, Offer: o, Now: now,
		RepostSince: now.Add(-v.tenant.Settings.RepostWindow), TextSince: now.Add(-v.tenant.Settings.TextWindow),
	}, nil
}

// deliveries are one per active destination, in random order: always the same group first
// does not look human.
func (t *Tenant) deliveries(ctx context.Context, v view, entry core.InboxEntry, o core.Offer, p *plan) ([]core.Delivery, error) {
	all := slices.Clone(v.destinations)
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
		text, err := o.FinalText, error(nil)
		if v.tenant.Settings.SubIDs {
			if text, err = t.write(ctx, p, core.NewSubID(d.ID, entry.ID)); err != nil || text == "" {
				return nil, err
			}
		}
		// WhatsApp dates messages in whole seconds; of one second, the first to arrive leaves first.
		id, err := core.NewUUID(entry.ReceivedAt, rand.Reader)
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

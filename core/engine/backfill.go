package engine

import (
	"context"
	"errors"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	backfillEvery  = time.Hour
	backfillMargin = 5 * time.Minute  // messages come late and out of order
	backfillLimit  = 200              // messages of one chat
	outage         = 10 * time.Minute // not checked for so long: nobody was watching
)

// mayHaveMissed says whether webhooks may not have reached us: after a connection came back,
// after an outage of ours, and now and then anyway. Asked is when the instance had been
// checked before, and inst how it stands now.
func mayHaveMissed(inst core.Instance, asked, now time.Time) bool {
	return inst.Status == core.InstanceConnected &&
		(now.Sub(asked) > outage || now.Sub(inst.CaughtUpAt) > backfillEvery)
}

// backfill takes in messages whose webhook never came. What did come is recognized by its
// key, so that it does no harm to ask for too much. A chat that cannot be read is tried
// again with the next backfill, because the mark only moves when all could.
func (t *Tenant) backfill(ctx context.Context, inst core.Instance) error {
	gw, err := t.e.gateway(inst)
	if err != nil {
		return err
	}
	history, ok := gw.(gateway.History)
	if !ok {
		return nil
	}
	began := t.e.now()
	var v view
	heard := map[core.JID]bool{}
	err = t.repo.Snapshot(ctx, func(r repository.Tenant) (err error) {
		if v.tenant, err = r.Account().Get(ctx); err != nil {
			return err
		}
		if v.sources, err = r.Sources().List(ctx); err != nil {
			return err
		}
		for _, s := range v.sources {
			newest, err := r.Inbox().Newest(ctx, s.JID)
			if err != nil {
				return err
			}
			heard[s.JID] = !newest.IsZero()
		}
		return nil
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, s := range v.sources {
		since, wanted := backfillSince(s, inst.CaughtUpAt, heard[s.JID])
		if !wanted {
			continue
		}
		if oldest := began.Add(-v.tenant.Settings.MaxAge); since.Before(oldest) {
			since = oldest // what is older is worthless by now
		}
		if err := t.backfillChat(ctx, history, inst, s.JID, since); err != nil {
			t.log().Warn("a group's history could not be searched", "error", err)
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return errors.Join(failed...)
	}
	_, err = t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name == inst.Name {
			i.CaughtUpAt = began
		}
		return nil
	})
	return err
}

// backfillSince is from when on a source's messages are wanted: from the last backfill on,
// whatever webhooks brought meanwhile, and not from before the tenant chose the group. When
// a discovered one was chosen nobody knows until its first message came.
func backfillSince(s core.Source, caughtUp time.Time, heard bool) (since time.Time, wanted bool) {
	if since = s.CreatedAt; caughtUp.Add(-backfillMargin).After(since) {
		since = caughtUp.Add(-backfillMargin)
	}
	return since, s.Active && (heard || !s.Discovered)
}

func (t *Tenant) backfillChat(ctx context.Context, history gateway.History, inst core.Instance, chat core.JID, since time.Time) error {
	call, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	messages, err := history.Messages(call, t.e.session(inst), chat, since, backfillLimit)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := t.take(ctx, inst, m); err != nil {
			return err
		}
	}
	return nil
}

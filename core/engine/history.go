package engine

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Sent lists what was sent from since until until, sent last first, continuing after a
// delivery ("" for the start); to one group when one is named.
func (t *Tenant) Sent(ctx context.Context, q repository.SentQuery, after core.DeliveryID) ([]core.Delivery, error) {
	if after != "" {
		d, err := t.repo.Deliveries().Get(ctx, after)
		if err != nil {
			return nil, err
		}
		q.Before = repository.Moment{At: d.SentAt, ID: string(d.ID)}
	}
	return t.repo.Deliveries().Sent(ctx, q)
}

// SentTally counts the same by group, in steps from q.Since.
func (t *Tenant) SentTally(ctx context.Context, q repository.SentQuery, step time.Duration) ([]repository.SentTally, error) {
	return t.repo.Deliveries().SentTally(ctx, q, step)
}

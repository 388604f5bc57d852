package bunrepository

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

func (b inbox) Dead(ctx context.Context, before core.InboxID, limit int) (dead []core.InboxEntry, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = b.look(ctx, "dead messages", func(ctx context.Context, db bun.IDB) error {
		var rows []inboxRow
		q := db.NewSelect().Model(&rows).Where("user_id = ?", b.id).Where("state = 'dead'").
			OrderExpr("id DESC").Limit(int64(limit))
		if before != "" {
			q = q.Where("id < ?", before)
		}
		if err := q.Scan(ctx); err != nil {
			return err
		}
		for _, row := range rows {
			entry, err := row.toEntry()
			if err != nil {
				return err
			}
			dead = append(dead, entry)
		}
		return nil
	})
	return dead, err
}

func (b inbox) Redrive(ctx context.Context, id core.InboxID, now time.Time) error {
	return b.change(ctx, "redrive message", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[inboxRow](ctx, tx, b.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		if row.State != core.InboxDead {
			return conflict()
		}
		row.State, row.Reason, row.Starts, row.Retries, row.RetryAt = core.InboxNew, "", 0, 0, 0
		row.DueAt = micros(now)
		// Starts count from the beginning again: a worker that is still at one of the old
		// claims must not end the new one of that number.
		row.Revision++
		return replace(ctx, tx, row)
	})
}

package bunrepository

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/autopromo-cloud/autopromo/core"
)

func (b inbox) Claim(ctx context.Context, now, until time.Time, limit int) (claimed []core.InboxEntry, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = b.change(ctx, "claim messages", func(ctx context.Context, tx bun.Tx) error {
		claimed = nil
		for {
			rows, err := b.due(ctx, tx, micros(now), limit)
			if err != nil || len(rows) == 0 {
				return err
			}
			if head := rows[0]; head.unfinished() >= core.MaxStarts {
				head.State, head.Reason, head.RetryAt = core.InboxDead, core.ReasonPoison, 0
				if err := replace(ctx, tx, head); err != nil {
					return err
				}
				continue
			}
			claimed, err = b.begin(ctx, tx, claimable(rows), micros(until))
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// unfinished counts the starts that did not come to an end.
func (r inboxRow) unfinished() int { return r.Starts - r.Retries }

// due reads, and locks, entries that wait at now, the longest-due first. Each state has its
// own index in that order.
func (b inbox) due(ctx context.Context, tx bun.Tx, now int64, limit int) ([]inboxRow, error) {
	var rows []inboxRow
	for _, state := range []core.InboxState{core.InboxNew, core.InboxClaimed} {
		var some []inboxRow
		q := tx.NewSelect().Model(&some).Where("user_id = ?", b.id).Where("state = ?", state).
			Where("due_at <= ?", now).OrderExpr("due_at, id").Limit(int64(limit))
		if tx.Dialect().Name() != dialect.SQLite {
			q = q.For("UPDATE SKIP LOCKED")
		}
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	slices.SortStableFunc(rows, func(a, b inboxRow) int {
		return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return rows[:min(limit, len(rows))], nil
}

// claimable is which of the due rows may be begun together: the head alone when it may have
// killed its worker, else all that cannot have.
func claimable(rows []inboxRow) []inboxRow {
	if rows[0].unfinished() > 0 {
		return rows[:1]
	}
	return slices.DeleteFunc(rows, func(row inboxRow) bool { return row.unfinished() > 0 })
}

// begin claims locked rows.
func (b inbox) begin(ctx context.Context, tx bun.Tx, rows []inboxRow, until int64) ([]core.InboxEntry, error) {
	ids := make([]core.InboxID, 0, len(rows))
	entries := make([]core.InboxEntry, 0, len(rows))
	for _, row := range rows {
		row.State, row.Starts, row.DueAt = core.InboxClaimed, row.Starts+1, until
		entry, err := row.toEntry()
		if err != nil {
			return nil, err
		}
		ids, entries = append(ids, row.ID), append(entries, entry)
	}
	_, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("state = ?", core.InboxClaimed).
		Set("starts = starts + 1").Set("due_at = ?", until).
		Where("user_id = ?", b.id).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return entries, err
}

func (b inbox) Renew(ctx context.Context, claims []core.InboxEntry, until time.Time) error {
	if len(claims) == 0 {
		return nil
	}
	return b.change(ctx, "renew claims", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("due_at = ?", micros(until)).
			Where("user_id = ?", b.id).Where("state = ?", core.InboxClaimed).Where("due_at < ?", micros(until)).
			WhereGroup(" AND ", func(q *bun.UpdateQuery) *bun.UpdateQuery {
				for _, e := range claims {
					q = q.WhereOr("id = ? AND starts = ? AND revision = ?", e.ID, e.Starts, e.Revision)
				}
				return q
			}).Exec(ctx)
		return err
	})
}

func (b inbox) Finish(ctx context.Context, entries ...core.InboxEntry) error {
	if len(entries) == 0 {
		return nil
	}
	var lost error
	err := b.change(ctx, "finish messages", func(ctx context.Context, tx bun.Tx) (err error) {
		_, lost, err = b.finish(ctx, tx, entries...)
		return err
	})
	return cmp.Or(err, b.translate("finish messages", lost))
}

// finishRow is what finish has to know of one claim. Its columns have names of their own,
// because SQLite does not take qualified ones where a statement returns rows.
type finishRow struct {
	bun.BaseModel `bun:"table:finished,alias:f"`

	ID       core.InboxID    `bun:"entry_id,type:uuid"`
	Starts   int             `bun:"claim_starts"`
	Revision int             `bun:"claim_revision"`
	State    core.InboxState `bun:"to_state"`
	Reason   core.Reason     `bun:"to_reason"`
	Retries  int             `bun:"more_retries"`
	RetryAt  int64           `bun:"again_at"`
}

// finish ends claims that are still the current ones. lost says why not all are: one is not
// there, or not claimed like this any more.
func (t tenant) finish(ctx context.Context, tx bun.Tx, entries ...core.InboxEntry) (ended []core.InboxID, lost, err error) {
	rows := make([]finishRow, len(entries))
	for i, e := range entries {
		rows[i] = finishRow{ID: e.ID, Starts: e.Starts, Revision: e.Revision, State: e.State, Reason: e.Reason}
		switch e.State {
		case core.InboxDone, core.InboxSkipped, core.InboxDead:
		case core.InboxNew:
			rows[i].Retries, rows[i].RetryAt = 1, micros(e.RetryAt)
		default:
			return nil, nil, core.NewError(core.CodeInvalid, core.ReasonInvalidField, "state")
		}
	}
	err = tx.NewUpdate().With("finished", tx.NewValues(&rows)).Model((*inboxRow)(nil)).TableExpr("finished AS f").
		Set("state = f.to_state").Set("reason = f.to_reason").Set("retries = i.retries + f.more_retries").
		Set("retry_at = f.again_at").Set("due_at = f.again_at").
		Where("i.user_id = ?", t.id).Where("i.id = f.entry_id").Where("i.state = ?", core.InboxClaimed).
		Where("i.starts = f.claim_starts").Where("i.revision = f.claim_revision").Returning("id").Scan(ctx, &ended)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, nil, err
	}
	for _, e := range entries {
		if !slices.Contains(ended, e.ID) {
			_, err := find[inboxRow](ctx, tx, t, "id = ?", e.ID)
			return ended, cmp.Or(err, conflict()), nil
		}
	}
	return ended, nil, nil
}

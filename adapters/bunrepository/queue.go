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
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// queue finds due work of all tenants and answers with ids.
type queue struct{ across }

func (q queue) TakeLane(ctx context.Context, now time.Time, holder string, lease time.Duration) (core.Lane, error) {
	// Dispatchers ask all the time and mostly for nothing: that answer is one indexed read
	// and does not disturb the writer.
	err := q.look(ctx, "due lane", func(ctx context.Context, db bun.IDB) error {
		return dueLanes(db, micros(now), holder).Scan(ctx, &laneRow{})
	})
	if err != nil {
		return core.Lane{}, err
	}
	var taken *core.Lane
	err = q.change(ctx, "take lane", func(ctx context.Context, tx bun.Tx) error {
		taken = nil
		for {
			lane, err := dueLane(ctx, tx, micros(now), holder)
			if errors.Is(err, sql.ErrNoRows) {
				return nil // but those that were put off stay so
			}
			if err != nil {
				return err
			}
			ready, err := nextPending(ctx, tx, lane)
			if err != nil {
				return err
			}
			if ready > micros(now) {
				// Nothing to send yet: the lane leaves the queue until there is, so that
				// the silent ones are not looked at again and again.
				lane.NextSendAt = ready
				if err := q.put(ctx, tx, lane); err != nil {
					return err
				}
				if err := enter(ctx, tx); err != nil {
					return err
				}
				continue
			}
			lane.Fence++
			lane.LeaseHolder, lane.LeaseUntil, lane.WokenAt = holder, micros(now.Add(lease)), nil
			granted := lane.toLane()
			taken = &granted
			return q.put(ctx, tx, lane)
		}
	})
	if err == nil && taken == nil {
		err = core.NewError(core.CodeNotFound, core.ReasonNotFound, "")
	}
	if err != nil {
		return core.Lane{}, err
	}
	return *taken, nil
}

// put stores a lane as its tenant.
func (q queue) put(ctx context.Context, tx bun.Tx, lane laneRow) error {
	if err := become(ctx, tx, lane.UserID); err != nil {
		return err
	}
	return replace(ctx, tx, lane)
}

// dueLane reads, and locks, the lane that is due and free for the longest time. Lanes that
// another process is about to take are left to it.
func dueLane(ctx context.Context, tx bun.Tx, now int64, holder string) (laneRow, error) {
	var lane laneRow
	q := dueLanes(tx, now, holder)
	if tx.Dialect().Name() != dialect.SQLite {
		q = q.For("UPDATE SKIP LOCKED")
	}
	err := q.Scan(ctx, &lane)
	return lane, err
}

func dueLanes(db bun.IDB, now int64, holder string) *bun.SelectQuery {
	return db.NewSelect().Model((*laneRow)(nil)).Where("next_send_at <= ?", now).Where("lease_until <= ?", now).
		Where("(host = '' OR host = ? OR host_until <= ?)", holder, now).
		OrderExpr("next_send_at").Limit(1)
}

// nextPending tells when the lane's first pending delivery may go, idle when it has none.
func nextPending(ctx context.Context, tx bun.Tx, lane laneRow) (int64, error) {
	var first int64
	err := tx.NewSelect().Model((*deliveryRow)(nil)).ColumnExpr("coalesce(min(not_before), ?)", int64(idle)).
		Where("user_id = ?", lane.UserID).Where("instance_id = ?", lane.InstanceID).
		Where("state = 'pending'").Scan(ctx, &first)
	return first, err
}

// due is an id of some tenant and when its row became due.
type due struct {
	UserID core.TenantID
	ID     string
	DueAt  int64
}

// oldest merges lists, longest due first.
func oldest(limit int, lists ...[]due) []due {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(limit, len(all))]
}

// overdue lists rows of one state whose column is not later than a time. One state at a
// time, because each has its own index in that order.
func overdue(ctx context.Context, db bun.IDB, model any, state, column string, until int64, limit int) (rows []due, err error) {
	err = db.NewSelect().Model(model).Column("user_id", "id").ColumnExpr("? AS due_at", bun.Ident(column)).
		Where("state = ?", state).Where("? <= ?", bun.Ident(column), until).
		OrderExpr("?", bun.Ident(column)).Limit(int64(limit)).Scan(ctx, &rows)
	return rows, err
}

func (q queue) Unsettled(ctx context.Context, now time.Time, limit int) (refs []repository.DeliveryRef, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = q.snapshot(ctx, "unsettled deliveries", func(ctx context.Context, db bun.IDB) error {
		overran, err := overdue(ctx, db, (*deliveryRow)(nil), "dispatching", "deadline", micros(now), limit)
		if err != nil {
			return err
		}
		doubtful, err := overdue(ctx, db, (*deliveryRow)(nil), "ambiguous", "not_before", micros(now), limit)
		for _, row := range oldest(limit, overran, doubtful) {
			refs = append(refs, repository.DeliveryRef{Tenant: row.UserID, ID: core.DeliveryID(row.ID)})
		}
		return err
	})
	return refs, err
}

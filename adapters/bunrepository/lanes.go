package bunrepository

import (
	"context"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// idle is when a lane is due that has nothing to send: never, until something wakes it.
const idle = math.MaxInt64

// laneRow is a row of lanes.
type laneRow struct {
	bun.BaseModel `bun:"table:lanes,alias:l"`

	UserID     core.TenantID   `bun:"user_id,pk"`
	InstanceID core.InstanceID `bun:"instance_id,pk"`
	// NextSendAt is when the lane is due, and the one column the queue sorts by.
	NextSendAt int64 `bun:"next_send_at"`
	// PacedUntil is the rest after the last send. Only Begin writes it, and nothing makes
	// the lane due before it.
	PacedUntil int64 `bun:"paced_until"`
	// WokenAt is the first wake-up since the lease began, NULL for none. Without it a
	// holder that saw nothing to do could put off work that came while it looked.
	WokenAt     *int64 `bun:"woken_at"`
	LeaseHolder string `bun:"lease_holder"`
	LeaseUntil  int64  `bun:"lease_until"`
	Fence       int64  `bun:"fence"`
}

func (r laneRow) toLane() core.Lane {
	return core.Lane{Tenant: r.UserID, Instance: r.InstanceID, Fence: r.Fence}
}

// due makes the lane due at a time, unless it is due earlier or rests longer.
func (r *laneRow) due(at int64) { r.NextSendAt = min(r.NextSendAt, max(at, r.PacedUntil)) }

// wake is due for work that has just come.
func (r *laneRow) wake(now int64) {
	r.due(now)
	if r.WokenAt == nil || now < *r.WokenAt {
		r.WokenAt = &now
	}
}

// changeLane applies change to the lane of an instance; "" is the tenant's only one.
func (t tenant) changeLane(ctx context.Context, tx bun.Tx, id core.InstanceID, change func(*laneRow) error) error {
	where := "instance_id = ?"
	if id == "" {
		where = "? = ''"
	}
	lane, err := locked[laneRow](ctx, tx, t, where, id)
	if err != nil {
		return err
	}
	if err := change(&lane); err != nil {
		return err
	}
	return replace(ctx, tx, lane)
}

type lane struct{ tenant }

func (d lane) History(ctx context.Context, since time.Time) (out []core.Dispatch, err error) {
	err = d.look(ctx, "send history", func(ctx context.Context, db bun.IDB) error {
		var rows []sendLogRow
		err := db.NewSelect().Model(&rows).Where("user_id = ?", d.id).
			Where("created_at >= ?", micros(since)).OrderExpr("created_at, delivery_id, attempt").Scan(ctx)
		for _, row := range rows {
			out = append(out, core.Dispatch{Destination: row.DestinationID, At: moment(row.CreatedAt)})
		}
		return err
	})
	return out, err
}

func (d lane) Begin(ctx context.Context, b repository.Begin) (out core.Delivery, err error) {
	err = d.change(ctx, "begin delivery", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[deliveryRow](ctx, tx, d.tenant, "id = ?", b.ID)
		if err != nil {
			return err
		}
		if row.State != core.DeliveryPending || row.Text != b.Text || row.InstanceID != b.Lane.Instance {
			return conflict()
		}
		if err := d.changeLane(ctx, tx, b.Lane.Instance, func(l *laneRow) error {
			if l.Fence != b.Lane.Fence {
				return conflict()
			}
			l.PacedUntil, l.NextSendAt = micros(b.NextSend), micros(b.NextSend)
			return nil
		}); err != nil {
			return err
		}
		row.State, row.Reason, row.Detail = core.DeliveryDispatching, "", ""
		row.Attempt++
		row.WithoutMedia = row.WithoutMedia || b.WithoutMedia
		row.ClientID, row.Deadline = b.ClientID, micros(b.Deadline)
		row.DispatchedAt, row.UpdatedAt = micros(b.Now), micros(b.Now)
		if err := insert(ctx, tx, sendLogRow{
			UserID: d.id, DeliveryID: row.ID, Attempt: row.Attempt,
			DestinationID: row.DestinationID, CreatedAt: micros(b.Now),
		}); err != nil {
			return err
		}
		out = row.toDelivery()
		return replace(ctx, tx, row)
	})
	if err != nil {
		return core.Delivery{}, err
	}
	return out, nil
}

func (d lane) Renew(ctx context.Context, lane core.Lane, until time.Time) error {
	return d.change(ctx, "renew lease", func(ctx context.Context, tx bun.Tx) error {
		return d.changeLane(ctx, tx, lane.Instance, func(l *laneRow) error {
			if l.Fence != lane.Fence {
				return conflict()
			}
			l.LeaseUntil = max(l.LeaseUntil, micros(until))
			return nil
		})
	})
}

func (d lane) Release(ctx context.Context, lane core.Lane, next time.Time) error {
	return d.change(ctx, "release lane", func(ctx context.Context, tx bun.Tx) error {
		return d.changeLane(ctx, tx, lane.Instance, func(l *laneRow) error {
			if l.Fence != lane.Fence {
				return nil
			}
			at := micros(next)
			if l.WokenAt != nil {
				at = min(at, *l.WokenAt)
			}
			l.NextSendAt = max(at, l.PacedUntil)
			l.LeaseHolder, l.LeaseUntil, l.WokenAt = "", 0, nil
			return nil
		})
	})
}

func (d lane) Wake(ctx context.Context, now time.Time) error {
	return d.change(ctx, "wake lane", func(ctx context.Context, tx bun.Tx) error {
		return d.changeLane(ctx, tx, "", func(l *laneRow) error {
			l.wake(micros(now))
			return nil
		})
	})
}

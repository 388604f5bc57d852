package bunrepository

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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
	// Host is the process with the connection to WhatsApp, "" for none; nobody takes it over
	// before HostUntil.
	Host      string `bun:"host"`
	HostUntil int64  `bun:"host_until"`
	HostFence int64  `bun:"host_fence"`
}

func (r laneRow) toLane() core.Lane {
	return core.Lane{Tenant: r.UserID, Instance: r.InstanceID, Fence: r.Fence}
}

// due makes the lane due at a time, unless it is due earlier or rests longer.
func (r *laneRow) due(at int64) { r.NextSendAt = min(r.NextSendAt, max(at, r.PacedUntil)) }

// wakeLane makes the lane of an instance due for work that has just come; "" is the tenant's
// only one. The row stays locked until the work can be seen: whoever finds nothing to do
// must not put the lane off meanwhile.
func (t tenant) wakeLane(ctx context.Context, tx bun.Tx, id core.InstanceID, now time.Time) error {
	const due = "CASE WHEN paced_until > ?0 THEN paced_until ELSE ?0 END"
	q := tx.NewUpdate().Model((*laneRow)(nil)).
		Set("next_send_at = CASE WHEN next_send_at > "+due+" THEN "+due+" ELSE next_send_at END", micros(now)).
		Set("woken_at = CASE WHEN woken_at < ?0 THEN woken_at ELSE ?0 END", micros(now)).
		Where("user_id = ?", t.id)
	if id != "" {
		q = q.Where("instance_id = ?", id)
	}
	return touched(q.Exec(ctx))
}

// changeLane applies change to the lane of an instance.
func (t tenant) changeLane(ctx context.Context, tx bun.Tx, id core.InstanceID, change func(*laneRow) error) error {
	lane, err := locked[laneRow](ctx, tx, t, "instance_id = ?", id)
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
		if b.Settle != nil {
			if _, lost, err := d.settle(ctx, tx, *b.Settle); err != nil || lost {
				return cmp.Or(err, conflict())
			}
		}
		// The compare-and-set that permits the call: each statement is a round trip.
		var row deliveryRow
		err := tx.NewUpdate().Model(&row).
			Set("state = ?", core.DeliveryDispatching).Set("reason = ''").Set("detail = ''").Set("attempt = attempt + 1").
			Set("without_media = (without_media OR ?)", b.WithoutMedia).Set("client_id = ?", b.ClientID).Set("deadline = ?", micros(b.Deadline)).
			Set("dispatched_at = ?", micros(b.Now)).Set("updated_at = ?", micros(b.Now)).
			Where("user_id = ?", d.id).Where("id = ?", b.ID).
			Where("state = 'pending'").Where("text = ?", b.Text).Where("instance_id = ?", b.Lane.Instance).
			Returning("*").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			if _, err := find[deliveryRow](ctx, tx, d.tenant, "id = ?", b.ID); err != nil {
				return err
			}
			return conflict()
		}
		if err != nil {
			return err
		}
		held, err := d.held(ctx, tx, b.Lane, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("paced_until = ?", micros(b.NextSend)).Set("next_send_at = ?", micros(b.NextSend))
		})
		if err != nil {
			return err
		}
		if !held {
			return conflict()
		}
		out = row.toDelivery()
		return insert(ctx, tx, sendLogRow{
			UserID: d.id, DeliveryID: row.ID, Attempt: row.Attempt,
			DestinationID: row.DestinationID, CreatedAt: micros(b.Now),
		})
	})
	if err != nil {
		return core.Delivery{}, err
	}
	return out, nil
}

// held changes a lane whose holder still is the one with this fence, and says whether it is;
// sql.ErrNoRows when there is no such lane.
func (d lane) held(ctx context.Context, tx bun.Tx, l core.Lane, set func(*bun.UpdateQuery) *bun.UpdateQuery) (bool, error) {
	err := touched(set(tx.NewUpdate().Model((*laneRow)(nil))).
		Where("user_id = ?", d.id).Where("instance_id = ?", l.Instance).Where("fence = ?", l.Fence).Exec(ctx))
	if errors.Is(err, sql.ErrNoRows) {
		_, err = find[laneRow](ctx, tx, d.tenant, "instance_id = ?", l.Instance)
		return false, err
	}
	return err == nil, err
}

func (d lane) Renew(ctx context.Context, lane core.Lane, until time.Time) error {
	return d.change(ctx, "renew lease", func(ctx context.Context, tx bun.Tx) error {
		held, err := d.held(ctx, tx, lane, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("lease_until = CASE WHEN lease_until < ?0 THEN ?0 ELSE lease_until END", micros(until))
		})
		if err == nil && !held {
			err = conflict()
		}
		return err
	})
}

func (d lane) Release(ctx context.Context, lane core.Lane, next time.Time) error {
	return d.change(ctx, "release lane", func(ctx context.Context, tx bun.Tx) error { return d.release(ctx, tx, lane, next) })
}

// release gives a lease back, if it still is this holder's.
func (d lane) release(ctx context.Context, tx bun.Tx, lane core.Lane, next time.Time) error {
	// The earlier of next and the first wake-up, but not before the rest ends.
	const woken = "CASE WHEN woken_at < ?0 THEN woken_at ELSE ?0 END"
	_, err := d.held(ctx, tx, lane, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("next_send_at = CASE WHEN paced_until > "+woken+" THEN paced_until ELSE "+woken+" END", micros(next)).
			Set("lease_holder = ''").Set("lease_until = 0").Set("woken_at = NULL")
	})
	return err
}

func (d lane) Conclude(ctx context.Context, s repository.Settle, lane core.Lane, next time.Time) (core.Delivery, error) {
	return deliveries(d).settling(ctx, "conclude delivery", s, func(ctx context.Context, tx bun.Tx) error {
		return d.release(ctx, tx, lane, next)
	})
}

func (d lane) Wake(ctx context.Context, now time.Time) error {
	return d.change(ctx, "wake lane", func(ctx context.Context, tx bun.Tx) error { return d.wakeLane(ctx, tx, "", now) })
}

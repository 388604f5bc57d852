package bunrepository

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
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

func (d lane) Begin(ctx context.Context, b repository.Begin) (out []core.Delivery, err error) {
	err = d.change(ctx, "begin deliveries", func(ctx context.Context, tx bun.Tx) error {
		if err := d.settleAll(ctx, tx, b.Settle); err != nil {
			return err
		}
		rows, err := d.dispatch(ctx, tx, b)
		if err == nil && len(rows) == 0 {
			err = conflict()
		}
		if err != nil {
			return err
		}
		held, err := d.held(ctx, tx, b.Lane, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("paced_until = ?", micros(b.NextSend)).Set("next_send_at = ?", micros(b.NextSend))
		})
		if err == nil && !held {
			err = conflict()
		}
		if err != nil {
			return err
		}
		out = toDeliveries(rows)
		log := make([]sendLogRow, len(rows))
		for i, row := range rows {
			log[i] = sendLogRow{
				UserID: d.id, DeliveryID: row.ID, Attempt: row.Attempt,
				DestinationID: row.DestinationID, CreatedAt: micros(b.Now),
			}
		}
		_, err = tx.NewInsert().Model(&log).Returning("NULL").Exec(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// attemptRow is what dispatch has to know of one attempt.
type attemptRow struct {
	bun.BaseModel `bun:"table:attempts,alias:a"`

	ID           core.DeliveryID `bun:"delivery_id,type:uuid"`
	Text         string          `bun:"shown"`
	ClientID     core.MessageID  `bun:"sent_as"`
	WithoutMedia bool            `bun:"text_alone"`
}

// dispatch is the compare-and-set that permits the calls. It returns what it permits in the
// order of the attempts.
func (d lane) dispatch(ctx context.Context, tx bun.Tx, b repository.Begin) (rows []deliveryRow, err error) {
	if len(b.Attempts) == 0 {
		return nil, nil
	}
	attempts := make([]attemptRow, len(b.Attempts))
	at := make(map[core.DeliveryID]int, len(b.Attempts))
	for i, a := range b.Attempts {
		attempts[i] = attemptRow{ID: a.ID, Text: a.Text, ClientID: a.ClientID, WithoutMedia: a.WithoutMedia}
		at[a.ID] = i
	}
	// Locked by id like everywhere.
	slices.SortFunc(attempts, func(a, b attemptRow) int { return cmp.Compare(a.ID, b.ID) })
	err = tx.NewUpdate().With("attempts", tx.NewValues(&attempts)).Model(&rows).TableExpr("attempts AS a").
		Set("state = ?", core.DeliveryDispatching).Set("reason = ''").Set("detail = ''").Set("attempt = d.attempt + 1").
		Set("without_media = (d.without_media OR a.text_alone)").Set("client_id = a.sent_as").
		Set("deadline = ?", micros(b.Deadline)).Set("dispatched_at = ?", micros(b.Now)).Set("updated_at = ?", micros(b.Now)).
		Where("d.user_id = ?", d.id).Where("d.id = a.delivery_id").Where("d.state = 'pending'").Where("d.text = a.shown").
		Where("d.instance_id = ?", b.Lane.Instance).Returning("?Columns").Scan(ctx)
	slices.SortFunc(rows, func(a, b deliveryRow) int { return cmp.Compare(at[a.ID], at[b.ID]) })
	return rows, err
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

func (d lane) Conclude(ctx context.Context, all []repository.Settle, lane core.Lane, next time.Time) error {
	return d.change(ctx, "conclude deliveries", func(ctx context.Context, tx bun.Tx) error {
		if err := d.settleAll(ctx, tx, all); err != nil {
			return err
		}
		return d.release(ctx, tx, lane, next)
	})
}

func (d lane) Wake(ctx context.Context, now time.Time) error {
	return d.change(ctx, "wake lane", func(ctx context.Context, tx bun.Tx) error { return d.wakeLane(ctx, tx, "", now) })
}

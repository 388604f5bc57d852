package bunrepository

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// changeRow is the part of a row that tells that it changed.
type changeRow struct {
	ID        string       `bun:"id"`
	OfferID   core.OfferID `bun:"offer_id"`
	State     string       `bun:"state"`
	UpdatedAt int64        `bun:"updated_at"`
}

// Changes implements [repository.Tenant].
func (t tenant) Changes(ctx context.Context, after repository.Moment, limit int) (out []repository.Change, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = t.snapshot(ctx, "changes", func(ctx context.Context, db bun.IDB) error {
		for _, from := range []struct {
			kind           repository.ChangeKind
			model          any
			offerID, state string
		}{
			{repository.OfferChanged, (*offerRow)(nil), "id", "''"},
			{repository.DeliveryChanged, (*deliveryRow)(nil), "offer_id", "state"},
			{repository.ConnectionChanged, (*instanceRow)(nil), "''", "status"},
		} {
			var rows []changeRow
			at := micros(after.At)
			q := db.NewSelect().Model(from.model).Column("id", "updated_at").
				ColumnExpr(from.offerID+" AS offer_id").ColumnExpr(from.state+" AS state").
				Where("user_id = ?", t.id).Where("updated_at >= ?", at)
			if after.ID != "" {
				q = q.Where("(updated_at > ? OR id > ?)", at, after.ID)
			} else {
				q = q.Where("updated_at > ?", at)
			}
			if err := q.OrderExpr("updated_at, id").Limit(int64(limit)).Scan(ctx, &rows); err != nil {
				return err
			}
			for _, row := range rows {
				out = append(out, repository.Change{
					Moment: repository.Moment{At: moment(row.UpdatedAt), ID: row.ID},
					Kind:   from.kind, Offer: row.OfferID, State: row.State,
				})
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b repository.Change) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(len(out), limit)], err
}

// activityRow counts what happened in one step.
type activityRow struct {
	Step int64 `bun:"step"`
	N    int   `bun:"n"`
}

// Activity implements [repository.Account].
func (a account) Activity(ctx context.Context, since time.Time, step time.Duration) ([]core.Activity, error) {
	if step < time.Second {
		return nil, core.InvalidField("step", core.ReasonOutOfRange, "step")
	}
	from, width := micros(since), step.Microseconds()
	byStep := map[int64]core.Activity{}
	err := a.snapshot(ctx, "activity", func(ctx context.Context, db bun.IDB) error {
		count := func(model any, column, where string, add func(*core.Activity, int)) error {
			var rows []activityRow
			// An offer cannot have changed before it was made, so the index of changes finds it.
			err := db.NewSelect().Model(model).ColumnExpr("(? - ?) / ? AS step", bun.Ident(column), from, width).
				ColumnExpr("count(*) AS n").Where("user_id = ?", a.id).Where(where).
				Where("updated_at >= ?", from).Where("? >= ?", bun.Ident(column), from).GroupExpr("1").Scan(ctx, &rows)
			for _, row := range rows {
				activity := byStep[row.Step]
				activity.At = moment(from + row.Step*width)
				add(&activity, row.N)
				byStep[row.Step] = activity
			}
			return err
		}
		if err := count((*offerRow)(nil), "created_at", "TRUE", func(x *core.Activity, n int) { x.Offers = n }); err != nil {
			return err
		}
		return count((*deliveryRow)(nil), "sent_at", "state = 'sent'", func(x *core.Activity, n int) { x.Sent = n })
	})
	out := make([]core.Activity, 0, len(byStep))
	for _, activity := range byStep {
		out = append(out, activity)
	}
	slices.SortFunc(out, func(x, y core.Activity) int { return x.At.Compare(y.At) })
	return out, err
}

// Renew implements [repository.Account].
func (a account) Renew(ctx context.Context, hash core.Secret) (out core.Tenant, err error) {
	err = a.change(ctx, "renew sessions", func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*userRow)(nil)).Set("session = session + 1").Where("id = ?", a.id)
		if !hash.IsZero() {
			q = q.Set("password_hash = ?", hash.Reveal())
		}
		if err := touched(q.Exec(ctx)); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("user_id = ?", a.id).Exec(ctx); err != nil {
			return err
		}
		var row userRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", a.id).Scan(ctx); err != nil {
			return err
		}
		out, err = row.toTenant()
		return err
	})
	return out, err
}

// Erase implements [repository.Account]. Every table of tenants refers to users and is
// emptied with it.
func (a account) Erase(ctx context.Context) error {
	return a.change(ctx, "erase tenant", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewDelete().Model((*userRow)(nil)).Where("id = ?", a.id).Exec(ctx))
	})
}

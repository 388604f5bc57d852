package bunrepository

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// sent selects sent deliveries of the tenant, without the part of the page.
func (d deliveries) sent(db bun.IDB, q repository.SentQuery) *bun.SelectQuery {
	query := db.NewSelect().Model((*deliveryRow)(nil)).Where("user_id = ?", d.id).Where("state = 'sent'").
		Where("sent_at >= ?", micros(q.Since)).Where("sent_at < ?", micros(q.Until))
	if q.Destination != "" {
		query = query.Where("destination_id = ?", q.Destination)
	}
	return query
}

// Sent implements [repository.Deliveries].
func (d deliveries) Sent(ctx context.Context, q repository.SentQuery) (out []core.Delivery, err error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	err = d.look(ctx, "sent deliveries", func(ctx context.Context, db bun.IDB) error {
		query := d.sent(db, q)
		if !q.Before.At.IsZero() {
			at := micros(q.Before.At)
			query = query.Where("sent_at <= ?", at).Where("(sent_at < ? OR id < ?)", at, q.Before.ID)
		}
		var rows []deliveryRow
		if err := query.OrderExpr("sent_at DESC, id DESC").Limit(int64(q.Limit)).Scan(ctx, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			out = append(out, row.toDelivery())
		}
		return nil
	})
	return out, err
}

// SentTally implements [repository.Deliveries].
func (d deliveries) SentTally(ctx context.Context, q repository.SentQuery, step time.Duration) (out []repository.SentTally, err error) {
	if step < time.Second {
		return nil, core.InvalidField("step", core.ReasonOutOfRange, "step")
	}
	from, width := micros(q.Since), step.Microseconds()
	err = d.look(ctx, "tally of sent deliveries", func(ctx context.Context, db bun.IDB) error {
		var rows []struct {
			Step          int64
			DestinationID core.DestinationID
			N             int
		}
		err := d.sent(db, q).ColumnExpr("(sent_at - ?) / ? AS step", from, width).Column("destination_id").ColumnExpr("count(*) AS n").
			GroupExpr("1, 2").OrderExpr("1, 2").Scan(ctx, &rows)
		for _, r := range rows {
			out = append(out, repository.SentTally{At: moment(from + r.Step*width), Destination: r.DestinationID, N: r.N})
		}
		return err
	})
	return out, err
}

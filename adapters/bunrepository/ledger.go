package bunrepository

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func (q queue) Ledger(ctx context.Context) (repository.Ledger, error) {
	l := repository.Ledger{Inbox: map[core.InboxState]int{}, Deliveries: map[core.DeliveryState]int{}}
	var inbox, deliveries []tally
	var nowhere, undelivered int
	err := q.snapshot(ctx, "ledger", func(ctx context.Context, db bun.IDB) error {
		count := func(model any, where string) *bun.SelectQuery {
			return db.NewSelect().Model(model).ColumnExpr("count(*)").Where(where)
		}
		byState := func(model any) *bun.SelectQuery {
			return db.NewSelect().Model(model).ColumnExpr("state AS name").ColumnExpr("count(*) AS n").GroupExpr("state")
		}
		for _, one := range []struct {
			query *bun.SelectQuery
			dest  any
		}{
			{byState((*inboxRow)(nil)), &inbox},
			{byState((*deliveryRow)(nil)), &deliveries},
			{count((*offerRow)(nil), "TRUE"), &l.Offers},
			{count((*offerRow)(nil), "hold_reason <> ''"), &l.Held},
			{count((*inboxRow)(nil), "state = 'done' AND NOT EXISTS ("+
				"SELECT 1 FROM offers AS o WHERE o.user_id = i.user_id AND o.inbox_id = i.id)"), &nowhere},
			{count((*offerRow)(nil), "hold_reason = '' AND NOT EXISTS ("+
				"SELECT 1 FROM deliveries AS d WHERE d.user_id = o.user_id AND d.offer_id = o.id)"), &undelivered},
		} {
			if err := one.query.Scan(ctx, one.dest); err != nil {
				return err
			}
		}
		return nil
	})
	for _, t := range inbox {
		l.Inbox[core.InboxState(t.Name)] = t.N
	}
	for _, t := range deliveries {
		l.Deliveries[core.DeliveryState(t.Name)] = t.N
	}
	l.Lost = nowhere + undelivered
	return l, err
}

package bunrepository

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func (q queue) Backlog(ctx context.Context, now time.Time, limit int) (all []repository.Backlog, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = q.look(ctx, "backlog", func(ctx context.Context, db bun.IDB) error {
		var rows []struct {
			UserID  core.TenantID
			Waiting int
			Since   int64
		}
		// One state at a time, because each has its own index by due_at.
		waiting := func(state string) *bun.SelectQuery {
			return db.NewSelect().Model((*inboxRow)(nil)).Column("user_id", "due_at").
				Where("state = ?", state).Where("due_at <= ?", micros(now))
		}
		err := db.NewSelect().TableExpr("(?) AS b", waiting("new").UnionAll(waiting("claimed"))).
			ColumnExpr("user_id").ColumnExpr("count(*) AS waiting").ColumnExpr("min(due_at) AS since").
			GroupExpr("user_id").OrderExpr("since, user_id").Limit(int64(limit)).Scan(ctx, &rows)
		for _, row := range rows {
			all = append(all, repository.Backlog{Tenant: row.UserID, Waiting: row.Waiting, Since: moment(row.Since)})
		}
		return err
	})
	return all, err
}

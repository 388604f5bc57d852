package bunrepository

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// directory looks across tenants and answers with ids.
type directory struct{ across }

func (d directory) CreateTenant(ctx context.Context, t core.Tenant) error {
	return tenant{Repository: d.Repository, id: t.ID}.change(ctx, "create tenant", func(ctx context.Context, tx bun.Tx) error {
		row, err := fromTenant(t)
		if err != nil {
			return err
		}
		return insert(ctx, tx, row)
	})
}

func (d directory) TenantByEmail(ctx context.Context, email string) (core.TenantID, error) {
	return d.owner(ctx, "tenant by e-mail", (*userRow)(nil), "id", "email = ?", email)
}

func (d directory) TenantByWebhook(ctx context.Context, hash string) (core.TenantID, error) {
	return d.owner(ctx, "tenant by webhook", (*instanceRow)(nil), "user_id", "webhook_hash = ?", hash)
}

func (d directory) TenantByAPIKey(ctx context.Context, hash string) (core.TenantID, error) {
	return d.owner(ctx, "tenant by API key", (*apiKeyRow)(nil), "user_id", "hash = ?", hash)
}

func (d directory) TenantByInstanceName(ctx context.Context, name string) (core.TenantID, error) {
	return d.owner(ctx, "tenant by instance name", (*instanceRow)(nil), "user_id", "instance_name = ?", name)
}

// owner reads the tenant of the one row that fits.
func (d directory) owner(ctx context.Context, op string, model any, column, where, arg string) (id core.TenantID, err error) {
	err = d.look(ctx, op, func(ctx context.Context, db bun.IDB) error {
		return db.NewSelect().Model(model).Column(column).Where(where, arg).Scan(ctx, &id)
	})
	return id, err
}

func (d directory) Unchecked(ctx context.Context, before time.Time, limit int) (ids []core.TenantID, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = d.look(ctx, "unchecked instances", func(ctx context.Context, db bun.IDB) error {
		return db.NewSelect().Model((*instanceRow)(nil)).Column("user_id").
			Where("status <> 'disconnected'").Where("checked_at < ?", micros(before)).
			OrderExpr("checked_at").Limit(int64(limit)).Scan(ctx, &ids)
	})
	return ids, err
}

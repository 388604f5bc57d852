package bunrepository

import (
	"context"
	"testing"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
)

// TestPostgresReadsCannotWrite has a single read, which is one message without a
// transaction of its own, try to write, and wants its scope gone afterwards.
func TestPostgresReadsCannotWrite(t *testing.T) {
	r := openTestPostgres(t)
	id := repositorytest.Seed(t, r, 1)[0]
	err := r.database.look(t.Context(), scope{id}, func(ctx context.Context, db bun.IDB) error {
		_, err := db.NewUpdate().Model((*userRow)(nil)).Set("full_name = 'x'").Where("id = ?", id).Exec(ctx)
		return err
	})
	if err == nil {
		t.Error("a read wrote")
	}
	db := r.database.owner()
	for range 20 { // whichever connection of the pool
		var left string
		if err := db.NewSelect().ColumnExpr("coalesce(current_setting('app.tenant_id', true), '')").Scan(t.Context(), &left); err != nil || left != "" {
			t.Fatalf("a connection kept the scope of %q, %v", left, err)
		}
	}
}

// TestPostgresScopeWaitsForTheFirstStatement begins transactions that say nothing, or whose
// only words wait, and wants the connection to be as good as new.
func TestPostgresScopeWaitsForTheFirstStatement(t *testing.T) {
	r := openTestPostgres(t)
	ids := repositorytest.Seed(t, r, 2)
	for _, id := range ids {
		silent := func(context.Context, bun.Tx) error { return nil }
		waits := func(ctx context.Context, tx bun.Tx) error { return alone(ctx, tx, "a thing") }
		for _, fn := range []func(context.Context, bun.Tx) error{silent, waits, silent} {
			if err := r.database.change(t.Context(), scope{id}, fn); err != nil {
				t.Fatal(err)
			}
		}
		own, err := r.Tenant(id).Account().Get(t.Context())
		if err != nil || own.ID != id {
			t.Errorf("tenant %s after silent transactions: %s, %v", id, own.ID, err)
		}
	}
	// Words that fail make the statement fail that takes them along.
	err := r.database.change(t.Context(), scope{ids[0]}, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(later(ctx), "select 1/0"); err != nil {
			return err
		}
		_, err := find[laneRow](ctx, tx, tenant{Repository: r, id: ids[0]}, "TRUE")
		return err
	})
	if err == nil {
		t.Error("a failed statement went unnoticed")
	}
	if _, err := r.Tenant(ids[1]).Account().Get(t.Context()); err != nil {
		t.Error(err)
	}
}

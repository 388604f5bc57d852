package bunrepository

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Repository is a repository.Repository over one SQL database. It is safe for concurrent
// use. Close it when nothing uses it any more.
type Repository struct {
	database database
	dialect  string // the folder of its migrations
	clock    *clock
	seal     *sealer
	closed   atomic.Bool
}

var _ repository.Repository = (*Repository)(nil)

// database is how one kind of database runs transactions and names its errors.
type database interface {
	// change runs fn in a transaction that is durable when change returns nil.
	change(ctx context.Context, s scope, fn func(context.Context, bun.Tx) error) error
	// put runs fn, which writes with one statement, while no other transaction is at the same
	// thing, and is durable when put returns nil. After an error it may have taken effect all
	// the same.
	put(ctx context.Context, s scope, thing string, fn func(context.Context, bun.IDB) error) error
	// look runs fn, which reads with one statement.
	look(ctx context.Context, s scope, fn func(context.Context, bun.IDB) error) error
	// snapshot runs fn, whose several reads see the same moment.
	snapshot(ctx context.Context, s scope, fn func(context.Context, bun.IDB) error) error
	// classify says what an error of the driver means; "" when it is not the driver's.
	classify(err error) (core.Code, core.Reason)
	// owner is the connections that may change the schema.
	owner() *bun.DB
	// exclusive runs fn while no other process migrates.
	exclusive(ctx context.Context, fn func(context.Context) error) error
	// letIn gives the program's role what it needs, after migrations.
	letIn(ctx context.Context) error
	// verify says why this database cannot be trusted.
	verify(ctx context.Context) error
	close() error
}

// scope says whose rows a transaction may touch: one tenant's, or, for the Directory and
// the Queue, those of all.
type scope struct {
	tenant core.TenantID // "" for all
}

// Tenant scopes everything to one tenant.
func (r *Repository) Tenant(id core.TenantID) repository.Tenant { return tenant{Repository: r, id: id} }

// Directory answers whose a credential is.
func (r *Repository) Directory() repository.Directory { return directory{across{r}} }

// Queue finds due work of all tenants.
func (r *Repository) Queue() repository.Queue { return queue{across{r}} }

// Operations is what an operator sees of all tenants.
func (r *Repository) Operations() repository.Operations { return operations{across{r}} }

// Ping says whether the database answers; CodeUnavailable when it does not.
func (r *Repository) Ping(ctx context.Context) error {
	return across{r}.look(ctx, "ping", func(ctx context.Context, db bun.IDB) error {
		var one int
		return db.NewSelect().ColumnExpr("1").Scan(ctx, &one)
	})
}

// Now is the time all processes on this database share, kept by the monotonic clock.
func (r *Repository) Now() time.Time { return r.clock.now() }

// Close releases the connections. Methods called later answer CodeUnavailable.
func (r *Repository) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	return r.database.close()
}

// across is the scope of the few questions that look across tenants.
type across struct{ *Repository }

func (a across) change(ctx context.Context, op string, fn func(context.Context, bun.Tx) error) error {
	return a.translate(op, a.database.change(ctx, scope{}, fn))
}

func (a across) look(ctx context.Context, op string, fn func(context.Context, bun.IDB) error) error {
	return a.translate(op, a.database.look(ctx, scope{}, fn))
}

func (a across) snapshot(ctx context.Context, op string, fn func(context.Context, bun.IDB) error) error {
	return a.translate(op, a.database.snapshot(ctx, scope{}, fn))
}

// tenant is the scope everything of one tenant lives in.
type tenant struct {
	*Repository
	id core.TenantID
	// moment is the transaction of a Snapshot, nil outside of one.
	moment bun.IDB
}

func (t tenant) change(ctx context.Context, op string, fn func(context.Context, bun.Tx) error) error {
	if t.moment != nil {
		return onlyReads()
	}
	return t.translate(op, t.database.change(ctx, scope{t.id}, fn))
}

func onlyReads() error {
	return core.NewError(core.CodeInvalid, core.ReasonInternal, "a snapshot only reads")
}

func (t tenant) look(ctx context.Context, op string, fn func(context.Context, bun.IDB) error) error {
	if t.moment != nil {
		return t.translate(op, fn(ctx, t.moment))
	}
	return t.translate(op, t.database.look(ctx, scope{t.id}, fn))
}

func (t tenant) put(ctx context.Context, op, thing string, fn func(context.Context, bun.IDB) error) error {
	if t.moment != nil {
		return onlyReads()
	}
	return t.translate(op, t.database.put(ctx, scope{t.id}, thing, fn))
}

func (t tenant) snapshot(ctx context.Context, op string, fn func(context.Context, bun.IDB) error) error {
	if t.moment != nil {
		return t.translate(op, fn(ctx, t.moment))
	}
	return t.translate(op, t.database.snapshot(ctx, scope{t.id}, fn))
}

// Snapshot implements [repository.Tenant].
func (t tenant) Snapshot(ctx context.Context, read func(repository.Tenant) error) error {
	return t.snapshot(ctx, "snapshot", func(_ context.Context, db bun.IDB) error {
		if err := read(tenant{t.Repository, t.id, db}); err != nil {
			return refusal{err}
		}
		return nil
	})
}

func (t tenant) Account() repository.Account           { return account{t} }
func (t tenant) Instance() repository.Instance         { return instance{t} }
func (t tenant) Sources() repository.Sources           { return sources{t} }
func (t tenant) Destinations() repository.Destinations { return destinations{t} }
func (t tenant) Tags() repository.Tags                 { return tags{t} }
func (t tenant) MintedLinks() repository.MintedLinks   { return mintedLinks{t} }
func (t tenant) APIKeys() repository.APIKeys           { return apiKeys{t} }
func (t tenant) Sessions() repository.Sessions         { return sessions{t} }
func (t tenant) Inbox() repository.Inbox               { return inbox{t} }
func (t tenant) Offers() repository.Offers             { return offers{t} }
func (t tenant) Deliveries() repository.Deliveries     { return deliveries{t} }
func (t tenant) Lane() repository.Lane                 { return lane{t} }
func (t tenant) Hosting() repository.Hosting           { return hosting{t} }

// place names a cell of one of the tenant's rows, for sealing.
func (t tenant) place(table, column, row string) place {
	return place{tenant: t.id, table: table, column: column, row: row}
}

// find reads the one row of R's table that belongs to the tenant and fits where;
// sql.ErrNoRows when there is none.
func find[R any](ctx context.Context, db bun.IDB, t tenant, where string, args ...any) (R, error) {
	var row R
	err := db.NewSelect().Model(&row).Where("user_id = ?", t.id).Where(where, args...).Limit(1).Scan(ctx)
	return row, err
}

// locked is find for a row that is about to be changed. SQLite's write transactions exclude
// each other; elsewhere the row has to be locked against one that reads it meanwhile.
func locked[R any](ctx context.Context, tx bun.Tx, t tenant, where string, args ...any) (R, error) {
	var row R
	q := tx.NewSelect().Model(&row).Where("user_id = ?", t.id).Where(where, args...).Limit(1)
	if tx.Dialect().Name() != dialect.SQLite {
		q = q.For("UPDATE")
	}
	err := q.Scan(ctx)
	return row, err
}

// list reads all rows of R's table that belong to the tenant, by id.
func list[R any](ctx context.Context, db bun.IDB, t tenant) ([]R, error) {
	var rows []R
	err := db.NewSelect().Model(&rows).Where("user_id = ?", t.id).OrderExpr("id").Scan(ctx)
	return rows, err
}

// insert stores a row that must be new.
func insert[R any](ctx context.Context, tx bun.Tx, row R) error {
	_, err := tx.NewInsert().Model(&row).Returning("NULL").Exec(ctx)
	return err
}

// replace writes a whole row by its primary key; sql.ErrNoRows when it is not there.
func replace[R any](ctx context.Context, tx bun.Tx, row R) error {
	return touched(tx.NewUpdate().Model(&row).WherePK().Exec(ctx))
}

// touched turns "no row was there" into sql.ErrNoRows.
func touched(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		return sql.ErrNoRows
	}
	return err
}

// texts writes texts without the NUL characters that no SQL database takes: names and
// messages come from strangers, and must not become errors. Bytes that are no UTF-8 are
// replaced by the dialect.
type texts struct{ bunschema.Dialect }

// AppendString implements the dialect.
func (t texts) AppendString(b []byte, s string) []byte {
	return t.Dialect.AppendString(b, strings.ReplaceAll(s, "\x00", ""))
}

// conflict is a lost compare-and-set.
func conflict() error { return core.NewError(core.CodeConflict, core.ReasonConflict, "") }

package bunrepository

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	// directoryRole may read ids of all tenants and nothing else; migrations make it.
	directoryRole = "autopromo_directory"
	// limits end what a frozen or vanished process left open: its locks must not hold up
	// the others for long. What is temporary comes last in the search path: by default it
	// comes first, and stays with the connection for whoever is served by it next.
	limits = "set_config('search_path', 'public, pg_temp', true), " +
		"set_config('lock_timeout', '10s', true), " +
		"set_config('statement_timeout', '30s', true), " +
		"set_config('idle_in_transaction_session_timeout', '15s', true)"
	endTimeout = 10 * time.Second
)

// connector makes connections whose transactions begin with their scope.
type connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	plain, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("unexpected connection %T", conn), conn.Close())
	}
	return &scopedConn{plain}, nil
}

// scopedConn begins a transaction and sets its scope in one round trip. The scope is the
// transaction's own: the connection goes back to the pool without it, however the
// transaction ended.
type scopedConn struct{ *stdlib.Conn }

// BeginTx implements driver.ConnBeginTx. A transaction without a scope, as migrations have,
// may touch what its role may.
func (c *scopedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	begin := "begin"
	if sql.IsolationLevel(o.Isolation) == sql.LevelRepeatableRead {
		begin += " isolation level repeatable read"
	}
	if o.ReadOnly {
		begin += " read only"
	}
	if s, ok := ctx.Value(scopeKey{}).(scope); ok {
		begin += "; " + s.enter()
	}
	if _, err := c.Conn.Conn().Exec(ctx, begin); err != nil {
		// Nothing has been done yet: when the server left while the connection was in the
		// pool, another one may do.
		if c.Conn.Conn().IsClosed() && ctx.Err() == nil {
			return nil, driver.ErrBadConn
		}
		// Whether or not it has begun, the connection is of no use as it is.
		return nil, errors.Join(err, c.Conn.Close())
	}
	return pgTx{c}, nil
}

// enter is the statement that makes a transaction one of the scope.
func (s scope) enter() string {
	if s.tenant == "" {
		return "select " + limits + "; set local role " + directoryRole
	}
	return "select " + limits + ", set_config('app.tenant_id', '" + string(s.tenant) + "', true)"
}

// become turns a transaction across tenants into that of one.
func become(ctx context.Context, tx bun.Tx, id core.TenantID) error {
	if tx.Dialect().Name() == dialect.SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, "set local role none; select set_config('app.tenant_id', ?, true)", id)
	return err
}

// enter turns it back into one across tenants.
func enter(ctx context.Context, tx bun.Tx) error {
	if tx.Dialect().Name() == dialect.SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, "select set_config('app.tenant_id', '', true); set local role "+directoryRole)
	return err
}

// alone waits until no other transaction is at the same thing, where the database lets
// transactions overlap: what is not there yet has no row to lock.
func alone(ctx context.Context, tx bun.Tx, thing string) error {
	if tx.Dialect().Name() == dialect.SQLite {
		return nil
	}
	_, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock(hashtextextended(?, 0))", thing)
	return err
}

// pgTx is a transaction that scopedConn began.
type pgTx struct{ conn *scopedConn }

// Commit implements driver.Tx.
func (t pgTx) Commit() error {
	tag, err := t.end("commit")
	if err == nil && tag == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return err
}

// Rollback implements driver.Tx.
func (t pgTx) Rollback() error {
	_, err := t.end("rollback")
	return err
}

func (t pgTx) end(how string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	tag, err := t.conn.Conn.Conn().Exec(ctx, how)
	return tag.String(), err
}

package bunrepository

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
	return &scopedConn{Conn: plain}, nil
}

// scopedConn sets the scope of everything that runs on it. The scope is the transaction's
// own: the connection goes back to the pool without it, however the transaction ended.
//
// What says nothing by itself, such as the begin of a transaction, waits for the next
// statement and goes with it: the price of a short transaction is its round trips.
type scopedConn struct {
	*stdlib.Conn
	inTx  bool
	begun bool     // the server knows of the transaction
	words []string // statements that wait for the next one
}

// BeginTx implements driver.ConnBeginTx. A transaction without a scope, as migrations have,
// may touch what its role may.
func (c *scopedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := "begin"
	if sql.IsolationLevel(o.Isolation) == sql.LevelRepeatableRead {
		begin += " isolation level repeatable read"
	}
	if o.ReadOnly {
		begin += " read only"
	}
	c.inTx, c.begun, c.words = true, false, []string{begin}
	if s, ok := ctx.Value(scopeKey{}).(scope); ok {
		c.words = append(c.words, s.enter()...)
	}
	return pgTx{c}, nil
}

// enter lists the statements that make a transaction one of the scope.
func (s scope) enter() []string {
	if s.tenant == "" {
		return []string{"select " + limits, "set local role " + directoryRole}
	}
	return []string{"select " + limits + ", set_config('app.tenant_id', '" + string(s.tenant) + "', true)"}
}

// laterKey marks the context of statements that may wait for the next one.
type laterKey struct{}

// later lets a statement, of which nobody needs the outcome, wait for the next one. If it
// fails, that one does.
func later(ctx context.Context) context.Context { return context.WithValue(ctx, laterKey{}, true) }

// before takes the statements that have to go before the next one. Outside of a transaction
// that is the scope of a single statement: those of one message are one transaction.
func (c *scopedConn) before(ctx context.Context) (words []string) {
	if c.inTx {
		words, c.words = c.words, nil
		return words
	}
	s, ok := ctx.Value(scopeKey{}).(scope)
	if !ok {
		return nil
	}
	if lock, writes := ctx.Value(putKey{}).(string); writes {
		return append(s.enter(), lock)
	}
	return append([]string{"set transaction read only"}, s.enter()...)
}

func puts(ctx context.Context) bool {
	_, writes := ctx.Value(putKey{}).(string)
	return writes
}

// errNotBegun marks the failure of a transaction's first message because the server had left
// while the connection was in the pool.
var errNotBegun = errors.New("the transaction did not begin")

// send sends statements as one message and passes over the results of the first n.
func (c *scopedConn) send(ctx context.Context, n int, statements ...string) (*pgconn.MultiResultReader, error) {
	conn, first := c.Conn.Conn(), !c.begun
	if conn.IsClosed() {
		return nil, driver.ErrBadConn
	}
	c.begun = c.inTx
	results := conn.PgConn().Exec(ctx, strings.Join(statements, ";"))
	for range n {
		if !results.NextResult() {
			break
		}
		if _, err := results.ResultReader().Close(); err != nil {
			break // Close tells it again
		}
	}
	if results.NextResult() {
		return results, nil
	}
	err := results.Close()
	switch {
	case err == nil:
		err = errors.New("a statement without a result")
	case first && conn.IsClosed() && ctx.Err() == nil && c.inTx:
		err = fmt.Errorf("%w: %w", errNotBegun, err)
	case first && conn.IsClosed() && ctx.Err() == nil && !puts(ctx):
		err = driver.ErrBadConn // a read, which database/sql repeats
	}
	return nil, err
}

// ExecContext implements driver.ExecerContext. Arguments are in the statement by now.
func (c *scopedConn) ExecContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Result, error) {
	if wait, _ := ctx.Value(laterKey{}).(bool); wait && c.inTx {
		c.words = append(c.words, statement)
		return driver.RowsAffected(0), nil
	}
	words := c.before(ctx)
	if len(words) == 0 || len(args) > 0 {
		return c.Conn.ExecContext(ctx, statement, args)
	}
	results, err := c.send(ctx, len(words), append(words, statement)...)
	if err != nil {
		return nil, err
	}
	tag, err := results.ResultReader().Close()
	return driver.RowsAffected(tag.RowsAffected()), firstError(err, results.Close())
}

// QueryContext implements driver.QueryerContext. Arguments are in the statement by now.
func (c *scopedConn) QueryContext(ctx context.Context, statement string, args []driver.NamedValue) (driver.Rows, error) {
	words := c.before(ctx)
	if len(words) == 0 || len(args) > 0 {
		return c.Conn.QueryContext(ctx, statement, args)
	}
	results, err := c.send(ctx, len(words), append(words, statement)...)
	if err != nil {
		return nil, err
	}
	return &pgRows{results: results, result: results.ResultReader(), types: c.Conn.Conn().TypeMap()}, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// become turns a transaction across tenants into that of one.
func become(ctx context.Context, tx bun.Tx, id core.TenantID) error {
	return inWords(ctx, tx, "set local role none", "select set_config('app.tenant_id', ?, true)", id)
}

// enter turns it back into one across tenants.
func enter(ctx context.Context, tx bun.Tx) error {
	return inWords(ctx, tx, "set local role "+directoryRole, "select set_config('app.tenant_id', ?, true)", "")
}

// alone waits until no other transaction is at the same thing, where the database lets
// transactions overlap: what is not there yet has no row to lock.
func alone(ctx context.Context, tx bun.Tx, thing string) error {
	if tx.Dialect().Name() == dialect.SQLite {
		return nil
	}
	_, err := tx.ExecContext(later(ctx), lockThing, thing)
	return err
}

const lockThing = "select pg_advisory_xact_lock(hashtextextended(?, 0))"

// inWords changes the scope of a transaction, where there are scopes.
func inWords(ctx context.Context, tx bun.Tx, role, setting string, tenant core.TenantID) error {
	if tx.Dialect().Name() == dialect.SQLite {
		return nil
	}
	if _, err := tx.ExecContext(later(ctx), role); err != nil {
		return err
	}
	_, err := tx.ExecContext(later(ctx), setting, tenant)
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

// end ends what the server knows of; a transaction without a statement it never heard of.
func (t pgTx) end(how string) (string, error) {
	begun := t.conn.begun
	t.conn.inTx, t.conn.begun, t.conn.words = false, false, nil
	if !begun {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	tag, err := t.conn.Conn.Conn().Exec(ctx, how)
	return tag.String(), err
}

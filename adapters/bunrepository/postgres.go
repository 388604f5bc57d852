package bunrepository

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	// maxTries is how often a transaction is tried that the server aborted because of
	// another one.
	maxTries = 5
	// clockFresh is how old a look at the server's clock may get.
	clockFresh = 10 * time.Second
	// connectTimeout is for URLs that do not name one.
	connectTimeout = 10 * time.Second
)

// OpenPostgres opens the database that url names, of a server of version 14 or newer. The
// schema is not touched. Programs that serve tenants connect as a role that owns nothing
// and call Verify; the owner's role is for Migrate.
//
// The error is CodeInvalid for wrong options and CodeUnavailable for a server that cannot be
// reached. It does not show the URL.
func OpenPostgres(ctx context.Context, url core.Secret, o Options) (*Repository, error) {
	o = o.withDefaults()
	seal, err := newSealer(o.Keys)
	if err != nil {
		return nil, invalidOption(fmt.Errorf("keys: %w", err))
	}
	config, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		return nil, invalidOption(errors.New("the URL of the database cannot be read")) // err may show it
	}
	// bun writes the arguments into the statement, so that each is another one: preparing
	// them would only fill caches. This mode also takes several statements at once, and
	// works behind a connection pooler.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.RuntimeParams["application_name"] = "autopromo"
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	pool := sql.OpenDB(connector{stdlib.GetConnector(*config)})
	pool.SetMaxOpenConns(o.Connections)
	pool.SetMaxIdleConns(o.Connections)
	pool.SetConnMaxIdleTime(5 * time.Minute)

	db := &postgresDB{
		pool: bun.NewDB(pool, texts{pgdialect.New()}), clock: newClock(), log: o.Logger,
		appRole: o.AppRole, unsafe: o.AllowUnsafeDurability,
	}
	r := &Repository{database: db, dialect: "postgres", clock: db.clock, seal: seal}
	if err := db.lookAtClock(ctx, db.pool); err != nil {
		return nil, errors.Join(r.translate("open database", err), r.Close())
	}
	return r, nil
}

// postgresDB is a server with row level security: each transaction says in its first words
// whose rows it may touch.
type postgresDB struct {
	pool    *bun.DB
	clock   *clock
	clockAt atomic.Int64 // when the clock was looked at last, UnixMicro
	log     *slog.Logger
	appRole string
	unsafe  bool
}

// scopeKey is where a context carries its scope to the connection, putKey what goes before
// its one statement that writes.
type (
	scopeKey struct{}
	putKey   struct{}
)

func (d *postgresDB) change(ctx context.Context, s scope, fn func(context.Context, bun.Tx) error) error {
	return d.run(ctx, s, nil, fn)
}

// put is one message to the server: statements of one message are one transaction.
func (d *postgresDB) put(ctx context.Context, s scope, thing string, fn func(context.Context, bun.IDB) error) error {
	ctx = context.WithValue(ctx, putKey{}, d.pool.QueryGen().FormatQuery(lockThing, thing))
	return d.try(ctx, s, func(ctx context.Context) error { return fn(ctx, d.pool) })
}

func (d *postgresDB) look(ctx context.Context, s scope, fn func(context.Context, bun.IDB) error) error {
	return d.try(ctx, s, func(ctx context.Context) error {
		if err := d.refreshClock(ctx, s, d.pool); err != nil {
			return err
		}
		return fn(ctx, d.pool)
	})
}

func (d *postgresDB) snapshot(ctx context.Context, s scope, fn func(context.Context, bun.IDB) error) error {
	return d.run(ctx, s, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
		func(ctx context.Context, tx bun.Tx) error { return fn(ctx, tx) })
}

// run runs fn in a transaction.
func (d *postgresDB) run(ctx context.Context, s scope, o *sql.TxOptions, fn func(context.Context, bun.Tx) error) error {
	return d.try(ctx, s, func(ctx context.Context) error { return d.pool.RunInTx(ctx, o, fn) })
}

// try runs fn in a scope, again when the server aborted its transaction in favour of another
// one, or had left before it began. Without an answer to its commit nobody knows whether it
// took effect; repeating is left to the caller, who is safe by unique keys and
// compare-and-sets.
func (d *postgresDB) try(ctx context.Context, s scope, fn func(context.Context) error) error {
	if s.tenant != "" && !core.IsUUID(string(s.tenant)) {
		return sql.ErrNoRows // nobody's, and it goes into a statement as it is
	}
	ctx = context.WithValue(ctx, scopeKey{}, s)
	for try := 1; ; try++ {
		err := fn(ctx)
		var failed *pgconn.PgError
		switch {
		case errors.Is(err, errNotBegun) && ctx.Err() == nil && try < maxTries:
			continue
		case !errors.As(err, &failed):
			return timedOut(ctx, err)
		case failed.Code == "42501": // insufficient_privilege
			d.log.ErrorContext(ctx, "the database refused a statement that would have crossed tenants, or a grant is missing",
				"tenant", s.tenant, "error", err)
			return err
		case failed.Code != "40001" && failed.Code != "40P01", try == maxTries:
			return err
		}
		d.log.WarnContext(ctx, abortedByOther, "tenant", s.tenant, "code", failed.Code, "try", try)
	}
}

// abortedByOther says that a transaction is tried again.
const abortedByOther = "the database aborted a transaction in favour of another one"

// timedOut tells the end of the caller's context from timeouts of this package's own.
func timedOut(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return fmt.Errorf("%w: %s", errNoAnswer, err.Error()) // not to be taken for the caller's deadline
	}
	return err
}

var errNoAnswer = errors.New("the database does not answer")

// refreshClock looks at the server's clock now and then, while a sweep is under way.
func (d *postgresDB) refreshClock(ctx context.Context, s scope, db bun.IDB) error {
	if s.tenant != "" || time.Since(time.UnixMicro(d.clockAt.Load())) < clockFresh {
		return nil
	}
	return d.lookAtClock(ctx, db)
}

func (d *postgresDB) lookAtClock(ctx context.Context, db bun.IDB) error {
	var server time.Time
	sent := d.clock.local()
	if err := db.NewSelect().ColumnExpr("clock_timestamp()").Scan(ctx, &server); err != nil {
		return err
	}
	d.clock.observe(server, sent, d.clock.local())
	d.clockAt.Store(time.Now().UnixMicro())
	return nil
}

func (d *postgresDB) owner() *bun.DB { return d.pool }

func (d *postgresDB) close() error { return d.pool.Close() }

// classify goes by the codes of the SQL standard; see appendix A of PostgreSQL's manual.
func (d *postgresDB) classify(err error) (core.Code, core.Reason) {
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		var unreachable *pgconn.ConnectError
		var network net.Error
		if errors.As(err, &unreachable) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
			errors.Is(err, errNoAnswer) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return core.CodeUnavailable, core.ReasonUnavailable
		}
		return "", ""
	}
	switch failed.Code {
	case "23505": // unique_violation
		return core.CodeConflict, core.ReasonConflict
	case "23503", "22P02": // foreign_key_violation, an id that is no UUID
		return core.CodeNotFound, core.ReasonNotFound
	case "22021", "22P05": // a text that no database can store; JSON with a NUL is one
		return core.CodeInvalid, core.ReasonInvalidField
	case "55P03", "57014", "40001", "40P01": // lock not available, timeout, aborted again and again
		return core.CodeUnavailable, core.ReasonUnavailable
	}
	switch failed.Code[:2] {
	case "08", "53", "57", "58": // connection, resources, operator, system
		return core.CodeUnavailable, core.ReasonUnavailable
	}
	return core.CodeInternal, core.ReasonInternal
}

package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/autopromo-cloud/autopromo/core"
)

// Options configure a repository. Keys is required, the rest has defaults.
type Options struct {
	// Keys seal secrets.
	Keys Keyring
	// Logger gets what no caller can be told. Default: discard.
	Logger *slog.Logger
	// BusyTimeout is how long a write waits for another process that writes to the same
	// SQLite file. Default: 5 s.
	BusyTimeout time.Duration
	// Readers is the most reads that run at the same time on SQLite. Default: 8.
	Readers int
	// Connections is the most connections to PostgreSQL. Default: 16.
	Connections int
	// AppRole is the PostgreSQL role that Migrate grants access to, "" for none.
	AppRole string
	// AllowUnsafeDurability lets Verify accept a PostgreSQL server that may lose what it has
	// confirmed (fsync, synchronous_commit or full_page_writes off), for tests.
	AllowUnsafeDurability bool
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BusyTimeout <= 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Readers <= 0 {
		o.Readers = 8
	}
	if o.Connections <= 0 {
		o.Connections = 16
	}
	return o
}

// OpenSQLite opens, or creates with mode 0600, the SQLite file at path. The schema is not
// touched. A database in memory is refused: its readers would each see their own.
//
// The error is CodeInvalid for wrong options and CodeUnavailable for a file that cannot be
// opened.
func OpenSQLite(ctx context.Context, path string, o Options) (*Repository, error) {
	o = o.withDefaults()
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, invalidOption(errors.New("a path to a file is needed"))
	}
	seal, err := newSealer(o.Keys)
	if err != nil {
		return nil, invalidOption(fmt.Errorf("keys: %w", err))
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, invalidOption(err)
	}
	// SQLite gives its log files the mode of the database file.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, cannotOpen(err)
	}
	if err := file.Close(); err != nil {
		return nil, cannotOpen(err)
	}
	write, err := sql.Open("sqlite", sqliteDSN(path, o.BusyTimeout, "immediate", "journal_mode(WAL)", "synchronous(FULL)"))
	if err != nil {
		return nil, cannotOpen(err)
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", sqliteDSN(path, o.BusyTimeout, "deferred", "query_only(1)"))
	if err != nil {
		return nil, errors.Join(cannotOpen(err), write.Close())
	}
	read.SetMaxOpenConns(o.Readers)
	read.SetMaxIdleConns(o.Readers)

	db := &sqliteDB{write: bun.NewDB(write, texts{sqlitedialect.New()}), read: bun.NewDB(read, texts{sqlitedialect.New()})}
	db.writer = &writer{db: db.write, log: o.Logger}
	// The writer goes first: it is the one that turns the write-ahead log on.
	if err := errors.Join(write.PingContext(ctx), read.PingContext(ctx)); err != nil {
		return nil, errors.Join(cannotOpen(err), db.close())
	}
	return &Repository{database: db, dialect: "sqlite", clock: newClock(), seal: seal}, nil
}

// sqliteDB is a file with one writer at a time, whose price is shared, and many readers. It
// has no row level security: that the statements keep to one tenant is for tests to check.
type sqliteDB struct {
	write  *bun.DB // one connection
	read   *bun.DB
	writer *writer
}

func (d *sqliteDB) change(ctx context.Context, _ scope, fn func(context.Context, bun.Tx) error) error {
	return d.writer.do(ctx, fn)
}

func (d *sqliteDB) look(ctx context.Context, _ scope, fn func(context.Context, bun.IDB) error) error {
	return fn(ctx, d.read)
}

func (d *sqliteDB) put(ctx context.Context, _ scope, _ string, fn func(context.Context, bun.IDB) error) error {
	return d.writer.doInCompany(ctx, func(ctx context.Context, tx bun.Tx) error { return fn(ctx, tx) })
}

func (d *sqliteDB) snapshot(ctx context.Context, _ scope, fn func(context.Context, bun.IDB) error) error {
	return d.read.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error { return fn(ctx, tx) })
}

func (d *sqliteDB) owner() *bun.DB { return d.write }

// exclusive needs nothing: each migration is one transaction together with its mark, and
// write transactions exclude each other.
func (d *sqliteDB) exclusive(ctx context.Context, fn func(context.Context) error) error {
	return fn(ctx)
}

func (d *sqliteDB) letIn(context.Context) error { return nil }

// verify has nothing to ask: this package made the file and its settings.
func (d *sqliteDB) verify(context.Context) error { return nil }

func (d *sqliteDB) close() error { return errors.Join(d.read.Close(), d.write.Close()) }

func (d *sqliteDB) classify(err error) (core.Code, core.Reason) {
	var driver *sqlite.Error
	if !errors.As(err, &driver) {
		return "", ""
	}
	return sqliteCode(driver.Code())
}

// sqliteCode classes an extended result code of SQLite.
func sqliteCode(extended int) (core.Code, core.Reason) {
	switch extended {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return core.CodeConflict, core.ReasonConflict
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		// Rows are only ever removed with what hangs on them, so this is a new row whose
		// owner is not there, or is another tenant's.
		return core.CodeNotFound, core.ReasonNotFound
	}
	switch extended & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM:
		return core.CodeUnavailable, core.ReasonUnavailable
	}
	return core.CodeInternal, core.ReasonInternal
}

// sqliteDSN writes the path as a URI, so that a "?" or "#" in it stays part of it.
func sqliteDSN(path string, busy time.Duration, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": append([]string{
		"busy_timeout(" + strconv.FormatInt(busy.Milliseconds(), 10) + ")",
		"foreign_keys(1)",
	}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func invalidOption(err error) error {
	return &core.Error{Code: core.CodeInvalid, Reason: core.ReasonInvalidField, Err: fmt.Errorf("open database: %w", err)}
}

func cannotOpen(err error) error {
	return &core.Error{Code: core.CodeUnavailable, Reason: core.ReasonUnavailable, Err: fmt.Errorf("open database: %w", err)}
}

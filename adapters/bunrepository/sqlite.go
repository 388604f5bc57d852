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
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/autopromo-cloud/autopromo/core"
)

// Options configure a repository. Keys is required, the rest has defaults.
type Options struct {
	// Keys seal secrets.
	Keys Keyring
	// Logger gets what no caller can be told. Default: discard.
	Logger *slog.Logger
	// BusyTimeout is how long a write waits for another process that writes to the same
	// file. Default: 5 s.
	BusyTimeout time.Duration
	// Readers is the most reads that run at the same time. Default: 8.
	Readers int
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

	r := &Repository{
		write: bun.NewDB(write, sqlitedialect.New()),
		read:  bun.NewDB(read, sqlitedialect.New()),
		seal:  seal,
	}
	r.writer = &writer{db: r.write, log: o.Logger}
	// The writer goes first: it is the one that turns the write-ahead log on.
	if err := errors.Join(write.PingContext(ctx), read.PingContext(ctx)); err != nil {
		return nil, errors.Join(cannotOpen(err), r.Close())
	}
	return r, nil
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

package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/autopromo-cloud/autopromo/core"
)

// refusal carries the error of a caller's change function past the translation: it is
// returned as it is.
type refusal struct{ error }

// translate makes a core error of what the driver said, judged by its code. op names the
// operation, for logs.
func (r *Repository) translate(op string, err error) error {
	var (
		refused refusal
		known   *core.Error
		driver  *sqlite.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return refused.error
	case errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", op, err)
	}
	code, reason := core.CodeInternal, core.ReasonInternal
	switch {
	case errors.Is(err, sql.ErrNoRows):
		code, reason = core.CodeNotFound, core.ReasonNotFound
	case r.closed.Load(), errors.Is(err, sql.ErrConnDone):
		code, reason = core.CodeUnavailable, core.ReasonUnavailable
	case errors.As(err, &driver):
		code, reason = sqliteCode(driver.Code())
	}
	return &core.Error{Code: code, Reason: reason, Err: fmt.Errorf("%s: %w", op, err)}
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

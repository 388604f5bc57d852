package whatsmeow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/types"
)

// table names each session's device. A device that is named and has no keys is one whose
// pairing was not finished.
type table struct{ db *sql.DB }

// row is one session.
type row struct {
	device    types.JID // zero when it was never linked or is linked no more
	loggedOut bool
}

const makeTable = `CREATE TABLE IF NOT EXISTS whatsmeow_autopromo_session (
	name TEXT PRIMARY KEY,
	device TEXT UNIQUE,
	logged_out BOOLEAN NOT NULL DEFAULT FALSE
)`

// migrationLock keeps two processes from making the tables at once, under PostgreSQL.
const migrationLock = 0x6175746f776d

// Migrate makes the adapter's and the library's tables, or brings them up to date. It may
// be called again, and by several processes at once.
func (g *Gateway) Migrate(ctx context.Context) error {
	if g.options.Dialect == Postgres {
		unlock, err := g.lockMigration(ctx)
		if err != nil {
			return fmt.Errorf("whatsmeow: migrate: %w", err)
		}
		defer unlock()
	}
	if g.options.Schema != "" {
		if _, err := g.options.DB.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+g.options.Schema); err != nil {
			return fmt.Errorf("whatsmeow: migrate: %w", err)
		}
	}
	if err := g.container.Upgrade(ctx); err != nil {
		return fmt.Errorf("whatsmeow: migrate the library's tables: %w", err)
	}
	if _, err := g.options.DB.ExecContext(ctx, makeTable); err != nil {
		return fmt.Errorf("whatsmeow: migrate: %w", err)
	}
	return nil
}

func (g *Gateway) lockMigration(ctx context.Context) (unlock func(), err error) {
	conn, err := g.options.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("SELECT pg_advisory_lock(%d)", migrationLock)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("SELECT pg_advisory_unlock(%d)", migrationLock))
		_ = conn.Close()
	}, nil
}

// isName says whether s can stand in a statement as a name.
func isName(s string) bool {
	for i, c := range s {
		if (c < 'a' || c > 'z') && c != '_' && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// add makes a session; false when the name is taken.
func (t table) add(ctx context.Context, name string) (bool, error) {
	result, err := t.db.ExecContext(ctx, "INSERT INTO whatsmeow_autopromo_session (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", name)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

func (t table) get(ctx context.Context, name string) (row, error) {
	var device sql.NullString
	var r row
	err := t.db.QueryRowContext(ctx, "SELECT device, logged_out FROM whatsmeow_autopromo_session WHERE name = $1", name).Scan(&device, &r.loggedOut)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return row{}, errNoSession
	case err != nil:
		return row{}, err
	case device.String != "":
		r.device, err = types.ParseJID(device.String)
	}
	return r, err
}

// link names the device of a session; errNoSession when the session is gone.
func (t table) link(ctx context.Context, name string, device types.JID) error {
	return t.change(ctx, "UPDATE whatsmeow_autopromo_session SET device = $2, logged_out = FALSE WHERE name = $1", name, device.String())
}

// unlink says that the phone removed the session.
func (t table) unlink(ctx context.Context, name string) error {
	return t.change(ctx, "UPDATE whatsmeow_autopromo_session SET device = NULL, logged_out = TRUE WHERE name = $1", name)
}

func (t table) remove(ctx context.Context, name string) error {
	_, err := t.db.ExecContext(ctx, "DELETE FROM whatsmeow_autopromo_session WHERE name = $1", name)
	return err
}

func (t table) change(ctx context.Context, statement string, args ...any) error {
	result, err := t.db.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errNoSession
}

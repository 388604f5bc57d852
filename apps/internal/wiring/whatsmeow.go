package wiring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver of the embedded database

	"github.com/autopromo-cloud/autopromo/adapters/whatsmeow"
	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	// sessionsFile is the name of the file with the keys of the WhatsApp sessions in this
	// process. It is a file of its own so that WhatsApp's own traffic and the offers do not
	// wait for one writer.
	sessionsFile = "whatsapp.db"
	// sessionsSchema is where these keys are in PostgreSQL.
	sessionsSchema = "autopromo_whatsapp"
	// sessionConnections is the most connections to PostgreSQL for them.
	sessionConnections = 8
)

// newWhatsmeow makes the gateway whose sessions live in this process. Its tables follow the
// rule of the repository's: the embedded ones are brought up to date here, those of a shared
// database by its owner.
func newWhatsmeow(ctx context.Context, files *opened, s Settings) (gateway.Gateway, error) {
	g, db, err := openSessions(ctx, s)
	if err != nil {
		return nil, err
	}
	files.add(db.Close)
	if s.Config.DatabaseURL.IsZero() {
		return g, g.Migrate(ctx)
	}
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM whatsmeow_autopromo_session").Scan(&n); err != nil {
		return nil, fmt.Errorf("its tables cannot be used; the owner of the database runs "+
			"\"autopromo migrate up --gateway %s --app-role ROLE\" first: %w", strings.Join(s.Config.Gateways, ","), err)
	}
	return g, nil
}

// MigrateSessions makes the tables of the WhatsApp sessions in this process, or brings them
// up to date, and lets a PostgreSQL role use them. It does nothing where that way to
// WhatsApp is not offered.
func MigrateSessions(ctx context.Context, s Settings, appRole string) (err error) {
	if !slices.Contains(s.Config.Gateways, config.Whatsmeow) {
		return nil
	}
	g, db, err := openSessions(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := g.Migrate(ctx); err != nil {
		return failed("migrate the tables of the WhatsApp sessions", err)
	}
	if appRole == "" || s.Config.DatabaseURL.IsZero() {
		return nil
	}
	role := pgx.Identifier{appRole}.Sanitize()
	for _, statement := range []string{
		"GRANT USAGE ON SCHEMA " + sessionsSchema + " TO " + role,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + sessionsSchema + " TO " + role,
		"GRANT USAGE ON ALL SEQUENCES IN SCHEMA " + sessionsSchema + " TO " + role,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return failed("let the role use the tables of the WhatsApp sessions", err)
		}
	}
	return nil
}

func openSessions(ctx context.Context, s Settings) (*whatsmeow.Gateway, *sql.DB, error) {
	stores, err := newStores(s)
	if err != nil {
		return nil, nil, err
	}
	options := whatsmeow.Options{
		Dialect: whatsmeow.SQLite, Logger: s.Log, Client: decorateWhatsApp(s.WhatsApp), Preview: storefront(stores),
	}
	open := openSessionsFile
	if !s.Config.DatabaseURL.IsZero() {
		options.Dialect, options.Schema = whatsmeow.Postgres, sessionsSchema
		open = openSessionsSchema
	}
	db, err := open(s)
	if err != nil {
		return nil, nil, err
	}
	options.DB = db
	g, err := whatsmeow.New(options)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return g, db, nil
}

// storefront shows beneath a text which shop its link leads to. Asking the shop would be a
// click on the tenant's link by the server, so it is only what the link itself says.
func storefront(stores *affiliate.Registry) func(link string) (whatsmeow.Preview, bool) {
	return func(link string) (whatsmeow.Preview, bool) {
		u, err := url.Parse(link)
		store, ok := stores.Store(stores.Classify(link).Store)
		if err != nil || !ok {
			return whatsmeow.Preview{}, false
		}
		return whatsmeow.Preview{Title: store.Name(), Description: u.Hostname()}, true
	}
}

// openSessionsFile opens, or makes, the file. SQLite gives its log files the same mode.
func openSessionsFile(s Settings) (*sql.DB, error) {
	path, err := filepath.Abs(filepath.Join(s.Config.DataDir, sessionsFile))
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "foreign_keys(1)", "journal_mode(WAL)", "synchronous(FULL)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // with two writers the library loses messages to "busy"
	return db, nil
}

// openSessionsSchema opens the shared database. Its errors do not show the URL.
func openSessionsSchema(s Settings) (*sql.DB, error) {
	c, err := pgx.ParseConfig(s.Config.DatabaseURL.Reveal())
	if err != nil {
		return nil, errors.New("the URL of the database cannot be read")
	}
	c.RuntimeParams["application_name"] = "autopromo whatsapp"
	c.RuntimeParams["search_path"] = sessionsSchema
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(sessionConnections)
	db.SetMaxIdleConns(sessionConnections)
	return db, nil
}

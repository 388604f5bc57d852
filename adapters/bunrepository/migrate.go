package bunrepository

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

//go:embed migrations
var migrationFiles embed.FS

// Migrate brings the schema up to date. It is safe to call again, also after a crash and
// from several processes: each migration is one transaction together with its mark.
func (r *Repository) Migrate(ctx context.Context) error {
	m, err := r.migrator(migrate.BeforeMigration(unlessMarked), migrate.AfterMigration(mark))
	if err != nil {
		return err
	}
	if err := m.Init(ctx); err != nil {
		return r.translate("migrate: prepare", err)
	}
	for {
		// After errMarked the marks are read anew: another process was faster.
		if _, err = m.Migrate(ctx); !errors.Is(err, errMarked) {
			return r.translate("migrate", err)
		}
	}
}

var errMarked = errors.New("the migration has been applied by another process")

// unlessMarked refuses a migration that was applied since the marks were read.
func unlessMarked(ctx context.Context, tx bun.IConn, one *migrate.Migration) error {
	var marks int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM bun_migrations WHERE name = ?", one.Name).Scan(&marks)
	if err == nil && marks > 0 {
		err = errMarked
	}
	return err
}

// mark writes in the migration's own transaction what the migrator writes after it: between
// the two a crash would leave a migration to run twice.
func mark(ctx context.Context, tx bun.IConn, one *migrate.Migration) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO bun_migrations (name, group_id) VALUES (?, ?)", one.Name, one.GroupID)
	return err
}

func unmark(ctx context.Context, tx bun.IConn, one *migrate.Migration) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM bun_migrations WHERE name = ?", one.Name)
	return err
}

// Pending names the migrations that have not been applied, in their order. It changes
// nothing.
func (r *Repository) Pending(ctx context.Context) ([]string, error) {
	m, err := r.migrator()
	if err != nil {
		return nil, err
	}
	var tables int
	if err := r.read.NewSelect().TableExpr("sqlite_master").ColumnExpr("count(*)").
		Where("name = 'bun_migrations'").Scan(ctx, &tables); err != nil {
		return nil, r.translate("pending migrations", err)
	}
	var all migrate.MigrationSlice
	if tables > 0 {
		if all, err = m.MigrationsWithStatus(ctx); err != nil {
			return nil, r.translate("pending migrations", err)
		}
	} else {
		set, err := migrationSet()
		if err != nil {
			return nil, err
		}
		all = set.Sorted()
	}
	var names []string
	for _, one := range all {
		if !one.IsApplied() {
			names = append(names, one.String())
		}
	}
	return names, nil
}

// Rollback takes the last group of migrations back, with the data in its tables.
func (r *Repository) Rollback(ctx context.Context) error {
	m, err := r.migrator(migrate.AfterMigration(unmark))
	if err != nil {
		return err
	}
	_, err = m.Rollback(ctx)
	return r.translate("rollback", err)
}

func (r *Repository) migrator(hooks ...migrate.MigratorOption) (*migrate.Migrator, error) {
	set, err := migrationSet()
	if err != nil {
		return nil, err
	}
	// By default a migration is marked before it runs, and stays marked when it fails.
	return migrate.NewMigrator(r.write, set,
		append(hooks, migrate.WithMarkAppliedOnSuccess(true), migrate.WithUpsert(true))...), nil
}

func migrationSet() (*migrate.Migrations, error) {
	files, err := fs.Sub(migrationFiles, "migrations/sqlite")
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	set := migrate.NewMigrations()
	if err := set.Discover(files); err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	return set, nil
}

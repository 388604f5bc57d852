package bunrepository

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun/migrate"
)

//go:embed migrations
var migrationFiles embed.FS

// Migrate brings the schema up to date. Each migration is one transaction. It is safe to
// call again, also after a crash and from several processes: the statements of a migration
// can run twice, and a migration is marked by an upsert once it has succeeded.
func (r *Repository) Migrate(ctx context.Context) error {
	m, err := r.migrator()
	if err != nil {
		return err
	}
	if err := m.Init(ctx); err != nil {
		return r.translate("migrate: prepare", err)
	}
	_, err = m.Migrate(ctx)
	return r.translate("migrate", err)
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
	m, err := r.migrator()
	if err != nil {
		return err
	}
	_, err = m.Rollback(ctx)
	return r.translate("rollback", err)
}

func (r *Repository) migrator() (*migrate.Migrator, error) {
	set, err := migrationSet()
	if err != nil {
		return nil, err
	}
	// By default a migration is marked before it runs, and stays marked when it fails.
	return migrate.NewMigrator(r.write, set,
		migrate.WithMarkAppliedOnSuccess(true), migrate.WithUpsert(true)), nil
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

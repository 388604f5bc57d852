package bunrepository

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/autopromo-cloud/autopromo/core"
)

//go:embed migrations
var migrationFiles embed.FS

// Migrate brings the schema up to date. It is safe to call again, also after a crash and
// from several processes: each migration is one transaction together with its mark. On
// PostgreSQL it needs the role that owns the tables, and lets Options.AppRole in.
func (r *Repository) Migrate(ctx context.Context) error {
	m, err := r.migrator(migrate.BeforeMigration(unlessMarked), migrate.AfterMigration(mark))
	if err != nil {
		return err
	}
	return r.translate("migrate", r.database.exclusive(ctx, func(ctx context.Context) error {
		if err := m.Init(ctx); err != nil {
			return err
		}
		for {
			// After errMarked the marks are read anew: another process was faster.
			if _, err := m.Migrate(ctx); err == nil {
				return r.database.letIn(ctx)
			} else if !errors.Is(err, errMarked) {
				return err
			}
		}
	}))
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
	all, err := m.MigrationsWithStatus(ctx)
	if err != nil {
		// Without its table nothing has been applied. Asked that way, because databases
		// do not agree on where their tables are listed.
		if _, missing := r.database.owner().NewSelect().Table("bun_migrations").Count(ctx); missing == nil {
			return nil, r.translate("pending migrations", err)
		} else if code, _ := r.database.classify(missing); code == core.CodeUnavailable {
			return nil, r.translate("pending migrations", missing)
		}
		set, err := r.migrationSet()
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
	return r.translate("rollback", r.database.exclusive(ctx, func(ctx context.Context) error {
		_, err := m.Rollback(ctx)
		return err
	}))
}

func (r *Repository) migrator(hooks ...migrate.MigratorOption) (*migrate.Migrator, error) {
	set, err := r.migrationSet()
	if err != nil {
		return nil, err
	}
	// By default a migration is marked before it runs, and stays marked when it fails.
	return migrate.NewMigrator(r.database.owner(), set,
		append(hooks, migrate.WithMarkAppliedOnSuccess(true), migrate.WithUpsert(true))...), nil
}

func (r *Repository) migrationSet() (*migrate.Migrations, error) {
	files, err := fs.Sub(migrationFiles, "migrations/"+r.dialect)
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	set := migrate.NewMigrations()
	if err := set.Discover(files); err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	return set, nil
}

// Verify says whether a program may start on this database: its schema is up to date, it
// belongs to the installation whose keys have this print, and, on PostgreSQL, it is durable
// and the role cannot pass by the row level security. The first call on a new database
// makes it belong to the print's installation. The error is CodePrecondition and says what
// to do, in words for an operator.
func (r *Repository) Verify(ctx context.Context, keysPrint string) error {
	pending, err := r.Pending(ctx)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		return unfit("the schema is not up to date (%d migrations are missing): run \"autopromo migrate up\" as the owner of the database", len(pending))
	}
	if err := r.database.verify(ctx); err != nil {
		return r.translate("verify", err)
	}
	stored, err := r.installation(ctx, keysPrint)
	if err != nil {
		return r.translate("verify", err)
	}
	if stored != keysPrint {
		return unfit("this database belongs to other keys: use the keys file of the process that was started first (--keys-file)")
	}
	return nil
}

// installation returns the print the database belongs to, after a first call the given one.
func (r *Repository) installation(ctx context.Context, keysPrint string) (stored string, err error) {
	err = r.database.change(ctx, scope{}, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO installation (id, keys_print) VALUES (1, ?) ON CONFLICT (id) DO NOTHING", keysPrint); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT keys_print FROM installation WHERE id = 1").Scan(&stored)
	})
	return stored, err
}

// unfit is a database that must not be used as it is.
func unfit(format string, args ...any) error {
	return &core.Error{Code: core.CodePrecondition, Reason: core.ReasonInternal, Err: fmt.Errorf(format, args...)}
}

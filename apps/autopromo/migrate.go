package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply every migration that is missing. serve does this by itself with the embedded database; on PostgreSQL the owner of the database runs it, before the new version starts."`
	Status migrateStatus `cmd:"" help:"List the migrations that are missing."`
	Down   migrateDown   `cmd:"" help:"Take the last migrations back, with the data in their tables."`
}

type (
	migrateUp struct {
		AppRole string `default:"" placeholder:"ROLE" help:"PostgreSQL role that serve connects as; it is granted what it needs and no more."`
	}
	migrateStatus struct{}
	migrateDown   struct {
		DeleteData bool `help:"Confirm that the data may go."`
	}
)

// Run applies what is missing.
func (c migrateUp) Run(ctx context.Context, p *program) error {
	return p.withRepository(ctx, c.AppRole, func(settings wiring.Settings, r *bunrepository.Repository) error {
		pending, err := r.Pending(ctx)
		if err != nil {
			return err
		}
		if err := r.Migrate(ctx); err != nil {
			return err
		}
		if err := wiring.MigrateSessions(ctx, settings, c.AppRole); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%d migration(s) applied\n", len(pending))
		return err
	})
}

// Run lists what is missing.
func (migrateStatus) Run(ctx context.Context, p *program) error {
	return p.withRepository(ctx, "", func(_ wiring.Settings, r *bunrepository.Repository) error {
		pending, err := r.Pending(ctx)
		if err != nil {
			return err
		}
		for _, name := range pending {
			fmt.Fprintln(p.stdout, "missing:", name)
		}
		if len(pending) == 0 {
			fmt.Fprintln(p.stdout, "up to date")
		}
		return nil
	})
}

// Run takes the last migrations back.
func (c migrateDown) Run(ctx context.Context, p *program) error {
	if !c.DeleteData {
		return errors.New("this deletes the data in the tables it removes; say --delete-data if that is meant")
	}
	return p.withRepository(ctx, "", func(_ wiring.Settings, r *bunrepository.Repository) error {
		if err := r.Rollback(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "the last migrations were taken back")
		return err
	})
}

func (p *program) withRepository(ctx context.Context, appRole string, do func(wiring.Settings, *bunrepository.Repository) error) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	r, err := wiring.OpenRepository(ctx, settings, appRole)
	if err != nil {
		return err
	}
	return errors.Join(do(settings, r), r.Close())
}

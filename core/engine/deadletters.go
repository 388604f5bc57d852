package engine

import (
	"context"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// DeadLetters lists the tenant's messages whose processing failed again and again, newest
// first, continuing after before ("" for the start).
func (t *Tenant) DeadLetters(ctx context.Context, before core.InboxID, limit int) ([]core.InboxEntry, error) {
	return t.repo.Inbox().Dead(ctx, before, limit)
}

// Redrive has a dead letter processed anew. One that is not dead is CodeConflict.
func (t *Tenant) Redrive(ctx context.Context, id core.InboxID) error {
	if err := t.repo.Inbox().Redrive(ctx, id, t.e.now()); err != nil {
		return err
	}
	t.ring(ctx, id)
	return nil
}

// Ledger counts where everything is that was ever accepted, for all tenants together. It
// reads the whole database: ask for it a few times a minute at most.
func (e *Engine) Ledger(ctx context.Context) (repository.Ledger, error) {
	return e.deps.Repository.Queue().Ledger(ctx)
}

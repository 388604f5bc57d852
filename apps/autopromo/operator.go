package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

type operatorCommand struct {
	Add    operatorAdd    `cmd:"" help:"Let an account that is there already look after the installation: tenants, limits, sessions, lanes and health, at /operator."`
	Remove operatorRemove `cmd:"" help:"Make an operator an ordinary tenant again, at once."`
}

type (
	operatorAdd struct {
		Email string `arg:"" help:"Of an account, which is registered first."`
	}
	operatorRemove struct {
		Email string `arg:"" help:"Of the operator."`
	}
)

// Run appoints an operator.
func (c operatorAdd) Run(ctx context.Context, p *program) error {
	return p.appoint(ctx, c.Email, true, "is an operator now: the pages are at /operator")
}

// Run takes the office back.
func (c operatorRemove) Run(ctx context.Context, p *program) error {
	return p.appoint(ctx, c.Email, false, "is no operator any more")
}

// appoint is for whoever has the database: a list of addresses in the configuration would
// make an operator of the first stranger to register one of them.
func (p *program) appoint(ctx context.Context, email string, operator bool, done string) error {
	return p.withRepository(ctx, "", func(_ wiring.Settings, r *bunrepository.Repository) error {
		t, err := engine.AppointOperator(ctx, r, email, operator)
		if errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("there is no account %s: register it first", email)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, t.Email, done)
		return err
	})
}

package main

import (
	"context"
	"fmt"

	"github.com/autopromo-cloud/autopromo/apps/internal/wiring"
)

type serveCommand struct{}

// Run serves until ctx ends.
func (serveCommand) Run(ctx context.Context, p *program) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	if settings.Config.PacingOff {
		settings.Log.Warn("PACING IS OFF: messages go out without gaps, caps or sending hours. " +
			"WhatsApp bans real numbers for that. Use it with a simulated provider only.")
	}
	return wiring.Serve(ctx, settings, func(address string) {
		if address == "" {
			fmt.Fprintln(p.stdout, "AutoPromo pronto (sem API neste processo)")
			return
		}
		fmt.Fprintf(p.stdout, "AutoPromo pronto em http://%s (documentação da API: /docs)\n", address)
	})
}

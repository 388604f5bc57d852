// Package fxrun runs the long-lived parts of a program under an fx lifecycle.
package fxrun

import (
	"context"
	"log/slog"

	"go.uber.org/fx"
)

// failed is the exit code of a part that stopped by itself.
const failed = 1

// Hook runs a part of the program from the application's start to its stop. On stop its
// context is cancelled and it is waited for, at most as long as the application's stop may
// take. A part that returns an error stops the whole application with exit code 1: half a
// server is worse than one that is started anew.
func Hook(lc fx.Lifecycle, stopper fx.Shutdowner, log *slog.Logger, name string, run func(context.Context) error) {
	// The part outlives the context of OnStart, which ends when all have started.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(context.Context) error {
			go func() {
				defer close(done)
				err := run(ctx)
				if err == nil {
					return
				}
				log.Error("a part of the server failed; stopping", "part", name, "error", err)
				if err := stopper.Shutdown(fx.ExitCode(failed)); err != nil {
					log.Error("the server cannot be stopped", "error", err)
				}
			}()
			return nil
		},
		OnStop: func(stop context.Context) error {
			cancel()
			select {
			case <-done:
				return nil
			case <-stop.Done():
				return stop.Err()
			}
		},
	})
}

// Package wiring puts the server together: one graph of parts, one file per adapter. The
// roles of the process choose which parts are started; parts nobody needs are not built.
package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"

	"github.com/autopromo-cloud/autopromo/apps/internal/config"
	"github.com/autopromo-cloud/autopromo/apps/internal/keyfile"
)

// Bounds of starting and stopping. An orchestrator kills 30 s after its signal, or 10 s in
// the worst case; requests and sends under way usually need less than either.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 15 * time.Second
)

// Settings are what a server is made of.
type Settings struct {
	Config  config.Config
	Keys    keyfile.Keys
	Log     *slog.Logger
	Version string
	// ShortLinks stands in for the short-link hosts of the internet in the demo; nil is
	// the real ones.
	ShortLinks http.RoundTripper
	// StoreAPIs stands in for the APIs of the stores, as ShortLinks does.
	StoreAPIs http.RoundTripper
	// WhatsApp makes the connections to WhatsApp itself, for tests against a simulated one;
	// nil is the real one.
	WhatsApp *http.Client
	// Demo is what the console's button does in the demo; nil is no button.
	Demo func(context.Context) error
}

// Error is a part that could not be made, without the graph's own words around it.
type Error struct {
	Doing string
	Err   error
}

// Error implements error.
func (e *Error) Error() string { return e.Doing + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// failed names what was being done when err happened; nil stays nil.
func failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{doing, err}
}

// Serve runs a server until ctx ends or a part of it fails, then stops it: no new requests,
// then the requests and sends under way, then the database. ready is called once, with the
// address of the API, "" where the roles leave it out. A nil error means that everything
// stopped in order.
func Serve(ctx context.Context, s Settings, ready func(address string)) error {
	var at address
	var files opened
	app := fx.New(graph(s, &files), fx.Populate(&at))
	stopped := app.Wait()
	if err := start(ctx, app); err != nil {
		return errors.Join(err, stop(ctx, app, &files))
	}
	ready(string(at))
	var failure error
	select {
	case <-ctx.Done():
	case signal := <-stopped:
		if signal.ExitCode != 0 {
			failure = errors.New("a part of the server failed")
		}
	}
	s.Log.Info("stopping")
	return errors.Join(failure, stop(ctx, app, &files))
}

// start starts the parts. Its error is an *Error where a part could not be made.
func start(ctx context.Context, app *fx.App) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := app.Start(ctx)
	var plain *Error
	if errors.As(err, &plain) {
		return plain
	}
	return err
}

// stop stops what was started and closes what was opened. Parts that do not end in time
// keep their files: the database loses nothing when the process just ends.
func stop(ctx context.Context, app *fx.App, files *opened) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := app.Stop(ctx); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return failed("close", files.close())
}

// graph is the whole server. Parts start in the order in which they are invoked here and
// stop in the reverse order, each after those it needs.
func graph(s Settings, files *opened) fx.Option {
	options := []fx.Option{
		fx.Supply(s, files),
		fx.WithLogger(func() fxevent.Logger {
			l := &fxevent.SlogLogger{Logger: s.Log}
			l.UseLogLevel(slog.LevelDebug)
			l.UseErrorLevel(slog.LevelDebug) // Serve returns them
			return l
		}),
		fx.StartTimeout(startTimeout), fx.StopTimeout(stopTimeout),
		fx.Provide(newRepository, newBus, newGateways, newResolver, newMinters, newStores, newEngine),
	}
	if s.Config.Roles.Worker || s.Config.Roles.Dispatcher {
		options = append(options, fx.Invoke(runEngine))
	}
	if s.Config.Roles.API {
		options = append(options, fx.Provide(listen, metricsHandler, newStreams, newHandler, listenerAddress), fx.Invoke(serveHTTP))
	} else {
		options = append(options, fx.Provide(noAddress))
	}
	return fx.Options(options...)
}

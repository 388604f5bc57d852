package fxrun_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"github.com/autopromo-cloud/autopromo/apps/internal/fxrun"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func app(log *slog.Logger, run func(context.Context) error) *fx.App {
	return fx.New(fx.NopLogger, fx.Invoke(func(lc fx.Lifecycle, stopper fx.Shutdowner) {
		fxrun.Hook(lc, stopper, log, "the part", run)
	}))
}

func TestStopWaitsForThePart(t *testing.T) {
	finished := false
	a := app(slog.New(slog.DiscardHandler), func(ctx context.Context) error {
		<-ctx.Done()
		finished = true
		return nil
	})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !finished {
		t.Error("the application stopped before its part")
	}
}

func TestFailureStopsTheApplication(t *testing.T) {
	var log bytes.Buffer
	a := app(slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) error { return errors.New("boom") })
	wait := a.Wait()
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if signal := <-wait; signal.ExitCode != 1 {
		t.Errorf("exit code %d, want 1", signal.ExitCode)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "the part") || !strings.Contains(log.String(), "boom") {
		t.Errorf("the log does not say what failed: %s", log.String())
	}
}

func TestStopHasAnEnd(t *testing.T) {
	release := make(chan struct{})
	a := app(slog.New(slog.DiscardHandler), func(context.Context) error {
		<-release
		return nil
	})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := a.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the stop's time", err)
	}
	close(release)
}

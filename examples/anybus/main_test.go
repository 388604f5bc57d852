package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/testkit/bustest"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// TestRun has an offer travel over the other Pub/Sub.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out strings.Builder
	if err := run(ctx, t.TempDir(), database(t), &out); err != nil {
		t.Fatal(err)
	}
	_, posted, _ := strings.Cut(out.String(), "posted by Bia:")
	if !strings.Contains(posted, "tag=bia-20") || strings.Contains(posted, "ana-20") {
		t.Errorf("posted %q, want Bia's tag and not Ana's", posted)
	}
}

// TestBus proves that the Pub/Sub fits.
func TestBus(t *testing.T) {
	bustest.Run(t, func(tb testing.TB) (bus.Publisher, bus.Subscriber) {
		b, closing, err := openBus(database(tb), "conformance", "conformance.other")
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := closing(); err != nil {
				tb.Error(err)
			}
		})
		return b, b
	})
}

// database is a PostgreSQL server of the test's own.
func database(tb testing.TB) string {
	tb.Helper()
	server, err := services.StartPostgres(tb.Context(), services.PostgresOptions{Fast: true})
	if errors.Is(err, services.ErrMissing) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := server.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return server.URL("postgres", "postgres")
}

package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// TestShort plays the short form: real processes, and a few kills of each kind.
func TestShort(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the real program is not built and killed")
	}
	for _, profile := range []string{embedded, distributed} {
		t.Run(profile, func(t *testing.T) {
			var table strings.Builder
			err := run(t.Context(), options{profile: profile, seed: 1, short: true, logs: t.TempDir()}, &table)
			t.Log(table.String())
			if errors.Is(err, services.ErrMissing) {
				t.Skip(err)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAPromiseBrokenIsSeen holds the judge to its word.
func TestAPromiseBrokenIsSeen(t *testing.T) {
	t.Parallel()
	fine := result{Scenario: "x", Messages: 3, Due: 6, Posted: 5, Unconfirmed: 1, InFlight: 1}
	if fine.failed() {
		t.Errorf("%s fails", fine)
	}
	for name, broken := range map[string]result{
		"lost": {Lost: 1}, "doubled": {Duplicated: 1}, "foreign": {Foreign: 1}, "two in flight": {InFlight: 2}, "broken": {Broken: "pace"},
	} {
		total := result{Scenario: "all"}
		total.add(fine)
		total.add(broken)
		if !broken.failed() || !total.failed() {
			t.Errorf("%s passes: %s", name, total)
		}
	}
}

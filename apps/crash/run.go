package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	profile, only string
	seed          uint64
	short         bool
	report, logs  string
}

// errFailed says that a scenario did; its line says why.
var errFailed = errors.New("a promise was broken, see above")

// run plays all scenarios that were asked for.
func run(ctx context.Context, o options, out io.Writer) error {
	binary, clean, err := build(ctx)
	if err != nil {
		return err
	}
	defer clean()
	began := time.Now()
	var results []result
	for _, profile := range []string{embedded, distributed} {
		if o.profile != "both" && o.profile != profile {
			continue
		}
		some, err := runProfile(ctx, o, profile, binary, out)
		if err != nil {
			return fmt.Errorf("%s: %w", profile, err)
		}
		results = append(results, some...)
	}
	total := result{Scenario: "all"}
	for _, r := range results {
		total.add(r)
	}
	fmt.Fprintf(out, "\n%s\nin %v on %d cores, seed %d\n", total, time.Since(began).Round(time.Second), runtime.NumCPU(), o.seed)
	if err := writeReport(o, results); err != nil {
		return err
	}
	if total.failed() {
		return errFailed
	}
	return nil
}

// runProfile plays the scenarios of one profile, all of one pacing before the same world.
func runProfile(ctx context.Context, o options, profile, binary string, out io.Writer) ([]result, error) {
	var results []result
	for _, kind := range []struct{ pacing, gateway string }{{"off", evolutionGateway}, {"off", whatsmeowGateway}, {"safe", evolutionGateway}} {
		pacing := kind.pacing
		var wanted []scenario
		for _, s := range scenarios {
			if s.pacing() == pacing && s.through() == kind.gateway && s.in(profile) && strings.Contains(s.name, o.only) && (!o.short || !s.long) {
				wanted = append(wanted, s)
			}
		}
		if len(wanted) == 0 {
			continue
		}
		st, err := openStage(ctx, o, profile, pacing, kind.gateway, binary)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(out, "\n%s, pacing %s, %s\n", profile, pacing, kind.gateway)
		for _, s := range wanted {
			st.random = rand.New(rand.NewPCG(o.seed, uint64(len(s.name))))
			r, err := s.play(ctx, st)
			if err != nil {
				return results, errors.Join(fmt.Errorf("%s: %w", s.name, err), st.close())
			}
			results = append(results, r)
			fmt.Fprintln(out, r)
			if r.failed() {
				fmt.Fprintf(out, "    again: go run ./apps/crash -profile %s -run %q -seed %d\n", profile, s.name, o.seed)
			}
		}
		if err := st.close(); err != nil {
			return results, err
		}
	}
	return results, nil
}

// build makes the program with its kill points.
func build(ctx context.Context) (binary string, clean func(), err error) {
	dir, err := os.MkdirTemp("", "autopromo-crash-")
	if err != nil {
		return "", nil, err
	}
	clean = func() { os.RemoveAll(dir) }
	binary = filepath.Join(dir, "autopromo")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "failpoints", "-o", binary, "github.com/autopromo-cloud/autopromo/apps/autopromo")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		clean()
		return "", nil, fmt.Errorf("build: %w: %s", err, said)
	}
	return binary, clean, nil
}

// writeReport keeps the results with what is needed to repeat them.
func writeReport(o options, results []result) error {
	if o.report == "" {
		return nil
	}
	commit := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	raw, err := json.MarshalIndent(map[string]any{
		"seed": o.seed, "commit": commit, "go": runtime.Version(), "cores": runtime.NumCPU(), "scenarios": results,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.report, append(raw, '\n'), 0o600)
}

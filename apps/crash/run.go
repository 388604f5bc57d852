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
	"sync"
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

// act is the scenarios that are played before the same world, one after the other.
type act struct {
	profile, pacing, gateway string
	idle                     bool
	scenarios                []scenario
}

func (a act) String() string {
	name := a.profile + "-" + a.gateway + "-" + a.pacing
	if a.idle {
		name += "-idle"
	}
	return name
}

func (a act) has(s scenario) bool {
	return s.pacing() == a.pacing && s.through() == a.gateway && s.in(a.profile) && s.idle == a.idle
}

// programme lists the acts that were asked for, the longest first.
func programme(o options) (acts []act) {
	for _, kind := range []struct {
		pacing, gateway string
		idle            bool
	}{{"off", evolutionGateway, false}, {"off", evolutionGateway, true}, {"off", whatsmeowGateway, false}, {"safe", evolutionGateway, false}} {
		for _, profile := range []string{distributed, embedded} {
			if o.profile != "both" && o.profile != profile {
				continue
			}
			a := act{profile: profile, pacing: kind.pacing, gateway: kind.gateway, idle: kind.idle}
			for _, s := range scenarios {
				if a.has(s) && strings.Contains(s.name, o.only) && (!o.short || !s.long) {
					a.scenarios = append(a.scenarios, s)
				}
			}
			if len(a.scenarios) > 0 {
				acts = append(acts, a)
			}
		}
	}
	return acts
}

// run plays all scenarios that were asked for, one act more at once than there are processors:
// there is always one that waits for something.
func run(ctx context.Context, o options, out io.Writer) error {
	binary, clean, err := build(ctx)
	if err != nil {
		return err
	}
	defer clean()
	began := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &play{options: o, binary: binary, out: out}
	acts := programme(o)
	next := make(chan act, len(acts))
	for _, a := range acts {
		next <- a
	}
	close(next)
	var stages sync.WaitGroup
	for range runtime.NumCPU() + 1 {
		stages.Go(func() {
			for a := range next {
				if ctx.Err() != nil {
					return
				}
				if err := p.act(ctx, a); err != nil {
					cancel(fmt.Errorf("%s: %w", a, err))
				}
			}
		})
	}
	stages.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	total := result{Scenario: "all"}
	for _, r := range p.results {
		total.add(r)
	}
	fmt.Fprintf(out, "\n%s\nin %v on %d cores, seed %d\n", total, time.Since(began).Round(time.Second), runtime.NumCPU(), o.seed)
	if err := writeReport(o, p.results); err != nil {
		return err
	}
	if total.failed() {
		return errFailed
	}
	return nil
}

// play is what acts share.
type play struct {
	options
	binary string
	// machine is shared by scenarios, unless one measures times.
	machine sync.RWMutex

	mu      sync.Mutex
	out     io.Writer
	results []result
}

func (p *play) act(ctx context.Context, a act) error {
	o := p.options
	if o.logs != "" {
		o.logs = filepath.Join(o.logs, a.String())
	}
	st, err := openStage(ctx, o, a.profile, a.pacing, a.gateway, p.binary)
	if err != nil {
		return err
	}
	for _, s := range a.scenarios {
		if ctx.Err() != nil {
			break
		}
		st.random = rand.New(rand.NewPCG(o.seed, uint64(len(s.name))))
		r, err := p.scene(ctx, s, st)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", s.name, err), st.close())
		}
		p.say(r)
	}
	return st.close()
}

func (p *play) scene(ctx context.Context, s scenario, st *stage) (result, error) {
	if s.alone {
		p.machine.Lock()
		defer p.machine.Unlock()
	} else {
		p.machine.RLock()
		defer p.machine.RUnlock()
	}
	return s.play(ctx, st)
}

// say prints a scenario's line.
func (p *play) say(r result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results = append(p.results, r)
	fmt.Fprintln(p.out, r)
	if r.failed() {
		fmt.Fprintf(p.out, "    again: go run ./apps/crash -profile %s -run %q -seed %d\n", r.Profile, r.Scenario, p.seed)
	}
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

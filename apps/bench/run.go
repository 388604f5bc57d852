package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// options are the command line.
type options struct {
	only, profile string
	scale         float64
}

// line is one line of the table.
type line struct {
	what    string
	ours    string
	against string
	figure  string // the ratio, or the figure itself where there is nothing to divide by
	aim     string
}

// measurement is one thing to measure.
type measurement struct {
	name string
	run  func(context.Context, *bench) ([]line, error)
}

// measurements are listed in the order in which they run.
var measurements = []measurement{
	{"ingest embedded", ingest(embedded)},
	{"ingest distributed", ingest(distributed)},
	{"bus", busAgainstRedis},
	{"offers embedded", offers(embedded, 3000)},
	{"offers distributed", offers(distributed, 1000)},
	{"latency embedded", latency(embedded)},
	{"latency distributed", latency(distributed)},
	{"tenants", growth},
	{"memory", memory},
}

// bench is what measurements share.
type bench struct {
	options
	servers servers
	dir     string // of files that go with the run
}

// count scales a number of things to do.
func (b *bench) count(n int) int { return max(int(float64(n)*b.scale), 64) }

func run(ctx context.Context, o options, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "autopromo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stop, err := profile(o.profile)
	if err != nil {
		return err
	}
	b := &bench{options: o, dir: dir}
	defer func() { err = errors.Join(err, b.servers.stop(), stop()) }()
	began := time.Now()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer func() { err = errors.Join(err, table.Flush()) }()
	if err := row(table, line{"what", "ours", "against", "figure", "aim"}); err != nil {
		return err
	}
	for _, m := range measurements {
		if !strings.Contains(m.name, o.only) {
			continue
		}
		fmt.Fprintln(os.Stderr, m.name, "…")
		lines, err := m.run(ctx, b)
		if errors.Is(err, services.ErrMissing) {
			lines = []line{{what: m.name, figure: "skipped", aim: err.Error()}}
		} else if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, l := range lines {
			if err := row(table, l); err != nil {
				return err
			}
		}
	}
	return row(table, line{what: fmt.Sprintf("in %v on %d cores", time.Since(began).Round(time.Second), runtime.NumCPU())})
}

func row(out io.Writer, l line) error {
	_, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", l.what, l.ours, l.against, l.figure, l.aim)
	return err
}

// side is one of two things to compare: it does n operations. What it leaves to be ended,
// outside of the measured time, is done by the function it returns, which may be nil.
type side func(ctx context.Context, n int) (end func() error, err error)

// rounds is how often sides take turns.
const rounds = 5

// rates lets sides take turns and returns the median of each one's operations per second.
func rates(ctx context.Context, n int, sides ...side) ([]float64, error) {
	measured := make([][]float64, len(sides))
	for range rounds {
		for i, s := range sides {
			began := time.Now()
			end, err := s(ctx, n)
			if err != nil {
				return nil, err
			}
			measured[i] = append(measured[i], float64(n)/time.Since(began).Seconds())
			if end != nil {
				if err := end(); err != nil {
					return nil, err
				}
			}
		}
	}
	medians := make([]float64, len(sides))
	for i, m := range measured {
		medians[i] = median(m)
	}
	return medians, nil
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// compared is the line of ours against theirs.
func compared(what, aim string, ours, theirs float64) line {
	return line{what, perSecond(ours), perSecond(theirs), fmt.Sprintf("%.2f", ours/theirs), aim}
}

func perSecond(rate float64) string { return fmt.Sprintf("%.0f/s", rate) }

// profile records until the returned function is called.
func profile(dir string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, err
	}
	runtime.SetMutexProfileFraction(10)
	runtime.SetBlockProfileRate(10_000)
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		errs := []error{cpu.Close()}
		for _, name := range []string{"allocs", "mutex", "block"} {
			f, err := os.Create(filepath.Join(dir, name+".pprof"))
			if err == nil {
				err = errors.Join(pprof.Lookup(name).WriteTo(f, 0), f.Close())
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}, nil
}

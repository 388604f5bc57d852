// Command crash proves that nothing is lost and nothing is posted twice. It starts the real
// program, in the embedded and in the distributed profile, before a simulated WhatsApp,
// kills its processes and its servers again and again, and judges by what was really
// posted. Each scenario prints one line; the exit code is 1 when any of them lost, doubled
// or mixed up a message.
//
//	go run ./apps/crash                  # everything, in a few minutes
//	go run ./apps/crash -run redis -seed 7
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.profile, "profile", "both", "embedded, distributed or both")
	flag.StringVar(&o.only, "run", "", "only scenarios whose name contains this")
	flag.Uint64Var(&o.seed, "seed", 1, "of every random choice")
	flag.BoolVar(&o.short, "short", false, "a few kills of each kind")
	flag.StringVar(&o.report, "report", "", "write the results to this file, as JSON")
	flag.StringVar(&o.logs, "logs", "", "keep the processes' logs in this folder")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

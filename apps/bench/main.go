// Command bench prints what AutoPromo costs as ratios of things measured side by side in one
// run: on a shared machine no other figure means anything. The two sides take turns, and the
// median of their rounds counts.
//
//	go run ./apps/bench                  # everything, in about four minutes
//	go run ./apps/bench -run ingest      # only what is called so
//	go run ./apps/bench -run "offers embedded" -profile /tmp/p
//
// It starts throw-away PostgreSQL and Redis servers where they are installed, and loads
// nothing but this machine. Its exit code says nothing about the figures: they are for
// people to judge.
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
	flag.StringVar(&o.only, "run", "", "only measurements whose name contains this")
	flag.StringVar(&o.profile, "profile", "", "write CPU, allocation, mutex and block profiles to this folder")
	flag.Float64Var(&o.scale, "scale", 1, "how much of the usual load; 0.2 is a quick look")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

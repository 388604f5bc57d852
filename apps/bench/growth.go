package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// growth measures what a webhook costs, up to its send to one group, among more and more
// tenants. Processor time is compared: it depends less on the neighbours than the clock.
func growth(ctx context.Context, b *bench) (lines []line, err error) {
	sizes := []int{10, 1000, 10_000}
	stages := make([]*stage, len(sizes))
	defer func() {
		for _, s := range stages {
			if s != nil {
				err = errors.Join(err, s.close())
			}
		}
	}()
	for i, n := range sizes {
		if stages[i], err = b.openStage(ctx, embedded, n, 1); err != nil {
			return nil, err
		}
	}
	n := b.count(1500)
	costs := make([][]float64, len(sizes))
	for round := range rounds {
		for i, s := range stages {
			cost, err := s.cost(ctx, round*n, n)
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first warms up
				costs[i] = append(costs[i], cost)
			}
		}
	}
	base := median(costs[0])
	for i, size := range sizes[1:] {
		cost := median(costs[i+1])
		lines = append(lines, line{
			what: fmt.Sprintf("CPU per webhook at %d tenants / at %d", size, sizes[0]),
			ours: fmt.Sprintf("%.0f µs", cost), against: fmt.Sprintf("%.0f µs", base),
			figure: fmt.Sprintf("%.2f", cost/base), aim: "≤ 1.10",
		})
	}
	return lines, nil
}

// cost is the processor time of one of n webhooks in microseconds, with the engine at work
// only meanwhile.
func (s *stage) cost(ctx context.Context, from, n int) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var left atomic.Int64
	left.Store(int64(n))
	arrived := make(chan struct{})
	s.sent = func(core.JID, string) {
		if left.Add(-1) == 0 {
			close(arrived)
		}
	}
	began := ownCPU()
	s.start(ctx)
	defer func() { s.stop(); s.running.Wait() }()
	// Spread over all tenants, whatever their number.
	stride := max(len(s.tenants)/n, 1)
	err := inParallel(n, func(i int) error { return s.deliver((from + i) * stride) })
	if err != nil {
		return 0, err
	}
	select {
	case <-arrived:
	case <-ctx.Done():
		return 0, fmt.Errorf("%d sends are missing: %w", left.Load(), ctx.Err())
	}
	return float64((ownCPU()-began)/time.Microsecond) / float64(n), nil
}

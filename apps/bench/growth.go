package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	n := b.count(600)
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
	var waiting sync.Map // of the messages under way, by number
	s.sent = func(_ core.JID, text string) {
		if arrived, ok := waiting.LoadAndDelete(numberOf(text)); ok {
			close(arrived.(chan struct{}))
		}
	}
	began := ownCPU()
	s.start(ctx)
	defer func() { s.stop(); s.running.Wait() }()
	// Spread over all tenants, whatever their number, and few at once: what several messages
	// of one tenant share must not be taken for what tenants cost.
	stride := max(len(s.tenants)/n, 1)
	err := atOnce(2, n, func(i int) error {
		number, arrived := (from+i)*stride, make(chan struct{})
		waiting.Store(number, arrived)
		if err := s.deliver(number); err != nil {
			return err
		}
		select {
		case <-arrived:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("message %d was not sent: %w", number, ctx.Err())
		}
	})
	if err != nil {
		return 0, err
	}
	return float64((ownCPU()-began)/time.Microsecond) / float64(n), nil
}

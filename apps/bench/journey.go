package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

const (
	destinations = 5
	// patience is how long a load may take before something must be wrong.
	patience = time.Minute
)

// offers measures the whole way of n offers, from the webhook to the last of five groups.
func offers(profile string, n int) func(context.Context, *bench) ([]line, error) {
	aim := map[string]string{embedded: "≥ 4000/s", distributed: "≥ 1500/s"}[profile]
	return func(ctx context.Context, b *bench) (lines []line, err error) {
		s, err := b.openStage(ctx, profile, 100, destinations)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		s.start(ctx)
		n := b.count(n)
		// Half of them to warm up: caches, connections and pages of the database.
		if _, err := s.journey(ctx, 0, n/2); err != nil {
			return nil, err
		}
		own, servers := ownCPU(), serversCPU()
		took, err := s.journey(ctx, n/2, n)
		if err != nil {
			return nil, err
		}
		perThousand := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(n) }
		own, servers = ownCPU()-own, serversCPU()-servers
		cpu := fmt.Sprintf("%.2f s", perThousand(own))
		if profile == distributed {
			cpu = fmt.Sprintf("%.2f s + %.2f s of the servers", perThousand(own), perThousand(servers))
		}
		return []line{
			{what: fmt.Sprintf("offers to %d groups, %s", destinations, profile), figure: perSecond(float64(n) / took.Seconds()), aim: aim},
			{what: "  CPU per 1,000 of them", figure: cpu},
		}, s.balanced(ctx, n/2+n, destinations)
	}
}

// journey posts offers from..from+n-1 and waits until each has reached every group.
func (s *stage) journey(ctx context.Context, from, n int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var left atomic.Int64
	left.Store(int64(n * destinations))
	arrived := make(chan struct{})
	s.sent = func(core.JID, string) {
		if left.Add(-1) == 0 {
			close(arrived)
		}
	}
	began := time.Now()
	if err := inParallel(n, func(i int) error { return s.deliver(from + i) }); err != nil {
		return 0, err
	}
	select {
	case <-arrived:
		return time.Since(began), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%d sends are missing: %w", left.Load(), ctx.Err())
	}
}

// balanced waits until the ledger says that all of it was sent, once.
func (s *stage) balanced(ctx context.Context, n, groups int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		l, err := s.repo.Queue().Ledger(ctx)
		if err != nil {
			return err
		}
		sent := l.Deliveries[core.DeliverySent]
		if l.Offers == n && sent == n*groups && l.Lost == 0 {
			return nil
		}
		if l.Deliveries[core.DeliveryPending]+l.Deliveries[core.DeliveryDispatching] == 0 {
			return fmt.Errorf("%d offers, %d sent, %v; want %d and %d", l.Offers, sent, l.Deliveries, n, n*groups)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

const (
	latencyRate    = 100 // offers a second
	latencySeconds = 6
)

// latency measures how long it takes from a post to its first and its last send, at a steady
// rate that does not wait for answers.
func latency(profile string) func(context.Context, *bench) ([]line, error) {
	return func(ctx context.Context, b *bench) (lines []line, err error) {
		s, err := b.openStage(ctx, profile, 20, destinations)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		n := b.count(latencyRate * latencySeconds)
		w := &stopwatch{posted: make([]time.Time, n), sends: make([][]time.Duration, n), left: n * destinations, done: make(chan struct{})}
		s.sent = func(_ core.JID, text string) { w.sent(numberOf(text)) }
		s.start(ctx)
		if err := w.post(ctx, s); err != nil {
			return nil, err
		}
		var first, last []time.Duration
		for _, sends := range w.sends[latencyRate:] { // the first second warms up
			first, last = append(first, sends[0]), append(last, sends[len(sends)-1])
		}
		return []line{
			{what: "post → first send at 100 offers/s, " + profile, figure: quantiles(first), aim: "p99 ≤ 25 ms"},
			{what: "  post → fifth send", figure: quantiles(last)},
		}, s.balanced(ctx, n, destinations)
	}
}

func quantiles(of []time.Duration) string {
	slices.Sort(of)
	at := func(q float64) time.Duration { return of[int(q*float64(len(of)-1))].Round(100 * time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v", at(0.5), at(0.99))
}

// stopwatch knows when each offer was posted and sent.
type stopwatch struct {
	mu     sync.Mutex
	posted []time.Time
	sends  [][]time.Duration
	left   int
	done   chan struct{}
}

func (w *stopwatch) sent(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n < 0 || n >= len(w.posted) {
		return
	}
	w.sends[n] = append(w.sends[n], time.Since(w.posted[n]))
	if w.left--; w.left == 0 {
		close(w.done)
	}
}

// post posts all offers at the rate and waits until all were sent.
func (w *stopwatch) post(ctx context.Context, s *stage) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(time.Second / latencyRate)
	defer tick.Stop()
	failed := make(chan error, len(w.posted))
	for n := range w.posted {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		w.mu.Lock()
		w.posted[n] = time.Now()
		w.mu.Unlock()
		go func() {
			if err := s.deliver(n); err != nil {
				failed <- err
			}
		}()
	}
	select {
	case <-w.done:
		return nil
	case err := <-failed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%d sends are missing: %w", w.left, ctx.Err())
	}
}

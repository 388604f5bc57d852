package wiring

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	ledgerFresh   = 5 * time.Second
	ledgerTimeout = 10 * time.Second
)

// The ledger's metrics. accepted = the sum of autopromo_inbox; what is done became offers,
// each held or on its way in autopromo_deliveries; autopromo_lost is the difference.
var (
	inboxMetric      = prometheus.NewDesc("autopromo_inbox", "Accepted messages by state.", []string{"state"}, nil)
	offersMetric     = prometheus.NewDesc("autopromo_offers", "Messages judged to be offers.", nil, nil)
	heldMetric       = prometheus.NewDesc("autopromo_offers_held", "Offers that must not go out.", nil, nil)
	deliveriesMetric = prometheus.NewDesc("autopromo_deliveries", "Deliveries by state.", []string{"state"}, nil)
	lostMetric       = prometheus.NewDesc("autopromo_lost", "Accepted messages that are nowhere. It must be 0.", nil, nil)
)

// ledger collects where everything is that was ever accepted.
type ledger struct {
	engine *engine.Engine
	log    *slog.Logger

	mu   sync.Mutex
	next time.Time // to count again
	last repository.Ledger
}

// Describe implements prometheus.Collector.
func (l *ledger) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inboxMetric, offersMetric, heldMetric, deliveriesMetric, lostMetric} {
		out <- d
	}
}

// Collect implements prometheus.Collector. Without an answer of the database nothing is
// collected: old numbers would hide that.
func (l *ledger) Collect(out chan<- prometheus.Metric) {
	now, err := l.count()
	if err != nil {
		l.log.Warn("the ledger could not be counted", "error", err)
		return
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for state, n := range now.Inbox {
		gauge(inboxMetric, n, string(state))
	}
	gauge(offersMetric, now.Offers)
	gauge(heldMetric, now.Held)
	for state, n := range now.Deliveries {
		gauge(deliveriesMetric, n, string(state))
	}
	gauge(lostMetric, now.Lost)
}

// count asks the database, unless somebody did a moment ago. Counting reads all of it: the
// longer that takes, the more seldom it is done.
func (l *ledger) count() (repository.Ledger, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	began := time.Now()
	if began.Before(l.next) {
		return l.last, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTimeout)
	defer cancel()
	now, err := l.engine.Ledger(ctx)
	if err == nil {
		l.next, l.last = time.Now().Add(ledgerFresh+20*time.Since(began)), now
	}
	return now, err
}

package wiring

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// metricsHandler serves the counters of this process, and the ledger of the whole
// installation, in Prometheus' text form. None of them names a tenant.
func metricsHandler(s Settings, r *resolver.Resolver, e *engine.Engine) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	for _, c := range append(resolverMetrics(r), &ledger{engine: e, log: s.Log}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})) {
		if err := registry.Register(c); err != nil {
			return nil, failed("register a metric", err)
		}
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), nil
}

// resolverMetrics shows how short links fare.
func resolverMetrics(r *resolver.Resolver) []prometheus.Collector {
	var all []prometheus.Collector
	for _, m := range []struct {
		name, help string
		labels     prometheus.Labels
		value      func(resolver.Stats) uint64
	}{
		{"lookups_total", "Short links asked for.", nil, func(s resolver.Stats) uint64 { return s.Lookups }},
		{"cache_hits_total", "Short links answered from memory.", nil, func(s resolver.Stats) uint64 { return s.CacheHits }},
		{"outcomes_total", "Short links by outcome.", prometheus.Labels{"outcome": "resolved"}, func(s resolver.Stats) uint64 { return s.Resolved }},
		{"outcomes_total", "Short links by outcome.", prometheus.Labels{"outcome": "landed"}, func(s resolver.Stats) uint64 { return s.Landed }},
		{"outcomes_total", "Short links by outcome.", prometheus.Labels{"outcome": "dead"}, func(s resolver.Stats) uint64 { return s.Dead }},
		{"outcomes_total", "Short links by outcome.", prometheus.Labels{"outcome": "inconclusive"}, func(s resolver.Stats) uint64 { return s.Inconclusive }},
		{"requests_total", "HTTP requests made for short links.", nil, func(s resolver.Stats) uint64 { return s.Requests }},
		{"refused_total", "Requests the address guard refused.", nil, func(s resolver.Stats) uint64 { return s.Refused }},
		{"host_rests_total", "Times a host was left alone for a while.", nil, func(s resolver.Stats) uint64 { return s.HostRests }},
	} {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: "autopromo", Subsystem: "links", Name: m.name, Help: m.help, ConstLabels: m.labels,
		}, func() float64 { return float64(m.value(r.Stats())) }))
	}
	return all
}

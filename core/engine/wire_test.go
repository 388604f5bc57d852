package engine_test

import (
	"context"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// wire is the gateway with a place where the world can change: after the provider has
// answered and before the engine knows.
type wire struct {
	*evolution.Gateway

	mu    sync.Mutex
	after map[string]func()
	calls map[string]int // by op
	caps  func(gateway.Capabilities) gateway.Capabilities
}

// meanwhile runs f once, between the next answer to op and the engine.
func (w *wire) meanwhile(op string, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after[op] = f
}

func (w *wire) pass(op string) {
	w.mu.Lock()
	if w.calls == nil {
		w.calls = map[string]int{}
	}
	w.calls[op]++
	f := w.after[op]
	delete(w.after, op)
	w.mu.Unlock()
	if f != nil {
		f()
	}
}

func (w *wire) Capabilities() gateway.Capabilities {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.Gateway.Capabilities(); w.caps != nil {
		return w.caps(c)
	}
	return w.Gateway.Capabilities()
}

// times is how often an op was called.
func (w *wire) times(op string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[op]
}

func (w *wire) Restart(ctx context.Context, s gateway.Session) error {
	defer w.pass("restart")
	return w.Gateway.Restart(ctx, s)
}

func (w *wire) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	groups, err := w.Gateway.Groups(ctx, s)
	w.pass("groups")
	return groups, err
}

func (w *wire) Provision(ctx context.Context, s gateway.Session, hook gateway.Webhook) (gateway.Provisioned, error) {
	defer w.pass("provision")
	return w.Gateway.Provision(ctx, s, hook)
}

func (w *wire) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	defer w.pass("status")
	return w.Gateway.Status(ctx, s)
}

func (w *wire) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	defer w.pass("send")
	return w.Gateway.Send(ctx, s, m)
}

func (w *wire) FetchMedia(ctx context.Context, s gateway.Session, m core.Media, limit int64) (gateway.Media, error) {
	defer w.pass("media")
	return w.Gateway.FetchMedia(ctx, s, m, limit)
}

// later moves the engine's clock.
func (h *house) later(d time.Duration) { h.clock.Add(int64(d)) }

// instance is the stored instance.
func (m *marketer) instance() core.Instance {
	m.h.t.Helper()
	inst, err := m.h.repo.Tenant(m.id).Instance().Get(m.h.t.Context())
	m.h.must(err)
	return inst
}

// hears is a webhook of the tenant's session, whatever the provider really thinks.
func (m *marketer) hears(event, data string) {
	m.h.t.Helper()
	inst := m.instance()
	m.h.must(m.h.engine.Ingest(m.h.t.Context(), engine.Webhook{Instance: inst.Name, Request: gateway.Request{
		Header: map[string][]string{"X-Instance-Name": {inst.Name}, "X-Webhook-Secret": {inst.WebhookSecret.Reveal()}},
		Body:   []byte(`{"event":"` + event + `","instance":"` + inst.Name + `","data":` + data + `}`),
	}}))
}

// asks looks at the status as a person does, after the last look has grown old.
func (m *marketer) asks() core.Instance {
	m.h.t.Helper()
	m.h.later(6 * time.Minute)
	inst, err := m.Instance(m.h.t.Context())
	m.h.must(err)
	return inst
}

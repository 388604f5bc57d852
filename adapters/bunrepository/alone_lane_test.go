package bunrepository

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// delivery is one the tenant has seen, as it was then.
func (w *parallel) delivery(p *party) core.Delivery {
	if len(p.deliveries) == 0 || w.n("any delivery", 5) == 0 {
		return core.Delivery{ID: core.DeliveryID(w.pick(p, "delivery")), State: core.DeliveryPending}
	}
	return p.deliveries[max(0, len(p.deliveries)-1-w.n("delivery", 10))]
}

func (w *parallel) laneOperations() map[string]func(*party) {
	ctx := context.Background()
	return map[string]func(*party){
		"delivery": func(p *party) {
			id := w.delivery(p).ID
			w.same(p, "delivery", func(t repository.Tenant) (any, error) { return t.Deliveries().Get(ctx, id) })
		},
		"ready": func(p *party) {
			each := 1 + w.n("each", 2)
			a := w.same(p, "ready", func(t repository.Tenant) (any, error) { return t.Deliveries().Ready(ctx, each, 10) })
			ready, _ := a.Value.([]repository.Ready)
			for _, r := range ready {
				p.deliveries = append(p.deliveries, r.Delivery)
			}
		},
		"settle": func(p *party) {
			d := w.delivery(p)
			arrows := append(slices.DeleteFunc(core.DeliveryStates(), func(s core.DeliveryState) bool { return !d.State.CanBecome(s) }),
				core.DeliverySent)
			s := repository.Settle{
				ID: d.ID, From: d.State, Attempt: d.Attempt, To: rapid.SampledFrom(arrows).Draw(w.T, "to"), Reason: core.ReasonProviderTemporary,
				MessageID: core.MessageID(w.word("message")), NotBefore: w.later("not before"), Now: w.now,
			}
			if w.n("rest", 4) == 0 {
				s.RestUntil = w.later("rest until")
			}
			a := w.same(p, "settle", func(t repository.Tenant) (any, error) { return t.Deliveries().Settle(ctx, s) })
			if settled, ok := a.Value.(core.Delivery); ok && settled.ID != "" {
				p.deliveries = append(p.deliveries, settled)
			}
		},
		"unproven": func(p *party) {
			chat, id := jid(w.n("chat", 3)), core.MessageID(w.word("message"))
			w.same(p, "unproven", func(t repository.Tenant) (any, error) { return t.Deliveries().Unproven(ctx, chat, id) })
		},
		"attempts": func(p *party) {
			since := w.later("since").Add(-time.Minute)
			w.same(p, "attempts", func(t repository.Tenant) (any, error) { return t.Lane().History(ctx, since) })
		},
		"begin": func(p *party) {
			d := w.delivery(p)
			b := repository.Begin{Lane: p.lane, Now: w.now, Deadline: w.later("deadline"), NextSend: w.later("next")}
			for i, d := range []core.Delivery{d, w.delivery(p)}[:1+w.n("another", 2)] {
				b.Attempts = append(b.Attempts, repository.Attempt{ID: d.ID, Text: d.Text, ClientID: core.MessageID(fmt.Sprint("3EB0", i))})
			}
			if b.Lane.Instance == "" {
				b.Lane = core.Lane{Tenant: p.id, Instance: instanceID}
			}
			if before := w.delivery(p); w.n("after another", 2) == 0 {
				b.Settle = []repository.Settle{{ID: before.ID, From: before.State, Attempt: before.Attempt, To: core.DeliverySent, Now: w.now}}
			}
			a := w.same(p, "begin", func(t repository.Tenant) (any, error) { return t.Lane().Begin(ctx, b) })
			begun, _ := a.Value.([]core.Delivery)
			p.deliveries = append(p.deliveries, begun...)
		},
		"renew lease": func(p *party) {
			until := w.later("until")
			w.same(p, "renew lease", func(t repository.Tenant) (any, error) { return nil, t.Lane().Renew(ctx, p.lane, until) })
		},
		"release": func(p *party) {
			next := w.later("next")
			w.same(p, "release", func(t repository.Tenant) (any, error) { return nil, t.Lane().Release(ctx, p.lane, next) })
		},
		"conclude": func(p *party) {
			d, next := w.delivery(p), w.later("next")
			s := repository.Settle{ID: d.ID, From: d.State, Attempt: d.Attempt, To: core.DeliverySent, Now: w.now}
			w.same(p, "conclude", func(t repository.Tenant) (any, error) {
				return nil, t.Lane().Conclude(ctx, []repository.Settle{s}, p.lane, next)
			})
		},
		"wake": func(p *party) {
			at := w.later("at")
			w.same(p, "wake", func(t repository.Tenant) (any, error) { return nil, t.Lane().Wake(ctx, at) })
		},
	}
}

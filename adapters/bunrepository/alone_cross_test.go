package bunrepository

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// all asks each tenant's own repository and puts the answers together.
func all[T any](w *parallel, ask func(*Repository) ([]T, error)) (together []T) {
	for _, p := range w.parties {
		own, err := ask(p.alone)
		if err != nil {
			w.Fatal(err)
		}
		together = append(together, own...)
	}
	return together
}

// crossOperations look across tenants: their answer is what all tenants' own repositories
// say together.
func (w *parallel) crossOperations() map[string]func(*party) {
	ctx := context.Background()
	return map[string]func(*party){
		"take lane": func(p *party) {
			// Not before now: a lane without work leaves the queue until there is some, and only
			// its neighbours can have had it looked at.
			at := w.now.Add(time.Duration(w.n("at", 90)) * time.Second)
			taken, err := w.shared.Queue().TakeLane(ctx, at, "holder", time.Minute)
			if err != nil {
				// Then there is none for anybody.
				for i := range w.parties {
					own, ownErr := w.parties[i].alone.Queue().TakeLane(ctx, at, "holder", time.Minute)
					w.compare(&w.parties[i], "no lane", answered(taken, err), answered(own, ownErr))
				}
				return
			}
			i := slices.IndexFunc(w.parties, func(p party) bool { return p.id == taken.Tenant })
			own, err := w.parties[i].alone.Queue().TakeLane(ctx, at, "holder", time.Minute)
			w.compare(&w.parties[i], "take lane", answered(taken, nil), answered(own, err))
			w.parties[i].lane = taken
		},
		"backlog": func(p *party) {
			at := w.later("at")
			ask := func(r *Repository) ([]repository.Backlog, error) { return r.Queue().Backlog(ctx, at, 10) }
			want := all(w, ask)
			slices.SortFunc(want, func(a, b repository.Backlog) int {
				return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Tenant, b.Tenant))
			})
			got, err := ask(w.shared)
			w.compare(p, "backlog", answered(got, err), answered(want, nil))
		},
		"unsettled": func(p *party) {
			at := w.later("at").Add(time.Hour)
			ask := func(r *Repository) ([]repository.DeliveryRef, error) { return r.Queue().Unsettled(ctx, at, 100) }
			byID := func(a, b repository.DeliveryRef) int {
				return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
			}
			want := all(w, ask)
			got, err := ask(w.shared)
			slices.SortFunc(want, byID)
			slices.SortFunc(got, byID)
			w.compare(p, "unsettled", answered(got, err), answered(want, nil))
		},
		"ledger": func(p *party) {
			got, err := w.shared.Queue().Ledger(ctx)
			want := repository.Ledger{Inbox: map[core.InboxState]int{}, Deliveries: map[core.DeliveryState]int{}}
			for _, own := range all(w, func(r *Repository) ([]repository.Ledger, error) {
				l, err := r.Queue().Ledger(ctx)
				return []repository.Ledger{l}, err
			}) {
				for state, n := range own.Inbox {
					want.Inbox[state] += n
				}
				for state, n := range own.Deliveries {
					want.Deliveries[state] += n
				}
				want.Offers, want.Held, want.Lost = want.Offers+own.Offers, want.Held+own.Held, want.Lost+own.Lost
			}
			w.compare(p, "ledger", answered(got, err), answered(want, nil))
		},
		"unchecked": func(p *party) {
			before := w.later("before")
			ask := func(r *Repository) ([]core.TenantID, error) { return r.Directory().Unchecked(ctx, before, 10) }
			want := all(w, ask)
			got, err := ask(w.shared)
			slices.Sort(want)
			slices.Sort(got)
			w.compare(p, "unchecked", answered(got, err), answered(want, nil))
		},
		"all tenants": func(p *party) {
			since := w.earlier("since")
			ask := func(r *Repository) ([]repository.TenantSummary, error) {
				return r.Operations().Tenants(ctx, repository.TenantQuery{Limit: 10, Since: since})
			}
			want := all(w, ask)
			slices.Reverse(want)
			got, err := ask(w.shared)
			w.compare(p, "all tenants", answered(got, err), answered(want, nil))
		},
		"all instances": func(p *party) {
			ask := func(r *Repository) ([]repository.InstanceSummary, error) { return r.Operations().Instances(ctx, 10) }
			byTenant := func(a, b repository.InstanceSummary) int { return cmp.Compare(a.Tenant, b.Tenant) }
			want := all(w, ask)
			got, err := ask(w.shared)
			slices.SortFunc(want, byTenant)
			slices.SortFunc(got, byTenant)
			w.compare(p, "all instances", answered(got, err), answered(want, nil))
		},
		"all of the audit log": func(p *party) {
			ask := func(r *Repository) ([]core.AuditEntry, error) { return r.Operations().Audit(ctx, "", 1000) }
			byID := func(a, b core.AuditEntry) int {
				return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Tenant, b.Tenant))
			}
			want := all(w, ask)
			got, err := ask(w.shared)
			slices.SortFunc(want, byID)
			slices.SortFunc(got, byID)
			w.compare(p, "all of the audit log", answered(got, err), answered(want, nil))
		},
		"all lanes": func(p *party) {
			at := w.later("at")
			ask := func(r *Repository) ([]repository.LaneSummary, error) {
				lanes, err := r.Operations().Lanes(ctx, at, 10)
				for i := range lanes {
					// When an idle lane is looked at depends on its neighbours.
					lanes[i].NextSendAt = time.Time{}
				}
				slices.SortFunc(lanes, func(a, b repository.LaneSummary) int { return cmp.Compare(a.Tenant, b.Tenant) })
				return lanes, err
			}
			want := all(w, ask)
			got, err := ask(w.shared)
			w.compare(p, "all lanes", answered(got, err), answered(want, nil))
		},
		"whose": func(p *party) {
			for _, ask := range maps.All(map[string]func(repository.Directory) (core.TenantID, error){
				"by email": func(d repository.Directory) (core.TenantID, error) { return d.TenantByEmail(ctx, p.email()) },
				"by hook": func(d repository.Directory) (core.TenantID, error) {
					return d.TenantByWebhook(ctx, "hash of "+string(p.id))
				},
				"by key": func(d repository.Directory) (core.TenantID, error) { return d.TenantByAPIKey(ctx, p.keyHash(0)) },
				"by name": func(d repository.Directory) (core.TenantID, error) {
					return d.TenantByInstanceName(ctx, core.InstanceName(p.id, ""))
				},
			}) {
				got, err := ask(w.shared.Directory())
				own, ownErr := ask(p.alone.Directory())
				w.compare(p, "whose", answered(got, err), answered(own, ownErr))
			}
		},
	}
}

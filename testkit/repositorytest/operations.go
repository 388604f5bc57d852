package repositorytest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func operationsCases() []Case {
	return []Case{
		{"TenantsAreSummarized", tenantsSummarized},
		{"TenantsAreSearched", tenantsSearched},
		{"InstancesAreSummarized", instancesSummarized},
		{"LanesAreSummarized", lanesSummarized},
		{"AuditLogIsPaged", auditPaged},
	}
}

func tenantsSummarized(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	bare := w.newTenant()
	w.ok("create tenant", r.Directory().CreateTenant(w.ctx, bare))
	s.inState(core.DeliverySent, "amazon:1", s.groups[0])
	w.pass(time.Hour)
	since := w.now
	s.inState(core.DeliverySent, "amazon:2", s.groups[0])
	s.offer("amazon:3", s.groups...)
	held := s.outcome(s.claim(s.accept(s.message())), "")
	held.Offer.Hold = &core.Hold{Reason: core.ReasonNoTag}
	s.save(held)
	s.claim(s.accept(s.message()))
	s.accept(s.message())
	off := s.newDestination("99@g.us", "parado")
	off.Active = false
	w.ok("create destination", s.Destinations().Create(w.ctx, off))
	w.ok("create source", s.Sources().Create(w.ctx, s.newSource("98@g.us", "parada")))
	_, err := s.Account().Govern(w.ctx, s.audit(core.LimitsChanged), func(t *core.Tenant) error {
		t.Active, t.Operator, t.Limits = false, true, core.Limits{Destinations: 3, PerDay: 40}
		return nil
	})
	w.ok("govern", err)
	account, err := s.Account().Get(w.ctx)
	w.ok("get", err)
	neighbour, err := other.Account().Get(w.ctx)
	w.ok("get", err)
	want := []repository.TenantSummary{
		{ID: bare.ID, Email: bare.Email, Active: true, CreatedAt: bare.CreatedAt},
		{ID: other.id, Email: neighbour.Email, Active: true, CreatedAt: neighbour.CreatedAt, Status: other.instance.Status, ActiveSources: 1, ActiveDestinations: 2},
		{ID: s.id, Email: account.Email, Active: false, Operator: true, Limits: account.Limits, CreatedAt: account.CreatedAt,
			Status: s.instance.Status, ActiveSources: 1, ActiveDestinations: 2, Waiting: 2, Pending: 2, Held: 1, Sent: 1},
	}
	got, err := r.Operations().Tenants(w.ctx, repository.TenantQuery{Limit: 10, Since: since})
	w.ok("tenants", err)
	w.same("newest first", got, want)
	var paged []repository.TenantSummary
	for q := (repository.TenantQuery{Limit: 2, Since: since}); ; q.Before = paged[len(paged)-1].ID {
		page, err := r.Operations().Tenants(w.ctx, q)
		w.ok("page", err)
		if paged = append(paged, page...); len(page) < 2 || len(paged) > len(want) {
			break
		}
	}
	w.same("in pages", paged, want)
	w.same("nothing asked for", len(first(r.Operations().Tenants(w.ctx, repository.TenantQuery{}))), 0)
}

func tenantsSearched(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	ids := map[string]core.TenantID{}
	for _, email := range []string{"ana_maria@example.com", "anaxmaria@example.com", "o%brien@example.com", "caio!@loja.com.br"} {
		t := w.newTenant()
		t.Email = email
		ids[email] = t.ID
		w.ok("create tenant", r.Directory().CreateTenant(w.ctx, t))
	}
	for search, want := range map[string][]string{
		"ana_":                              {"ana_maria@example.com"},
		"maria@":                            {"anaxmaria@example.com", "ana_maria@example.com"},
		"%b":                                {"o%brien@example.com"},
		"!@":                                {"caio!@loja.com.br"},
		"nobody":                            {},
		"'":                                 {},
		string(ids["caio!@loja.com.br"]):    {"caio!@loja.com.br"},
		strings.Repeat("0", 8) + w.id()[8:]: {},
	} {
		got, err := r.Operations().Tenants(w.ctx, repository.TenantQuery{Search: search, Limit: 10})
		w.ok("search for "+search, err)
		found := []string{}
		for _, t := range got {
			found = append(found, t.Email)
		}
		w.same("found for "+search, found, want)
	}
}

func instancesSummarized(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	late, early, broken := w.shop(), w.shop(), w.shop()
	connected := func(s *shop, checked time.Time) {
		_, err := s.Instance().Update(w.ctx, func(i *core.Instance) error {
			i.Status, i.Reason, i.CheckedAt, i.UpdatedAt = core.InstanceConnected, "", checked, w.now
			return nil
		})
		w.ok("update", err)
	}
	connected(late, w.now.Add(time.Minute))
	connected(early, time.Time{})
	want := []repository.InstanceSummary{
		{Tenant: broken.id, Provider: "evolution", Name: broken.instance.Name, Status: core.InstanceConnecting, Reason: core.ReasonNotConnected,
			CheckedAt: broken.instance.CheckedAt, UpdatedAt: w.now},
		{Tenant: early.id, Provider: "evolution", Name: early.instance.Name, Status: core.InstanceConnected, UpdatedAt: w.now},
		{Tenant: late.id, Provider: "evolution", Name: late.instance.Name, Status: core.InstanceConnected, CheckedAt: w.now.Add(time.Minute), UpdatedAt: w.now},
	}
	for i := range want {
		want[i].Email = string(want[i].Tenant) + "@example.com"
	}
	got, err := r.Operations().Instances(w.ctx, 10)
	w.ok("instances", err)
	w.same("the broken first, then by check", got, want)
	got, err = r.Operations().Instances(w.ctx, 1)
	w.ok("instances", err)
	w.same("one", got, want[:1])
}

func lanesSummarized(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	first, second, idle := w.shop(), w.shop(), w.shop()
	idle.inState(core.DeliverySent, "amazon:1", idle.groups[0])
	offer := first.offer("amazon:1", first.groups...)
	due := w.now
	w.pass(time.Minute)
	second.offer("amazon:2", second.groups[0])
	waiting := []repository.LaneSummary{
		{Tenant: first.id, NextSendAt: due, Pending: 2},
		{Tenant: second.id, NextSendAt: w.now, Pending: 1},
	}
	for i := range waiting {
		waiting[i].Email = string(waiting[i].Tenant) + "@example.com"
	}
	ask := func(at time.Time, limit int) []repository.LaneSummary {
		tb.Helper()
		got, err := r.Operations().Lanes(w.ctx, at, limit)
		w.ok("lanes", err)
		return got
	}
	far := w.now.Add(24 * time.Hour) // no lease lives until then
	w.same("the longest-due first", ask(far, 10), waiting)
	w.same("one", ask(far, 1), waiting[:1])
	taken, err := r.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
	w.ok("take lane", err)
	w.same("whose", taken.Tenant, first.id)
	held := waiting[0]
	held.Holder, held.LeaseUntil = "holder", w.now.Add(time.Minute)
	w.same("leased", ask(w.now, 1), []repository.LaneSummary{held})
	permit := first.permit(taken, offer.Deliveries[0])
	_, err = first.Lane().Begin(w.ctx, permit)
	w.ok("begin", err)
	lanes := ask(w.now, 10)
	for _, l := range lanes {
		if l.Tenant == first.id {
			w.same("paced", l.PacedUntil, permit.NextSend)
			w.same("pending", l.Pending, 1)
			return
		}
	}
	tb.Fatalf("a lane that is leased is not listed: %v", fmt.Sprint(lanes))
}

func auditPaged(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	var want []core.AuditEntry
	for i := range 5 {
		s := a
		if i%2 == 1 {
			s = b
		}
		w.pass(time.Second)
		e := s.governed(core.LimitsChanged, func(t *core.Tenant) error { t.Limits.PerDay = i; return nil })
		want = append([]core.AuditEntry{e}, want...)
	}
	var all []core.AuditEntry
	for before := core.AuditID(""); ; before = all[len(all)-1].ID {
		page, err := r.Operations().Audit(w.ctx, before, 2)
		w.ok("audit", err)
		if all = append(all, page...); len(page) < 2 || len(all) > len(want) {
			break
		}
	}
	w.same("newest first", all, want)
}

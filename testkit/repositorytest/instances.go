package repositorytest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func directoryCases() []Case {
	return []Case{
		{"TenantIsFoundByEmail", func(tb testing.TB, r repository.Repository) {
			w := newWorld(tb, r)
			t := w.newTenant()
			w.ok("create", r.Directory().CreateTenant(w.ctx, t))
			w.ok("create", r.Directory().CreateTenant(w.ctx, w.newTenant()))
			id, err := r.Directory().TenantByEmail(w.ctx, t.Email)
			w.ok("find", err)
			w.same("tenant", id, t.ID)
		}},
		{"TenantIsFoundByWebhook", tenantByWebhook},
		{"TenantIsFoundByInstanceName", tenantByInstanceName},
		{"UncheckedInstancesAreListed", uncheckedInstances},
	}
}

func tenantByWebhook(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	for _, s := range []*shop{a, b} {
		id, err := r.Directory().TenantByWebhook(w.ctx, s.instance.WebhookHash)
		w.ok("find", err)
		w.same("tenant", id, s.id)
	}
	_, err := a.Instance().Update(w.ctx, func(i *core.Instance) error { i.WebhookHash = "another"; return nil })
	w.ok("update", err)
	_, err = r.Directory().TenantByWebhook(w.ctx, a.instance.WebhookHash)
	w.fails("a webhook that is no more", err, core.ErrNotFound)
	// Instances without a webhook are not the same instance.
	for _, s := range []*shop{a, b} {
		_, err = s.Instance().Update(w.ctx, func(i *core.Instance) error { i.WebhookHash = ""; return nil })
		w.ok("update", err)
	}
	_, err = r.Directory().TenantByWebhook(w.ctx, "")
	w.fails("no webhook", err, core.ErrNotFound)
}

func tenantByInstanceName(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	id, err := r.Directory().TenantByInstanceName(w.ctx, b.instance.Name)
	w.ok("find", err)
	w.same("tenant", id, b.id)
	for _, name := range []string{strings.ToUpper(a.instance.Name), a.instance.Name + " ", "", "%"} {
		_, err = r.Directory().TenantByInstanceName(w.ctx, name)
		w.fails("another name", err, core.ErrNotFound)
	}
	_, err = b.Instance().Update(w.ctx, func(i *core.Instance) error { i.Name = a.instance.Name; return nil })
	w.fails("a name that is taken", err, core.ErrConflict)
}

func uncheckedInstances(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	checked := func(at time.Time, status core.InstanceStatus) core.TenantID {
		s := w.shop()
		_, err := s.Instance().Update(w.ctx, func(i *core.Instance) error { i.CheckedAt, i.Status = at, status; return nil })
		w.ok("update", err)
		return s.id
	}
	late := checked(w.now.Add(-time.Minute), core.InstanceConnected)
	early := checked(w.now.Add(-time.Hour), core.InstanceConnecting)
	never := checked(time.Time{}, core.InstanceConnected)
	checked(w.now, core.InstanceConnected)
	checked(w.now.Add(-time.Hour), core.InstanceDisconnected)
	ids, err := r.Directory().Unchecked(w.ctx, w.now, 10)
	w.ok("list", err)
	w.same("oldest check first", ids, []core.TenantID{never, early, late})
	ids, err = r.Directory().Unchecked(w.ctx, w.now, 2)
	w.ok("list", err)
	w.same("limit", ids, []core.TenantID{never, early})
}

func instanceCases() []Case {
	return []Case{
		{"InstanceIsStored", instanceIsStored},
		{"SecondInstanceIsConflict", secondInstance},
		{"InstanceRaceHasOneWinner", instanceRace},
		{"InstanceUpdateIsAtomic", instanceUpdateIsAtomic},
		{"RefusedInstanceUpdateStoresNothing", refusedInstanceUpdate},
	}
}

func instanceIsStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	t := w.newTenant()
	w.ok("create tenant", r.Directory().CreateTenant(w.ctx, t))
	n := r.Tenant(t.ID).Instance()
	_, err := n.Get(w.ctx)
	w.fails("before creation", err, core.ErrNotFound)
	_, err = n.Update(w.ctx, func(*core.Instance) error { return nil })
	w.fails("update before creation", err, core.ErrNotFound)
	want := w.newInstance(t.ID)
	w.ok("create", n.Create(w.ctx, want))
	got, err := n.Get(w.ctx)
	w.ok("get", err)
	w.same("instance", got, want)

	got, err = n.Update(w.ctx, func(i *core.Instance) error {
		i.Token, i.ServerKey = core.NewSecret("another token"), core.Secret{}
		i.Opened("5511888880000", w.now.Add(time.Hour))
		return nil
	})
	w.ok("update", err)
	want.Token, want.ServerKey = core.NewSecret("another token"), core.Secret{}
	want.Opened("5511888880000", w.now.Add(time.Hour))
	w.same("result of the update", got, want)
	got, err = n.Get(w.ctx)
	w.ok("get", err)
	w.same("updated instance", got, want)
}

func secondInstance(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	second := w.newInstance(s.id)
	second.Name, second.WebhookHash = "another_name", "another hash"
	w.fails("a second instance", s.Instance().Create(w.ctx, second), core.ErrConflict)
	got, err := s.Instance().Get(w.ctx)
	w.ok("get", err)
	w.same("the first instance", got, s.instance)
}

func instanceRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	t := w.newTenant()
	w.ok("create tenant", r.Directory().CreateTenant(w.ctx, t))
	var instances [50]core.Instance
	for i := range instances {
		instances[i] = w.newInstance(t.ID)
		instances[i].Name += string(rune('a'+i%26)) + string(rune('a'+i/26))
		instances[i].WebhookHash = instances[i].Name
	}
	w.oneWinner("first instance", together(len(instances), func(i int) error {
		return r.Tenant(t.ID).Instance().Create(w.ctx, instances[i])
	}), core.ErrConflict)
}

func instanceUpdateIsAtomic(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	const n = 50
	for _, err := range together(n, func(int) error {
		_, err := s.Instance().Update(w.ctx, func(i *core.Instance) error { i.Generation++; return nil })
		return err
	}) {
		w.ok("update", err)
	}
	got, err := s.Instance().Get(w.ctx)
	w.ok("get", err)
	w.same("generation", got.Generation, s.instance.Generation+n)
}

func refusedInstanceUpdate(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	refused := errors.New("not like this")
	_, err := s.Instance().Update(w.ctx, func(i *core.Instance) error { i.QRCode = "changed"; return refused })
	if err != refused { //nolint:errorlint // the contract is identity, not likeness
		tb.Fatalf("error of change: got %v, want it as it is", err)
	}
	got, err := s.Instance().Get(w.ctx)
	w.ok("get", err)
	w.same("instance", got, s.instance)
}

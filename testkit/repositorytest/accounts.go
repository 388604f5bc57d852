package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func accountCases() []Case {
	return []Case{
		{"TenantIsStored", tenantIsStored},
		{"EmailIsUnique", emailIsUnique},
		{"EmailRaceHasOneWinner", emailRace},
		{"UnknownTenantIsNotFound", unknownTenant},
		{"SettingsAreSaved", settingsAreSaved},
		{"StatsCount", statsCount},
		{"PingAnswers", func(tb testing.TB, r repository.Repository) {
			w := newWorld(tb, r)
			w.ok("ping", r.Ping(w.ctx))
		}},
	}
}

func tenantIsStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	t := w.newTenant()
	w.ok("create", r.Directory().CreateTenant(w.ctx, t))
	got, err := r.Tenant(t.ID).Account().Get(w.ctx)
	w.ok("get", err)
	w.same("tenant", got, t)
}

func emailIsUnique(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	first, second := w.newTenant(), w.newTenant()
	second.Email = first.Email
	w.ok("create", r.Directory().CreateTenant(w.ctx, first))
	w.fails("a taken e-mail", r.Directory().CreateTenant(w.ctx, second), core.ErrConflict)
	_, err := r.Tenant(second.ID).Account().Get(w.ctx)
	w.fails("the refused tenant", err, core.ErrNotFound)
}

func emailRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	var tenants [20]core.Tenant
	for i := range tenants {
		tenants[i] = w.newTenant()
		tenants[i].Email = "one@example.com"
	}
	w.oneWinner("one e-mail", together(len(tenants), func(i int) error {
		return r.Directory().CreateTenant(w.ctx, tenants[i])
	}), core.ErrConflict)
}

func unknownTenant(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	t := r.Tenant(core.TenantID(w.id()))
	_, err := t.Account().Get(w.ctx)
	w.fails("account", err, core.ErrNotFound)
	w.fails("settings", t.Account().SaveSettings(w.ctx, core.DefaultSettings()), core.ErrNotFound)
	_, err = t.Instance().Get(w.ctx)
	w.fails("instance", err, core.ErrNotFound)
	w.fails("new instance", t.Instance().Create(w.ctx, w.newInstance("x")), core.ErrNotFound)
	_, err = r.Directory().TenantByEmail(w.ctx, "nobody@example.com")
	w.fails("e-mail", err, core.ErrNotFound)
}

func settingsAreSaved(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	t, other := w.newTenant(), w.newTenant()
	w.ok("create", r.Directory().CreateTenant(w.ctx, t))
	w.ok("create", r.Directory().CreateTenant(w.ctx, other))
	s := core.Settings{
		TimeZone: "Europe/Lisbon", Window: core.Window{Start: 1, End: 2},
		Pacing: core.Pacing{MinGap: 3, MaxGap: 4, GroupGap: 5, PerMinute: 6, PerHour: 7, PerDay: 8, WarmUp: false},
		// Nanoseconds are kept too.
		RepostWindow: 9 * time.Nanosecond, MaxAge: 10, BlockedStores: []string{"a", "b"},
		ForeignLinks: core.HoldForeignLinks, Unproven: core.AtLeastOnce,
	}
	w.ok("save", r.Tenant(t.ID).Account().SaveSettings(w.ctx, s))
	got, err := r.Tenant(t.ID).Account().Get(w.ctx)
	w.ok("get", err)
	t.Settings = s
	w.same("tenant", got, t)
	got, err = r.Tenant(other.ID).Account().Get(w.ctx)
	w.ok("get", err)
	w.same("the other tenant", got, other)
}

func statsCount(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("a lane that has not sent", stats.NextSendAt, time.Time{})

	s.inState(core.DeliverySent, "amazon:1", s.groups[0])
	w.pass(time.Hour)
	midnight := w.now
	w.pass(time.Minute)
	s.inState(core.DeliverySent, "amazon:2", s.groups[0])
	s.inState(core.DeliveryPending, "amazon:3", s.groups[1])
	held := s.outcome(s.claim(s.accept(s.message())), "")
	held.Offer.Hold = &core.Hold{Reason: core.ReasonNoTag, Detail: "amazon"}
	s.save(held)
	s.accept(s.message())
	w.ok("create tag", s.Tags().Create(w.ctx, core.Tag{ID: core.TagID(w.id()), Store: "amazon", Fields: map[string]string{"tag": "a-20"}}))
	idle := s.newDestination("99@g.us", "parado")
	idle.Active = false
	w.ok("create destination", s.Destinations().Create(w.ctx, idle))

	stats, err = s.Account().Stats(w.ctx, midnight)
	w.ok("stats", err)
	w.same("stats", stats, core.Stats{
		Deliveries: map[core.DeliveryState]int{core.DeliverySent: 2, core.DeliveryPending: 1},
		SentToday:  1, Offers: 4, Held: 1,
		HeldByReason:  map[core.Reason]int{core.ReasonNoTag: 1},
		Inbox:         map[core.InboxState]int{core.InboxDone: 4, core.InboxNew: 1},
		ActiveSources: 1, ActiveDestinations: 2, Tags: 1, NextSendAt: w.now,
	})
}

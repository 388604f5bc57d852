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
		RepostWindow: 9 * time.Nanosecond, TextWindow: 11, MaxAge: 10,
		AllowedStores: []string{"c", "d.com.br"}, BlockedStores: []string{"a", "b"},
		Words:    core.WordRules{Require: []string{"frete grátis", "e"}, Block: []string{"f", "'g'"}},
		MinPrice: core.Price{Cents: 12}, MaxPrice: core.Price{Cents: 5_000_000_000}, MinDiscount: 13,
		ForeignLinks: core.HoldForeignLinks, PartialLinks: core.DropPartial, CleanRepeats: false, SubIDs: true,
		Unproven: core.AtLeastOnce,
	}
	for _, t.Settings = range []core.Settings{s, core.DefaultSettings(), {TimeZone: "UTC"}} {
		w.ok("save", r.Tenant(t.ID).Account().SaveSettings(w.ctx, t.Settings))
		got, err := r.Tenant(t.ID).Account().Get(w.ctx)
		w.ok("get", err)
		w.same("tenant", got, t)
	}
	got, err := r.Tenant(other.ID).Account().Get(w.ctx)
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
	for _, why := range []core.Reason{core.ReasonStale, core.ReasonNoLink, core.ReasonNoLink} {
		skipped := s.claim(s.accept(s.message()))
		skipped.State, skipped.Reason = core.InboxSkipped, why
		w.ok("finish", s.Inbox().Finish(w.ctx, skipped))
	}
	for _, why := range []core.Reason{core.ReasonByPerson, core.ReasonByPerson, core.ReasonWordBlocked} {
		move := s.move(s.inState(core.DeliveryPending, "", s.groups[1]), core.DeliveryCancelled)
		move.Reason = why
		_, err := s.Deliveries().Settle(w.ctx, move)
		w.ok("cancel", err)
	}
	waits := s.move(s.inState(core.DeliveryPending, "", s.groups[1]), core.DeliveryPending)
	waits.Reason = core.ReasonWaitingWindow // counted nowhere
	_, err = s.Deliveries().Settle(w.ctx, waits)
	w.ok("postpone", err)
	w.ok("create tag", s.Tags().Create(w.ctx, core.Tag{ID: core.TagID(w.id()), Store: "amazon", Fields: map[string]string{"tag": "a-20"}}))
	idle := s.newDestination("99@g.us", "parado")
	idle.Active = false
	w.ok("create destination", s.Destinations().Create(w.ctx, idle))

	s.accept(s.message())
	stats, err = s.Account().Stats(w.ctx, midnight)
	w.ok("stats", err)
	w.same("stats", stats, core.Stats{
		Deliveries: map[core.DeliveryState]int{core.DeliverySent: 2, core.DeliveryPending: 2, core.DeliveryCancelled: 3},
		SentToday:  1, Offers: 8, Held: 1,
		HeldByReason:      map[core.Reason]int{core.ReasonNoTag: 1},
		CancelledByReason: map[core.Reason]int{core.ReasonByPerson: 2, core.ReasonWordBlocked: 1},
		SkippedByReason:   map[core.Reason]int{core.ReasonStale: 1, core.ReasonNoLink: 2},
		Inbox:             map[core.InboxState]int{core.InboxDone: 8, core.InboxNew: 1, core.InboxSkipped: 3},
		ActiveSources:     1, ActiveDestinations: 2, Tags: 1, NextSendAt: w.now,
	})
}

package repositorytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func accessCases() []Case {
	return []Case{
		{"APIKeysAreStored", apiKeysAreStored},
		{"APIKeyIsFoundByItsHash", apiKeyByHash},
		{"APIKeyHashIsUnique", apiKeyHashIsUnique},
		{"UseOfAPIKeyIsNoted", apiKeyUse},
		{"SessionsAreStored", sessionsAreStored},
		{"ExpiredSessionIsGone", expiredSession},
		{"SessionsAreBounded", sessionsAreBounded},
		{"SightOfSessionIsNoted", sessionSight},
		{"SessionRotates", sessionRotates},
		{"ReusedTokenEndsTheSession", reusedToken},
		{"RotationRaceHasOneOutcome", rotationRace},
		{"SessionsEnd", sessionsEnd},
		{"TenantIsGoverned", tenantIsGoverned},
	}
}

func (s *shop) newKey(name string) core.APIKey {
	return core.APIKey{
		ID: core.APIKeyID(s.world.id()), Name: name, Prefix: "ap_AbCdEf", Hash: core.HashAPIKey(string(s.id) + name),
		CreatedAt: s.now,
	}
}

func (s *shop) newSession() core.Session {
	return core.Session{
		ID: core.SessionID(s.world.id()), Browser: true, Device: "Mozilla/5.0 (X11; Linux) 'Firefox'", Rotation: 3,
		CreatedAt: s.now, RotatedAt: s.now, SeenAt: s.now, ExpiresAt: s.now.Add(30 * 24 * time.Hour),
	}
}

func (s *shop) audit(action core.AuditAction) core.AuditEntry {
	return core.AuditEntry{
		ID: core.AuditID(s.world.id()), Tenant: s.id, Actor: "op@example.com", Action: action, Detail: "it's so", At: s.now,
	}
}

// governed changes the tenant as an operator does.
func (s *shop) governed(action core.AuditAction, change func(*core.Tenant) error) core.AuditEntry {
	s.tb.Helper()
	e := s.audit(action)
	_, err := s.Account().Govern(s.ctx, e, change)
	s.ok("govern", err)
	return e
}

func apiKeysAreStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	a, b := s.newKey("planilha 'ç'"), s.newKey("robô")
	b.UsedOn = core.Day(w.now)
	for _, k := range []core.APIKey{b, a} {
		w.ok("create", s.APIKeys().Create(w.ctx, k))
	}
	all, err := s.APIKeys().List(w.ctx)
	w.ok("list", err)
	w.same("by id", all, []core.APIKey{a, b})
	w.ok("delete", s.APIKeys().Delete(w.ctx, a.ID))
	w.fails("second delete", s.APIKeys().Delete(w.ctx, a.ID), core.ErrNotFound)
	_, err = s.APIKeys().Use(w.ctx, a.Hash, w.now)
	w.fails("use after delete", err, core.ErrNotFound)
	_, err = r.Directory().TenantByAPIKey(w.ctx, a.Hash)
	w.fails("whose, after delete", err, core.ErrNotFound)
	all, err = s.APIKeys().List(w.ctx)
	w.ok("list", err)
	w.same("after delete", all, []core.APIKey{b})
	w.fails("of an unknown tenant", r.Tenant(core.TenantID(w.id())).APIKeys().Create(w.ctx, s.newKey("x")), core.ErrNotFound)
}

func apiKeyByHash(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	for _, s := range []*shop{a, b} {
		k := s.newKey("x")
		w.ok("create", s.APIKeys().Create(w.ctx, k))
		got, err := r.Directory().TenantByAPIKey(w.ctx, k.Hash)
		w.ok("whose", err)
		w.same("whose", got, s.id)
	}
	for _, hash := range []string{"", "x", core.HashAPIKey("nobody's"), "%"} {
		_, err := r.Directory().TenantByAPIKey(w.ctx, hash)
		w.fails("whose "+hash, err, core.ErrNotFound)
	}
	_, err := b.APIKeys().Use(w.ctx, a.newKey("x").Hash, w.now)
	w.fails("another tenant's", err, core.ErrNotFound)
}

func apiKeyHashIsUnique(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b := w.shop(), w.shop()
	k := a.newKey("x")
	w.ok("create", a.APIKeys().Create(w.ctx, k))
	again := b.newKey("y")
	again.Hash = k.Hash
	w.fails("a taken hash", b.APIKeys().Create(w.ctx, again), core.ErrConflict)
	w.same("keys", len(first(b.APIKeys().List(w.ctx))), 0)
}

func apiKeyUse(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	k, idle := s.newKey("x"), s.newKey("idle")
	w.ok("create", s.APIKeys().Create(w.ctx, k))
	w.ok("create", s.APIKeys().Create(w.ctx, idle))
	day := core.Day(w.now)
	for _, step := range []struct{ use, want time.Time }{
		{day, day}, {day, day}, {day.Add(-24 * time.Hour), day}, {day.Add(24 * time.Hour), day.Add(24 * time.Hour)},
	} {
		k.UsedOn = step.want
		got, err := s.APIKeys().Use(w.ctx, k.Hash, step.use)
		w.ok("use", err)
		w.same("result", got, k)
		w.same("stored", first(s.APIKeys().List(w.ctx)), []core.APIKey{k, idle})
	}
}

func sessionsAreStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	a := s.newSession()
	w.ok("begin", s.Sessions().Begin(w.ctx, a))
	w.pass(time.Minute)
	b := s.newSession()
	b.Browser, b.Device = false, ""
	w.ok("begin", s.Sessions().Begin(w.ctx, b))
	all, err := s.Sessions().List(w.ctx, w.now)
	w.ok("list", err)
	w.same("seen last first", all, []core.Session{b, a})
	for _, want := range all {
		got, err := s.Sessions().See(w.ctx, want.ID, w.now)
		w.ok("see", err)
		w.same("session", got, want)
	}
	_, err = s.Sessions().See(w.ctx, core.SessionID(w.id()), w.now)
	w.fails("an unknown one", err, core.ErrNotFound)
	w.fails("of an unknown tenant", r.Tenant(core.TenantID(w.id())).Sessions().Begin(w.ctx, s.newSession()), core.ErrNotFound)
}

func expiredSession(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	old := s.newSession()
	w.ok("begin", s.Sessions().Begin(w.ctx, old))
	_, err := s.Sessions().See(w.ctx, old.ID, old.ExpiresAt.Add(-time.Microsecond))
	w.ok("at its last moment", err)
	_, err = s.Sessions().See(w.ctx, old.ID, old.ExpiresAt)
	w.fails("expired", err, core.ErrNotFound)
	_, err = s.Sessions().Rotate(w.ctx, old.ID, old.Rotation, old.ExpiresAt, old.ExpiresAt.Add(time.Hour))
	w.fails("rotation of an expired one", err, core.ErrNotFound)
	w.same("listed", len(first(s.Sessions().List(w.ctx, old.ExpiresAt))), 0)
	w.same("before", len(first(s.Sessions().List(w.ctx, w.now))), 1)
	w.now = old.ExpiresAt
	fresh := s.newSession()
	w.ok("begin", s.Sessions().Begin(w.ctx, fresh))
	w.same("removed", first(s.Sessions().List(w.ctx, old.CreatedAt)), []core.Session{fresh})
}

func sessionsAreBounded(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	theirs := other.newSession()
	theirs.SeenAt = w.now.Add(time.Hour) // after all of this tenant's, among which it does not count
	w.ok("begin", other.Sessions().Begin(w.ctx, theirs))
	var kept []core.Session
	for range core.MaxSessions + 2 {
		w.pass(time.Second)
		next := s.newSession()
		w.ok("begin", s.Sessions().Begin(w.ctx, next))
		kept = append([]core.Session{next}, kept...)
	}
	w.same("the last ones", first(s.Sessions().List(w.ctx, w.now)), kept[:core.MaxSessions])
	w.same("another tenant's", first(other.Sessions().List(w.ctx, w.now)), []core.Session{theirs})
}

func sessionSight(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	one, idle := s.newSession(), s.newSession()
	w.ok("begin", s.Sessions().Begin(w.ctx, one))
	w.ok("begin", s.Sessions().Begin(w.ctx, idle))
	began := w.now
	for _, step := range []struct{ at, want time.Duration }{
		{core.SeenEvery - time.Microsecond, 0}, {core.SeenEvery, core.SeenEvery}, {2*core.SeenEvery - 1, core.SeenEvery}, {24 * time.Hour, 24 * time.Hour},
	} {
		one.SeenAt = began.Add(step.want)
		got, err := s.Sessions().See(w.ctx, one.ID, began.Add(step.at))
		w.ok("see", err)
		w.same("result", got, one)
		all := first(s.Sessions().List(w.ctx, w.now))
		if all[0].ID != one.ID {
			all[0], all[1] = all[1], all[0]
		}
		w.same("stored", all, []core.Session{one, idle})
	}
}

func sessionRotates(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	one, idle := s.newSession(), s.newSession()
	w.ok("begin", s.Sessions().Begin(w.ctx, one))
	w.ok("begin", s.Sessions().Begin(w.ctx, idle))
	for range 2 {
		w.pass(time.Hour)
		token := one.Rotation
		one.Rotation++
		one.RotatedAt, one.SeenAt, one.ExpiresAt = w.now, w.now, w.now.Add(time.Hour*48)
		got, err := s.Sessions().Rotate(w.ctx, one.ID, token, w.now, one.ExpiresAt)
		w.ok("rotate", err)
		w.same("result", got, one)
		// Whose answer got lost asks again.
		got, err = s.Sessions().Rotate(w.ctx, one.ID, token, w.now.Add(core.RotationGrace), w.now.Add(time.Hour*96))
		w.ok("rotate again", err)
		w.same("the same result", got, one)
		w.same("stored", first(s.Sessions().List(w.ctx, w.now)), []core.Session{one, idle})
	}
	_, err := s.Sessions().Rotate(w.ctx, core.SessionID(w.id()), 0, w.now, w.now.Add(time.Hour))
	w.fails("an unknown one", err, core.ErrNotFound)
}

func reusedToken(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	theirs := other.newSession()
	w.ok("begin", other.Sessions().Begin(w.ctx, theirs))
	for what, use := range map[string]struct {
		behind int
		late   time.Duration
	}{
		"the last one, too late":   {1, core.RotationGrace + time.Microsecond},
		"the one before":           {2, 0},
		"one that was never given": {-1, 0},
	} {
		one, beside := s.newSession(), s.newSession()
		w.ok("begin", s.Sessions().Begin(w.ctx, one))
		w.ok("begin", s.Sessions().Begin(w.ctx, beside))
		for i := range 2 {
			_, err := s.Sessions().Rotate(w.ctx, one.ID, one.Rotation+i, w.now, w.now.Add(time.Hour))
			w.ok("rotate", err)
		}
		_, err := s.Sessions().Rotate(w.ctx, one.ID, one.Rotation+2-use.behind, w.now.Add(use.late), w.now.Add(time.Hour))
		w.fails(what, err, core.ErrConflict)
		_, err = s.Sessions().See(w.ctx, one.ID, w.now)
		w.fails("the session after "+what, err, core.ErrNotFound)
		_, err = s.Sessions().See(w.ctx, beside.ID, w.now)
		w.ok("the session beside", err)
	}
	w.same("another tenant's", first(other.Sessions().List(w.ctx, w.now)), []core.Session{theirs})
}

func rotationRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	one := s.newSession()
	w.ok("begin", s.Sessions().Begin(w.ctx, one))
	got := make([]core.Session, 20)
	for _, err := range together(len(got), func(i int) (err error) {
		got[i], err = s.Sessions().Rotate(w.ctx, one.ID, one.Rotation, w.now, w.now.Add(time.Hour))
		return err
	}) {
		w.ok("rotate", err)
	}
	for _, g := range got {
		w.same("rotation", g.Rotation, one.Rotation+1)
	}
}

func sessionsEnd(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	theirs := other.newSession()
	w.ok("begin", other.Sessions().Begin(w.ctx, theirs))
	var all []core.Session
	for range 3 {
		all = append(all, s.newSession())
		w.ok("begin", s.Sessions().Begin(w.ctx, all[len(all)-1]))
	}
	w.ok("end", s.Sessions().End(w.ctx, all[0].ID))
	w.fails("end again", s.Sessions().End(w.ctx, all[0].ID), core.ErrNotFound)
	w.same("left", first(s.Sessions().List(w.ctx, w.now)), []core.Session{all[2], all[1]})
	w.ok("end others", s.Sessions().EndOthers(w.ctx, all[1].ID))
	w.same("left", first(s.Sessions().List(w.ctx, w.now)), []core.Session{all[1]})
	w.ok("end others, of which there are none", s.Sessions().EndOthers(w.ctx, all[1].ID))
	w.same("another tenant's", first(other.Sessions().List(w.ctx, w.now)), []core.Session{theirs})
}

func tenantIsGoverned(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	want, err := s.Account().Get(w.ctx)
	w.ok("get", err)
	untouched, err := other.Account().Get(w.ctx)
	w.ok("get", err)
	var log []core.AuditEntry
	for i, step := range []core.Tenant{
		{Active: false, Operator: true, Limits: core.Limits{Destinations: 7, PerDay: 9}},
		{Active: true, Operator: false, Limits: core.Limits{PerDay: 3}},
		{Active: true},
	} {
		want.Active, want.Operator, want.Limits = step.Active, step.Operator, step.Limits
		e := s.audit(core.AuditAction(fmt.Sprint("action ", i)))
		log = append([]core.AuditEntry{e}, log...)
		got, err := s.Account().Govern(w.ctx, e, func(t *core.Tenant) error {
			t.Active, t.Operator, t.Limits = step.Active, step.Operator, step.Limits
			// Nothing else is an operator's to change.
			t.Email, t.FullName, t.PasswordHash, t.Session, t.Settings = "x", "x", core.NewSecret("x"), 99, core.Settings{}
			return nil
		})
		w.ok("govern", err)
		w.same("result", got, want)
		w.same("stored", first(s.Account().Get(w.ctx)), want)
		w.same("audit log", first(s.Account().Audit(w.ctx)), log)
	}
	_, err = s.Account().Govern(w.ctx, s.audit("refused"), func(t *core.Tenant) error { t.Active = false; return errRefused })
	w.fails("refused", err, errRefused)
	w.same("stored after a refusal", first(s.Account().Get(w.ctx)), want)
	twice := log[0]
	_, err = s.Account().Govern(w.ctx, twice, func(t *core.Tenant) error { t.Active = false; return nil })
	w.fails("an entry that is there", err, core.ErrConflict)
	w.same("stored without its entry", first(s.Account().Get(w.ctx)), want)
	w.same("audit log", first(s.Account().Audit(w.ctx)), log)
	w.same("another tenant", first(other.Account().Get(w.ctx)), untouched)
	w.same("another tenant's audit log", len(first(other.Account().Audit(w.ctx))), 0)
	_, err = r.Tenant(core.TenantID(w.id())).Account().Govern(w.ctx, s.audit("x"), func(*core.Tenant) error { return nil })
	w.fails("an unknown tenant", err, core.ErrNotFound)
}

package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func hostingCases() []Case {
	return []Case{
		{"SessionHasOneHost", oneHost},
		{"HostRaceHasOneWinner", hostRace},
		{"KeptSessionStays", keptHost},
		{"LostSessionIsNotKept", lostHost},
		{"LeftSessionIsFree", leftHost},
		{"LaneBelongsToTheHost", laneOfHost},
		{"UnhostedListsWhoNeedsAHost", unhosted},
		{"CallIsAnsweredOnce", answeredOnce},
		{"SameCallIsAskedOnce", askedOnce},
		{"FreshAnswerServes", freshAnswer},
		{"CalledListsWhoWaits", called},
	}
}

// host makes a holder the shop's host for a minute.
func (s *shop) host(holder string) core.Host {
	s.tb.Helper()
	h, err := s.Hosting().Take(s.ctx, holder, s.now, s.now.Add(time.Minute))
	s.ok("become host", err)
	s.same("host", core.Host{Tenant: h.Tenant, Instance: h.Instance, Holder: h.Holder},
		core.Host{Tenant: s.id, Instance: s.instance.ID, Holder: holder})
	return h
}

func (s *shop) notHosted(what, holder string) {
	s.tb.Helper()
	_, err := s.Hosting().Take(s.ctx, holder, s.now, s.now.Add(time.Minute))
	s.fails(what, err, core.ErrConflict)
}

func oneHost(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	first := s.host("a")
	s.notHosted("another host", "b")
	s.notHosted("the same host again", "a")
	other.host("b")
	w.pass(time.Minute - time.Microsecond)
	s.notHosted("before the end", "b")
	w.pass(time.Microsecond)
	if second := s.host("b"); second.Fence <= first.Fence {
		tb.Fatalf("fence: got %d after %d, want it raised", second.Fence, first.Fence)
	}
	t := w.newTenant()
	w.ok("create tenant", r.Directory().CreateTenant(w.ctx, t))
	_, err := r.Tenant(t.ID).Hosting().Take(w.ctx, "a", w.now, w.now.Add(time.Minute))
	w.fails("host of no session", err, core.ErrNotFound)
}

func hostRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	won := 0
	for _, err := range together(20, func(int) error {
		_, err := s.Hosting().Take(w.ctx, "a", w.now, w.now.Add(time.Minute))
		return err
	}) {
		if err == nil {
			won++
			continue
		}
		w.fails("host", err, core.ErrConflict)
	}
	w.same("hosts", won, 1)
}

func keptHost(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	h := s.host("a")
	w.ok("keep", s.Hosting().Keep(w.ctx, h, w.now.Add(2*time.Minute)))
	w.pass(2*time.Minute - time.Microsecond)
	s.notHosted("one that was kept", "b")
	w.pass(time.Microsecond)
	s.host("b")
}

func lostHost(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	lost := s.host("a")
	w.pass(time.Minute)
	// Nobody has taken it over yet, so it is not lost.
	w.ok("keep late", s.Hosting().Keep(w.ctx, lost, w.now.Add(time.Minute)))
	w.pass(time.Minute)
	again := s.host("a")
	w.fails("keep with an old fence", s.Hosting().Keep(w.ctx, lost, w.now.Add(time.Hour)), core.ErrConflict)
	w.ok("leave with an old fence", s.Hosting().Leave(w.ctx, lost, w.now))
	s.notHosted("one that a former host left", "b")
	w.ok("leave", s.Hosting().Leave(w.ctx, again, w.now))
	w.fails("keep what was left", s.Hosting().Keep(w.ctx, again, w.now.Add(time.Hour)), core.ErrConflict)
	s.host("b")
}

func leftHost(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	w.ok("leave", s.Hosting().Leave(w.ctx, s.host("a"), w.now))
	w.ok("leave", s.Hosting().Leave(w.ctx, s.host("b"), w.now.Add(time.Hour)))
	w.pass(time.Hour - time.Microsecond)
	s.notHosted("too soon", "a")
	w.pass(time.Microsecond)
	s.host("a")
}

func laneOfHost(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	h := s.host("a")
	w.asleep("a lane that another process hosts")
	lane, err := r.Queue().TakeLane(w.ctx, w.now, "a", time.Second)
	w.ok("take by the host", err)
	w.ok("release", s.Lane().Release(w.ctx, lane, w.now))
	w.pass(time.Minute)
	lane, err = r.Queue().TakeLane(w.ctx, w.now, "b", time.Second)
	w.ok("take after the host is gone", err)
	w.ok("release", s.Lane().Release(w.ctx, lane, w.now))
	w.ok("leave", s.Hosting().Leave(w.ctx, h, w.now.Add(time.Hour)))
	s.take()
}

func unhosted(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b, c := w.shop(), w.shop(), w.shop()
	providers := []core.Provider{"whatsmeow", "other"}
	for i, s := range []*shop{a, b, c} {
		provider := core.Provider("whatsmeow")
		if i == 2 {
			provider = "evolution"
		}
		s.change(func(n *core.Instance) { n.Provider, n.CheckedAt = provider, w.now })
	}
	want := func(what string, ids ...core.TenantID) {
		tb.Helper()
		got, err := r.Queue().Unhosted(w.ctx, w.now, providers, 10)
		w.ok(what, err)
		w.same(what, got, ids)
	}
	want("all that nobody has", a.id, b.id)
	some, err := r.Queue().Unhosted(w.ctx, w.now, providers, 1)
	w.ok("limited", err)
	w.same("limited", some, []core.TenantID{a.id})
	h := a.host("x")
	want("but the hosted", b.id)
	w.pass(time.Minute)
	want("the longest without first", b.id, a.id)
	w.ok("leave", a.Hosting().Leave(w.ctx, h, w.now.Add(time.Hour)))
	want("not yet again", b.id)
	w.pass(time.Hour)
	b.change(func(n *core.Instance) { n.CheckedAt = w.now.Add(time.Microsecond) })
	want("not while it is made", a.id)
	b.change(func(n *core.Instance) { n.CheckedAt = w.now; n.Closed(core.ReasonLoggedOut, w.now) })
	want("not one that ended", a.id)
	b.change(func(n *core.Instance) { n.WebhookHash = "" })
	want("one that has to be removed", b.id, a.id)
	b.change(func(n *core.Instance) { n.Provisioned = false })
	want("not one that is not there", a.id)
}

// change changes the shop's instance.
func (s *shop) change(change func(*core.Instance)) {
	s.tb.Helper()
	_, err := s.Instance().Update(s.ctx, func(i *core.Instance) error { change(i); return nil })
	s.ok("update instance", err)
}

// call is a question of the shop.
func (s *shop) call(op string) repository.Call {
	return repository.Call{Op: op, Session: s.instance.Name, Argument: "5511999990000", AskedAt: s.now}
}

// ask asks what nobody has asked for a minute, with no use for older answers.
func (s *shop) ask(c repository.Call) repository.Call {
	s.tb.Helper()
	asked, err := s.Hosting().Ask(s.ctx, c, s.now.Add(-time.Minute), s.now)
	s.ok("ask", err)
	return asked
}

func (s *shop) answer(c repository.Call, answer, fault string) repository.Call {
	s.tb.Helper()
	c.AnsweredAt, c.Answer, c.Fault = s.now, answer, fault
	s.ok("answer", s.Hosting().Answer(s.ctx, c))
	return c
}

func (s *shop) wantCalls(what string, want ...repository.Call) {
	s.tb.Helper()
	got, err := s.Hosting().Calls(s.ctx)
	s.ok(what, err)
	s.same(what, got, want)
}

func answeredOnce(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.wantCalls("none")
	groups := s.ask(s.call("groups"))
	w.same("what was asked", groups, s.call("groups"))
	code := s.ask(s.call("code"))
	s.wantCalls("two, by name", code, groups)
	w.pass(time.Second)
	answered := s.answer(groups, "[]", "busy")
	s.wantCalls("with the answer", code, answered)
	again := answered
	again.Answer = "another"
	w.fails("answer again", s.Hosting().Answer(w.ctx, again), core.ErrConflict)
	for _, wrong := range []func(*repository.Call){
		func(c *repository.Call) { c.Session = "another" },
		func(c *repository.Call) { c.Argument = "another" },
		func(c *repository.Call) { c.AskedAt = c.AskedAt.Add(time.Microsecond) },
	} {
		c := code
		wrong(&c)
		c.AnsweredAt = w.now
		w.fails("answer to another question", s.Hosting().Answer(w.ctx, c), core.ErrConflict)
	}
	unknown := code
	unknown.Op = "unknown"
	w.fails("answer to no question", s.Hosting().Answer(w.ctx, unknown), core.ErrNotFound)
	s.wantCalls("unchanged", code, answered)
}

func askedOnce(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	first := s.ask(s.call("groups"))
	w.pass(time.Minute)
	w.same("the same question", s.ask(s.call("groups")), first)
	w.pass(time.Microsecond)
	second := s.ask(s.call("groups"))
	w.same("a question nobody answers", second, s.call("groups"))
	w.pass(time.Second)
	for _, other := range []func(*repository.Call){
		func(c *repository.Call) { c.Session = "another" },
		func(c *repository.Call) { c.Argument = "another" },
	} {
		c := s.call("groups")
		other(&c)
		w.same("another question", s.ask(c), c)
		s.wantCalls("replaced", c)
	}
	errs := together(10, func(int) error {
		_, err := s.Hosting().Ask(w.ctx, s.call("code"), w.now, w.now)
		return err
	})
	for _, err := range errs {
		w.ok("asked together", err)
	}
}

func freshAnswer(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	answered := s.answer(s.ask(s.call("groups")), "[1]", "")
	fresh := w.now
	w.pass(time.Hour)
	got, err := s.Hosting().Ask(w.ctx, s.call("groups"), w.now, fresh)
	w.ok("ask", err)
	w.same("a fresh answer", got, answered)
	got, err = s.Hosting().Ask(w.ctx, s.call("groups"), fresh.Add(-time.Hour), fresh.Add(time.Microsecond))
	w.ok("ask", err)
	w.same("an old answer", got, s.call("groups"))
	s.answer(got, "", "busy")
	w.pass(time.Second)
	got, err = s.Hosting().Ask(w.ctx, s.call("groups"), w.now, fresh)
	w.ok("ask", err)
	w.same("a fault does not serve", got, s.call("groups"))
}

func called(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	a, b, c := w.shop(), w.shop(), w.shop()
	want := func(what, holder string, ids ...core.TenantID) {
		tb.Helper()
		got, err := r.Queue().Called(w.ctx, holder, 10)
		w.ok(what, err)
		w.same(what, got, ids)
	}
	second := b.ask(b.call("groups"))
	want("nobody hosts it", "x")
	b.host("x")
	a.host("x")
	c.host("y")
	want("hosted", "x", b.id)
	w.pass(time.Second)
	a.ask(a.call("groups"))
	a.ask(a.call("code"))
	c.ask(c.call("groups"))
	want("the longest-waiting first", "x", b.id, a.id)
	want("of another host", "y", c.id)
	some, err := r.Queue().Called(w.ctx, "x", 1)
	w.ok("limited", err)
	w.same("limited", some, []core.TenantID{b.id})
	b.answer(second, "", "")
	want("after an answer", "x", a.id)
}

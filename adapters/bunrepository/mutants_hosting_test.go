package bunrepository

import (
	"context"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// hostingTweaks replace methods of Hosting, and those of the Queue that belong to it.
type hostingTweaks struct {
	take     func(h repository.Hosting, holder string, now, until time.Time) (core.Host, error)
	keep     func(h repository.Hosting, host core.Host, until time.Time) error
	leave    func(h repository.Hosting, host core.Host, next time.Time) error
	ask      func(h repository.Hosting, c repository.Call, waiting, fresh time.Time) (repository.Call, error)
	answer   func(h repository.Hosting, c repository.Call) error
	unhosted func(q repository.Queue, now time.Time, providers []core.Provider, limit int) ([]core.TenantID, error)
	called   func(q repository.Queue, holder string, limit int) ([]core.TenantID, error)
}

// hostingMutants break the rules of who hosts a session and what is asked of it.
var hostingMutants = map[string]mutation{
	"lets everybody be host": {"SessionHasOneHost", tweaks{hosting: hostingTweaks{
		take: func(h repository.Hosting, holder string, now, until time.Time) (core.Host, error) {
			return h.Take(anyContext, holder, now.Add(time.Hour), until)
		}}}},
	"makes the same host twice": {"HostRaceHasOneWinner", tweaks{hosting: hostingTweaks{
		take: func(h repository.Hosting, holder string, now, until time.Time) (core.Host, error) {
			host, err := h.Take(anyContext, holder, now, until)
			if core.CodeOf(err) == core.CodeConflict {
				return host, nil
			}
			return host, err
		}}}},
	"does not keep a session": {"KeptSessionStays", tweaks{hosting: hostingTweaks{
		keep: func(repository.Hosting, core.Host, time.Time) error { return nil }}}},
	"keeps what another one has": {"LostSessionIsNotKept", tweaks{hosting: hostingTweaks{
		keep: func(h repository.Hosting, host core.Host, until time.Time) error {
			err := h.Keep(anyContext, host, until)
			if core.CodeOf(err) == core.CodeConflict {
				host.Fence++
				return h.Keep(anyContext, host, until)
			}
			return err
		}}}},
	"leaves what another one has": {"LostSessionIsNotKept", tweaks{hosting: hostingTweaks{
		leave: func(h repository.Hosting, host core.Host, next time.Time) error {
			host.Fence++
			if err := h.Leave(anyContext, host, next); err != nil {
				return err
			}
			host.Fence--
			return h.Leave(anyContext, host, next)
		}}}},
	"forgets when the next host may come": {"LeftSessionIsFree", tweaks{hosting: hostingTweaks{
		leave: func(h repository.Hosting, host core.Host, _ time.Time) error {
			return h.Leave(anyContext, host, time.Time{})
		}}}},
	"gives the host's lane to others": {"LaneBelongsToTheHost", tweaks{
		take: func(q repository.Queue, now time.Time, holder string, lease time.Duration) (core.Lane, error) {
			for _, h := range []string{holder, "a", "b"} {
				if lane, err := q.TakeLane(anyContext, now, h, lease); err == nil {
					return lane, nil
				}
			}
			return q.TakeLane(anyContext, now, holder, lease)
		}}},
	"lists sessions that are being made": {"UnhostedListsWhoNeedsAHost", tweaks{hosting: hostingTweaks{
		unhosted: func(q repository.Queue, now time.Time, providers []core.Provider, limit int) ([]core.TenantID, error) {
			return q.Unhosted(anyContext, now.Add(time.Second), providers, limit)
		}}}},
	"lists sessions of servers": {"UnhostedListsWhoNeedsAHost", tweaks{hosting: hostingTweaks{
		unhosted: func(q repository.Queue, now time.Time, providers []core.Provider, limit int) ([]core.TenantID, error) {
			return q.Unhosted(anyContext, now, append(slices.Clone(providers), "evolution"), limit)
		}}}},
	"lists all unhosted whatever the limit": {"UnhostedListsWhoNeedsAHost", tweaks{hosting: hostingTweaks{
		unhosted: func(q repository.Queue, now time.Time, providers []core.Provider, _ int) ([]core.TenantID, error) {
			return q.Unhosted(anyContext, now, providers, 100)
		}}}},
	"answers what was answered": {"CallIsAnsweredOnce", tweaks{hosting: hostingTweaks{
		answer: func(h repository.Hosting, c repository.Call) error {
			if err := h.Answer(anyContext, c); core.CodeOf(err) != core.CodeConflict {
				return err
			}
			return nil
		}}}},
	"answers another question": {"CallIsAnsweredOnce", tweaks{hosting: hostingTweaks{
		answer: func(h repository.Hosting, c repository.Call) error {
			calls, err := h.Calls(anyContext)
			for _, stored := range calls {
				if stored.Op == c.Op {
					c.AskedAt, c.Session, c.Argument = stored.AskedAt, stored.Session, stored.Argument
				}
			}
			if err != nil {
				return err
			}
			return h.Answer(anyContext, c)
		}}}},
	"asks again what waits for its answer": {"SameCallIsAskedOnce", tweaks{hosting: hostingTweaks{
		ask: func(h repository.Hosting, c repository.Call, _, fresh time.Time) (repository.Call, error) {
			return h.Ask(anyContext, c, c.AskedAt.Add(time.Hour), fresh)
		}}}},
	"takes another question for the same": {"SameCallIsAskedOnce", tweaks{hosting: hostingTweaks{
		ask: func(h repository.Hosting, c repository.Call, waiting, fresh time.Time) (repository.Call, error) {
			calls, err := h.Calls(anyContext)
			for _, stored := range calls {
				if stored.Op == c.Op && stored.AnsweredAt.IsZero() && !stored.AskedAt.Before(waiting) {
					return stored, err
				}
			}
			return h.Ask(anyContext, c, waiting, fresh)
		}}}},
	"serves old answers": {"FreshAnswerServes", tweaks{hosting: hostingTweaks{
		ask: func(h repository.Hosting, c repository.Call, waiting, _ time.Time) (repository.Call, error) {
			return h.Ask(anyContext, c, waiting, time.Time{})
		}}}},
	"asks whatever is fresh": {"FreshAnswerServes", tweaks{hosting: hostingTweaks{
		ask: func(h repository.Hosting, c repository.Call, waiting, fresh time.Time) (repository.Call, error) {
			return h.Ask(anyContext, c, waiting, fresh.Add(1000*time.Hour))
		}}}},
	"lists who called another host": {"CalledListsWhoWaits", tweaks{hosting: hostingTweaks{
		called: func(q repository.Queue, _ string, limit int) ([]core.TenantID, error) {
			x, _ := q.Called(anyContext, "x", limit)
			y, err := q.Called(anyContext, "y", limit)
			return append(x, y...), err
		}}}},
	"lists all who called whatever the limit": {"CalledListsWhoWaits", tweaks{hosting: hostingTweaks{
		called: func(q repository.Queue, holder string, _ int) ([]core.TenantID, error) {
			return q.Called(anyContext, holder, 100)
		}}}},
	"lists the last to call first": {"CalledListsWhoWaits", tweaks{hosting: hostingTweaks{
		called: func(q repository.Queue, holder string, limit int) ([]core.TenantID, error) {
			all, err := q.Called(anyContext, holder, limit)
			slices.Reverse(all)
			return all, err
		}}}},
}

func (t mutantTenant) Hosting() repository.Hosting { return mutantHosting{t.Tenant.Hosting(), t.m} }

type mutantHosting struct {
	repository.Hosting
	m *mutant
}

func (h mutantHosting) Take(ctx context.Context, holder string, now, until time.Time) (core.Host, error) {
	if h.m.hosting.take == nil {
		return h.Hosting.Take(ctx, holder, now, until)
	}
	return h.m.hosting.take(h.Hosting, holder, now, until)
}

func (h mutantHosting) Keep(ctx context.Context, host core.Host, until time.Time) error {
	if h.m.hosting.keep == nil {
		return h.Hosting.Keep(ctx, host, until)
	}
	return h.m.hosting.keep(h.Hosting, host, until)
}

func (h mutantHosting) Leave(ctx context.Context, host core.Host, next time.Time) error {
	if h.m.hosting.leave == nil {
		return h.Hosting.Leave(ctx, host, next)
	}
	return h.m.hosting.leave(h.Hosting, host, next)
}

func (h mutantHosting) Ask(ctx context.Context, c repository.Call, waiting, fresh time.Time) (repository.Call, error) {
	if h.m.hosting.ask == nil {
		return h.Hosting.Ask(ctx, c, waiting, fresh)
	}
	return h.m.hosting.ask(h.Hosting, c, waiting, fresh)
}

func (h mutantHosting) Answer(ctx context.Context, c repository.Call) error {
	if h.m.hosting.answer == nil {
		return h.Hosting.Answer(ctx, c)
	}
	return h.m.hosting.answer(h.Hosting, c)
}

func (q mutantQueue) Unhosted(ctx context.Context, now time.Time, providers []core.Provider, limit int) ([]core.TenantID, error) {
	if q.m.hosting.unhosted == nil {
		return q.Queue.Unhosted(ctx, now, providers, limit)
	}
	return q.m.hosting.unhosted(q.Queue, now, providers, limit)
}

func (q mutantQueue) Called(ctx context.Context, holder string, limit int) ([]core.TenantID, error) {
	if q.m.hosting.called == nil {
		return q.Queue.Called(ctx, holder, limit)
	}
	return q.m.hosting.called(q.Queue, holder, limit)
}

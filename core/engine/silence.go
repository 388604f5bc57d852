package engine

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// A provider can say that a session is open while its messages no longer come. That shows
// only in what does not happen: groups that speak at this time of the day, day after day,
// are silent.

const (
	silence      = 3 * time.Hour // without a message before it is looked at more closely
	silenceDays  = 7             // days that are compared with
	silenceUsual = 5             // of them, on which there were offers at this time
	restartEvery = 12 * time.Hour
)

// fellSilent says whether a session that is open brings nothing although its groups usually
// speak at this time of the day.
func (t *Tenant) fellSilent(ctx context.Context, inst core.Instance) (bool, error) {
	now := t.e.now()
	if inst.Status != core.InstanceConnected || now.Sub(inst.LinkedAt) < silence || now.Sub(inst.RestartedAt) < restartEvery {
		return false, nil
	}
	sources, err := t.repo.Sources().List(ctx)
	if err != nil {
		return false, err
	}
	watched := false
	for _, s := range sources {
		if !s.Active {
			continue
		}
		watched = true
		newest, err := t.repo.Inbox().Newest(ctx, s.JID)
		if err != nil || now.Sub(newest) < silence {
			return false, err
		}
	}
	if !watched {
		return false, nil
	}
	// Steps of one look's length: each eighth of them ends at this time of a day.
	const perDay = int(24 * time.Hour / silence)
	since := now.Add(-silenceDays*24*time.Hour - silence)
	activity, err := t.repo.Account().Activity(ctx, since, silence)
	if err != nil {
		return false, err
	}
	usual := 0
	for _, a := range activity {
		if step := int(a.At.Sub(since) / silence); a.Offers > 0 && step%perDay == 0 && step/perDay < silenceDays {
			usual++
		}
	}
	return usual >= silenceUsual, nil
}

// breakSilence has a session that fell silent connect anew, at most once in restartEvery,
// whichever process looks. It tells the operator in any case.
func (t *Tenant) breakSilence(ctx context.Context, inst core.Instance) {
	silent, err := t.fellSilent(ctx, inst)
	if err != nil || !silent {
		if err != nil && ctx.Err() == nil {
			t.log().Warn("whether the session fell silent was not found out", "error", err)
		}
		return
	}
	first := false
	if _, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if first = i.Name == inst.Name && i.RestartedAt.Equal(inst.RestartedAt); first {
			i.RestartedAt = t.e.now()
		}
		return nil
	}); err != nil || !first {
		return
	}
	t.log().Warn("no message came for hours, from groups that usually speak at this time, though the provider says that the session is open",
		"provider", inst.Provider)
	restarter, ok := t.e.gateways[inst.Provider].(gateway.Restarter)
	if !ok {
		return
	}
	call, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	if err := restarter.Restart(call, t.e.session(inst)); err != nil {
		t.log().Warn("the silent session was not restarted", "error", err)
		return
	}
	t.log().Info("the silent session was restarted")
	// What did not come meanwhile is searched for with the next look.
	if _, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name == inst.Name {
			i.CheckedAt = time.Time{}
		}
		return nil
	}); err != nil {
		t.log().Warn("the next look at the session was not asked for", "error", err)
	}
}

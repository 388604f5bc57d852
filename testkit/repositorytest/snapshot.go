package repositorytest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func snapshotCases() []Case {
	return []Case{
		{"SnapshotSeesOneMoment", snapshotMoment},
		{"SnapshotOnlyReads", snapshotReads},
		{"SnapshotGivesItsErrorBack", snapshotError},
	}
}

func snapshotMoment(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	w.ok("snapshot", s.Snapshot(w.ctx, func(seen repository.Tenant) error {
		before, err := seen.Tags().List(w.ctx)
		w.ok("tags", err)
		w.ok("create tag", s.Tags().Create(w.ctx, core.Tag{
			ID: core.TagID(w.id()), Store: "shopee", Fields: map[string]string{"affiliate_id": "1"}, CreatedAt: w.now, UpdatedAt: w.now,
		}))
		s.accept(s.message())
		after, err := seen.Tags().List(w.ctx)
		w.ok("tags again", err)
		w.same("tags of the moment", after, before)
		newest, err := seen.Inbox().Newest(w.ctx, s.source.JID)
		w.ok("newest", err)
		w.same("messages of the moment", newest.IsZero(), true)
		return nil
	}))
	now, err := s.Tags().List(w.ctx)
	w.ok("tags now", err)
	w.same("tags now", len(now) > 0 && now[len(now)-1].Store == "shopee", true)
}

func snapshotReads(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	offer := s.offer("", s.groups...)
	lane := s.take()
	w.ok("snapshot", s.Snapshot(w.ctx, func(seen repository.Tenant) error {
		for what, read := range map[string]func(context.Context) error{
			"account":      func(ctx context.Context) error { _, err := seen.Account().Get(ctx); return err },
			"stats":        func(ctx context.Context) error { _, err := seen.Account().Stats(ctx, w.now); return err },
			"instance":     func(ctx context.Context) error { _, err := seen.Instance().Get(ctx); return err },
			"sources":      func(ctx context.Context) error { _, err := seen.Sources().List(ctx); return err },
			"active":       func(ctx context.Context) error { _, err := seen.Sources().Active(ctx, s.source.JID); return err },
			"destinations": func(ctx context.Context) error { _, err := seen.Destinations().List(ctx); return err },
			"destination":  func(ctx context.Context) error { _, err := seen.Destinations().Get(ctx, s.groups[0].ID); return err },
			"offer":        func(ctx context.Context) error { _, err := seen.Offers().Get(ctx, offer.ID); return err },
			"offers": func(ctx context.Context) error {
				_, err := seen.Offers().List(ctx, repository.OfferQuery{Limit: 1})
				return err
			},
			"ready":   func(ctx context.Context) error { _, err := seen.Deliveries().Ready(ctx, 10); return err },
			"history": func(ctx context.Context) error { _, err := seen.Lane().History(ctx, w.now); return err },
			"dead":    func(ctx context.Context) error { _, err := seen.Inbox().Dead(ctx, "", 1); return err },
		} {
			w.ok(what, read(w.ctx))
		}
		w.fails("accept", func() error { _, _, err := seen.Inbox().Accept(w.ctx, s.message()); return err }(), core.ErrInvalid)
		w.fails("claim", func() error { _, err := seen.Inbox().Claim(w.ctx, w.now, w.now, 1); return err }(), core.ErrInvalid)
		w.fails("settings", seen.Account().SaveSettings(w.ctx, core.DefaultSettings()), core.ErrInvalid)
		w.fails("begin", func() error { _, err := seen.Lane().Begin(w.ctx, s.permit(offer.Deliveries[0], lane)); return err }(), core.ErrInvalid)
		w.fails("release", seen.Lane().Release(w.ctx, lane, w.now.Add(time.Hour)), core.ErrInvalid)
		return nil
	}))
	w.same("delivery", s.delivery(offer.Deliveries[0].ID), offer.Deliveries[0])
}

func snapshotError(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	own := errors.New("the caller's own")
	if err := w.shop().Snapshot(w.ctx, func(repository.Tenant) error { return own }); !errors.Is(err, own) {
		tb.Fatalf("snapshot: got %v, want the error of the function", err)
	}
}

package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func tagCases() []Case {
	return []Case{
		{"TagsAreStored", tagsAreStored},
		{"TagIsUniquePerStoreAndMarketplace", tagIsUnique},
		{"TagRaceHasOneWinner", tagRace},
	}
}

func (s *shop) newTag(store, marketplace string) core.Tag {
	return core.Tag{
		ID: core.TagID(s.world.id()), Store: store, Marketplace: marketplace,
		Fields:    map[string]string{"app_id": "18", "app_secret": "sh'hh"},
		CreatedAt: s.now, UpdatedAt: s.now,
	}
}

func tagsAreStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	br, us, shopee := s.newTag("amazon", "amazon.com.br"), s.newTag("amazon", "amazon.com"), s.newTag("shopee", "")
	for _, tag := range []core.Tag{shopee, br, us} {
		w.ok("create", s.Tags().Create(w.ctx, tag))
	}
	all, err := s.Tags().List(w.ctx)
	w.ok("list", err)
	w.same("by store, then marketplace", all, []core.Tag{us, br, shopee})

	shopee.Fields, shopee.UpdatedAt = map[string]string{"app_id": "19"}, w.now.Add(time.Hour)
	got, err := s.Tags().Update(w.ctx, shopee.ID, func(x *core.Tag) error {
		x.Fields, x.UpdatedAt = map[string]string{"app_id": "19"}, w.now.Add(time.Hour)
		return nil
	})
	w.ok("update", err)
	w.same("result of the update", got, shopee)
	_, err = s.Tags().Update(w.ctx, br.ID, func(x *core.Tag) error { x.Fields["app_id"] = "no"; return errRefused })
	w.fails("refused update", err, errRefused)
	w.ok("delete", s.Tags().Delete(w.ctx, us.ID))
	all, err = s.Tags().List(w.ctx)
	w.ok("list", err)
	w.same("after update and delete", all, []core.Tag{br, shopee})
	w.fails("second delete", s.Tags().Delete(w.ctx, us.ID), core.ErrNotFound)
	_, err = s.Tags().Update(w.ctx, us.ID, func(*core.Tag) error { return nil })
	w.fails("update after delete", err, core.ErrNotFound)
}

func tagIsUnique(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	w.ok("create", s.Tags().Create(w.ctx, s.newTag("shopee", "")))
	w.fails("second tag of a store", s.Tags().Create(w.ctx, s.newTag("shopee", "")), core.ErrConflict)
	w.ok("another tenant's", other.Tags().Create(w.ctx, other.newTag("shopee", "")))
	us := s.newTag("amazon", "amazon.com")
	w.ok("create", s.Tags().Create(w.ctx, us))
	w.ok("another marketplace", s.Tags().Create(w.ctx, s.newTag("amazon", "amazon.com.br")))
	_, err := s.Tags().Update(w.ctx, us.ID, func(x *core.Tag) error { x.Marketplace = "amazon.com.br"; return nil })
	w.fails("moved to a taken marketplace", err, core.ErrConflict)
}

func tagRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var tags [20]core.Tag
	for i := range tags {
		tags[i] = s.newTag("shopee", "")
	}
	w.oneWinner("one tag per store", together(len(tags), func(i int) error {
		return s.Tags().Create(w.ctx, tags[i])
	}), core.ErrConflict)
}

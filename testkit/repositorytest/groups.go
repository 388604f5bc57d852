package repositorytest

import (
	"errors"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func groupCases() []Case {
	return []Case{
		{"SourcesAreStored", sourcesAreStored},
		{"SourceGroupIsUnique", sourceGroupIsUnique},
		{"SourcesAreSorted", sourcesAreSorted},
		{"ActiveSourceIsFound", activeSource},
		{"DiscoveryKeepsWhatIsKnown", discovery},
		{"DestinationsAreStored", destinationsAreStored},
		{"DestinationGroupIsUnique", destinationGroupIsUnique},
		{"DestinationsAreSorted", destinationsAreSorted},
		{"DeletedDestinationCancelsPending", deletedDestination},
	}
}

var errRefused = errors.New("refused by the test")

func sourcesAreStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	all, err := s.Sources().List(w.ctx)
	w.ok("list", err)
	w.same("sources", all, []core.Source{s.source})

	want := s.source
	want.Label, want.Active, want.Words = "Outro 'nome'", false, core.WordRules{Block: []string{"seminovo"}}
	got, err := s.Sources().Update(w.ctx, s.source.ID, func(x *core.Source) error {
		x.Label, x.Active, x.Words = want.Label, want.Active, want.Words
		return nil
	})
	w.ok("update", err)
	w.same("result of the update", got, want)
	_, err = s.Sources().Update(w.ctx, s.source.ID, func(x *core.Source) error { x.Label = "no"; return errRefused })
	w.fails("refused update", err, errRefused)
	all, err = s.Sources().List(w.ctx)
	w.ok("list", err)
	w.same("updated sources", all, []core.Source{want})

	w.ok("delete", s.Sources().Delete(w.ctx, s.source.ID))
	all, err = s.Sources().List(w.ctx)
	w.ok("list", err)
	w.same("after delete", all, []core.Source{})
	w.fails("second delete", s.Sources().Delete(w.ctx, s.source.ID), core.ErrNotFound)
	_, err = s.Sources().Update(w.ctx, s.source.ID, func(*core.Source) error { return nil })
	w.fails("update after delete", err, core.ErrNotFound)
}

func sourceGroupIsUnique(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	w.same("both tenants watch one group", s.source.JID, other.source.JID)
	w.fails("second source of a group", s.Sources().Create(w.ctx, s.newSource(s.source.JID, "x")), core.ErrConflict)
	second := s.newSource("77@g.us", "x")
	w.ok("another group", s.Sources().Create(w.ctx, second))
	_, err := s.Sources().Update(w.ctx, second.ID, func(x *core.Source) error { x.JID = s.source.JID; return nil })
	w.fails("moved to a taken group", err, core.ErrConflict)
}

func sourcesAreSorted(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop() // "Achados"
	bare := s.newSource("2@g.us", "")
	bare.Name = "Barato"
	first, second := s.newSource("4@g.us", "Casa"), s.newSource("3@g.us", "Casa")
	for _, x := range []core.Source{second, bare, first} {
		w.ok("create", s.Sources().Create(w.ctx, x))
	}
	all, err := s.Sources().List(w.ctx)
	w.ok("list", err)
	w.same("by label or name, then id", all, []core.Source{s.source, bare, first, second})
}

func activeSource(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	got, err := s.Sources().Active(w.ctx, s.source.JID)
	w.ok("active", err)
	w.same("source", got, s.source)
	_, err = s.Sources().Active(w.ctx, "404@g.us")
	w.fails("unknown group", err, core.ErrNotFound)
	_, err = s.Sources().Update(w.ctx, s.source.ID, func(x *core.Source) error { x.Active = false; return nil })
	w.ok("switch off", err)
	_, err = s.Sources().Active(w.ctx, s.source.JID)
	w.fails("switched off", err, core.ErrNotFound)
}

func discovery(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	untouched := s.newSource("5@g.us", "fica")
	w.ok("create", s.Sources().Create(w.ctx, untouched))
	fresh, known := s.newSource("6@g.us", ""), s.newSource(s.source.JID, "novo rótulo")
	known.Name, known.Participants, known.ReadOnly, known.Active, known.Words = "novo nome", 99, true, false, core.WordRules{}
	got, err := s.Sources().Discovered(w.ctx, []core.Source{fresh, known})
	w.ok("discover", err)
	want := s.source
	want.Name, want.Participants, want.ReadOnly = "novo nome", 99, true
	w.same("rows in the given order", got, []core.Source{fresh, want})
	all, err := s.Sources().List(w.ctx)
	w.ok("list", err)
	w.same("number of sources", len(all), 3)
	got, err = s.Sources().Discovered(w.ctx, []core.Source{known, fresh})
	w.ok("discover again", err)
	w.same("again, in the other order", got, []core.Source{want, fresh})
}

func destinationsAreStored(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	got, err := s.Destinations().Get(w.ctx, s.groups[1].ID)
	w.ok("get", err)
	w.same("destination", got, s.groups[1])
	want := s.groups[1]
	want.Active, want.Problem = false, core.ReasonGroupGone
	got, err = s.Destinations().Update(w.ctx, want.ID, func(x *core.Destination) error {
		x.Active, x.Problem = false, core.ReasonGroupGone
		return nil
	})
	w.ok("update", err)
	w.same("result of the update", got, want)
	_, err = s.Destinations().Update(w.ctx, want.ID, func(x *core.Destination) error { x.Label = "no"; return errRefused })
	w.fails("refused update", err, errRefused)
	got, err = s.Destinations().Get(w.ctx, want.ID)
	w.ok("get", err)
	w.same("updated destination", got, want)

	unknown := core.DestinationID(w.id())
	_, err = s.Destinations().Get(w.ctx, unknown)
	w.fails("get of an unknown id", err, core.ErrNotFound)
	_, err = s.Destinations().Update(w.ctx, unknown, func(*core.Destination) error { return nil })
	w.fails("update of an unknown id", err, core.ErrNotFound)
	w.fails("delete of an unknown id", s.Destinations().Delete(w.ctx, unknown), core.ErrNotFound)
}

func destinationGroupIsUnique(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	w.fails("second destination of a group",
		s.Destinations().Create(w.ctx, s.newDestination(s.groups[0].JID, "x")), core.ErrConflict)
	_, err := s.Destinations().Update(w.ctx, s.groups[1].ID, func(x *core.Destination) error { x.JID = s.groups[0].JID; return nil })
	w.fails("moved to a taken group", err, core.ErrConflict)
}

func destinationsAreSorted(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop() // "Ofertas 0", "Ofertas 1"
	first := s.newDestination("9@g.us", "Ofertas 0")
	last := s.newDestination("8@g.us", "Promo")
	w.ok("create", s.Destinations().Create(w.ctx, last))
	w.ok("create", s.Destinations().Create(w.ctx, first))
	all, err := s.Destinations().List(w.ctx)
	w.ok("list", err)
	w.same("by label, then id", all, []core.Destination{s.groups[0], first, s.groups[1], last})
}

func deletedDestination(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	sent := s.inState(core.DeliverySent, "amazon:1", s.groups[0])
	unsure := s.inState(core.DeliveryAmbiguous, "amazon:2", s.groups[0])
	offer := s.offer("amazon:3", s.groups...)
	w.ok("delete", s.Destinations().Delete(w.ctx, s.groups[0].ID))
	_, err := s.Destinations().Get(w.ctx, s.groups[0].ID)
	w.fails("deleted destination", err, core.ErrNotFound)
	w.same("sent delivery", s.delivery(sent.ID), sent)
	w.same("ambiguous delivery", s.delivery(unsure.ID), unsure)
	cancelled := s.delivery(offer.Deliveries[0].ID)
	w.same("pending delivery", cancelled.State, core.DeliveryCancelled)
	w.same("its reason", cancelled.Reason, core.ReasonDestinationOff)
	w.same("the other group's delivery", s.delivery(offer.Deliveries[1].ID), offer.Deliveries[1])
}

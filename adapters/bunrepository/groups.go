package bunrepository

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// sourceRow is a row of group_sources.
type sourceRow struct {
	bun.BaseModel `bun:"table:group_sources,alias:s"`

	UserID       core.TenantID   `bun:"user_id,pk"`
	ID           core.SourceID   `bun:"id,pk"`
	InstanceID   core.InstanceID `bun:"instance_id"`
	JID          core.JID        `bun:"source_group_id"`
	Label        string          `bun:"label"`
	Name         string          `bun:"name"`
	Participants int             `bun:"participants"`
	ReadOnly     bool            `bun:"read_only"`
	Active       bool            `bun:"is_active"`
	Words        string          `bun:"words"`
	Discovered   bool            `bun:"discovered"`
	DiscoveredAt int64           `bun:"discovered_at"`
	CreatedAt    int64           `bun:"created_at"`
}

func (t tenant) fromSource(s core.Source) (sourceRow, error) {
	words, err := fromWords(s.Words)
	return sourceRow{
		UserID: t.id, ID: s.ID, InstanceID: s.InstanceID, JID: s.JID, Label: s.Label, Name: s.Name,
		Participants: s.Participants, ReadOnly: s.ReadOnly, Active: s.Active, Words: words, Discovered: s.Discovered,
		DiscoveredAt: micros(s.DiscoveredAt), CreatedAt: micros(s.CreatedAt),
	}, err
}

func (r sourceRow) toSource() (core.Source, error) {
	words, err := toWords(r.Words)
	return core.Source{
		ID: r.ID, InstanceID: r.InstanceID, JID: r.JID, Label: r.Label, Name: r.Name,
		Participants: r.Participants, ReadOnly: r.ReadOnly, Active: r.Active, Words: words, Discovered: r.Discovered,
		DiscoveredAt: moment(r.DiscoveredAt), CreatedAt: moment(r.CreatedAt),
	}, err
}

type sources struct{ tenant }

func (s sources) List(ctx context.Context) (all []core.Source, err error) {
	err = s.look(ctx, "list sources", func(ctx context.Context, db bun.IDB) error {
		rows, err := list[sourceRow](ctx, db, s.tenant)
		for _, row := range rows {
			source, err := row.toSource()
			if err != nil {
				return err
			}
			all = append(all, source)
		}
		return err
	})
	// Sorted here, because databases do not agree on how text sorts.
	slices.SortStableFunc(all, func(a, b core.Source) int {
		return cmp.Compare(cmp.Or(a.Label, a.Name), cmp.Or(b.Label, b.Name))
	})
	return all, err
}

func (s sources) Active(ctx context.Context, jid core.JID) (found core.Source, err error) {
	err = s.look(ctx, "active source", func(ctx context.Context, db bun.IDB) error {
		row, err := find[sourceRow](ctx, db, s.tenant, "source_group_id = ? AND is_active", jid)
		if err != nil {
			return err
		}
		found, err = row.toSource()
		return err
	})
	return found, err
}

func (s sources) Create(ctx context.Context, source core.Source) error {
	return s.change(ctx, "create source", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.fromSource(source)
		if err != nil {
			return err
		}
		return insert(ctx, tx, row)
	})
}

func (s sources) Update(ctx context.Context, id core.SourceID, change func(*core.Source) error) (out core.Source, err error) {
	err = s.change(ctx, "update source", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[sourceRow](ctx, tx, s.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		source, err := row.toSource()
		if err != nil {
			return err
		}
		if err := change(&source); err != nil {
			return refusal{err}
		}
		source.ID = id
		if row, err = s.fromSource(source); err != nil {
			return err
		}
		if out, err = row.toSource(); err != nil {
			return err
		}
		return replace(ctx, tx, row)
	})
	if err != nil {
		return core.Source{}, err
	}
	return out, nil
}

func (s sources) Delete(ctx context.Context, id core.SourceID) error {
	return s.change(ctx, "delete source", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewDelete().Model((*sourceRow)(nil)).
			Where("user_id = ?", s.id).Where("id = ?", id).Exec(ctx))
	})
}

func (s sources) Discovered(ctx context.Context, groups []core.Source) (out []core.Source, err error) {
	err = s.change(ctx, "discovered sources", func(ctx context.Context, tx bun.Tx) error {
		out = make([]core.Source, 0, len(groups))
		for _, group := range groups {
			row, err := s.fromSource(group)
			if err != nil {
				return err
			}
			row.Active = false // nobody asked for it yet
			if _, err := tx.NewInsert().Model(&row).On("CONFLICT (user_id, source_group_id) DO UPDATE").
				Set("name = EXCLUDED.name").Set("participants = EXCLUDED.participants").
				Set("read_only = EXCLUDED.read_only").Exec(ctx); err != nil {
				return err
			}
			stored, err := find[sourceRow](ctx, tx, s.tenant, "source_group_id = ?", group.JID)
			if err != nil {
				return err
			}
			source, err := stored.toSource()
			if err != nil {
				return err
			}
			out = append(out, source)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// destinationRow is a row of group_destinations.
type destinationRow struct {
	bun.BaseModel `bun:"table:group_destinations,alias:g"`

	UserID     core.TenantID      `bun:"user_id,pk"`
	ID         core.DestinationID `bun:"id,pk"`
	InstanceID core.InstanceID    `bun:"instance_id"`
	JID        core.JID           `bun:"destination_group_id"`
	Label      string             `bun:"label"`
	Active     bool               `bun:"is_active"`
	Problem    core.Reason        `bun:"problem"`
	CreatedAt  int64              `bun:"created_at"`
}

func (t tenant) fromDestination(d core.Destination) destinationRow {
	return destinationRow{
		UserID: t.id, ID: d.ID, InstanceID: d.InstanceID, JID: d.JID, Label: d.Label,
		Active: d.Active, Problem: d.Problem, CreatedAt: micros(d.CreatedAt),
	}
}

func (r destinationRow) toDestination() core.Destination {
	return core.Destination{
		ID: r.ID, InstanceID: r.InstanceID, JID: r.JID, Label: r.Label,
		Active: r.Active, Problem: r.Problem, CreatedAt: moment(r.CreatedAt),
	}
}

type destinations struct{ tenant }

func (d destinations) List(ctx context.Context) (all []core.Destination, err error) {
	err = d.look(ctx, "list destinations", func(ctx context.Context, db bun.IDB) error {
		rows, err := list[destinationRow](ctx, db, d.tenant)
		for _, row := range rows {
			all = append(all, row.toDestination())
		}
		return err
	})
	slices.SortStableFunc(all, func(a, b core.Destination) int { return cmp.Compare(a.Label, b.Label) })
	return all, err
}

func (d destinations) Get(ctx context.Context, id core.DestinationID) (found core.Destination, err error) {
	err = d.look(ctx, "destination", func(ctx context.Context, db bun.IDB) error {
		row, err := find[destinationRow](ctx, db, d.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		found = row.toDestination()
		return nil
	})
	return found, err
}

func (d destinations) Create(ctx context.Context, destination core.Destination) error {
	return d.change(ctx, "create destination", func(ctx context.Context, tx bun.Tx) error {
		return insert(ctx, tx, d.fromDestination(destination))
	})
}

func (d destinations) Update(ctx context.Context, id core.DestinationID, change func(*core.Destination) error) (out core.Destination, err error) {
	err = d.change(ctx, "update destination", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[destinationRow](ctx, tx, d.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		destination := row.toDestination()
		if err := change(&destination); err != nil {
			return refusal{err}
		}
		destination.ID = id
		row = d.fromDestination(destination)
		out = row.toDestination()
		return replace(ctx, tx, row)
	})
	if err != nil {
		return core.Destination{}, err
	}
	return out, nil
}

func (d destinations) Delete(ctx context.Context, id core.DestinationID) error {
	return d.change(ctx, "delete destination", func(ctx context.Context, tx bun.Tx) error {
		if err := touched(tx.NewDelete().Model((*destinationRow)(nil)).
			Where("user_id = ?", d.id).Where("id = ?", id).Exec(ctx)); err != nil {
			return err
		}
		// A Save that began before may still store a pending one for it. The sender asks for
		// the destination again, so that one goes nowhere.
		return d.cancelPending(ctx, tx, core.ReasonDestinationOff, "destination_id = ?", id)
	})
}

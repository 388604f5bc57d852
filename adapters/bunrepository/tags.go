package bunrepository

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// tagRow is a row of affiliate_tags. All fields are sealed together: which of them are
// secret is the store's business and may change.
type tagRow struct {
	bun.BaseModel `bun:"table:affiliate_tags,alias:t"`

	UserID      core.TenantID `bun:"user_id,pk"`
	ID          core.TagID    `bun:"id,pk"`
	Store       string        `bun:"store_slug"`
	Marketplace string        `bun:"marketplace"`
	Fields      []byte        `bun:"fields"`
	CreatedAt   int64         `bun:"created_at"`
	UpdatedAt   int64         `bun:"updated_at"`
}

func (t tenant) fromTag(tag core.Tag) (tagRow, error) {
	fields, err := toJSON(tag.Fields)
	if err != nil {
		return tagRow{}, err
	}
	sealed, err := t.seal.seal(t.place("affiliate_tags", "fields", string(tag.ID)), core.NewSecret(fields))
	return tagRow{
		UserID: t.id, ID: tag.ID, Store: tag.Store, Marketplace: tag.Marketplace, Fields: sealed,
		CreatedAt: micros(tag.CreatedAt), UpdatedAt: micros(tag.UpdatedAt),
	}, err
}

func (t tenant) toTag(row tagRow) (core.Tag, error) {
	fields, err := t.seal.open(t.place("affiliate_tags", "fields", string(row.ID)), row.Fields)
	if err != nil {
		return core.Tag{}, err
	}
	tag := core.Tag{
		ID: row.ID, Store: row.Store, Marketplace: row.Marketplace,
		CreatedAt: moment(row.CreatedAt), UpdatedAt: moment(row.UpdatedAt),
	}
	err = fromJSON(fields.Reveal(), &tag.Fields)
	return tag, err
}

type tags struct{ tenant }

func (t tags) List(ctx context.Context) (all []core.Tag, err error) {
	err = t.look(ctx, "list tags", func(ctx context.Context, db bun.IDB) error {
		rows, err := list[tagRow](ctx, db, t.tenant)
		for _, row := range rows {
			tag, err := t.toTag(row)
			if err != nil {
				return err
			}
			all = append(all, tag)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b core.Tag) int {
		return cmp.Or(cmp.Compare(a.Store, b.Store), cmp.Compare(a.Marketplace, b.Marketplace))
	})
	return all, nil
}

func (t tags) Create(ctx context.Context, tag core.Tag) error {
	return t.change(ctx, "create tag", func(ctx context.Context, tx bun.Tx) error {
		row, err := t.fromTag(tag)
		if err != nil {
			return err
		}
		return insert(ctx, tx, row)
	})
}

func (t tags) Update(ctx context.Context, id core.TagID, change func(*core.Tag) error) (out core.Tag, err error) {
	err = t.change(ctx, "update tag", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[tagRow](ctx, tx, t.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		tag, err := t.toTag(row)
		if err != nil {
			return err
		}
		if err := change(&tag); err != nil {
			return refusal{err}
		}
		tag.ID = id
		if row, err = t.fromTag(tag); err != nil {
			return err
		}
		if out, err = t.toTag(row); err != nil {
			return err
		}
		return replace(ctx, tx, row)
	})
	if err != nil {
		return core.Tag{}, err
	}
	return out, nil
}

func (t tags) Delete(ctx context.Context, id core.TagID) error {
	return t.change(ctx, "delete tag", func(ctx context.Context, tx bun.Tx) error {
		return touched(tx.NewDelete().Model((*tagRow)(nil)).
			Where("user_id = ?", t.id).Where("id = ?", id).Exec(ctx))
	})
}

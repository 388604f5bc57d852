package bunrepository

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// mintedLinkRow is a row of minted_links.
type mintedLinkRow struct {
	bun.BaseModel `bun:"table:minted_links,alias:m"`

	UserID     core.TenantID `bun:"user_id,pk"`
	Link       string        `bun:"link,pk"`
	Store      string        `bun:"store_slug"`
	Target     string        `bun:"target"`
	TagPrint   string        `bun:"tag_print"`
	SubGroup   string        `bun:"sub_group"`
	SubOffer   string        `bun:"sub_offer"`
	ProductKey string        `bun:"product_key"`
	CreatedAt  int64         `bun:"created_at"`
}

func (t tenant) fromMintedLink(m core.MintedLink) mintedLinkRow {
	return mintedLinkRow{
		UserID: t.id, Link: m.Link, Store: m.Store, Target: m.Target, TagPrint: m.TagPrint,
		SubGroup: m.SubID.Group, SubOffer: m.SubID.Offer, ProductKey: m.ProductKey, CreatedAt: micros(m.CreatedAt),
	}
}

func (r mintedLinkRow) toMintedLink() core.MintedLink {
	return core.MintedLink{
		Link: r.Link, Store: r.Store, Target: r.Target, TagPrint: r.TagPrint,
		SubID: core.SubID{Group: r.SubGroup, Offer: r.SubOffer}, ProductKey: r.ProductKey, CreatedAt: moment(r.CreatedAt),
	}
}

type mintedLinks struct{ tenant }

func (l mintedLinks) Save(ctx context.Context, m core.MintedLink) error {
	return l.change(ctx, "save minted link", func(ctx context.Context, tx bun.Tx) error {
		row := l.fromMintedLink(m)
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (user_id, link) DO UPDATE").Returning("NULL").Exec(ctx)
		return err
	})
}

func (l mintedLinks) Find(ctx context.Context, store, target, tagPrint string, sub core.SubID) (core.MintedLink, error) {
	return l.one(ctx, "find minted link",
		"store_slug = ? AND target = ? AND tag_print = ? AND sub_group = ? AND sub_offer = ?",
		store, target, tagPrint, sub.Group, sub.Offer)
}

func (l mintedLinks) Get(ctx context.Context, link string) (core.MintedLink, error) {
	return l.one(ctx, "minted link", "link = ?", link)
}

// one reads the newest record that fits where.
func (l mintedLinks) one(ctx context.Context, op, where string, args ...any) (found core.MintedLink, err error) {
	err = l.look(ctx, op, func(ctx context.Context, db bun.IDB) error {
		var row mintedLinkRow
		if err := db.NewSelect().Model(&row).Where("user_id = ?", l.id).Where(where, args...).
			OrderExpr("created_at DESC").Limit(1).Scan(ctx); err != nil {
			return err
		}
		found = row.toMintedLink()
		return nil
	})
	return found, err
}

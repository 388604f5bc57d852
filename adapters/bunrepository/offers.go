package bunrepository

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

type offers struct{ tenant }

func (o offers) Get(ctx context.Context, id core.OfferID) (core.Offer, error) {
	return o.one(ctx, "offer", "id = ?", id)
}

func (o offers) ByInbox(ctx context.Context, id core.InboxID) (core.Offer, error) {
	return o.one(ctx, "offer by inbox entry", "inbox_id = ?", id)
}

func (o offers) one(ctx context.Context, op, where string, arg any) (found core.Offer, err error) {
	err = o.snapshot(ctx, op, func(ctx context.Context, db bun.IDB) error {
		row, err := find[offerRow](ctx, db, o.tenant, where, arg)
		if err != nil {
			return err
		}
		found, err = o.complete(ctx, db, row)
		return err
	})
	return found, err
}

// complete adds an offer's deliveries.
func (o offers) complete(ctx context.Context, db bun.IDB, row offerRow) (core.Offer, error) {
	rows, err := o.deliveriesOf(ctx, db, asTheyAre, row.ID)
	if err != nil {
		return core.Offer{}, err
	}
	return row.with(rows)
}

func (o offers) Near(ctx context.Context, nearKey string, since time.Time, limit int) (out []repository.NearText, err error) {
	if nearKey == "" || limit <= 0 {
		return nil, nil
	}
	err = o.look(ctx, "near texts", func(ctx context.Context, db bun.IDB) error {
		var rows []offerRow
		err := db.NewSelect().Model(&rows).Column("text_key", "final_text").Where("user_id = ?", o.id).
			Where("near_key <> '' AND near_key = ?", nearKey).Where("created_at > ?", micros(since)).
			Where("text_key <> '' AND final_text <> ''").
			OrderExpr("created_at DESC, id DESC").Limit(int64(limit)).Scan(ctx)
		for _, row := range rows {
			out = append(out, repository.NearText{TextKey: row.TextKey, Text: row.FinalText})
		}
		return err
	})
	return out, err
}

// The statuses in SQL, so that a page is full whatever it filters; core.Offer.Status says
// the same in Go. Few offers wait, so those are found by their deliveries; most have reached
// somebody, so their deliveries are found by them, which SQLite does for a count only.
const (
	waits   = "EXISTS (SELECT 1 FROM deliveries AS d WHERE d.user_id = o.user_id AND d.offer_id = o.id AND d.state IN ('pending', 'dispatching', 'ambiguous'))"
	reached = "(SELECT count(*) FROM deliveries AS d WHERE d.user_id = o.user_id AND d.offer_id = o.id AND d.state IN ('sent', 'unconfirmed')) > 0"
)

func (o offers) List(ctx context.Context, query repository.OfferQuery) (out []core.Offer, err error) {
	where := ""
	switch query.Status {
	case "":
		where = "TRUE"
	case core.OfferHeld:
		where = "hold_reason <> ''"
	case core.OfferPending:
		where = "hold_reason = '' AND " + waits
	case core.OfferSent:
		where = "hold_reason = '' AND NOT " + waits + " AND " + reached
	case core.OfferDiscarded:
		where = "hold_reason = '' AND NOT " + waits + " AND NOT " + reached
	default:
		return nil, core.InvalidField("status", core.ReasonInvalidField, "status")
	}
	if query.Limit <= 0 {
		return nil, nil
	}
	err = o.snapshot(ctx, "list offers", func(ctx context.Context, db bun.IDB) error {
		var rows []offerRow
		q := db.NewSelect().Model(&rows).Where("user_id = ?", o.id).Where(where).
			OrderExpr("id DESC").Limit(int64(query.Limit))
		if query.Product != "" {
			q = q.Where("product_key = ?", query.Product).Where("product_key <> ''")
		}
		if query.Before != "" {
			q = q.Where("id < ?", query.Before)
		}
		if err := q.Scan(ctx); err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]core.OfferID, 0, len(rows))
		for _, row := range rows {
			ids = append(ids, row.ID)
		}
		all, err := o.deliveriesOf(ctx, db, asTheyAre, ids...)
		if err != nil {
			return err
		}
		byOffer := map[core.OfferID][]deliveryRow{}
		for _, row := range all {
			byOffer[row.OfferID] = append(byOffer[row.OfferID], row)
		}
		for _, row := range rows {
			offer, err := row.with(byOffer[row.ID])
			if err != nil {
				return err
			}
			out = append(out, offer)
		}
		return nil
	})
	return out, err
}

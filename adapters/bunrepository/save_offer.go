package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func (o offers) Save(ctx context.Context, s repository.SaveOffer) (out core.Offer, err error) {
	err = o.change(ctx, "save offer", func(ctx context.Context, tx bun.Tx) error {
		// Two offers of one product, or one text, must see each other, which neither has
		// stored yet.
		if err := alone(ctx, tx, "product "+string(o.id)+" "+s.Offer.ProductKey); err != nil {
			return err
		}
		if s.TextKey != "" {
			if err := alone(ctx, tx, "text "+string(o.id)+" "+s.TextKey); err != nil {
				return err
			}
		}
		if err := o.finish(ctx, tx, s.Entry); err != nil {
			return err
		}
		row, err := o.upsert(ctx, tx, s)
		if err != nil {
			return err
		}
		if err := o.reconcile(ctx, tx, s, row); err != nil {
			return err
		}
		if out, err = o.complete(ctx, tx, row); err != nil {
			return err
		}
		if !slices.ContainsFunc(out.Deliveries, isPending) {
			return nil
		}
		return o.wakeLane(ctx, tx, row.InstanceID, s.Now)
	})
	if err != nil {
		return core.Offer{}, err
	}
	return out, nil
}

func isPending(d core.Delivery) bool { return d.State == core.DeliveryPending }

// upsert stores the offer; one of the same entry keeps its id and creation.
func (o offers) upsert(ctx context.Context, tx bun.Tx, s repository.SaveOffer) (offerRow, error) {
	s.Offer.InboxID = s.Entry.ID
	row, err := o.fromOffer(s.Offer)
	if err != nil {
		return row, err
	}
	row.TextKey, row.NearKey = s.TextKey, s.NearKey
	old, err := locked[offerRow](ctx, tx, o.tenant, "inbox_id = ?", s.Entry.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return row, insert(ctx, tx, row)
	case err != nil:
		return row, err
	}
	row.ID, row.CreatedAt = old.ID, old.CreatedAt
	return row, replace(ctx, tx, row)
}

// reconcile makes the offer's deliveries the wanted ones, as far as they have not left.
func (o offers) reconcile(ctx context.Context, tx bun.Tx, s repository.SaveOffer, offer offerRow) error {
	stored, err := lockedList[deliveryRow](ctx, tx, o.tenant, "offer_id = ?", offer.ID)
	if err != nil {
		return err
	}
	// By id, so the last one of a destination is its newest.
	byDestination := map[core.DestinationID]deliveryRow{}
	for _, row := range stored {
		byDestination[row.DestinationID] = row
	}
	wanted := map[core.DestinationID]bool{}
	var fresh []deliveryRow
	for _, d := range s.Offer.Deliveries {
		if wanted[d.DestinationID] {
			continue
		}
		wanted[d.DestinationID] = true
		row, known := byDestination[d.DestinationID]
		switch {
		case !known:
			fresh = append(fresh, o.newDelivery(s, offer, d))
		case row.State == core.DeliveryPending,
			row.State == core.DeliveryCancelled && row.Reason == core.ReasonEdited:
			if row.State == core.DeliveryCancelled {
				row.State, row.Reason, row.Detail = core.DeliveryPending, "", ""
			}
			row.give(d.Text, offer.ProductKey, s.TextKey)
			row.UpdatedAt = micros(s.Now)
			err = replace(ctx, tx, row)
		default:
			row.remember(d.Text, offer.ProductKey, s.TextKey)
			err = replace(ctx, tx, row)
		}
		if err != nil {
			return err
		}
	}
	if err := o.insertDeliveries(ctx, tx, s, offer, fresh); err != nil {
		return err
	}
	for _, row := range stored {
		if row.State != core.DeliveryPending || wanted[row.DestinationID] {
			continue
		}
		row.State, row.Reason, row.Detail = core.DeliveryCancelled, core.ReasonEdited, ""
		row.UpdatedAt = micros(s.Now)
		if err := replace(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}

func (o offers) newDelivery(s repository.SaveOffer, offer offerRow, d core.Delivery) deliveryRow {
	d.OfferID, d.InstanceID = offer.ID, offer.InstanceID
	if d.State == "" {
		d.State = core.DeliveryPending
	}
	row := o.fromDelivery(d)
	row.ProductKey, row.TextKey = offer.ProductKey, s.TextKey
	return row
}

// insertDeliveries stores new deliveries, each cancelled when its group has, or may have,
// the same product or text.
func (o offers) insertDeliveries(ctx context.Context, tx bun.Tx, s repository.SaveOffer, offer offerRow, rows []deliveryRow) error {
	if len(rows) == 0 {
		return nil
	}
	for _, rule := range []struct {
		column, key string
		since       time.Time
		reason      core.Reason
	}{
		{"product_key", offer.ProductKey, s.RepostSince, core.ReasonDuplicateProduct},
		{"text_key", s.TextKey, s.TextSince, core.ReasonDuplicateText},
	} {
		if rule.key == "" {
			continue
		}
		var taken []core.DestinationID
		err := tx.NewSelect().Model((*deliveryRow)(nil)).Column("destination_id").
			Where("user_id = ?", o.id).Where("destination_id IN (?)", bun.List(destinationsOf(rows))).
			Where("? <> '' AND ? = ?", bun.Ident(rule.column), bun.Ident(rule.column), rule.key).
			Where("created_at > ?", micros(rule.since)).Where("offer_id <> ?", offer.ID).
			Where("state IN (?)", bun.List(occupying())).GroupExpr("destination_id").Scan(ctx, &taken)
		if err != nil {
			return err
		}
		for i := range rows {
			if rows[i].State == core.DeliveryPending && slices.Contains(taken, rows[i].DestinationID) {
				rows[i].State, rows[i].Reason, rows[i].Detail = core.DeliveryCancelled, rule.reason, ""
			}
		}
	}
	_, err := tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx)
	return err
}

func destinationsOf(rows []deliveryRow) []core.DestinationID {
	ids := make([]core.DestinationID, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.DestinationID)
	}
	return ids
}

// occupying lists the states in which a delivery counts for the repost window.
func occupying() []core.DeliveryState {
	return slices.DeleteFunc(core.DeliveryStates(), func(s core.DeliveryState) bool { return !s.Occupies() })
}

package bunrepository

import (
	"cmp"
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
		if lost, err := o.finish(ctx, tx, s.Entry); lost != nil || err != nil {
			return cmp.Or(err, lost)
		}
		row, created, err := o.upsert(ctx, tx, s)
		if err != nil {
			return err
		}
		var stored []deliveryRow
		if !created {
			if stored, err = lockedList[deliveryRow](ctx, tx, o.tenant, "offer_id = ?", row.ID); err != nil {
				return err
			}
		}
		fresh, err := o.reconcile(ctx, tx, s, row, stored)
		if err != nil {
			return err
		}
		if created {
			out, err = row.with(fresh) // all there is
		} else {
			out, err = o.complete(ctx, tx, row)
		}
		if err != nil {
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
func (o offers) upsert(ctx context.Context, tx bun.Tx, s repository.SaveOffer) (row offerRow, created bool, err error) {
	s.Offer.InboxID = s.Entry.ID
	if row, err = o.fromOffer(s.Offer); err != nil {
		return row, false, err
	}
	row.TextKey, row.NearKey = s.TextKey, s.NearKey
	err = touched(tx.NewInsert().Model(&row).On("CONFLICT (user_id, inbox_id) DO NOTHING").Returning("NULL").Exec(ctx))
	if !errors.Is(err, sql.ErrNoRows) {
		return row, err == nil, err
	}
	old, err := locked[offerRow](ctx, tx, o.tenant, "inbox_id = ?", s.Entry.ID)
	if err != nil {
		return row, false, err
	}
	row.ID, row.CreatedAt = old.ID, old.CreatedAt
	return row, false, replace(ctx, tx, row)
}

// reconcile makes the offer's stored deliveries the wanted ones, as far as they have not left,
// and returns those that are new, by id.
func (o offers) reconcile(ctx context.Context, tx bun.Tx, s repository.SaveOffer, offer offerRow, stored []deliveryRow) (fresh []deliveryRow, err error) {
	// By id, so the last one of a destination is its newest.
	byDestination := map[core.DestinationID]deliveryRow{}
	for _, row := range stored {
		byDestination[row.DestinationID] = row
	}
	wanted := map[core.DestinationID]bool{}
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
			return nil, err
		}
	}
	slices.SortFunc(fresh, func(a, b deliveryRow) int { return cmp.Compare(a.ID, b.ID) })
	if err := o.insertDeliveries(ctx, tx, s, offer, fresh); err != nil {
		return nil, err
	}
	for _, row := range stored {
		if row.State != core.DeliveryPending || wanted[row.DestinationID] {
			continue
		}
		row.State, row.Reason, row.Detail = core.DeliveryCancelled, core.ReasonEdited, ""
		row.UpdatedAt = micros(s.Now)
		if err := replace(ctx, tx, row); err != nil {
			return nil, err
		}
	}
	return fresh, nil
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
	taken, err := o.taken(ctx, tx, s, offer, rows)
	if err != nil {
		return err
	}
	for i := range rows {
		if reason := taken[rows[i].DestinationID]; reason != "" && rows[i].State == core.DeliveryPending {
			rows[i].State, rows[i].Reason, rows[i].Detail = core.DeliveryCancelled, reason, ""
		}
	}
	_, err = tx.NewInsert().Model(&rows).Returning("NULL").Exec(ctx)
	return err
}

// taken says which groups have, or may have, the offer's product or text already, and which
// of the two.
func (o offers) taken(ctx context.Context, tx bun.Tx, s repository.SaveOffer, offer offerRow, rows []deliveryRow) (map[core.DestinationID]core.Reason, error) {
	var q *bun.SelectQuery
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
		same := tx.NewSelect().Model((*deliveryRow)(nil)).Column("destination_id").ColumnExpr("? AS why", rule.reason).
			Where("user_id = ?", o.id).Where("destination_id IN (?)", bun.List(destinationsOf(rows))).
			Where("? <> '' AND ? = ?", bun.Ident(rule.column), bun.Ident(rule.column), rule.key).
			Where("created_at > ?", micros(rule.since)).Where("offer_id <> ?", offer.ID).
			Where("state IN (?)", bun.List(occupying())).GroupExpr("destination_id")
		if q == nil {
			q = same
		} else {
			q = q.UnionAll(same)
		}
	}
	if q == nil {
		return nil, nil
	}
	var found []struct {
		DestinationID core.DestinationID
		Why           core.Reason
	}
	if err := q.Scan(ctx, &found); err != nil {
		return nil, err
	}
	taken := make(map[core.DestinationID]core.Reason, len(found))
	for _, f := range found {
		if taken[f.DestinationID] != core.ReasonDuplicateProduct { // that says more
			taken[f.DestinationID] = f.Why
		}
	}
	return taken, nil
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

package bunrepository

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func (o offers) Save(ctx context.Context, all ...repository.SaveOffer) (out []core.Offer, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	var lost error
	err = o.change(ctx, "save offers", func(ctx context.Context, tx bun.Tx) (err error) {
		out, lost, err = o.save(ctx, tx, all)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, o.translate("save offers", lost)
}

// saving is an offer on its way into the database.
type saving struct {
	repository.SaveOffer
	row     offerRow
	created bool
	// stored are the deliveries the offer has when it was there before, fresh those it gets
	// now; both by id.
	stored, fresh []deliveryRow
}

// save stores the offers whose claims are the current ones; lost says why not all are.
func (o offers) save(ctx context.Context, tx bun.Tx, all []repository.SaveOffer) (out []core.Offer, lost, err error) {
	if err := o.lockKeys(ctx, tx, all); err != nil {
		return nil, nil, err
	}
	batch, lost, err := o.endClaims(ctx, tx, all)
	if err != nil || len(batch) == 0 {
		return nil, lost, err
	}
	if err := o.upsert(ctx, tx, batch); err != nil {
		return nil, nil, err
	}
	for _, s := range batch {
		if err := o.reconcile(ctx, tx, s); err != nil {
			return nil, nil, err
		}
	}
	if err := o.insertDeliveries(ctx, tx, batch); err != nil {
		return nil, nil, err
	}
	due := map[core.InstanceID]time.Time{}
	for _, s := range batch {
		offer, err := s.row.with(s.fresh) // all there is
		if !s.created {
			offer, err = o.complete(ctx, tx, s.row)
		}
		if err != nil {
			return nil, nil, err
		}
		out = append(out, offer)
		if at, known := due[s.row.InstanceID]; slices.ContainsFunc(offer.Deliveries, isPending) && (!known || s.Now.Before(at)) {
			due[s.row.InstanceID] = s.Now
		}
	}
	for _, id := range slices.Sorted(maps.Keys(due)) {
		if err := o.wakeLane(ctx, tx, id, due[id]); err != nil {
			return nil, nil, err
		}
	}
	return out, lost, nil
}

func isPending(d core.Delivery) bool { return d.State == core.DeliveryPending }

// lockKeys waits for others that save offers of the same products, or texts: two must see each
// other, and neither is stored yet.
func (o offers) lockKeys(ctx context.Context, tx bun.Tx, all []repository.SaveOffer) error {
	things := map[string]bool{}
	for _, s := range all {
		things["product "+string(o.id)+" "+s.Offer.ProductKey] = true
		if s.TextKey != "" {
			things["text "+string(o.id)+" "+s.TextKey] = true
		}
	}
	for _, thing := range slices.Sorted(maps.Keys(things)) { // in the same order everywhere
		if err := alone(ctx, tx, thing); err != nil {
			return err
		}
	}
	return nil
}

// endClaims ends the claims and returns what goes with those that were current.
func (o offers) endClaims(ctx context.Context, tx bun.Tx, all []repository.SaveOffer) (batch []*saving, lost, err error) {
	entries := make([]core.InboxEntry, len(all))
	for i, s := range all {
		entries[i] = s.Entry
	}
	ended, lost, err := o.finish(ctx, tx, entries...)
	for _, s := range all {
		if i := slices.Index(ended, s.Entry.ID); i >= 0 {
			ended = slices.Delete(ended, i, i+1)
			batch = append(batch, &saving{SaveOffer: s})
		}
	}
	return batch, lost, err
}

// upsert stores the offers; one of the same entry keeps its id and creation.
func (o offers) upsert(ctx context.Context, tx bun.Tx, batch []*saving) error {
	rows := make([]offerRow, len(batch))
	for i, s := range batch {
		s.Offer.InboxID = s.Entry.ID
		row, err := o.fromOffer(s.Offer)
		if err != nil {
			return err
		}
		row.TextKey, row.NearKey = s.TextKey, s.NearKey
		s.row, rows[i] = row, row
	}
	var created []core.OfferID
	err := tx.NewInsert().Model(&rows).On("CONFLICT (user_id, inbox_id) DO NOTHING").Returning("id").Scan(ctx, &created)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	for _, s := range batch {
		if s.created = slices.Contains(created, s.row.ID); s.created {
			continue
		}
		old, err := locked[offerRow](ctx, tx, o.tenant, "inbox_id = ?", s.Entry.ID)
		if err != nil {
			return err
		}
		s.row.ID, s.row.CreatedAt = old.ID, old.CreatedAt
		if err := replace(ctx, tx, s.row); err != nil {
			return err
		}
	}
	return nil
}

// reconcile makes the offer's stored deliveries the wanted ones, as far as they have not left,
// and notes which are to be new.
func (o offers) reconcile(ctx context.Context, tx bun.Tx, s *saving) (err error) {
	if !s.created {
		if s.stored, err = o.deliveriesOf(ctx, tx, toChange, s.row.ID); err != nil {
			return err
		}
	}
	// By id, so the last one of a destination is its newest.
	byDestination := map[core.DestinationID]deliveryRow{}
	for _, row := range s.stored {
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
			s.fresh = append(s.fresh, o.newDelivery(s, d))
		case row.State == core.DeliveryPending,
			row.State == core.DeliveryCancelled && row.Reason == core.ReasonEdited:
			if row.State == core.DeliveryCancelled {
				row.State, row.Reason, row.Detail = core.DeliveryPending, "", ""
			}
			row.give(d.Text, s.row.ProductKey, s.TextKey)
			row.UpdatedAt = micros(s.Now)
			err = replace(ctx, tx, row)
		default:
			row.remember(d.Text, s.row.ProductKey, s.TextKey)
			err = replace(ctx, tx, row)
		}
		if err != nil {
			return err
		}
	}
	slices.SortFunc(s.fresh, func(a, b deliveryRow) int { return cmp.Compare(a.ID, b.ID) })
	for _, row := range s.stored {
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

func (o offers) newDelivery(s *saving, d core.Delivery) deliveryRow {
	d.OfferID, d.InstanceID = s.row.ID, s.row.InstanceID
	if d.State == "" {
		d.State = core.DeliveryPending
	}
	row := o.fromDelivery(d)
	row.ProductKey, row.TextKey = s.row.ProductKey, s.TextKey
	return row
}

// maxInsert bounds how many deliveries one statement stores: their texts are written into it.
const maxInsert = 100

// insertDeliveries stores new deliveries, each cancelled when its group has, or may have,
// the same product or text.
func (o offers) insertDeliveries(ctx context.Context, tx bun.Tx, batch []*saving) error {
	taken, err := o.taken(ctx, tx, batch)
	if err != nil {
		return err
	}
	var all []deliveryRow
	for _, s := range batch {
		for i := range s.fresh {
			d := &s.fresh[i]
			reason := taken[slot{s.row.ID, d.DestinationID}]
			if reason != core.ReasonDuplicateProduct {
				reason = cmp.Or(s.repeats(*d, all), reason)
			}
			if reason != "" && d.State == core.DeliveryPending {
				d.State, d.Reason, d.Detail = core.DeliveryCancelled, reason, ""
			}
		}
		all = append(all, s.fresh...)
	}
	slices.SortFunc(all, func(a, b deliveryRow) int { return cmp.Compare(a.ID, b.ID) })
	for some := range slices.Chunk(all, maxInsert) {
		if _, err := tx.NewInsert().Model(&some).Returning("NULL").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// slot is an offer's place in a group.
type slot struct {
	offer core.OfferID
	group core.DestinationID
}

// wantedRow is what taken has to know of one offer.
type wantedRow struct {
	bun.BaseModel `bun:"table:wanted,alias:w"`

	Offer        core.OfferID `bun:"for_offer,type:uuid"`
	ProductKey   string       `bun:"same_product"`
	ProductSince int64        `bun:"product_since"`
	TextKey      string       `bun:"same_text"`
	TextSince    int64        `bun:"text_since"`
}

// taken says which groups of the new deliveries have, or may have, the offer's product or
// text already, and which of the two, as far as that is stored.
func (o offers) taken(ctx context.Context, tx bun.Tx, batch []*saving) (map[slot]core.Reason, error) {
	var wanted []wantedRow
	groups := map[core.DestinationID]bool{}
	for _, s := range batch {
		if len(s.fresh) == 0 || s.row.ProductKey == "" && s.TextKey == "" {
			continue
		}
		wanted = append(wanted, wantedRow{
			Offer: s.row.ID, ProductKey: s.row.ProductKey, ProductSince: micros(s.RepostSince),
			TextKey: s.TextKey, TextSince: micros(s.TextSince),
		})
		for _, d := range s.fresh {
			groups[d.DestinationID] = true
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	same := func(key, as, since string, why core.Reason) *bun.SelectQuery {
		return tx.NewSelect().Model((*deliveryRow)(nil)).TableExpr("wanted AS w").
			Column("w.for_offer", "d.destination_id").ColumnExpr("? AS why", why).
			Where("d.user_id = ?", o.id).Where("d.destination_id IN (?)", bun.List(slices.Sorted(maps.Keys(groups)))).
			Where("d.? <> '' AND d.? = w.?", bun.Ident(key), bun.Ident(key), bun.Ident(as)).
			Where("d.created_at > w.?", bun.Ident(since)).Where("d.offer_id <> w.for_offer").
			Where("d.state IN (?)", bun.List(occupying())).GroupExpr("w.for_offer, d.destination_id")
	}
	var found []struct {
		ForOffer      core.OfferID
		DestinationID core.DestinationID
		Why           core.Reason
	}
	err := tx.NewSelect().With("wanted", tx.NewValues(&wanted)).TableExpr("(?) AS same",
		same("product_key", "same_product", "product_since", core.ReasonDuplicateProduct).
			UnionAll(same("text_key", "same_text", "text_since", core.ReasonDuplicateText))).Scan(ctx, &found)
	if err != nil {
		return nil, err
	}
	taken := make(map[slot]core.Reason, len(found))
	for _, f := range found {
		at := slot{f.ForOffer, f.DestinationID}
		if taken[at] != core.ReasonDuplicateProduct { // that says more
			taken[at] = f.Why
		}
	}
	return taken, nil
}

// repeats is taken for the new deliveries of the offers before, which are not stored yet.
func (s *saving) repeats(d deliveryRow, before []deliveryRow) (why core.Reason) {
	for _, b := range before {
		if b.DestinationID != d.DestinationID || !b.State.Occupies() {
			continue
		}
		switch {
		case d.ProductKey != "" && b.ProductKey == d.ProductKey && b.CreatedAt > micros(s.RepostSince):
			return core.ReasonDuplicateProduct
		case d.TextKey != "" && b.TextKey == d.TextKey && b.CreatedAt > micros(s.TextSince):
			why = core.ReasonDuplicateText
		}
	}
	return why
}

// occupying lists the states in which a delivery counts for the repost window.
func occupying() []core.DeliveryState {
	return slices.DeleteFunc(core.DeliveryStates(), func(s core.DeliveryState) bool { return !s.Occupies() })
}

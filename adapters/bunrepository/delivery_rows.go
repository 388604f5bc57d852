package bunrepository

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/autopromo-cloud/autopromo/core"
)

// deliveryRow is a row of deliveries.
type deliveryRow struct {
	bun.BaseModel `bun:"table:deliveries,alias:d"`

	UserID        core.TenantID      `bun:"user_id,pk"`
	ID            core.DeliveryID    `bun:"id,pk"`
	OfferID       core.OfferID       `bun:"offer_id"`
	InstanceID    core.InstanceID    `bun:"instance_id"`
	DestinationID core.DestinationID `bun:"destination_id"`
	Chat          core.JID           `bun:"chat_jid"`
	Text          string             `bun:"text"`
	// ProductKey and TextKey are what this delivery's text sells; an offer that was edited
	// later may sell something else.
	ProductKey string `bun:"product_key"`
	TextKey    string `bun:"text_key"`
	// The same three of the last Save that wanted this delivery when its text could not be
	// changed any more: what it catches up with; "" for nothing.
	NextText       string `bun:"next_text"`
	NextProductKey string `bun:"next_product_key"`
	NextTextKey    string `bun:"next_text_key"`

	Epoch        int                `bun:"epoch"`
	State        core.DeliveryState `bun:"state"`
	Reason       core.Reason        `bun:"reason"`
	Detail       string             `bun:"detail"`
	Attempt      int                `bun:"attempt"`
	NotBefore    int64              `bun:"not_before"`
	ClientID     core.MessageID     `bun:"client_id"`
	MessageID    core.MessageID     `bun:"message_id"`
	Deadline     int64              `bun:"deadline"`
	SourceAt     int64              `bun:"source_at"`
	DispatchedAt int64              `bun:"dispatched_at"`
	SentAt       int64              `bun:"sent_at"`
	CreatedAt    int64              `bun:"created_at"`
	UpdatedAt    int64              `bun:"updated_at"`
	WithoutMedia bool               `bun:"without_media"`
}

func (t tenant) fromDelivery(d core.Delivery) deliveryRow {
	return deliveryRow{
		UserID: t.id, ID: d.ID, OfferID: d.OfferID, InstanceID: d.InstanceID,
		DestinationID: d.DestinationID, Chat: d.Chat, Text: d.Text, Epoch: d.Epoch,
		State: d.State, Reason: d.Reason, Detail: d.Detail, Attempt: d.Attempt,
		NotBefore: micros(d.NotBefore), ClientID: d.ClientID, MessageID: d.MessageID,
		Deadline: micros(d.Deadline), SourceAt: micros(d.SourceAt),
		DispatchedAt: micros(d.DispatchedAt), SentAt: micros(d.SentAt),
		CreatedAt: micros(d.CreatedAt), UpdatedAt: micros(d.UpdatedAt), WithoutMedia: d.WithoutMedia,
	}
}

func (r deliveryRow) toDelivery() core.Delivery {
	return core.Delivery{
		ID: r.ID, OfferID: r.OfferID, InstanceID: r.InstanceID,
		DestinationID: r.DestinationID, Chat: r.Chat, Text: r.Text, Epoch: r.Epoch,
		State: r.State, Reason: r.Reason, Detail: r.Detail, Attempt: r.Attempt,
		NotBefore: moment(r.NotBefore), ClientID: r.ClientID, MessageID: r.MessageID,
		Deadline: moment(r.Deadline), SourceAt: moment(r.SourceAt),
		DispatchedAt: moment(r.DispatchedAt), SentAt: moment(r.SentAt),
		CreatedAt: moment(r.CreatedAt), UpdatedAt: moment(r.UpdatedAt), WithoutMedia: r.WithoutMedia,
	}
}

// give gives the delivery the text of a Save, which leaves nothing to catch up with.
func (r *deliveryRow) give(text, productKey, textKey string) {
	r.Text, r.ProductKey, r.TextKey = text, productKey, textKey
	r.NextText, r.NextProductKey, r.NextTextKey = "", "", ""
}

// remember keeps the text of a Save for when the delivery waits again.
func (r *deliveryRow) remember(text, productKey, textKey string) {
	if text == r.Text {
		text, productKey, textKey = "", "", ""
	}
	r.NextText, r.NextProductKey, r.NextTextKey = text, productKey, textKey
}

// catchUp gives the delivery what it remembers.
func (r *deliveryRow) catchUp() {
	if r.NextText != "" {
		r.give(r.NextText, r.NextProductKey, r.NextTextKey)
	}
}

func toDeliveries(rows []deliveryRow) []core.Delivery {
	var out []core.Delivery
	for _, row := range rows {
		out = append(out, row.toDelivery())
	}
	return out
}

// purpose is what rows are read for.
type purpose int

const (
	asTheyAre purpose = iota // to be shown
	toChange                 // locked, by id like everywhere
)

// deliveriesOf reads the deliveries of some offers, in the order of their ids. They are put in
// order here: told to, SQLite would go through all the tenant has.
func (t tenant) deliveriesOf(ctx context.Context, db bun.IDB, why purpose, ids ...core.OfferID) (rows []deliveryRow, err error) {
	q := db.NewSelect().Model(&rows).Where("user_id = ?", t.id).Where("offer_id IN (?)", bun.List(ids))
	if why == toChange && db.Dialect().Name() != dialect.SQLite {
		q = q.OrderExpr("id").For("UPDATE")
	}
	err = q.Scan(ctx)
	slices.SortFunc(rows, func(a, b deliveryRow) int { return cmp.Compare(a.ID, b.ID) })
	return rows, err
}

// cancelPending cancels the tenant's pending deliveries that fit where, locked by id like
// everywhere.
func (t tenant) cancelPending(ctx context.Context, tx bun.Tx, why core.Reason, where string, args ...any) error {
	pending := tx.NewSelect().Model((*deliveryRow)(nil)).Column("id").
		Where("user_id = ?", t.id).Where("state = 'pending'").Where(where, args...)
	if tx.Dialect().Name() != dialect.SQLite {
		pending = pending.OrderExpr("id").For("UPDATE")
	}
	_, err := tx.NewUpdate().Model((*deliveryRow)(nil)).
		Set("state = ?", core.DeliveryCancelled).Set("reason = ?", why).Set("detail = ''").
		Set("updated_at = ?", micros(t.Now())).
		Where("user_id = ?", t.id).Where("id IN (?)", pending).Exec(ctx)
	return err
}

// sendLogRow is a row of send_logs: one permitted attempt, whatever became of it.
type sendLogRow struct {
	bun.BaseModel `bun:"table:send_logs,alias:a"`

	UserID        core.TenantID      `bun:"user_id,pk"`
	DeliveryID    core.DeliveryID    `bun:"delivery_id,pk"`
	Attempt       int                `bun:"attempt,pk"`
	DestinationID core.DestinationID `bun:"destination_id"`
	CreatedAt     int64              `bun:"created_at"`
}

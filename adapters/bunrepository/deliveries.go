package bunrepository

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

type deliveries struct{ tenant }

func (d deliveries) Get(ctx context.Context, id core.DeliveryID) (found core.Delivery, err error) {
	err = d.look(ctx, "delivery", func(ctx context.Context, db bun.IDB) error {
		row, err := find[deliveryRow](ctx, db, d.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		found = row.toDelivery()
		return nil
	})
	return found, err
}

func (d deliveries) Ready(ctx context.Context, limit int) (out []core.Delivery, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = d.look(ctx, "ready deliveries", func(ctx context.Context, db bun.IDB) error {
		var rows []deliveryRow
		heads := db.NewSelect().Model((*deliveryRow)(nil)).Column("id").
			ColumnExpr("row_number() OVER (PARTITION BY destination_id ORDER BY source_at, id) AS place").
			Where("user_id = ?", d.id).Where("state = 'pending'")
		err := db.NewSelect().Model(&rows).Where("user_id = ?", d.id).
			Where("id IN (SELECT id FROM (?) AS heads WHERE place = 1)", heads).
			OrderExpr("source_at, id").Limit(int64(limit)).Scan(ctx)
		out = toDeliveries(rows)
		return err
	})
	return out, err
}

func (d deliveries) Settle(ctx context.Context, s repository.Settle) (out core.Delivery, err error) {
	// Only Begin gives permission for an attempt.
	if !s.From.CanBecome(s.To) || s.To == core.DeliveryDispatching {
		return core.Delivery{}, core.NewError(core.CodeInvalid, core.ReasonDeliveryState, string(s.From))
	}
	lost := false
	err = d.change(ctx, "settle delivery", func(ctx context.Context, tx bun.Tx) error {
		lost = false
		if s.To != core.DeliveryPending && s.RestUntil.IsZero() {
			done, err := d.end(ctx, tx, s)
			if !errors.Is(err, sql.ErrNoRows) {
				out = done.toDelivery()
				return err
			}
		}
		if s.To == core.DeliveryPending {
			// An edit or a revoke of its message must come before this or see it pending.
			if _, err := locked[inboxRow](ctx, tx, d.tenant, "id = (SELECT inbox_id FROM offers WHERE user_id = ? AND id = "+
				"(SELECT offer_id FROM deliveries WHERE user_id = ? AND id = ?))", d.id, d.id, s.ID); err != nil {
				return err
			}
		}
		row, err := locked[deliveryRow](ctx, tx, d.tenant, "id = ?", s.ID)
		if err != nil {
			return err
		}
		if lost = row.State != s.From || row.Attempt != s.Attempt; lost {
			out = row.toDelivery()
			return nil
		}
		row.State, row.Reason, row.Detail = s.To, s.Reason, s.Detail
		if s.To == core.DeliveryPending && s.From != core.DeliveryPending {
			if err := d.catchUp(ctx, tx, &row, s.From); err != nil {
				return err
			}
		}
		row.NotBefore, row.Deadline, row.UpdatedAt = micros(s.NotBefore), 0, micros(s.Now)
		row.WithoutMedia = row.WithoutMedia || s.WithoutMedia
		if s.MessageID != "" {
			row.MessageID = s.MessageID
		}
		if s.RaiseEpoch {
			row.Epoch++
		}
		if s.To == core.DeliverySent {
			row.SentAt = micros(s.Now)
		}
		out = row.toDelivery()
		if err := replace(ctx, tx, row); err != nil || row.State != core.DeliveryPending && s.RestUntil.IsZero() {
			return err
		}
		return d.changeLane(ctx, tx, row.InstanceID, func(l *laneRow) error {
			l.PacedUntil = max(l.PacedUntil, micros(s.RestUntil))
			l.NextSendAt = max(l.NextSendAt, l.PacedUntil)
			l.due(max(micros(s.Now), row.NotBefore))
			return nil
		})
	})
	if err != nil {
		return core.Delivery{}, err
	}
	if lost {
		return out, conflict()
	}
	return out, nil
}

// end is Settle in the one statement it takes most of the time; sql.ErrNoRows when the
// delivery is not there any more.
func (d deliveries) end(ctx context.Context, tx bun.Tx, s repository.Settle) (row deliveryRow, err error) {
	q := tx.NewUpdate().Model(&row).
		Set("state = ?", s.To).Set("reason = ?", s.Reason).Set("detail = ?", s.Detail).
		Set("not_before = ?", micros(s.NotBefore)).Set("deadline = 0").Set("updated_at = ?", micros(s.Now)).
		Set("without_media = (without_media OR ?)", s.WithoutMedia)
	if s.MessageID != "" {
		q = q.Set("message_id = ?", s.MessageID)
	}
	if s.RaiseEpoch {
		q = q.Set("epoch = epoch + 1")
	}
	if s.To == core.DeliverySent {
		q = q.Set("sent_at = ?", micros(s.Now))
	}
	err = q.Where("user_id = ?", d.id).Where("id = ?", s.ID).
		Where("state = ?", s.From).Where("attempt = ?", s.Attempt).Returning("*").Scan(ctx)
	return row, err
}

// catchUp gives a delivery that waits again what it missed while it was on its way: a
// revoke or an edit of its message. What had ended is a person's to send again all the same.
func (d deliveries) catchUp(ctx context.Context, tx bun.Tx, row *deliveryRow, from core.DeliveryState) error {
	ended := from != core.DeliveryDispatching && from != core.DeliveryAmbiguous
	offer, err := find[offerRow](ctx, tx, d.tenant, "id = ?", row.OfferID)
	if err != nil {
		return err
	}
	message, err := find[inboxRow](ctx, tx, d.tenant, "id = ?", offer.InboxID)
	if err != nil {
		return err
	}
	switch {
	case message.State == core.InboxRevoked && !ended:
		row.State, row.Reason, row.Detail = core.DeliveryCancelled, core.ReasonRevoked, ""
	case offer.HoldReason != "" && !ended:
		row.State, row.Reason, row.Detail = core.DeliveryCancelled, core.ReasonEdited, ""
	default:
		row.catchUp()
	}
	return nil
}

func (d deliveries) Unproven(ctx context.Context, chat core.JID, id core.MessageID) (out []core.Delivery, err error) {
	err = d.look(ctx, "unproven deliveries", func(ctx context.Context, db bun.IDB) error {
		var rows []deliveryRow
		err := db.NewSelect().Model(&rows).Where("user_id = ?", d.id).Where("chat_jid = ?", chat).
			Where(`(state IN ('dispatching', 'ambiguous', 'unconfirmed')
				OR (message_id <> '' AND message_id = ?0) OR (client_id <> '' AND client_id = ?0))`, id).
			OrderExpr("dispatched_at, id").Scan(ctx)
		out = toDeliveries(rows)
		return err
	})
	return out, err
}

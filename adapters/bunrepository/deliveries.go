package bunrepository

import (
	"cmp"
	"context"

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

func (d deliveries) Ready(ctx context.Context, each, limit int) (out []repository.Ready, err error) {
	if each <= 0 || limit <= 0 {
		return nil, nil
	}
	err = d.snapshot(ctx, "ready deliveries", func(ctx context.Context, db bun.IDB) error {
		rows, err := d.heads(ctx, db, limit)
		if err == nil && len(rows) > 0 && each > 1 {
			rows, err = d.lines(ctx, db, rows, each, limit)
		}
		if err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]core.OfferID, len(rows))
		for i, row := range rows {
			ids[i] = row.OfferID
		}
		var offers []offerRow
		if err := db.NewSelect().Model(&offers).Column("id", "inbox_id", "chat_jid", "participant", "message_id", "media").
			Where("user_id = ?", d.id).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
			return err
		}
		byID := make(map[core.OfferID]offerRow, len(offers))
		for _, o := range offers {
			byID[o.ID] = o
		}
		out = make([]repository.Ready, len(rows))
		for i, row := range rows {
			o := byID[row.OfferID]
			media, err := toMedia(o.Media)
			if err != nil {
				return err
			}
			out[i] = repository.Ready{Delivery: row.toDelivery(), Inbox: o.InboxID, Source: o.source(), Media: media}
		}
		return nil
	})
	return out, err
}

// heads reads the oldest pending delivery of each destination. It goes from one destination
// to the next in the index, over whatever else is pending.
func (d deliveries) heads(ctx context.Context, db bun.IDB, limit int) (rows []deliveryRow, err error) {
	pending := func(column string) *bun.SelectQuery {
		return db.NewSelect().Model((*deliveryRow)(nil)).Column(column).
			Where("d.user_id = ?", d.id).Where("d.state = 'pending'").Limit(1)
	}
	first := pending("destination_id").OrderExpr("destination_id")
	next := pending("destination_id").Where("d.destination_id > g.id").OrderExpr("destination_id")
	groups := db.NewSelect().ColumnExpr("(?) AS id", first).
		UnionAll(db.NewSelect().TableExpr("groups AS g").ColumnExpr("(?)", next).Where("g.id IS NOT NULL"))
	head := pending("id").Where("d.destination_id = g.id").OrderExpr("source_at, id")
	err = db.NewSelect().WithRecursive("groups", groups).Model(&rows).Where("d.user_id = ?", d.id).
		Where("d.id IN (?)", db.NewSelect().TableExpr("groups AS g").ColumnExpr("(?)", head).Where("g.id IS NOT NULL")).
		OrderExpr("source_at, id").Limit(int64(limit)).Scan(ctx)
	return rows, err
}

// lines reads the oldest pending deliveries, at most each, of the destinations some heads are
// for.
func (d deliveries) lines(ctx context.Context, db bun.IDB, heads []deliveryRow, each, limit int) (rows []deliveryRow, err error) {
	var all *bun.SelectQuery
	for _, head := range heads {
		line := db.NewSelect().ColumnExpr("line.id").TableExpr("(?) AS line", db.NewSelect().Model((*deliveryRow)(nil)).
			Column("id").Where("d.user_id = ?", d.id).Where("d.state = 'pending'").
			Where("d.destination_id = ?", head.DestinationID).OrderExpr("source_at, id").Limit(int64(each)))
		if all == nil {
			all = line
		} else {
			all = all.UnionAll(line)
		}
	}
	err = db.NewSelect().Model(&rows).Where("d.user_id = ?", d.id).Where("d.id IN (?)", all).
		OrderExpr("source_at, id").Limit(int64(limit)).Scan(ctx)
	return rows, err
}

func (d deliveries) Settle(ctx context.Context, s repository.Settle) (out core.Delivery, err error) {
	lost := false
	err = d.change(ctx, "settle delivery", func(ctx context.Context, tx bun.Tx) (err error) {
		out, lost, err = d.settle(ctx, tx, s)
		return err
	})
	if err != nil {
		return core.Delivery{}, err
	}
	if lost {
		return out, conflict()
	}
	return out, nil
}

// settle moves a delivery along the state machine; lost says that it is no longer where the
// caller saw it, and that nothing was done.
func (t tenant) settle(ctx context.Context, tx bun.Tx, s repository.Settle) (out core.Delivery, lost bool, err error) {
	if err := permissible(s); err != nil {
		return core.Delivery{}, false, err
	}
	if ends(s) {
		done, err := t.end(ctx, tx, s)
		if err != nil {
			return core.Delivery{}, false, err
		}
		if len(done) > 0 {
			return done[0].toDelivery(), false, nil
		}
	}
	if s.To == core.DeliveryPending {
		// An edit or a revoke of its message must come before this or see it pending.
		if err := t.lockMessage(ctx, tx, s.ID); err != nil {
			return core.Delivery{}, false, err
		}
	}
	row, err := locked[deliveryRow](ctx, tx, t, "id = ?", s.ID)
	if err != nil {
		return core.Delivery{}, false, err
	}
	if row.State != s.From || row.Attempt != s.Attempt {
		return row.toDelivery(), true, nil
	}
	row.State, row.Reason, row.Detail = s.To, s.Reason, s.Detail
	if s.To == core.DeliveryPending && s.From != core.DeliveryPending {
		if err := t.catchUp(ctx, tx, &row, s.From); err != nil {
			return core.Delivery{}, false, err
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
		return out, false, err
	}
	return out, false, t.changeLane(ctx, tx, row.InstanceID, func(l *laneRow) error {
		l.PacedUntil = max(l.PacedUntil, micros(s.RestUntil))
		l.NextSendAt = max(l.NextSendAt, l.PacedUntil)
		l.due(max(micros(s.Now), row.NotBefore))
		return nil
	})
}

// lockMessage locks the message that a delivery comes from.
func (t tenant) lockMessage(ctx context.Context, tx bun.Tx, id core.DeliveryID) error {
	delivery, err := find[deliveryRow](ctx, tx, t, "id = ?", id)
	if err != nil {
		return err
	}
	offer, err := find[offerRow](ctx, tx, t, "id = ?", delivery.OfferID)
	if err != nil {
		return err
	}
	_, err = locked[inboxRow](ctx, tx, t, "id = ?", offer.InboxID)
	return err
}

// permissible refuses what is no arrow of the state machine. Only Begin gives permission for
// an attempt.
func permissible(s repository.Settle) error {
	if !s.From.CanBecome(s.To) || s.To == core.DeliveryDispatching {
		return core.NewError(core.CodeInvalid, core.ReasonDeliveryState, string(s.From))
	}
	return nil
}

// ends says whether a Settle concerns nothing but its delivery's own row.
func ends(s repository.Settle) bool { return s.To != core.DeliveryPending && s.RestUntil.IsZero() }

// endRow is what end has to know of one Settle. Its columns have names of their own, because
// SQLite does not take qualified ones where a statement returns rows.
type endRow struct {
	bun.BaseModel `bun:"table:ended,alias:e"`

	ID           core.DeliveryID    `bun:"delivery_id,type:uuid"`
	From         core.DeliveryState `bun:"from_state"`
	Attempt      int                `bun:"from_attempt"`
	To           core.DeliveryState `bun:"to_state"`
	Reason       core.Reason        `bun:"to_reason"`
	Detail       string             `bun:"to_detail"`
	MessageID    core.MessageID     `bun:"sent_as"`
	NotBefore    int64              `bun:"wait_until"`
	WithoutMedia bool               `bun:"text_alone"`
	Epochs       int                `bun:"epochs"` // to add
	Now          int64              `bun:"ended_at"`
}

// end is settle for those it takes one statement for. What is not there any more is left
// out.
func (t tenant) end(ctx context.Context, tx bun.Tx, all ...repository.Settle) (done []deliveryRow, err error) {
	rows := make([]endRow, len(all))
	for i, s := range all {
		rows[i] = endRow{
			ID: s.ID, From: s.From, Attempt: s.Attempt, To: s.To, Reason: s.Reason, Detail: s.Detail,
			MessageID: s.MessageID, NotBefore: micros(s.NotBefore), WithoutMedia: s.WithoutMedia, Now: micros(s.Now),
		}
		if s.RaiseEpoch {
			rows[i].Epochs = 1
		}
	}
	err = tx.NewUpdate().With("ended", tx.NewValues(&rows)).Model(&done).TableExpr("ended AS e").
		Set("state = e.to_state").Set("reason = e.to_reason").Set("detail = e.to_detail").
		Set("not_before = e.wait_until").Set("deadline = 0").Set("updated_at = e.ended_at").
		Set("without_media = (d.without_media OR e.text_alone)").Set("epoch = d.epoch + e.epochs").
		Set("message_id = CASE WHEN e.sent_as <> '' THEN e.sent_as ELSE d.message_id END").
		Set("sent_at = CASE WHEN e.to_state = ? THEN e.ended_at ELSE d.sent_at END", core.DeliverySent).
		Where("d.user_id = ?", t.id).Where("d.id = e.delivery_id").
		Where("d.state = e.from_state").Where("d.attempt = e.from_attempt").Returning("?Columns").Scan(ctx)
	return done, err
}

// settleAll is settle for several, where each must be where the caller saw it.
func (t tenant) settleAll(ctx context.Context, tx bun.Tx, all []repository.Settle) error {
	var plain []repository.Settle
	for _, s := range all {
		if err := permissible(s); err != nil {
			return err
		}
		if ends(s) {
			plain = append(plain, s)
			continue
		}
		if _, lost, err := t.settle(ctx, tx, s); err != nil || lost {
			return cmp.Or(err, conflict())
		}
	}
	if len(plain) == 0 {
		return nil
	}
	done, err := t.end(ctx, tx, plain...)
	if err == nil && len(done) < len(plain) {
		err = conflict()
	}
	return err
}

// catchUp gives a delivery that waits again what it missed while it was on its way: a
// revoke or an edit of its message. What had ended is a person's to send again all the same.
func (t tenant) catchUp(ctx context.Context, tx bun.Tx, row *deliveryRow, from core.DeliveryState) error {
	ended := from != core.DeliveryDispatching && from != core.DeliveryAmbiguous
	offer, err := find[offerRow](ctx, tx, t, "id = ?", row.OfferID)
	if err != nil {
		return err
	}
	message, err := find[inboxRow](ctx, tx, t, "id = ?", offer.InboxID)
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
		// One list for each index: asked for all at once, SQLite reads the tenant's whole history.
		ids := func() *bun.SelectQuery {
			return db.NewSelect().Model((*deliveryRow)(nil)).Column("id").Where("user_id = ?", d.id)
		}
		all := ids().Where("chat_jid = ?", chat).Where("state IN ('dispatching', 'ambiguous', 'unconfirmed')").
			UnionAll(ids().Where("message_id <> ''").Where("message_id = ?", id)).
			UnionAll(ids().Where("client_id <> ''").Where("client_id = ?", id))
		var rows []deliveryRow
		err := db.NewSelect().Model(&rows).Where("user_id = ?", d.id).Where("chat_jid = ?", chat).Where("id IN (?)", all).
			OrderExpr("dispatched_at, id").Scan(ctx)
		out = toDeliveries(rows)
		return err
	})
	return out, err
}

package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

type inbox struct{ tenant }

// store inserts e in a state unless its key is there already, and returns the stored row.
func (b inbox) store(ctx context.Context, tx bun.Tx, e core.InboxEntry) (row inboxRow, created bool, err error) {
	if err := alone(ctx, tx, message(e)); err != nil {
		return row, false, err
	}
	if row, err = b.sameMessage(ctx, tx, e); !errors.Is(err, sql.ErrNoRows) {
		return row, false, err
	}
	row, err = b.fromEntry(e)
	if err != nil {
		return row, false, err
	}
	result, err := tx.NewInsert().Model(&row).
		On("CONFLICT (user_id, instance_id, chat_jid, participant, message_id) DO NOTHING").
		Returning("NULL").Exec(ctx)
	switch err := touched(result, err); {
	case err == nil:
		return row, true, nil
	case !errors.Is(err, sql.ErrNoRows):
		return row, false, err
	}
	row, err = locked[inboxRow](ctx, tx, b.tenant,
		"instance_id = ? AND chat_jid = ? AND participant = ? AND message_id = ?",
		e.InstanceID, e.Key.Chat, e.Key.Participant, e.Key.ID)
	return row, false, err
}

// storeNew is store for a message of which nothing is known, in one statement; stored says
// whether it was one.
func (b inbox) storeNew(ctx context.Context, e core.InboxEntry) (stored bool, err error) {
	row, err := b.fromEntry(e)
	if err != nil {
		return false, err
	}
	err = b.put(ctx, "accept new message", message(e), func(ctx context.Context, db bun.IDB) error {
		result, err := db.NewInsert().With("new", db.NewValues(&[]inboxRow{row})).Model((*inboxRow)(nil)).
			ColumnExpr("?Columns").TableExpr("(?) AS n", db.NewSelect().TableExpr("new").Where("NOT EXISTS (?)", b.named(db, e).ColumnExpr("1"))).
			Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		stored = n == 1
		return err
	})
	return stored && err == nil, err
}

// named selects the rows of a message, whoever is said to be its author.
func (b inbox) named(db bun.IDB, e core.InboxEntry) *bun.SelectQuery {
	return db.NewSelect().Model((*inboxRow)(nil)).Where("user_id = ?", b.id).
		Where("instance_id = ? AND chat_jid = ? AND message_id = ?", e.InstanceID, e.Key.Chat, e.Key.ID)
}

// message names what one transaction at a time may be at.
func message(e core.InboxEntry) string {
	return "message " + string(e.InstanceID) + " " + string(e.Key.Chat) + " " + string(e.Key.ID)
}

// sameMessage finds the row of a message whose author is named otherwise, because some
// events do not name one, or by the other form of the address; sql.ErrNoRows when there is
// none, or no certain one.
func (b inbox) sameMessage(ctx context.Context, tx bun.Tx, e core.InboxEntry) (inboxRow, error) {
	var rows []inboxRow
	err := b.named(tx, e).Scan(ctx, &rows)
	rows = slices.DeleteFunc(rows, func(row inboxRow) bool { return !otherForm(row.Participant, e.Key.Participant) })
	if err == nil && len(rows) != 1 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return inboxRow{}, err
	}
	row, err := locked[inboxRow](ctx, tx, b.tenant, "id = ?", rows[0].ID)
	if err == nil && row.Participant == "" {
		row.Participant = e.Key.Participant
		err = replace(ctx, tx, row)
	}
	return row, err
}

// otherForm says whether two different names of an author can be one person's: one is
// missing, or they are addresses of different kinds.
func otherForm(a, b core.JID) bool {
	_, kindA, _ := strings.Cut(string(a), "@")
	_, kindB, _ := strings.Cut(string(b), "@")
	return (a == "") != (b == "") || kindA != "" && kindB != "" && kindA != kindB
}

func (b inbox) Accept(ctx context.Context, e core.InboxEntry) (id core.InboxID, created bool, err error) {
	e = storable(e)
	if e.State != core.InboxSkipped {
		e.State, e.Reason = core.InboxNew, ""
	}
	e.Starts, e.Retries, e.Revision = 0, 0, 0
	// Most messages are new. Whatever else may be the case, also that an answer was lost, is
	// found out below: their key makes it safe to store them twice.
	if stored, err := b.storeNew(ctx, e); err == nil && stored {
		return e.ID, true, nil
	}
	err = b.change(ctx, "accept message", func(ctx context.Context, tx bun.Tx) error {
		row, isNew, err := b.store(ctx, tx, e)
		if err != nil {
			return err
		}
		id, created = row.ID, isNew
		if isNew || row.State != core.InboxWaiting {
			return nil
		}
		// The edit came first: its text stays, the rest of the message is filled in. Why the
		// message was to be skipped need not be true of that text.
		e.ID, e.Text, e.Revision, e.State, e.Reason = row.ID, row.Text, row.Revision, core.InboxNew, ""
		edited := row.EditedAt
		if row, err = b.fromEntry(e); err != nil {
			return err
		}
		row.EditedAt, created = edited, true
		return replace(ctx, tx, row)
	})
	return id, created, err
}

func (b inbox) Edit(ctx context.Context, e core.InboxEntry) (id core.InboxID, changed bool, err error) {
	e = storable(e)
	e.State, e.Reason, e.Starts, e.Retries, e.RetryAt, e.Revision = core.InboxWaiting, "", 0, 0, time.Time{}, 1
	err = b.change(ctx, "edit message", func(ctx context.Context, tx bun.Tx) error {
		row, created, err := b.store(ctx, tx, e)
		if err != nil {
			return err
		}
		id = row.ID
		at := micros(e.SentAt)
		switch {
		case created:
			row.EditedAt = at
			return replace(ctx, tx, row)
		case row.State == core.InboxRevoked || at < row.EditedAt:
			return nil
		case row.Text == e.Text:
			row.EditedAt = at
			return replace(ctx, tx, row)
		}
		row.Text, row.Revision, row.EditedAt = e.Text, row.Revision+1, at
		if row.State != core.InboxWaiting {
			// Another text is another piece of work: it gets its starts anew.
			row.State, row.Reason, row.Starts, row.Retries, row.RetryAt = core.InboxNew, "", 0, 0, 0
			row.DueAt = micros(e.ReceivedAt)
			changed = true
		}
		return replace(ctx, tx, row)
	})
	if err != nil {
		return "", false, err
	}
	return id, changed, nil
}

func (b inbox) Revoke(ctx context.Context, e core.InboxEntry) error {
	e = storable(e)
	e.State, e.Reason, e.Starts, e.Retries, e.RetryAt = core.InboxRevoked, core.ReasonRevoked, 0, 0, time.Time{}
	return b.change(ctx, "revoke message", func(ctx context.Context, tx bun.Tx) error {
		row, created, err := b.store(ctx, tx, e)
		if err != nil || created {
			return err
		}
		row.State, row.Reason, row.RetryAt = core.InboxRevoked, core.ReasonRevoked, 0
		if err := replace(ctx, tx, row); err != nil {
			return err
		}
		return b.cancelPending(ctx, tx, core.ReasonRevoked,
			"offer_id IN (SELECT id FROM offers WHERE user_id = ? AND inbox_id = ?)", b.id, row.ID)
	})
}

func (b inbox) Newest(ctx context.Context, chat core.JID) (newest time.Time, err error) {
	err = b.look(ctx, "newest message", func(ctx context.Context, db bun.IDB) error {
		var at int64
		err := db.NewSelect().Model((*inboxRow)(nil)).ColumnExpr("coalesce(max(sent_at), 0)").
			Where("user_id = ?", b.id).Where("chat_jid = ?", chat).Scan(ctx, &at)
		newest = moment(at)
		return err
	})
	return newest, err
}

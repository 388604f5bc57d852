package bunrepository

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/autopromo-cloud/autopromo/core"
)

// inboxRow is a row of inbox.
type inboxRow struct {
	bun.BaseModel `bun:"table:inbox,alias:i"`

	UserID      core.TenantID   `bun:"user_id,pk"`
	ID          core.InboxID    `bun:"id,pk"`
	InstanceID  core.InstanceID `bun:"instance_id"`
	ChatJID     core.JID        `bun:"chat_jid"`
	Participant core.JID        `bun:"participant"`
	MessageID   core.MessageID  `bun:"message_id"`
	Text        string          `bun:"text"`
	Media       string          `bun:"media,nullzero"`
	SentAt      int64           `bun:"sent_at"`
	ReceivedAt  int64           `bun:"received_at"`
	State       core.InboxState `bun:"state"`
	Reason      core.Reason     `bun:"reason"`
	Starts      int             `bun:"starts"`
	RetryAt     int64           `bun:"retry_at"`
	Revision    int             `bun:"revision"`
	Retries     int             `bun:"retries"`
	EditedAt    int64           `bun:"edited_at"` // of the edit Text comes from
	// DueAt is when a new entry became due, or a claim expires: what the sweeper looks for.
	DueAt int64 `bun:"due_at"`
}

// mediaJSON is the stored form of core.Media.
type mediaJSON struct {
	Kind     core.MediaKind `json:"kind"`
	MimeType string         `json:"mime_type,omitempty"`
	FileName string         `json:"file_name,omitempty"`
	Handle   []byte         `json:"handle,omitempty"`
}

func fromMedia(m *core.Media) (string, error) {
	if m == nil {
		return "", nil
	}
	j := mediaJSON(*m)
	j.MimeType, j.FileName = plain(j.MimeType), plain(j.FileName)
	return toJSON(j)
}

// plain is a stranger's text as every database can store it: PostgreSQL refuses NUL
// characters and what is no UTF-8, and a message must not be lost for that.
func plain[S ~string](s S) S {
	return S(strings.ReplaceAll(strings.ToValidUTF8(string(s), "\uFFFD"), "\x00", ""))
}

func toMedia(text string) (*core.Media, error) {
	if text == "" {
		return nil, nil
	}
	var j mediaJSON
	if err := fromJSON(text, &j); err != nil {
		return nil, err
	}
	m := core.Media(j)
	return &m, nil
}

func (t tenant) fromEntry(e core.InboxEntry) (inboxRow, error) {
	media, err := fromMedia(e.Media)
	return inboxRow{
		UserID: t.id, ID: e.ID, InstanceID: e.InstanceID,
		ChatJID: plain(e.Key.Chat), Participant: plain(e.Key.Participant), MessageID: plain(e.Key.ID),
		Text: plain(e.Text), Media: media, SentAt: micros(e.SentAt), ReceivedAt: micros(e.ReceivedAt),
		State: e.State, Reason: e.Reason, Starts: e.Starts, RetryAt: micros(e.RetryAt),
		Revision: e.Revision, Retries: e.Retries, DueAt: max(micros(e.ReceivedAt), micros(e.RetryAt)),
	}, err
}

func (r inboxRow) toEntry() (core.InboxEntry, error) {
	media, err := toMedia(r.Media)
	return core.InboxEntry{
		ID: r.ID, InstanceID: r.InstanceID,
		Key:  core.MessageKey{Chat: r.ChatJID, Participant: r.Participant, ID: r.MessageID},
		Text: r.Text, Media: media, SentAt: moment(r.SentAt), ReceivedAt: moment(r.ReceivedAt),
		State: r.State, Reason: r.Reason, Starts: r.Starts, RetryAt: moment(r.RetryAt),
		Revision: r.Revision, Retries: r.Retries,
	}, err
}

type inbox struct{ tenant }

// store inserts e in a state unless its key is there already, and returns the stored row.
func (b inbox) store(ctx context.Context, tx bun.Tx, e core.InboxEntry) (row inboxRow, created bool, err error) {
	if err := alone(ctx, tx, "message "+string(e.InstanceID)+" "+string(e.Key.Chat)+" "+string(e.Key.ID)); err != nil {
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
		e.InstanceID, plain(e.Key.Chat), plain(e.Key.Participant), plain(e.Key.ID))
	return row, false, err
}

// sameMessage finds the row of a message whose author is named otherwise, because some
// events do not name one, or by the other form of the address; sql.ErrNoRows when there is
// none, or no certain one.
func (b inbox) sameMessage(ctx context.Context, tx bun.Tx, e core.InboxEntry) (inboxRow, error) {
	rows, err := list[inboxRow](ctx, tx, b.tenant, "instance_id = ? AND chat_jid = ? AND message_id = ?",
		e.InstanceID, plain(e.Key.Chat), plain(e.Key.ID))
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
	if e.State != core.InboxSkipped {
		e.State, e.Reason = core.InboxNew, ""
	}
	e.Starts, e.Retries, e.Revision = 0, 0, 0
	err = b.change(ctx, "accept message", func(ctx context.Context, tx bun.Tx) error {
		row, isNew, err := b.store(ctx, tx, e)
		if err != nil {
			return err
		}
		id, created = row.ID, isNew
		if isNew || row.State != core.InboxWaiting {
			return nil
		}
		// The edit came first: its text stays, the rest of the message is filled in.
		e.ID, e.Text, e.Revision = row.ID, row.Text, row.Revision
		edited := row.EditedAt
		if row, err = b.fromEntry(e); err != nil {
			return err
		}
		row.EditedAt, created = edited, true
		return replace(ctx, tx, row)
	})
	return id, created, err
}

func (b inbox) Claim(ctx context.Context, now, until time.Time, limit int) (claimed []core.InboxEntry, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = b.change(ctx, "claim messages", func(ctx context.Context, tx bun.Tx) error {
		claimed = nil
		for {
			rows, err := b.due(ctx, tx, micros(now), limit)
			if err != nil || len(rows) == 0 {
				return err
			}
			if head := rows[0]; head.unfinished() >= core.MaxStarts {
				head.State, head.Reason, head.RetryAt = core.InboxDead, core.ReasonPoison, 0
				if err := replace(ctx, tx, head); err != nil {
					return err
				}
				continue
			}
			claimed, err = b.begin(ctx, tx, claimable(rows), micros(until))
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// unfinished counts the starts that did not come to an end.
func (r inboxRow) unfinished() int { return r.Starts - r.Retries }

// due reads, and locks, entries that wait at now, the longest-due first. Each state has its
// own index in that order.
func (b inbox) due(ctx context.Context, tx bun.Tx, now int64, limit int) ([]inboxRow, error) {
	var rows []inboxRow
	for _, state := range []core.InboxState{core.InboxNew, core.InboxClaimed} {
		var some []inboxRow
		q := tx.NewSelect().Model(&some).Where("user_id = ?", b.id).Where("state = ?", state).
			Where("due_at <= ?", now).OrderExpr("due_at, id").Limit(int64(limit))
		if tx.Dialect().Name() != dialect.SQLite {
			q = q.For("UPDATE SKIP LOCKED")
		}
		if err := q.Scan(ctx); err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	slices.SortStableFunc(rows, func(a, b inboxRow) int {
		return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return rows[:min(limit, len(rows))], nil
}

// claimable is which of the due rows may be begun together: the head alone when it may have
// killed its worker, else all that cannot have.
func claimable(rows []inboxRow) []inboxRow {
	if rows[0].unfinished() > 0 {
		return rows[:1]
	}
	return slices.DeleteFunc(rows, func(row inboxRow) bool { return row.unfinished() > 0 })
}

// begin claims locked rows.
func (b inbox) begin(ctx context.Context, tx bun.Tx, rows []inboxRow, until int64) ([]core.InboxEntry, error) {
	ids := make([]core.InboxID, 0, len(rows))
	entries := make([]core.InboxEntry, 0, len(rows))
	for _, row := range rows {
		row.State, row.Starts, row.DueAt = core.InboxClaimed, row.Starts+1, until
		entry, err := row.toEntry()
		if err != nil {
			return nil, err
		}
		ids, entries = append(ids, row.ID), append(entries, entry)
	}
	_, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("state = ?", core.InboxClaimed).
		Set("starts = starts + 1").Set("due_at = ?", until).
		Where("user_id = ?", b.id).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return entries, err
}

func (b inbox) Renew(ctx context.Context, claims []core.InboxEntry, until time.Time) error {
	if len(claims) == 0 {
		return nil
	}
	return b.change(ctx, "renew claims", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("due_at = ?", micros(until)).
			Where("user_id = ?", b.id).Where("state = ?", core.InboxClaimed).Where("due_at < ?", micros(until)).
			WhereGroup(" AND ", func(q *bun.UpdateQuery) *bun.UpdateQuery {
				for _, e := range claims {
					q = q.WhereOr("id = ? AND starts = ? AND revision = ?", e.ID, e.Starts, e.Revision)
				}
				return q
			}).Exec(ctx)
		return err
	})
}

func (b inbox) Finish(ctx context.Context, entry core.InboxEntry) error {
	return b.change(ctx, "finish message", func(ctx context.Context, tx bun.Tx) error {
		return b.finish(ctx, tx, entry)
	})
}

// finish ends a claim that is still the current one.
func (t tenant) finish(ctx context.Context, tx bun.Tx, entry core.InboxEntry) error {
	switch entry.State {
	case core.InboxDone, core.InboxSkipped, core.InboxDead:
		entry.RetryAt = time.Time{}
	case core.InboxNew:
	default:
		return core.NewError(core.CodeInvalid, core.ReasonInvalidField, "state")
	}
	row, err := locked[inboxRow](ctx, tx, t, "id = ?", entry.ID)
	if err != nil {
		return err
	}
	if row.State != core.InboxClaimed || row.Starts != entry.Starts || row.Revision != entry.Revision {
		return conflict()
	}
	if entry.State == core.InboxNew {
		row.Retries++
	}
	row.State, row.Reason = entry.State, entry.Reason
	row.RetryAt, row.DueAt = micros(entry.RetryAt), micros(entry.RetryAt)
	return replace(ctx, tx, row)
}

func (b inbox) Edit(ctx context.Context, e core.InboxEntry) (id core.InboxID, changed bool, err error) {
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

func (b inbox) Dead(ctx context.Context, before core.InboxID, limit int) (dead []core.InboxEntry, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = b.look(ctx, "dead messages", func(ctx context.Context, db bun.IDB) error {
		var rows []inboxRow
		q := db.NewSelect().Model(&rows).Where("user_id = ?", b.id).Where("state = 'dead'").
			OrderExpr("id DESC").Limit(int64(limit))
		if before != "" {
			q = q.Where("id < ?", before)
		}
		if err := q.Scan(ctx); err != nil {
			return err
		}
		for _, row := range rows {
			entry, err := row.toEntry()
			if err != nil {
				return err
			}
			dead = append(dead, entry)
		}
		return nil
	})
	return dead, err
}

func (b inbox) Redrive(ctx context.Context, id core.InboxID, now time.Time) error {
	return b.change(ctx, "redrive message", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[inboxRow](ctx, tx, b.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		if row.State != core.InboxDead {
			return conflict()
		}
		row.State, row.Reason, row.Starts, row.Retries, row.RetryAt = core.InboxNew, "", 0, 0, 0
		row.DueAt = micros(now)
		return replace(ctx, tx, row)
	})
}

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
	return toJSON(mediaJSON(*m))
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
		ChatJID: e.Key.Chat, Participant: e.Key.Participant, MessageID: e.Key.ID,
		Text: e.Text, Media: media, SentAt: micros(e.SentAt), ReceivedAt: micros(e.ReceivedAt),
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

// sameMessage finds the row of a message whose author is named otherwise, because some
// events do not name one, or by the other form of the address; sql.ErrNoRows when there is
// none, or no certain one.
func (b inbox) sameMessage(ctx context.Context, tx bun.Tx, e core.InboxEntry) (inboxRow, error) {
	rows, err := list[inboxRow](ctx, tx, b.tenant, "instance_id = ? AND chat_jid = ? AND message_id = ?",
		e.InstanceID, e.Key.Chat, e.Key.ID)
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
	e.State, e.Reason, e.Starts, e.Retries, e.Revision = core.InboxNew, "", 0, 0, 0
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

func (b inbox) Claim(ctx context.Context, id core.InboxID, now, until time.Time) (e core.InboxEntry, err error) {
	claimed := false
	err = b.change(ctx, "claim message", func(ctx context.Context, tx bun.Tx) error {
		row, err := locked[inboxRow](ctx, tx, b.tenant, "id = ?", id)
		if err != nil {
			return err
		}
		switch {
		case row.State == core.InboxNew && row.RetryAt <= micros(now):
		case row.State == core.InboxClaimed && row.DueAt <= micros(now):
		default:
			return conflict()
		}
		if row.Starts-row.Retries >= core.MaxStarts {
			row.State, row.Reason, row.RetryAt = core.InboxDead, core.ReasonPoison, 0
			return replace(ctx, tx, row)
		}
		row.State, row.Starts, row.DueAt = core.InboxClaimed, row.Starts+1, micros(until)
		claimed = true
		if e, err = row.toEntry(); err != nil {
			return err
		}
		return replace(ctx, tx, row)
	})
	if err == nil && !claimed {
		err = conflict() // set aside, which is stored
	}
	if err != nil {
		return core.InboxEntry{}, err
	}
	return e, nil
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

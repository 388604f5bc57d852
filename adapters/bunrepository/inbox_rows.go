package bunrepository

import (
	"strings"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

// inboxRow is a row of inbox.
type inboxRow struct {
	bun.BaseModel `bun:"table:inbox,alias:i"`

	UserID      core.TenantID   `bun:"user_id,pk,type:uuid"`
	ID          core.InboxID    `bun:"id,pk,type:uuid"`
	InstanceID  core.InstanceID `bun:"instance_id,type:uuid"`
	ChatJID     core.JID        `bun:"chat_jid"`
	Participant core.JID        `bun:"participant"`
	MessageID   core.MessageID  `bun:"message_id"`
	Text        string          `bun:"text"`
	// Media is JSON already; for a plain jsonb bun would encode it once more.
	Media      string          `bun:"media,nullzero,type:pg_catalog.jsonb"`
	SentAt     int64           `bun:"sent_at"`
	ReceivedAt int64           `bun:"received_at"`
	State      core.InboxState `bun:"state"`
	Reason     core.Reason     `bun:"reason"`
	Starts     int             `bun:"starts"`
	RetryAt    int64           `bun:"retry_at"`
	Revision   int             `bun:"revision"`
	Retries    int             `bun:"retries"`
	EditedAt   int64           `bun:"edited_at"` // of the edit Text comes from
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

// storable is a stranger's message as every database can store it: PostgreSQL refuses NUL
// characters and what is no UTF-8, and a message must not be lost for that.
func storable(e core.InboxEntry) core.InboxEntry {
	e.Key = core.MessageKey{Chat: plain(e.Key.Chat), Participant: plain(e.Key.Participant), ID: plain(e.Key.ID)}
	e.Text = plain(e.Text)
	return e
}

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

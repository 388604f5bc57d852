package watermillbus

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// A message is one row per consumer group. available_at (Unix milliseconds) is when it may be
// claimed: a claim moves it to the claim's end, a Nack to the end of the delay. starts
// counts the claims, claimed_by names the subscription of the last one.
//
// AUTOINCREMENT keeps a seq from being used twice, which makes a late acknowledgement of an
// expired claim harmless.
const schema = `
CREATE TABLE IF NOT EXISTS consumer_groups (
	topic TEXT NOT NULL,
	name  TEXT NOT NULL,
	PRIMARY KEY (topic, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
	seq            INTEGER PRIMARY KEY AUTOINCREMENT,
	topic          TEXT NOT NULL,
	consumer_group TEXT NOT NULL,
	uuid           TEXT NOT NULL,
	metadata       TEXT,
	payload        BLOB,
	available_at   INTEGER NOT NULL,
	starts         INTEGER NOT NULL DEFAULT 0,
	claimed_by     INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS messages_available ON messages (topic, consumer_group, available_at, seq);
`

// queries are the prepared statements, all but work on the writer's connection.
type queries struct {
	joinGroup, firstGroup, insert, claim, next, remove, delay, renew, release, repair *sql.Stmt

	work *sql.Stmt
}

func prepareQueries(ctx context.Context, writer *sql.Conn, reader *sql.DB) (*queries, error) {
	var q queries
	const ids = `IN (SELECT value FROM json_each(?))`
	for _, p := range []struct {
		statement **sql.Stmt
		text      string
	}{
		{&q.joinGroup, `INSERT OR IGNORE INTO consumer_groups (topic, name) VALUES (?, ?)`},
		{&q.firstGroup, `INSERT INTO consumer_groups (topic, name)
			SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM consumer_groups WHERE topic = ?1)`},
		{&q.insert, `INSERT INTO messages (topic, consumer_group, uuid, metadata, payload, available_at)
			SELECT topic, name, ?2, ?3, ?4, ?5 FROM consumer_groups WHERE topic = ?1`},
		{&q.claim, `UPDATE messages SET available_at = ?4, starts = starts + 1, claimed_by = ?5
			WHERE seq IN (SELECT seq FROM messages
				WHERE topic = ?1 AND consumer_group = ?2 AND available_at <= ?3
				ORDER BY available_at, seq LIMIT ?6)
			RETURNING seq, uuid, metadata, payload, starts`},
		{&q.next, `SELECT min(available_at) FROM messages WHERE topic = ? AND consumer_group = ?`},
		{&q.remove, `DELETE FROM messages WHERE seq ` + ids},
		{&q.delay, `UPDATE messages SET available_at = ? WHERE seq = ? AND claimed_by = ?`},
		{&q.renew, `UPDATE messages SET available_at = ? WHERE claimed_by = ? AND seq ` + ids},
		{&q.release, `UPDATE messages SET available_at = ?, starts = starts - ? WHERE claimed_by = ? AND seq ` + ids},
		{&q.repair, `UPDATE messages SET available_at = ?3
			WHERE topic = ?1 AND consumer_group = ?2 AND available_at > ?4`},
	} {
		var err error
		if *p.statement, err = writer.PrepareContext(ctx, p.text); err != nil {
			return nil, errors.Join(err, q.close())
		}
	}
	var err error
	if q.work, err = reader.PrepareContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM messages WHERE topic = ?1 AND consumer_group = ?2 AND available_at <= ?3),
		EXISTS (SELECT 1 FROM messages WHERE topic = ?1 AND consumer_group = ?2 AND available_at > ?4)`); err != nil {
		return nil, errors.Join(err, q.close())
	}
	return &q, nil
}

func (q *queries) close() error {
	var errs []error
	for _, s := range []*sql.Stmt{
		q.joinGroup, q.firstGroup, q.insert, q.claim, q.next, q.remove, q.delay, q.renew, q.release, q.repair, q.work,
	} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

// claim is a message held by a subscription.
type claim struct {
	seq    int64
	starts int
	msg    *message.Message
	cancel context.CancelFunc
}

// take claims up to limit available messages for the subscription, the longest available
// first.
func (q *queries) take(ctx context.Context, s *subscription, limit int) ([]*claim, error) {
	now := time.Now()
	rows, err := q.claim.QueryContext(ctx, s.topic, s.group, now.UnixMilli(),
		now.Add(s.queue.options.ClaimFor).UnixMilli(), s.id, limit)
	if err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var claims []*claim
	for rows.Next() {
		var (
			c        claim
			uuid     string
			metadata sql.NullString
			payload  []byte
		)
		if err := rows.Scan(&c.seq, &uuid, &metadata, &payload, &c.starts); err != nil {
			return nil, fmt.Errorf("claim messages: %w", err)
		}
		c.msg = message.NewMessage(uuid, payload)
		if metadata.Valid {
			if err := json.Unmarshal([]byte(metadata.String), &c.msg.Metadata); err != nil {
				// The payload is what matters; an unreadable label must not block the queue.
				s.queue.options.Logger.Error("bus message has unreadable metadata", "message_id", uuid)
			}
		}
		claims = append(claims, &c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("claim messages: %w", err)
	}
	slices.SortFunc(claims, func(a, b *claim) int { return cmp.Compare(a.seq, b.seq) })
	return claims, nil
}

// nextAvailable is when the subscription's next message can be claimed; ok is false when it
// has none.
func (q *queries) nextAvailable(ctx context.Context, s *subscription) (at time.Time, ok bool, err error) {
	var ms sql.NullInt64
	if err := q.next.QueryRowContext(ctx, s.topic, s.group).Scan(&ms); err != nil {
		return time.Time{}, false, fmt.Errorf("look for the next message: %w", err)
	}
	return time.UnixMilli(ms.Int64), ms.Valid, nil
}

// jsonIDs is the argument of a statement over many messages.
func jsonIDs(claims []*claim) string {
	ids := make([]int64, len(claims))
	for i, c := range claims {
		ids[i] = c.seq
	}
	text, _ := json.Marshal(ids) // integers always encode
	return string(text)
}

package watermillbus

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Publish implements [message.Publisher]: it returns nil when all messages are on disk, and
// an error when none is. Messages for a topic that no group has subscribed to wait for the
// group of this handle.
func (q *SQLite) Publish(topic string, messages ...*message.Message) error {
	if topic == "" {
		return errors.New("watermillbus: a topic is required")
	}
	if len(messages) == 0 {
		return nil
	}
	metadata := make([]sql.NullString, len(messages))
	for i, m := range messages {
		if err := m.Context().Err(); err != nil {
			return fmt.Errorf("publish message %s: %w", m.UUID, err)
		}
		if len(m.Metadata) > 0 {
			text, err := json.Marshal(m.Metadata)
			if err != nil {
				return fmt.Errorf("publish message %s: %w", m.UUID, err)
			}
			metadata[i] = sql.NullString{String: string(text), Valid: true}
		}
	}
	if err := q.begin(); err != nil {
		return err
	}
	defer q.active.Done()

	registered := q.isRegistered(topic)
	err := q.commits.do(func(ctx context.Context) error {
		if !registered {
			if _, err := q.queries.firstGroup.ExecContext(ctx, topic, q.options.Group); err != nil {
				return err
			}
		}
		now := time.Now().UnixMilli()
		for i, m := range messages {
			if _, err := q.queries.insert.ExecContext(ctx, topic, m.UUID, metadata[i], []byte(m.Payload), now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	q.setRegistered(topic)
	q.wake(topic)
	return nil
}

func (q *SQLite) isRegistered(topic string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.registered[topic]
}

func (q *SQLite) setRegistered(topic string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.registered[topic] = true
}

// wake tells this handle's subscriptions of topic that there may be work.
func (q *SQLite) wake(topic string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := range q.subscriptions {
		if s.topic == topic {
			select {
			case s.woken <- struct{}{}:
			default:
			}
		}
	}
}

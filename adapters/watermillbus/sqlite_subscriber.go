package watermillbus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/ThreeDotsLabs/watermill/message"
)

// SubscribeInitialize implements [message.SubscribeInitializer]: from now on this handle's
// group gets every message of topic.
func (q *SQLite) SubscribeInitialize(topic string) error {
	if topic == "" {
		return errors.New("watermillbus: a topic is required")
	}
	if err := q.begin(); err != nil {
		return err
	}
	defer q.active.Done()
	err := q.commits.do(func(ctx context.Context) error {
		_, err := q.queries.joinGroup.ExecContext(ctx, topic, q.options.Group)
		return err
	})
	if err != nil {
		return fmt.Errorf("join group %s: %w", q.options.Group, err)
	}
	q.setRegistered(topic)
	return nil
}

// Subscribe implements [message.Subscriber]. Messages come one after the other without
// waiting for acknowledgements, up to the window of the options. The channel closes when ctx
// ends or the queue is closed; by then every acknowledgement given so far is on disk, and
// what was not acknowledged is free for others.
func (q *SQLite) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := q.SubscribeInitialize(topic); err != nil {
		return nil, err
	}
	if err := q.begin(); err != nil {
		return nil, err
	}
	s := &subscription{
		queue:   q,
		topic:   topic,
		group:   q.options.Group,
		id:      rand.Int64(),
		out:     make(chan *message.Message),
		woken:   make(chan struct{}, 1),
		settled: make(chan struct{}, 1),
		held:    map[int64]*claim{},
		hungry:  true,
	}
	q.mu.Lock()
	q.subscriptions[s] = struct{}{}
	q.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(q.ending, cancel)
	go func() {
		defer q.active.Done()
		defer close(s.out)
		s.run(ctx)
		unlink()
		cancel()
		q.mu.Lock()
		delete(q.subscriptions, s)
		q.mu.Unlock()
		q.wake(topic) // what was released may be for another subscription
	}()
	return s.out, nil
}

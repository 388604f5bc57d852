package watermillbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

const (
	// maxPipeline bounds how many entries share a round trip.
	maxPipeline = 256
	// publishWithin bounds one round trip. Publishers are in a hurry and have their truth
	// elsewhere; after a failure the others are refused at once for publishRest.
	publishWithin = 2 * time.Second
	publishRest   = time.Second
)

// errResting is what publishers get right after somebody else's failure.
var errResting = errors.New("watermillbus: Redis did not answer a moment ago")

// publishing gathers entries of concurrent publishers: they are sent in one round trip,
// while the next batch gathers.
type publishing struct {
	mu    sync.Mutex
	queue []*entry
	led   bool
}

// entry is one message on its way into a stream.
type entry struct {
	args *redis.XAddArgs
	err  error
	done *sync.WaitGroup
}

// Publish implements [message.Publisher]. It returns nil when Redis has all messages, which
// is as durable as Redis is set to be; after an error some may be there.
func (q *Redis) Publish(topic string, messages ...*message.Message) error {
	if topic == "" {
		return errors.New("watermillbus: a topic is required")
	}
	if err := q.begin(); err != nil {
		return err
	}
	defer q.active.Done()
	if time.Now().UnixMilli() < q.restUntil.Load() {
		return errResting
	}
	var done sync.WaitGroup
	entries := make([]*entry, 0, len(messages))
	for _, m := range messages {
		values, err := q.wire.Marshal(topic, m)
		if err != nil {
			return fmt.Errorf("encode message %s: %w", m.UUID, err)
		}
		entries = append(entries, &entry{args: &redis.XAddArgs{Stream: topic, Values: values}, done: &done})
	}
	done.Add(len(entries))
	q.send(entries)
	done.Wait()
	for _, e := range entries {
		if e.err != nil {
			return fmt.Errorf("publish to %s: %w", topic, e.err)
		}
	}
	return nil
}

// send queues entries and sees to it that somebody sends them. The caller is let in.
func (q *Redis) send(entries []*entry) {
	p := &q.publishing
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, entries...)
	if p.led || len(p.queue) == 0 {
		return
	}
	p.led = true
	q.active.Go(q.lead)
}

// lead sends what is queued until nothing is.
func (q *Redis) lead() {
	p := &q.publishing
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 {
		n := min(len(p.queue), maxPipeline)
		batch := slices.Clone(p.queue[:n])
		p.queue = slices.Delete(p.queue, 0, n)
		p.mu.Unlock()
		q.add(batch)
		p.mu.Lock()
	}
	p.led = false
}

// add sends a batch in one round trip.
func (q *Redis) add(batch []*entry) {
	ctx, cancel := context.WithTimeout(context.Background(), publishWithin)
	defer cancel()
	pipe := q.client.Pipeline()
	added := make([]*redis.StringCmd, len(batch))
	for i, e := range batch {
		added[i] = pipe.XAdd(ctx, e.args)
	}
	_, err := pipe.Exec(ctx)
	for i, e := range batch {
		e.err = added[i].Err()
		e.done.Done()
	}
	var answer redis.Error
	if err != nil && !errors.As(err, &answer) {
		q.restUntil.Store(time.Now().Add(publishRest).UnixMilli())
	}
}

package watermillbus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// SubscribeInitialize implements [message.SubscribeInitializer]: from now on this handle's
// group gets every message of topic, and those in the stream already.
func (q *Redis) SubscribeInitialize(topic string) error {
	if topic == "" {
		return errors.New("watermillbus: a topic is required")
	}
	if err := q.begin(); err != nil {
		return err
	}
	defer q.active.Done()
	return q.join(q.ending, topic)
}

func (q *Redis) join(ctx context.Context, topic string) error {
	err := q.client.XGroupCreateMkStream(ctx, topic, q.options.Group, "0").Err()
	if err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return fmt.Errorf("join group %s: %w", q.options.Group, err)
	}
	return nil
}

// Subscribe implements [message.Subscriber]. Messages come one after the other without
// waiting for acknowledgements, up to the window of the options. An outage of Redis is
// waited out. The channel closes when ctx ends or the queue is closed; by then what was not
// acknowledged is free for others.
func (q *Redis) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	return q.subscribe(ctx, topic, 0)
}

// subscribe is Subscribe with room for messages that wait for a handler, so that not each of
// them has to be handed over in person.
func (q *Redis) subscribe(ctx context.Context, topic string, room int) (<-chan *message.Message, error) {
	if err := q.SubscribeInitialize(topic); err != nil {
		return nil, err
	}
	if err := q.begin(); err != nil {
		return nil, err
	}
	s := &redisSubscription{
		queue: q, topic: topic, consumer: consumerName(),
		out:     make(chan *message.Message, room),
		arrived: make(chan []redis.XMessage),
		settled: make(chan struct{}, 1),
		held:    map[string]*redisClaim{},
	}
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(q.ending, cancel)
	go func() {
		defer q.active.Done()
		defer close(s.out)
		defer cancel()
		defer unlink()
		s.run(ctx)
	}()
	return s.out, nil
}

// consumerName is unique, and says where to look for its owner.
func consumerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

const (
	// blockFor is how long a read waits for messages, and so how long an end may take.
	blockFor = 250 * time.Millisecond
	// released is the consumer that holds what nobody does.
	released = "released"
	// maxMalformed bounds the stream of entries that cannot be read.
	maxMalformed = 10_000
)

// read reads new messages until ctx ends, whatever happens to the server.
func (s *redisSubscription) read(ctx context.Context) {
	pause, failing := time.Duration(0), false
	for ctx.Err() == nil {
		streams, err := s.queue.client.XReadGroup(context.WithoutCancel(ctx), &redis.XReadGroupArgs{
			Group: s.queue.options.Group, Consumer: s.consumer, Streams: []string{s.topic, ">"},
			Count: int64(s.queue.options.Batch), Block: blockFor,
		}).Result()
		if err == nil || errors.Is(err, redis.Nil) {
			if failing {
				s.queue.options.Logger.Info("the bus is back", "topic", s.topic)
			}
			pause, failing = 0, false
			for _, stream := range streams {
				select {
				case s.arrived <- stream.Messages:
				case <-ctx.Done(): // giveBack finds them
				}
			}
			continue
		}
		if strings.HasPrefix(err.Error(), "NOGROUP") || strings.HasPrefix(err.Error(), "UNBLOCKED") {
			// The server came back without its data, or somebody removed the stream.
			if s.queue.join(ctx, s.topic) == nil {
				s.queue.options.Logger.Warn("the bus had lost its group", "topic", s.topic)
				continue
			}
		}
		if !failing {
			s.queue.options.Logger.Error("the bus cannot be read; doorbells wait for it", "topic", s.topic, "error", err)
		}
		failing = true
		pause = min(2*pause+20*time.Millisecond, 2*time.Second)
		wait(ctx, pause)
	}
}

// wait waits for d or the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// malformed puts an entry aside that no message can be made of.
func (s *redisSubscription) malformed(ctx context.Context, m redis.XMessage, why error) {
	s.queue.options.Logger.Warn("a bus entry cannot be read; it was put aside", "topic", s.topic, "entry", m.ID, "error", why)
	pipe := s.queue.client.TxPipeline()
	pipe.XAdd(ctx, &redis.XAddArgs{Stream: s.topic + ".malformed", MaxLen: maxMalformed, Approx: true, Values: m.Values})
	pipe.XAck(ctx, s.topic, s.queue.options.Group, m.ID)
	if _, err := pipe.Exec(ctx); err != nil {
		s.queue.options.Logger.Error("a bus entry could not be put aside; it will come again", "entry", m.ID, "error", err)
	}
}

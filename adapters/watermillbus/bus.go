package watermillbus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// Options tune a [Bus]. The zero value works.
type Options struct {
	// Logger receives failures with message ids, never payloads. Default: discard.
	Logger *slog.Logger
	// Concurrency is the most handlers at once per Subscribe. Default: 8. Many Pub/Subs
	// hand over the next message only after the last was acknowledged; with those it takes
	// as many Subscriptions to use it.
	Concurrency int
	// Subscriptions is how many times each Subscribe subscribes. Default: 1. More is right
	// only when subscriptions compete for messages, as in one consumer group.
	Subscriptions int
	// HandlerTimeout is the deadline given to each handler. Default: 60 s.
	HandlerTimeout time.Duration
	// RedeliverAfter is the pause between a handler's failure and the Nack. Default: 1 s.
	// The queue of [OpenSQLite] delays by itself, so that there a failing message does not
	// keep a handler's place; it has options of its own.
	RedeliverAfter time.Duration
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.Subscriptions <= 0 {
		o.Subscriptions = 1
	}
	if o.HandlerTimeout <= 0 {
		o.HandlerTimeout = time.Minute
	}
	if o.RedeliverAfter <= 0 {
		o.RedeliverAfter = time.Second
	}
	return o
}

// waiting is how many messages of a subscription may wait for a handler in a channel.
const waiting = 64

// Bus is a publisher and a subscriber over Watermill. It is safe for concurrent use.
type Bus struct {
	publisher message.Publisher
	subscribe func(context.Context, string) (<-chan *message.Message, error)
	options   Options
	nackPause time.Duration
}

var (
	_ bus.Publisher  = (*Bus)(nil)
	_ bus.Subscriber = (*Bus)(nil)
)

// New returns a Bus over publisher and subscriber, which stay the caller's to close, after
// every Subscribe has returned. Both are required.
func New(publisher message.Publisher, subscriber message.Subscriber, options Options) (*Bus, error) {
	if publisher == nil || subscriber == nil {
		return nil, errors.New("watermillbus: a publisher and a subscriber are required")
	}
	b := &Bus{publisher: publisher, subscribe: subscriber.Subscribe, options: options.withDefaults()}
	switch q := subscriber.(type) {
	case *SQLite: // delays by itself
	case *Redis: // delays by itself
		b.subscribe = func(ctx context.Context, topic string) (<-chan *message.Message, error) {
			return q.subscribe(ctx, topic, waiting)
		}
	default:
		b.nackPause = b.options.RedeliverAfter
	}
	return b, nil
}

// Publish implements [bus.Publisher]. A message without an ID gets one. When it fails, some
// of the messages may have been accepted.
func (b *Bus) Publish(ctx context.Context, topic string, messages ...bus.Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	if len(messages) == 0 {
		return nil
	}
	out := make([]*message.Message, len(messages))
	for i, m := range messages {
		id := m.ID
		if id == "" {
			id = watermill.NewUUID()
		}
		out[i] = message.NewMessageWithContext(ctx, id, bytes.Clone(m.Payload))
	}
	if err := b.publisher.Publish(topic, out...); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

// Subscribe implements [bus.Subscriber]. It returns an error only when it cannot subscribe
// at all; a subscription that ends by itself later is made again.
func (b *Bus) Subscribe(ctx context.Context, topic string, handle func(context.Context, bus.Message) error) error {
	if ctx.Err() != nil {
		return nil
	}
	// Watermill cancels the context of a subscription's messages with the subscription, and
	// an acknowledgement after that is lost. So the subscription outlives the handlers.
	alive, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()

	channels := make([]<-chan *message.Message, b.options.Subscriptions)
	for i := range channels {
		messages, err := b.subscribe(alive, topic)
		if err != nil {
			stop()
			for _, opened := range channels[:i] {
				drain(opened)
			}
			return fmt.Errorf("subscribe to %s: %w", topic, err)
		}
		channels[i] = messages
	}

	slots := make(chan struct{}, b.options.Concurrency)
	var consumers sync.WaitGroup
	for i := range channels {
		consumers.Go(func() { channels[i] = b.consume(ctx, alive, topic, channels[i], slots, handle) })
	}
	consumers.Wait()
	stop()
	for _, messages := range channels {
		drain(messages)
	}
	return nil
}

// consume hands messages to handlers until ctx ends and its handlers have returned. It
// gives back the channel in use at the end, nil when there is none.
func (b *Bus) consume(
	ctx, alive context.Context, topic string, messages <-chan *message.Message,
	slots chan struct{}, handle func(context.Context, bus.Message) error,
) <-chan *message.Message {
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return messages
		case slots <- struct{}{}:
		}
		select {
		case <-ctx.Done():
			<-slots
			return messages
		case m, open := <-messages:
			if !open {
				<-slots
				if messages = b.resubscribe(ctx, alive, topic); messages == nil {
					return nil
				}
				continue
			}
			from := messages
			running.Go(func() {
				defer func() { <-slots }()
				// What is there already needs no goroutine of its own.
				for more := true; more; m, more = ready(ctx, from) {
					b.deliver(ctx, topic, m, handle)
				}
			})
		}
	}
}

// ready takes a message that need not be waited for.
func ready(ctx context.Context, messages <-chan *message.Message) (*message.Message, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	select {
	case m, open := <-messages:
		return m, open // that it ended, consume finds out too
	default:
		return nil, false
	}
}

// resubscribe replaces a subscription that ended by itself, as some Pub/Subs do on an entry
// they cannot read or when the broker came back empty. It returns nil once ctx has ended.
func (b *Bus) resubscribe(ctx, alive context.Context, topic string) <-chan *message.Message {
	for {
		b.options.Logger.Warn("bus subscription ended, subscribing again", "topic", topic)
		if !pause(ctx, b.options.RedeliverAfter) {
			return nil
		}
		messages, err := b.subscribe(alive, topic)
		if err == nil {
			return messages
		}
		b.options.Logger.Error("bus subscription failed", "topic", topic, "error", err)
	}
}

// deliver runs one handler and settles its message.
func (b *Bus) deliver(
	ctx context.Context, topic string, m *message.Message, handle func(context.Context, bus.Message) error,
) {
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.options.HandlerTimeout)
	err := handle(work, bus.Message{ID: m.UUID, Payload: m.Payload})
	cancel()
	if err == nil {
		m.Ack()
		return
	}
	b.options.Logger.Warn("bus handler failed, the message will come again",
		"topic", topic, "message_id", m.UUID, "error", err)
	pause(ctx, b.nackPause)
	m.Nack()
}

// pause waits for d and says whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// drain refuses what a cancelled subscription still hands over until it has ended: until
// then acknowledgements may be under way.
func drain(messages <-chan *message.Message) {
	if messages == nil {
		return
	}
	for m := range messages {
		m.Nack()
	}
}

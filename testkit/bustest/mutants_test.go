package bustest_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/testkit/bustest"
)

// fault is one way to break the bus below.
type fault string

// brokenPromises names, for each fault, the case that has to notice.
var brokenPromises = map[fault]string{
	"payload as text":            "MessagesArriveUnchanged",
	"id forgotten":               "MessagesArriveUnchanged",
	"lost without a subscriber":  "MessagesWaitForTheFirstSubscriber",
	"one queue for all topics":   "TopicsAreSeparate",
	"loses what meets":           "PublishIsConcurrent",
	"empty publish rings":        "PublishNothing",
	"nil but not accepted":       "PublishedMeansAccepted",
	"failed is dropped":          "FailedMessagesComeAgain",
	"failed comes at once":       "FailedMessagesDoNotSpin",
	"acknowledged comes again":   "AcknowledgedMessagesAreDone",
	"a copy for each subscriber": "SubscribersShareTheMessages",
	"handlers left behind":       "CancelWaitsForHandlers",
	"handlers cancelled":         "CancelWaitsForHandlers",
	"shutdown drops":             "UnhandledMessagesSurviveShutdown",
	"context error returned":     "SubscribeEndsWithItsContext",
}

// memory is a bus that keeps every promise, or all but one.
type memory struct {
	fault fault

	mu         sync.Mutex
	queues     map[string][]bus.Message
	readers    map[*reader]struct{}
	publishing bool
}

type reader struct {
	topic  string
	wake   chan struct{}
	copies []bus.Message
}

func newMemory(f fault) *memory {
	return &memory{fault: f, queues: map[string][]bus.Message{}, readers: map[*reader]struct{}{}}
}

func (b *memory) Publish(ctx context.Context, topic string, messages ...bus.Message) error {
	if ctx.Err() != nil {
		if b.fault == "nil but not accepted" {
			return nil
		}
		return ctx.Err()
	}
	if len(messages) == 0 && b.fault == "empty publish rings" {
		messages = []bus.Message{{}}
	}
	for _, m := range messages {
		m.Payload = bytes.Clone(m.Payload)
		switch b.fault {
		case "payload as text":
			m.Payload = bytes.ToValidUTF8(m.Payload, []byte("?"))
		case "id forgotten":
			m.ID = "new"
		}
		b.put(topic, m)
	}
	return nil
}

func (b *memory) put(topic string, m bus.Message) {
	if b.fault == "one queue for all topics" {
		topic = ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == "lost without a subscriber" && len(b.readers) == 0 {
		return
	}
	if b.fault == "loses what meets" {
		if b.publishing {
			return
		}
		b.publishing = true
		b.mu.Unlock()
		<-time.After(time.Millisecond)
		b.mu.Lock()
		b.publishing = false
	}
	b.queues[topic] = append(b.queues[topic], m)
	for r := range b.readers {
		if b.fault == "a copy for each subscriber" {
			r.copies = append(r.copies, m)
		}
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// take waits for a message until ctx ends.
func (b *memory) take(ctx context.Context, r *reader) (bus.Message, bool) {
	for ctx.Err() == nil {
		b.mu.Lock()
		queue := b.queues[r.topic]
		if b.fault == "a copy for each subscriber" {
			queue = r.copies
		}
		if len(queue) > 0 {
			b.queues[r.topic], r.copies = queue[1:], queue[1:]
			b.mu.Unlock()
			return queue[0], true
		}
		b.mu.Unlock()
		select {
		case <-r.wake:
		case <-ctx.Done():
		}
	}
	return bus.Message{}, false
}

func (b *memory) Subscribe(ctx context.Context, topic string, handle func(context.Context, bus.Message) error) error {
	r := &reader{topic: topic, wake: make(chan struct{}, 1)}
	if b.fault == "one queue for all topics" {
		r.topic = ""
	}
	b.mu.Lock()
	b.readers[r] = struct{}{}
	b.mu.Unlock()
	work := context.WithoutCancel(ctx)
	if b.fault == "handlers cancelled" {
		work = ctx
	}
	for {
		m, ok := b.take(ctx, r)
		if !ok {
			break
		}
		handled := make(chan struct{})
		go func() {
			defer close(handled)
			b.settle(ctx, topic, m, handle(work, m))
		}()
		if b.fault == "handlers left behind" {
			select {
			case <-handled:
			case <-ctx.Done():
			}
			continue
		}
		<-handled
	}
	b.mu.Lock()
	delete(b.readers, r)
	b.mu.Unlock()
	if b.fault == "context error returned" {
		return ctx.Err()
	}
	return nil
}

func (b *memory) settle(ctx context.Context, topic string, m bus.Message, err error) {
	again := 20 * time.Millisecond
	switch {
	case err == nil && b.fault != "acknowledged comes again":
		return
	case b.fault == "failed is dropped":
		return
	case b.fault == "failed comes at once":
		again = 0
	case b.fault == "shutdown drops":
		select {
		case <-time.After(again):
			b.put(topic, m)
		case <-ctx.Done():
		}
		return
	}
	time.AfterFunc(again, func() { b.put(topic, m) })
}

// verdict runs one case in a bubble of its own, whose clock makes waiting free, and returns
// its complaints.
func verdict(t *testing.T, c bustest.Case, f fault) (complaints []string) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer r.cleanup()
			c.Run(r, func(testing.TB) (bus.Publisher, bus.Subscriber) {
				b := newMemory(f)
				return b, b
			})
		}()
		<-done
		complaints = r.complaints
	})
	return complaints
}

func TestSoundBusPasses(t *testing.T) {
	for _, c := range bustest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			for _, complaint := range verdict(t, c, "") {
				t.Error(complaint)
			}
		})
	}
}

func TestEachFaultFailsItsCase(t *testing.T) {
	cases := map[string]bustest.Case{}
	guarded := map[string]bool{}
	for _, c := range bustest.Cases() {
		cases[c.Name] = c
	}
	for f, name := range brokenPromises {
		guarded[name] = true
		t.Run(string(f), func(t *testing.T) {
			c, exists := cases[name]
			if !exists {
				t.Fatalf("no case %s", name)
			}
			if len(verdict(t, c, f)) == 0 {
				t.Errorf("%s did not notice", name)
			}
		})
	}
	for name := range cases {
		if !guarded[name] {
			t.Errorf("no fault proves that %s can fail", name)
		}
	}
}

// recorder is a testing.TB whose failures are the result.
type recorder struct {
	testing.TB

	mu         sync.Mutex
	complaints []string
	cleanups   []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) cleanup() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

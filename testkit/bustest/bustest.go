// Package bustest is the conformance suite of the port
// [github.com/autopromo-cloud/autopromo/ports/bus]. An adapter runs it with one call:
//
//	func TestConformance(t *testing.T) {
//		bustest.Run(t, func(tb testing.TB) (bus.Publisher, bus.Subscriber) {
//			b := mybus.New(...)
//			tb.Cleanup(func() { b.Close() })
//			return b, b
//		})
//	}
//
// Set the adapter's delay before a failed message comes again to 20 ms or a little more: the
// suite wants at least [MinPause] and waits for several of them.
package bustest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// MinPause is the shortest pause between a failed handling and the next one that is not a
// hot loop.
const MinPause = 5 * time.Millisecond

// patience is how long a case waits for what must happen.
const patience = 20 * time.Second

// Open returns an empty bus, the two halves of it working on the same messages. Whatever has
// to be closed is closed by tb.Cleanup; every subscription has ended by then.
type Open func(tb testing.TB) (bus.Publisher, bus.Subscriber)

// Case is one promise of the port.
type Case struct {
	Name string
	Run  func(tb testing.TB, open Open)
}

// Run runs every case as a subtest with a bus of its own.
func Run(t *testing.T, open Open) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, open) })
	}
}

// Cases lists the promises, for those who want to run them one by one.
func Cases() []Case {
	return []Case{
		{"MessagesArriveUnchanged", messagesArriveUnchanged},
		{"MessagesWaitForTheFirstSubscriber", messagesWaitForTheFirstSubscriber},
		{"TopicsAreSeparate", topicsAreSeparate},
		{"PublishIsConcurrent", publishIsConcurrent},
		{"PublishNothing", publishNothing},
		{"PublishedMeansAccepted", publishedMeansAccepted},
		{"FailedMessagesComeAgain", failedMessagesComeAgain},
		{"FailedMessagesDoNotSpin", failedMessagesDoNotSpin},
		{"AcknowledgedMessagesAreDone", acknowledgedMessagesAreDone},
		{"SubscribersShareTheMessages", subscribersShareTheMessages},
		{"CancelWaitsForHandlers", cancelWaitsForHandlers},
		{"UnhandledMessagesSurviveShutdown", unhandledMessagesSurviveShutdown},
		{"SubscribeEndsWithItsContext", subscribeEndsWithItsContext},
	}
}

const topic = "conformance"

// subscription is a running Subscribe.
type subscription struct {
	cancel context.CancelFunc
	done   chan error // the return value, once
}

// subscribe runs Subscribe until stop or the end of the test.
func subscribe(
	tb testing.TB, s bus.Subscriber, topic string, handle func(context.Context, bus.Message) error,
) *subscription {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	sub := &subscription{cancel: cancel, done: make(chan error, 1)}
	go func() { sub.done <- s.Subscribe(ctx, topic, handle) }()
	tb.Cleanup(func() { sub.stop(tb) })
	return sub
}

// stop cancels the subscription and waits until Subscribe has returned nil.
func (s *subscription) stop(tb testing.TB) {
	tb.Helper()
	s.cancel()
	select {
	case err := <-s.done:
		if err != nil {
			tb.Errorf("Subscribe returned %v after its context ended, want nil", err)
		}
		s.done <- nil // stop may be called again
	case <-time.After(patience):
		tb.Errorf("Subscribe did not return within %v after its context ended", patience)
	}
}

// publish publishes and fails the test on an error.
func publish(tb testing.TB, p bus.Publisher, topic string, messages ...bus.Message) {
	tb.Helper()
	if err := p.Publish(context.Background(), topic, messages...); err != nil {
		tb.Fatalf("Publish: %v", err)
	}
}

// inbox collects what handlers saw.
type inbox struct {
	mu      sync.Mutex
	count   map[string]int // by payload
	changed chan struct{}
}

func newInbox() *inbox { return &inbox{count: map[string]int{}, changed: make(chan struct{}, 1)} }

// add records a message and says how often it has been seen.
func (i *inbox) add(m bus.Message) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.count[string(m.Payload)]++
	select {
	case i.changed <- struct{}{}:
	default:
	}
	return i.count[string(m.Payload)]
}

// accept is a handler that records and acknowledges.
func (i *inbox) accept(_ context.Context, m bus.Message) error {
	i.add(m)
	return nil
}

// seen is how many different messages arrived; times is how often payload did.
func (i *inbox) seen() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.count)
}

func (i *inbox) times(payload string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.count[payload]
}

// total is how many deliveries there were.
func (i *inbox) total() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for _, c := range i.count {
		n += c
	}
	return n
}

// pause waits for a change, a moment at most.
func (i *inbox) pause() {
	select {
	case <-i.changed:
	case <-time.After(MinPause):
	}
}

// await waits until ok holds. what completes "waited for".
func (i *inbox) await(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-i.changed:
		case <-deadline:
			tb.Fatalf("waited %v for %s", patience, what)
		}
	}
}

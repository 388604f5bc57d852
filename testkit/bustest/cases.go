package bustest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/bus"
)

var errHandler = errors.New("the handler failed as the case wants")

func message(i int) bus.Message {
	text := fmt.Sprintf("message %d", i)
	return bus.Message{ID: text, Payload: []byte(text)}
}

// messagesArriveUnchanged: payloads are bytes, not text, and IDs name messages.
func messagesArriveUnchanged(tb testing.TB, open Open) {
	pub, sub := open(tb)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	want := map[string][]byte{
		"every-byte": every,
		"empty":      {},
		"json":       []byte(`{"id":"0197","text":"<&>\u2028"}`),
		"long":       bytes.Repeat([]byte{0xff, 0}, 32<<10),
	}
	got := newInbox()
	var mu sync.Mutex
	subscribe(tb, sub, topic, func(_ context.Context, m bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if payload, known := want[m.ID]; !known || !bytes.Equal(payload, m.Payload) {
			tb.Errorf("message %q arrived with %d bytes, want the %d published (known: %v)",
				m.ID, len(m.Payload), len(payload), known)
		}
		got.add(bus.Message{Payload: []byte(m.ID)})
		return nil
	})
	for id, payload := range want {
		publish(tb, pub, topic, bus.Message{ID: id, Payload: payload})
	}
	got.await(tb, "all messages to arrive", func() bool { return got.seen() == len(want) })
}

// messagesWaitForTheFirstSubscriber: a doorbell rung before its worker starts is heard.
func messagesWaitForTheFirstSubscriber(tb testing.TB, open Open) {
	pub, sub := open(tb)
	publish(tb, pub, topic, message(1), message(2))
	got := newInbox()
	subscribe(tb, sub, topic, got.accept)
	got.await(tb, "the messages published before Subscribe", func() bool { return got.seen() == 2 })
}

// topicsAreSeparate: a subscriber sees its own topic only.
func topicsAreSeparate(tb testing.TB, open Open) {
	pub, sub := open(tb)
	const each = 20 // so that a bus that mixes topics up is not lucky with all of them
	got := newInbox()
	var strays atomic.Int32
	for parity, name := range []string{topic, topic + ".other"} {
		own := map[string]bool{}
		for i := range each {
			own[string(message(2*i+parity).Payload)] = true
		}
		subscribe(tb, sub, name, func(_ context.Context, m bus.Message) error {
			if !own[string(m.Payload)] {
				strays.Add(1)
			}
			got.add(m)
			return nil
		})
	}
	for i := range each {
		publish(tb, pub, topic, message(2*i))
		publish(tb, pub, topic+".other", message(2*i+1))
	}
	got.await(tb, "the messages of both topics", func() bool { return got.seen() == 2*each })
	if n := strays.Load(); n > 0 {
		tb.Errorf("%d messages arrived at the subscriber of another topic", n)
	}
}

// publishIsConcurrent: Publish is safe for concurrent use and nil means accepted.
func publishIsConcurrent(tb testing.TB, open Open) {
	pub, sub := open(tb)
	got := newInbox()
	subscribe(tb, sub, topic, got.accept)
	const publishers, each = 8, 25
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				if err := pub.Publish(context.Background(), topic, message(p*each+i)); err != nil {
					tb.Errorf("Publish: %v", err)
				}
			}
		}()
	}
	wg.Wait()
	got.await(tb, "every message of every publisher", func() bool { return got.seen() == publishers*each })
}

// publishNothing: no messages is no message and no error.
func publishNothing(tb testing.TB, open Open) {
	pub, sub := open(tb)
	got := newInbox()
	subscribe(tb, sub, topic, got.accept)
	publish(tb, pub, topic)
	publish(tb, pub, topic, message(1))
	got.await(tb, "the message after the empty call", func() bool { return got.times("message 1") > 0 })
	if got.seen() != 1 {
		tb.Errorf("Publish without messages delivered something")
	}
}

// publishedMeansAccepted: a caller whose context ended gets an error or a message that
// arrives, never a nil that means nothing.
func publishedMeansAccepted(tb testing.TB, open Open) {
	pub, sub := open(tb)
	got := newInbox()
	subscribe(tb, sub, topic, got.accept)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := pub.Publish(ctx, topic, message(1)); err == nil {
		got.await(tb, "the message that Publish accepted", func() bool { return got.times("message 1") > 0 })
	}
}

// failedMessagesComeAgain: an error has the message delivered again, until it succeeds.
func failedMessagesComeAgain(tb testing.TB, open Open) {
	pub, sub := open(tb)
	got := newInbox()
	subscribe(tb, sub, topic, func(_ context.Context, m bus.Message) error {
		if got.add(m) <= 2 {
			return errHandler
		}
		return nil
	})
	publish(tb, pub, topic, message(1), message(2))
	got.await(tb, "failed messages to come a third time", func() bool {
		return got.times("message 1") >= 3 && got.times("message 2") >= 3
	})
}

// failedMessagesDoNotSpin: between a failure and the next delivery there is a pause. The
// shortest of several counts, so that a slow machine cannot make a hot loop look patient.
func failedMessagesDoNotSpin(tb testing.TB, open Open) {
	pub, sub := open(tb)
	got := newInbox()
	var (
		mu       sync.Mutex
		failed   time.Time
		shortest = time.Hour
	)
	subscribe(tb, sub, topic, func(_ context.Context, m bus.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if !failed.IsZero() {
			shortest = min(shortest, time.Since(failed))
		}
		failed = time.Now()
		if got.add(m) <= 5 {
			return errHandler
		}
		return nil
	})
	publish(tb, pub, topic, message(1))
	got.await(tb, "a failing message to come six times", func() bool { return got.times("message 1") >= 6 })
	mu.Lock()
	defer mu.Unlock()
	if shortest < MinPause {
		tb.Errorf("a failed message came again after %v, want a pause of at least %v", shortest, MinPause)
	}
}

// acknowledgedMessagesAreDone: nil acknowledges. Single repeats are allowed, repeating all is
// not.
func acknowledgedMessagesAreDone(tb testing.TB, open Open) {
	pub, sub := open(tb)
	const n = 20
	first := newInbox()
	running := subscribe(tb, sub, topic, first.accept)
	for i := range n {
		publish(tb, pub, topic, message(i))
	}
	first.await(tb, "all messages", func() bool { return first.seen() == n })
	running.stop(tb)

	// Messages that need handling still come, so silence about the others means something.
	again := newInbox()
	subscribe(tb, sub, topic, func(_ context.Context, m bus.Message) error {
		if again.add(m) <= 3 && string(m.Payload) == "message 99" {
			return errHandler
		}
		return nil
	})
	publish(tb, pub, topic, message(99))
	again.await(tb, "a later message four times", func() bool { return again.times("message 99") >= 4 })
	if again.seen() > n/2 {
		tb.Errorf("%d of %d acknowledged messages were delivered again", again.seen()-1, n)
	}
}

// subscribersShareTheMessages: subscribers of a topic compete, they do not each get a copy.
func subscribersShareTheMessages(tb testing.TB, open Open) {
	pub, sub := open(tb)
	const n, subscribers = 40, 2
	work := newInbox()
	markers := [subscribers]*inbox{newInbox(), newInbox()}
	for i := range subscribers {
		subscribe(tb, sub, topic, func(_ context.Context, m bus.Message) error {
			if strings.HasPrefix(string(m.Payload), "marker") {
				markers[i].add(m)
			} else {
				work.add(m)
			}
			return nil
		})
	}
	// Before the work, markers tell that both subscribers are at it; after the work, that
	// both are through with whatever was meant for them.
	next := 0
	all := func() {
		for i := range markers {
			for seen, begun := markers[i].seen(), time.Now(); markers[i].seen() == seen; next++ {
				if time.Since(begun) > patience {
					tb.Fatalf("subscriber %d got no message within %v", i, patience)
				}
				name := fmt.Sprintf("marker %d", next)
				publish(tb, pub, topic, bus.Message{ID: name, Payload: []byte(name)})
				markers[i].pause()
			}
		}
	}
	all()
	for i := range n {
		publish(tb, pub, topic, message(i))
	}
	work.await(tb, "every message to reach one of two subscribers", func() bool { return work.seen() == n })
	all()
	if work.total() > n+n/2 {
		tb.Errorf("%d messages were delivered %d times to two subscribers, want about once each", n, work.total())
	}
}

// cancelWaitsForHandlers: work under way at shutdown finishes, with a living context.
func cancelWaitsForHandlers(tb testing.TB, open Open) {
	pub, sub := open(tb)
	started, finish := make(chan struct{}), make(chan struct{})
	var once sync.Once
	handled := make(chan error, 1)
	running := subscribe(tb, sub, topic, func(ctx context.Context, _ bus.Message) error {
		once.Do(func() {
			close(started)
			<-finish
			handled <- ctx.Err()
		})
		return nil
	})
	publish(tb, pub, topic, message(1))
	select {
	case <-started:
	case <-time.After(patience):
		close(finish)
		tb.Fatalf("waited %v for the handler to start", patience)
	}
	running.cancel()
	select {
	case err := <-running.done:
		running.done <- err
		tb.Errorf("Subscribe returned while a handler was running")
	case <-time.After(50 * time.Millisecond): // long enough for one that does not wait
	}
	close(finish)
	running.stop(tb)
	if err := <-handled; err != nil {
		tb.Errorf("the handler's context ended with the subscription: %v", err)
	}
}

// unhandledMessagesSurviveShutdown: what was not acknowledged waits for the next subscriber.
func unhandledMessagesSurviveShutdown(tb testing.TB, open Open) {
	pub, sub := open(tb)
	const n = 10
	tried := newInbox()
	running := subscribe(tb, sub, topic, func(_ context.Context, m bus.Message) error {
		tried.add(m)
		return errHandler
	})
	for i := range n {
		publish(tb, pub, topic, message(i))
	}
	tried.await(tb, "a first attempt", func() bool { return tried.seen() > 0 })
	running.stop(tb)

	got := newInbox()
	subscribe(tb, sub, topic, got.accept)
	got.await(tb, "all unhandled messages after a shutdown", func() bool { return got.seen() == n })
}

// subscribeEndsWithItsContext: also when that has ended before.
func subscribeEndsWithItsContext(tb testing.TB, open Open) {
	_, sub := open(tb)
	running := subscribe(tb, sub, topic, func(context.Context, bus.Message) error { return nil })
	running.stop(tb)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	done := make(chan error, 1)
	go func() { done <- sub.Subscribe(ctx, topic, func(context.Context, bus.Message) error { return nil }) }()
	select {
	case err := <-done:
		if err != nil {
			tb.Errorf("Subscribe with an ended context returned %v, want nil", err)
		}
	case <-time.After(patience):
		tb.Errorf("Subscribe with an ended context did not return within %v", patience)
	}
}

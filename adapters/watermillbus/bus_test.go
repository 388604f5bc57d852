package watermillbus_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// source is a subscriber that hands over what the test sends, without waiting for
// acknowledgements. Each Subscribe takes the next of its feeds.
type source struct {
	mu    sync.Mutex
	feeds []chan *message.Message
}

var errNoFeed = errors.New("no feed left")

func (s *source) Publish(string, ...*message.Message) error { return errNoFeed }
func (s *source) Close() error                              { return nil }

func (s *source) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.feeds) == 0 {
		return nil, errNoFeed
	}
	feed, out := s.feeds[0], make(chan *message.Message)
	s.feeds = s.feeds[1:]
	go func() {
		defer close(out)
		for {
			select {
			case m, open := <-feed:
				if !open {
					return
				}
				select {
				case out <- m:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func feed(messages ...*message.Message) chan *message.Message {
	c := make(chan *message.Message, len(messages)+1)
	for _, m := range messages {
		c <- m
	}
	return c
}

func numbered(n int) []*message.Message {
	messages := make([]*message.Message, n)
	for i := range messages {
		messages[i] = message.NewMessage(watermill.NewUUID(), nil)
	}
	return messages
}

func stockBus(tb testing.TB, p message.Publisher, s message.Subscriber, o watermillbus.Options) *watermillbus.Bus {
	tb.Helper()
	b, err := watermillbus.New(p, s, o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// A stock Pub/Sub sends a refused message again at once; the pause is ours.
func TestStockSubscriberIsNackedAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
		b := stockBus(t, channel, channel, watermillbus.Options{RedeliverAfter: 7 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		var starts []time.Duration
		begin := time.Now()
		done := make(chan error, 1)
		go func() {
			done <- b.Subscribe(ctx, "topic", func(context.Context, bus.Message) error {
				starts = append(starts, time.Since(begin))
				if len(starts) == 3 {
					cancel()
					return nil
				}
				return errors.New("not yet")
			})
		}()
		synctest.Wait()
		if err := b.Publish(ctx, "topic", bus.Message{Payload: []byte("x")}); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if want := []time.Duration{0, 7 * time.Second, 14 * time.Second}; len(starts) != 3 || starts[1] != want[1] || starts[2] != want[2] {
			t.Errorf("handled after %v, want %v", starts, want)
		}
		if err := channel.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestHandlersAreBoundedAndHaveADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{feeds: []chan *message.Message{feed(numbered(10)...), feed(numbered(10)...)}}
		b := stockBus(t, s, s, watermillbus.Options{Concurrency: 3, Subscriptions: 2, HandlerTimeout: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		inside, most, handled := 0, 0, 0
		err := b.Subscribe(ctx, "topic", func(work context.Context, _ bus.Message) error {
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			start := time.Now()
			<-work.Done()
			if time.Since(start) != time.Minute {
				t.Errorf("the handler's context ended after %v", time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			inside--
			if handled++; handled == 20 {
				cancel()
			}
			return nil
		})
		if err != nil || most != 3 || handled != 20 {
			t.Errorf("got %v, %d handled, at most %d at once, want 20 and 3", err, handled, most)
		}
	})
}

func TestSubscriptionThatEndsIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, last := feed(numbered(1)...), feed(numbered(1)...)
		close(first)
		s := &source{feeds: []chan *message.Message{first, last}}
		b := stockBus(t, s, s, watermillbus.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		handled := 0
		err := b.Subscribe(ctx, "topic", func(context.Context, bus.Message) error {
			if handled++; handled == 2 {
				cancel()
			}
			return nil
		})
		if err != nil || handled != 2 {
			t.Errorf("got %v after %d messages, want nil after 2", err, handled)
		}
	})
}

func TestFailuresOfThePubSubAreReported(t *testing.T) {
	s := &source{}
	b := stockBus(t, s, s, watermillbus.Options{})
	err := b.Publish(t.Context(), "topic", bus.Message{ID: "1", Payload: []byte("secret")})
	if !errors.Is(err, errNoFeed) || strings.Contains(err.Error(), "secret") {
		t.Errorf("Publish: %v, want the cause without the payload", err)
	}
	s.feeds = []chan *message.Message{feed()} // enough for one of two
	b = stockBus(t, s, s, watermillbus.Options{Subscriptions: 2})
	err = b.Subscribe(t.Context(), "topic", func(context.Context, bus.Message) error { return nil })
	if !errors.Is(err, errNoFeed) {
		t.Errorf("Subscribe: %v, want the cause", err)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	s := &source{}
	if _, err := watermillbus.New(nil, s, watermillbus.Options{}); err == nil {
		t.Error("no publisher: no error")
	}
	if _, err := watermillbus.New(s, nil, watermillbus.Options{}); err == nil {
		t.Error("no subscriber: no error")
	}
}

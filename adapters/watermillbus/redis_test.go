package watermillbus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/redis/go-redis/v9"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/testkit/bustest"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// server is the one Redis of this package's tests, started when the first asks for it.
var server struct {
	once  sync.Once
	redis *services.Redis
	err   error
}

func redisServer(tb testing.TB) *services.Redis {
	tb.Helper()
	server.once.Do(func() { server.redis, server.err = services.StartRedis(context.Background(), services.RedisOptions{}) })
	if errors.Is(server.err, services.ErrMissing) {
		tb.Skip(server.err)
	}
	if server.err != nil {
		tb.Fatal(server.err)
	}
	return server.redis
}

// ownServer is a Redis that the test may kill.
func ownServer(t *testing.T, o services.RedisOptions) *services.Redis {
	t.Helper()
	redisServer(t)
	r, err := services.StartRedis(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Throwaway() {
		t.Skip("the server runs elsewhere and cannot be killed")
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func redisOptions(group string) watermillbus.RedisOptions {
	return watermillbus.RedisOptions{
		Group: group, RedeliverAfter: 5 * time.Millisecond, RedeliverMax: 50 * time.Millisecond, ClaimFor: 300 * time.Millisecond,
	}
}

func openRedis(tb testing.TB, r *services.Redis, o watermillbus.RedisOptions) *watermillbus.Redis {
	tb.Helper()
	q, err := watermillbus.OpenRedis(context.Background(), core.NewSecret(r.URL()), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := q.Close(); err != nil {
			tb.Error(err)
		}
	})
	return q
}

func stockClient(tb testing.TB, r *services.Redis) *redis.Client {
	tb.Helper()
	client := redis.NewClient(&redis.Options{Addr: r.Addr(), PoolSize: 50})
	tb.Cleanup(func() { client.Close() })
	return client
}

func TestWatermillSuiteOverRedis(t *testing.T) {
	r := redisServer(t)
	inGroup := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		o := redisOptions(group)
		o.ClaimFor = 5 * time.Second // dozens of subscriptions on a busy machine are not dead
		return openRedis(t, r, o), openRedis(t, r, o)
	}
	tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) {
		return inGroup(t, "suite")
	}, inGroup)
}

func TestConformanceOverRedis(t *testing.T) {
	r := redisServer(t)
	bustest.Run(t, func(tb testing.TB) (bus.Publisher, bus.Subscriber) {
		// The cases name topics alike: each has a database of its own, so to speak.
		if err := stockClient(tb, r).FlushAll(context.Background()).Err(); err != nil {
			tb.Fatal(err)
		}
		q := openRedis(tb, r, redisOptions("conformance"))
		b, err := watermillbus.New(q, q, watermillbus.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		return b, b
	})
}

// collect acknowledges messages until it has those with the wanted ids.
func collect(t *testing.T, messages <-chan *message.Message, want ...string) map[string]int {
	t.Helper()
	missing := map[string]bool{}
	for _, id := range want {
		missing[id] = true
	}
	got := map[string]int{}
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for len(missing) > 0 {
		select {
		case m, open := <-messages:
			if !open {
				t.Fatalf("the subscription ended, still missing %v", missing)
			}
			got[m.UUID]++
			delete(missing, m.UUID)
			m.Ack()
		case <-late.C:
			t.Fatalf("missing %v, got %v", missing, got)
		}
	}
	return got
}

func publish(t *testing.T, p message.Publisher, topic string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		m := message.NewMessage(id, []byte("payload of "+id))
		m.Metadata.Set("id", id)
		if err := p.Publish(topic, m); err != nil {
			t.Fatal(err)
		}
	}
}

func subscribe(t *testing.T, s message.Subscriber, topic string) <-chan *message.Message {
	t.Helper()
	messages, err := s.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestTheStockPubSubIsUnderstood(t *testing.T) {
	r := redisServer(t)
	own := openRedis(t, r, redisOptions("mixed"))
	stockPublisher, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: stockClient(t, r)}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	defer stockPublisher.Close()
	stockSubscriber, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
		Client: stockClient(t, r), ConsumerGroup: "stock", DisableIndefiniteInitialBlock: true, BlockTime: 50 * time.Millisecond,
	}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	defer stockSubscriber.Close()

	topic := t.Name()
	theirs := subscribe(t, stockSubscriber, topic)
	ours := subscribe(t, own, topic)
	publish(t, own, topic, "a")
	publish(t, stockPublisher, topic, "b")
	for _, messages := range []<-chan *message.Message{theirs, ours} {
		for id, n := range collect(t, messages, "a", "b") {
			if n != 1 {
				t.Errorf("%s came %d times", id, n)
			}
		}
	}
	// The payload and the metadata are the same from either side.
	publish(t, stockPublisher, topic, "c")
	m := <-ours
	defer m.Ack()
	if string(m.Payload) != "payload of c" || m.Metadata.Get("id") != "c" {
		t.Errorf("payload %q, metadata %v", m.Payload, m.Metadata)
	}
}

func TestMalformedEntriesArePutAside(t *testing.T) {
	r := redisServer(t)
	q := openRedis(t, r, redisOptions("malformed"))
	raw, topic := stockClient(t, r), t.Name()
	messages := subscribe(t, q, topic)
	publish(t, q, topic, "a")
	for _, values := range []map[string]any{{"x": "1"}, {redisstream.UUIDHeaderKey: "u", "metadata": "\xff\xff"}} {
		if err := raw.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: values}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, q, topic, "b")
	collect(t, messages, "a", "b")
	eventually(t, "the entries are put aside", func() bool {
		aside, err := raw.XLen(t.Context(), topic+".malformed").Result()
		pending, perr := raw.XPending(t.Context(), topic, "malformed").Result()
		return err == nil && perr == nil && aside == 2 && pending.Count == 0
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-late.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func TestARefusedMessageDelaysNobody(t *testing.T) {
	r := redisServer(t)
	o := redisOptions("refused")
	o.RedeliverAfter, o.RedeliverMax = 100*time.Millisecond, time.Second
	q := openRedis(t, r, o)
	messages := subscribe(t, q, t.Name())
	publish(t, q, t.Name(), "bad")
	var ids []string
	for i := range 200 {
		ids = append(ids, fmt.Sprint("good ", i))
	}
	publish(t, q, t.Name(), ids...)
	bad, good := 0, 0
	for good < len(ids) || bad < 3 {
		m := <-messages
		if m.UUID == "bad" {
			if bad++; bad < 3 {
				m.Nack()
				continue
			}
		} else {
			good++
		}
		m.Ack()
	}
	if bad != 3 {
		t.Errorf("the refused message came %d times", bad)
	}
}

func TestTheStreamIsTrimmedWhenAllHaveRead(t *testing.T) {
	r := redisServer(t)
	q, slow := openRedis(t, r, redisOptions("quick")), openRedis(t, r, redisOptions("slow"))
	raw, topic := stockClient(t, r), t.Name()
	if err := slow.SubscribeInitialize(topic); err != nil {
		t.Fatal(err)
	}
	messages := subscribe(t, q, topic)
	var ids []string
	for i := range 300 {
		ids = append(ids, fmt.Sprint(i))
	}
	publish(t, q, topic, ids...)
	collect(t, messages, ids...)
	eventually(t, "the quick group is done", func() bool {
		pending, err := raw.XPending(t.Context(), topic, "quick").Result()
		return err == nil && pending.Count == 0
	})
	collect(t, subscribe(t, slow, topic), ids...) // nothing was trimmed that it had not read
	eventually(t, "the stream is empty", func() bool {
		n, err := raw.XLen(t.Context(), topic).Result()
		return err == nil && n == 0
	})
}

func TestMessagesOfTheDeadAreTakenOver(t *testing.T) {
	r := redisServer(t)
	raw, topic := stockClient(t, r), t.Name()
	q := openRedis(t, r, redisOptions("heirs"))
	if err := q.SubscribeInitialize(topic); err != nil {
		t.Fatal(err)
	}
	publish(t, q, topic, "a", "b")
	// Somebody reads and is never heard of again.
	if err := raw.XReadGroup(t.Context(), &redis.XReadGroupArgs{Group: "heirs", Consumer: "dead", Streams: []string{topic, ">"}, Count: 10}).Err(); err != nil {
		t.Fatal(err)
	}
	collect(t, subscribe(t, q, topic), "a", "b")
}

func TestAnEndedSubscriptionGivesBack(t *testing.T) {
	r := redisServer(t)
	raw, topic := stockClient(t, r), t.Name()
	o := redisOptions("heirs")
	q := openRedis(t, r, o)
	ctx, end := context.WithCancel(t.Context())
	first, err := q.Subscribe(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, q, topic, "a", "b", "c")
	<-first // and neither ack nor nack
	end()
	for range first { // until it has ended
	}
	consumers, err := raw.XInfoConsumers(t.Context(), topic, "heirs").Result()
	if err != nil || len(consumers) != 1 || consumers[0].Name != "released" {
		t.Errorf("consumers %+v, %v", consumers, err)
	}
	collect(t, subscribe(t, q, topic), "a", "b", "c")
}

func TestRedisMayComeBackEmpty(t *testing.T) {
	for _, c := range []struct {
		name  string
		crash func(*services.Redis) error
	}{
		{"flushed", func(r *services.Redis) error { return stockClient(t, r).FlushAll(t.Context()).Err() }},
		{"killed without its data", func(r *services.Redis) error { return errors.Join(r.Kill(), r.Restart(t.Context())) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ownServer(t, services.RedisOptions{})
			var logged safeBuffer
			o := redisOptions("phoenix")
			o.Logger = slog.New(slog.NewTextHandler(&logged, nil))
			q := openRedis(t, r, o)
			messages := subscribe(t, q, "topic")
			publish(t, q, "topic", "before")
			collect(t, messages, "before")
			if err := c.crash(r); err != nil {
				t.Fatal(err)
			}
			eventually(t, "publishing works again", func() bool {
				return q.Publish("topic", message.NewMessage("after", nil)) == nil
			})
			collect(t, messages, "after")
		})
	}
}

func TestRedisKeepsMessagesOverARestart(t *testing.T) {
	r := ownServer(t, services.RedisOptions{AppendOnly: true})
	if err := stockClient(t, r).ConfigSet(t.Context(), "appendfsync", "always").Err(); err != nil {
		t.Fatal(err)
	}
	q := openRedis(t, r, redisOptions("kept"))
	if err := q.SubscribeInitialize("topic"); err != nil {
		t.Fatal(err)
	}
	publish(t, q, "topic", "a", "b")
	if err := errors.Join(r.Kill(), r.Restart(t.Context())); err != nil {
		t.Fatal(err)
	}
	eventually(t, "somebody subscribes", func() bool {
		messages, err := q.Subscribe(t.Context(), "topic")
		if err == nil {
			collect(t, messages, "a", "b")
		}
		return err == nil
	})
}

func TestAnEvictingRedisIsRefused(t *testing.T) {
	r := ownServer(t, services.RedisOptions{})
	if err := stockClient(t, r).ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := watermillbus.OpenRedis(t.Context(), core.NewSecret(r.URL()), watermillbus.RedisOptions{}); err == nil {
		t.Error("an evicting server was taken")
	}
	for _, url := range []string{"redis://u:hunter2@127.0.0.1:1", "http://hunter2"} {
		if _, err := watermillbus.OpenRedis(t.Context(), core.NewSecret(url), watermillbus.RedisOptions{}); err == nil || bytes.Contains([]byte(err.Error()), []byte("hunter2")) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// safeBuffer takes log lines of several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

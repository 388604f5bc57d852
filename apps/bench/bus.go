package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/bus"
)

const (
	perTrip             = 100 // entries of a round trip of the raw client
	ourTopic, rawStream = "bench.ours", "bench.raw"
)

// busAgainstRedis compares the bus on Redis Streams with the commands it stands on.
func busAgainstRedis(ctx context.Context, b *bench) ([]line, error) {
	if err := b.servers.startRedis(ctx); err != nil {
		return nil, err
	}
	q, err := watermillbus.OpenRedis(ctx, core.NewSecret(b.servers.redis.URL()), watermillbus.RedisOptions{})
	if err != nil {
		return nil, err
	}
	defer q.Close()
	ours, err := watermillbus.New(q, q, watermillbus.Options{})
	if err != nil {
		return nil, err
	}
	raw := rawRedis{redis.NewClient(&redis.Options{Addr: b.servers.redis.Addr()})}
	defer raw.Close()
	if err := raw.XGroupCreateMkStream(ctx, rawStream, "raw", "0").Err(); err != nil {
		return nil, err
	}
	n := b.count(40_000)
	publish, err := rates(ctx, n, publishAlone(ours), publishMany(ours), raw.add)
	if err != nil {
		return nil, err
	}
	consume, err := rates(ctx, n, consume(ours), raw.read)
	if err != nil {
		return nil, err
	}
	return []line{
		compared("bus: 64 callers, one message each / pipelined XADD", "", publish[0], publish[2]),
		compared("bus: publish 100 at once / pipelined XADD", "", publish[1], publish[2]),
		compared("bus: consume / XREADGROUP COUNT 100 + XACK", "≥ 0.75", consume[0], consume[1]),
	}, nil
}

// payload is as large as a doorbell.
var payload = fmt.Appendf(nil, `{"user_id":%q,"inbox_id":%q}`, newID(), newID())

func publishAlone(p bus.Publisher) side {
	return func(ctx context.Context, n int) (func() error, error) {
		return nil, inParallel(n, func(int) error { return p.Publish(ctx, ourTopic, bus.Message{ID: newID(), Payload: payload}) })
	}
}

func publishMany(p bus.Publisher) side {
	return func(ctx context.Context, n int) (func() error, error) {
		for left := n; left > 0; left -= perTrip {
			batch := make([]bus.Message, min(left, perTrip))
			for i := range batch {
				batch[i] = bus.Message{ID: newID(), Payload: payload}
			}
			if err := p.Publish(ctx, ourTopic, batch...); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
}

// consume takes n messages, of which there must be as many, with a handler that does nothing.
// The end of the subscription is not measured.
func consume(s bus.Subscriber) side {
	return func(ctx context.Context, n int) (func() error, error) {
		ctx, cancel := context.WithCancel(ctx)
		var taken atomic.Int64
		all, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			ended <- s.Subscribe(ctx, ourTopic, func(context.Context, bus.Message) error {
				if taken.Add(1) == int64(n) {
					close(all)
				}
				return nil
			})
		}()
		end := func() error { cancel(); return <-ended }
		select {
		case <-all:
			return end, nil
		case err := <-ended:
			cancel()
			return nil, errors.Join(errors.New("the subscription ended"), err)
		}
	}
}

// rawRedis is the same work by the client alone.
type rawRedis struct{ *redis.Client }

func (r rawRedis) add(ctx context.Context, n int) (func() error, error) {
	for left := n; left > 0; left -= perTrip {
		pipe := r.Pipeline()
		for range min(left, perTrip) {
			pipe.XAdd(ctx, &redis.XAddArgs{Stream: rawStream, Values: []any{"_watermill_message_uuid", newID(), "metadata", "\x80", "payload", payload}})
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (r rawRedis) read(ctx context.Context, n int) (func() error, error) {
	for taken := 0; taken < n; {
		streams, err := r.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: "raw", Consumer: "bench", Streams: []string{rawStream, ">"}, Count: perTrip, Block: -1,
		}).Result()
		if err != nil {
			return nil, err
		}
		var ids []string
		for _, m := range streams[0].Messages {
			ids = append(ids, m.ID)
		}
		if err := r.XAck(ctx, rawStream, "raw", ids...).Err(); err != nil {
			return nil, err
		}
		taken += len(ids)
	}
	return nil, nil
}

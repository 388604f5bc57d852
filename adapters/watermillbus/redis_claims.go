package watermillbus

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// decode makes a message of an entry.
func decode(q *Redis, m redis.XMessage) (*message.Message, error) {
	for _, field := range []string{"metadata", "payload"} {
		if v, ok := m.Values[field]; ok {
			if _, ok := v.(string); !ok {
				return nil, errors.New("a field is no text")
			}
		}
	}
	return q.wire.Unmarshal(m.Values)
}

// renew keeps messages that are being worked on, or are delayed, from being taken over.
func (s *redisSubscription) renew(ctx context.Context) {
	o := s.queue.options
	var old []string
	for id, c := range s.held {
		if time.Since(c.since) > o.ClaimFor/4 {
			old = append(old, id)
		}
	}
	for batch := range slices.Chunk(old, maxPipeline) {
		if err := s.queue.client.XClaimJustID(ctx, &redis.XClaimArgs{
			Stream: s.topic, Group: o.Group, Consumer: s.consumer, Messages: batch,
		}).Err(); err != nil && ctx.Err() == nil {
			o.Logger.Warn("bus claims were not renewed; others may begin the same work", "topic", s.topic, "error", err)
			return
		}
	}
}

// takeOver takes messages of consumers that died holding them, as long as there is room.
func (s *redisSubscription) takeOver(ctx context.Context) {
	o := s.queue.options
	start := "0-0"
	for len(s.held) < o.Window && ctx.Err() == nil {
		taken, next, err := s.queue.client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: s.topic, Group: o.Group, Consumer: s.consumer, MinIdle: o.ClaimFor, Start: start, Count: 100,
		}).Result()
		if err != nil {
			return // the reader tells of outages
		}
		for _, m := range taken {
			if len(m.Values) == 0 {
				// Removed from the stream while it was pending: there is nothing left to do.
				_ = s.queue.client.XAck(ctx, s.topic, o.Group, m.ID).Err()
				continue
			}
			s.add(ctx, []redis.XMessage{m})
		}
		if start = next; start == "0-0" {
			return
		}
	}
}

// finish acknowledges what was acknowledged and gives the rest back: to a consumer that is
// nobody, as long idle as others wait before they take over.
func (s *redisSubscription) finish() {
	s.watchers.Wait()
	for len(s.out) > 0 {
		select {
		case <-s.out: // nobody took it, so nobody shall begin it here
		default:
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), publishWithin)
	defer cancel()
	s.settle(ctx)
	for _, c := range s.held {
		c.cancel()
	}
	if err := s.giveBack(ctx); err != nil {
		s.queue.options.Logger.Warn("bus messages were not given back; their claims will expire", "topic", s.topic, "error", err)
	}
}

// giveBack asks Redis what is pending here, which may be more than ever arrived, and removes
// the consumer once it has nothing: with it would go what it has.
func (s *redisSubscription) giveBack(ctx context.Context) error {
	o := s.queue.options
	for {
		pending, err := s.queue.client.XPendingExt(ctx, &redis.XPendingExtArgs{
			Stream: s.topic, Group: o.Group, Start: "-", End: "+", Count: maxPipeline, Consumer: s.consumer,
		}).Result()
		if err != nil {
			return err
		}
		if len(pending) == 0 {
			return s.queue.client.XGroupDelConsumer(ctx, s.topic, o.Group, s.consumer).Err()
		}
		args := []any{"XCLAIM", s.topic, o.Group, released, 0}
		for _, p := range pending {
			args = append(args, p.ID)
		}
		if err := s.queue.client.Do(ctx, append(args, "IDLE", o.ClaimFor.Milliseconds(), "JUSTID")...).Err(); err != nil {
			return err
		}
	}
}

// trim removes from the stream what every group has acknowledged. What some group has not
// read, or not acknowledged, stays.
func (s *redisSubscription) trim(ctx context.Context) {
	groups, err := s.queue.client.XInfoGroups(ctx, s.topic).Result()
	if err != nil || len(groups) == 0 {
		return
	}
	var needed streamID
	for i, g := range groups {
		first := parseStreamID(g.LastDeliveredID).next()
		if g.Pending > 0 {
			pending, err := s.queue.client.XPending(ctx, s.topic, g.Name).Result()
			if err != nil {
				return
			}
			if pending.Count > 0 {
				first = parseStreamID(pending.Lower)
			}
		}
		if i == 0 || first.compare(needed) < 0 {
			needed = first
		}
	}
	if err := s.queue.client.XTrimMinID(ctx, s.topic, needed.String()).Err(); err != nil && ctx.Err() == nil {
		s.queue.options.Logger.Warn("the bus was not trimmed", "topic", s.topic, "error", err)
	}
}

// streamID is the place of an entry in a stream.
type streamID struct{ ms, seq uint64 }

func parseStreamID(text string) (id streamID) {
	ms, seq, _ := strings.Cut(text, "-")
	id.ms, _ = strconv.ParseUint(ms, 10, 64)
	id.seq, _ = strconv.ParseUint(seq, 10, 64)
	return id
}

func (id streamID) next() streamID { return streamID{id.ms, id.seq + 1} }

func (id streamID) compare(other streamID) int {
	return cmp.Or(cmp.Compare(id.ms, other.ms), cmp.Compare(id.seq, other.seq))
}

// String is the form Redis uses.
func (id streamID) String() string {
	return strconv.FormatUint(id.ms, 10) + "-" + strconv.FormatUint(id.seq, 10)
}

package watermillbus

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// redisSubscription hands out messages of one topic. The goroutine of run is the only one
// to touch the fields without a lock.
type redisSubscription struct {
	queue    *Redis
	topic    string
	consumer string
	out      chan *message.Message
	arrived  chan []redis.XMessage
	settled  chan struct{} // outcomes has something

	ready   []*redisClaim          // not handed out yet
	delayed []*redisClaim          // refused, not due yet
	held    map[string]*redisClaim // all of them and those handed out, by entry id

	watchers sync.WaitGroup
	mu       sync.Mutex
	outcomes []redisOutcome
}

// redisClaim is a message that is this subscription's to settle.
type redisClaim struct {
	entry  redis.XMessage
	msg    *message.Message
	cancel context.CancelFunc
	nacks  int
	since  time.Time
	due    time.Time
}

type redisOutcome struct {
	claim *redisClaim
	acked bool
}

func (s *redisSubscription) run(ctx context.Context) {
	o := s.queue.options
	var reading sync.WaitGroup
	reading.Go(func() { s.read(ctx) })

	round := time.NewTicker(min(o.ClaimFor/3, 5*time.Second))
	defer round.Stop()
	next := time.NewTimer(time.Hour) // the first delayed message is due
	defer next.Stop()
	var settleBy <-chan time.Time
	s.takeOver(ctx)
	for ctx.Err() == nil {
		s.promote(next)
		s.handOut(ctx)
		arrived := s.arrived
		if len(s.held) >= o.Window {
			arrived = nil
		}
		var out chan<- *message.Message
		var msg *message.Message
		if len(s.ready) > 0 {
			out, msg = s.out, s.ready[0].msg
		}
		select {
		case out <- msg:
			s.handedOut(ctx)
		case batch := <-arrived:
			s.add(ctx, batch)
		case <-s.settled:
			if n := s.outcomeCount(); n >= o.Batch || n == len(s.held) {
				s.settle(ctx)
				settleBy = nil
			} else if settleBy == nil {
				settleBy = time.After(settleWithin)
			}
		case <-settleBy:
			s.settle(ctx)
			settleBy = nil
		case <-next.C:
		case <-round.C:
			s.settle(ctx)
			s.renew(ctx)
			s.takeOver(ctx)
			s.trim(ctx)
		case <-ctx.Done():
		}
	}
	reading.Wait()
	s.finish()
}

// handOut hands out what is ready as far as it need not be waited for.
func (s *redisSubscription) handOut(ctx context.Context) {
	for len(s.ready) > 0 {
		select {
		case s.out <- s.ready[0].msg:
			s.handedOut(ctx)
		default:
			return
		}
	}
}

// handedOut notes that the first ready message was handed out.
func (s *redisSubscription) handedOut(ctx context.Context) {
	first := s.ready[0]
	s.ready = s.ready[1:]
	s.watchers.Go(func() { s.watch(ctx, first) })
}

// add takes entries in.
func (s *redisSubscription) add(ctx context.Context, batch []redis.XMessage) {
	now := time.Now()
	for _, m := range batch {
		if s.held[m.ID] != nil {
			continue
		}
		c := &redisClaim{entry: m, since: now}
		if err := s.unpack(ctx, c); err != nil {
			s.malformed(ctx, m, err)
			continue
		}
		s.held[m.ID] = c
		s.ready = append(s.ready, c)
	}
}

// unpack makes a message of an entry, anew for each delivery.
func (s *redisSubscription) unpack(ctx context.Context, c *redisClaim) error {
	msg, err := decode(s.queue, c.entry)
	if err != nil {
		return err
	}
	messageCtx, cancel := context.WithCancel(ctx)
	msg.SetContext(messageCtx)
	c.msg, c.cancel = msg, cancel
	return nil
}

// watch waits for the outcome of a message handed out.
func (s *redisSubscription) watch(ctx context.Context, c *redisClaim) {
	defer c.cancel()
	acked := false
	select {
	case <-c.msg.Acked():
		acked = true
	case <-c.msg.Nacked():
	case <-ctx.Done():
		select {
		case <-c.msg.Acked():
			acked = true
		default:
			return // finish gives it back
		}
	}
	s.mu.Lock()
	s.outcomes = append(s.outcomes, redisOutcome{c, acked})
	s.mu.Unlock()
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

func (s *redisSubscription) outcomeCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.outcomes)
}

// settle acknowledges what was acknowledged and delays what was refused. When Redis does
// not answer, the acknowledgements are kept for later.
func (s *redisSubscription) settle(ctx context.Context) {
	s.mu.Lock()
	outcomes := s.outcomes
	s.outcomes = nil
	s.mu.Unlock()
	var acked []string
	var unsettled []redisOutcome
	for _, o := range outcomes {
		switch {
		case o.acked:
			acked = append(acked, o.claim.entry.ID)
			unsettled = append(unsettled, o)
		case s.unpack(ctx, o.claim) == nil:
			o.claim.due = time.Now().Add(s.queue.options.delay(o.claim.nacks))
			o.claim.nacks++
			s.delayed = append(s.delayed, o.claim)
		}
	}
	if len(acked) == 0 {
		return
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishWithin)
	defer cancel()
	if err := s.queue.client.XAck(work, s.topic, s.queue.options.Group, acked...).Err(); err != nil {
		s.queue.options.Logger.Warn("acknowledgements wait for the bus", "topic", s.topic, "error", err)
		s.mu.Lock()
		s.outcomes = append(unsettled, s.outcomes...)
		s.mu.Unlock()
		return
	}
	for _, id := range acked {
		delete(s.held, id)
	}
}

// delay is the pause after a Nack.
func (o RedisOptions) delay(nacks int) time.Duration {
	return SQLiteOptions{RedeliverAfter: o.RedeliverAfter, RedeliverMax: o.RedeliverMax}.delay(nacks + 1)
}

// promote makes delayed messages ready that are due, and sets the timer to the next.
func (s *redisSubscription) promote(next *time.Timer) {
	now, first := time.Now(), time.Time{}
	waiting := s.delayed[:0]
	for _, c := range s.delayed {
		if !c.due.After(now) {
			s.ready = append(s.ready, c)
			continue
		}
		waiting = append(waiting, c)
		if first.IsZero() || c.due.Before(first) {
			first = c.due
		}
	}
	s.delayed = waiting
	if !first.IsZero() {
		next.Reset(time.Until(first))
	}
}

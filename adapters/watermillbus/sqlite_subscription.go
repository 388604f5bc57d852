package watermillbus

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// settleWithin is how long an acknowledgement may wait for others to share its commit. Lost
// with the process, it only means one more delivery.
const settleWithin = 2 * time.Millisecond

// subscription claims messages of one topic and group and hands them out. Its goroutine is
// the only one to touch the fields without a lock.
type subscription struct {
	queue        *SQLite
	topic, group string
	id           int64
	out          chan *message.Message
	woken        chan struct{} // there may be work
	settled      chan struct{} // outcomes has something

	hungry bool             // a claim may find something
	ready  []*claim         // claimed, not handed out yet
	held   map[int64]*claim // claimed and unsettled, with the ready ones

	watchers sync.WaitGroup
	mu       sync.Mutex
	outcomes []outcome
}

// outcome is a settled claim.
type outcome struct {
	claim *claim
	acked bool
}

func (s *subscription) run(ctx context.Context) {
	options := s.queue.options
	look := time.NewTimer(options.PollEvery)
	defer look.Stop()
	renew := time.NewTicker(options.ClaimFor / 3)
	defer renew.Stop()
	var settleBy <-chan time.Time // set while outcomes wait
	settle := false

	for ctx.Err() == nil {
		take := s.hungry && len(s.ready) == 0 && len(s.held) < options.Window
		if take || settle {
			s.exchange(ctx, take, look)
			settleBy, settle = nil, false
		}
		var out chan<- *message.Message
		var next *claim
		var msg *message.Message
		if len(s.ready) > 0 {
			out, next = s.out, s.ready[0]
			msg = next.msg
		}
		select {
		case out <- msg:
			s.ready = s.ready[1:]
			s.watchers.Go(func() { s.watch(ctx, next) })
		case <-s.settled:
			if settleBy == nil {
				settleBy = time.After(settleWithin)
			}
			n := s.outcomeCount()
			settle = n >= options.Batch || (n == len(s.held) && n > 0)
		case <-settleBy:
			settle = true
		case <-s.woken:
			s.hungry = true
		case <-look.C:
			look.Reset(options.PollEvery)
			s.hungry = s.hungry || s.look(ctx)
			settle = s.outcomeCount() > 0
		case <-renew.C:
			s.renew()
		case <-ctx.Done():
		}
	}
	s.finish()
}

// watch waits for the outcome of a message handed out.
func (s *subscription) watch(ctx context.Context, c *claim) {
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
			return // finish releases it
		}
	}
	s.mu.Lock()
	s.outcomes = append(s.outcomes, outcome{c, acked})
	s.mu.Unlock()
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

func (s *subscription) outcomeCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.outcomes)
}

func (s *subscription) takeOutcomes() []outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.outcomes
	s.outcomes = nil
	return taken
}

// exchange settles what is settled and, if asked, claims more, in one transaction.
func (s *subscription) exchange(ctx context.Context, take bool, look *time.Timer) {
	options := s.queue.options
	outcomes := s.takeOutcomes()
	limit := min(options.Batch, options.Window-len(s.held)+len(outcomes))
	var (
		claims []*claim
		next   time.Time
		more   bool
	)
	err := s.queue.commits.do(func(ctx context.Context) (err error) {
		if err := s.apply(ctx, outcomes); err != nil || !take {
			return err
		}
		if claims, err = s.queue.queries.take(ctx, s, limit); err != nil || len(claims) == limit {
			return err
		}
		next, more, err = s.queue.queries.nextAvailable(ctx, s)
		return err
	})
	if err != nil {
		options.Logger.Error("bus queue is failing", "topic", s.topic, "error", err)
		s.mu.Lock()
		s.outcomes = append(outcomes, s.outcomes...)
		s.mu.Unlock()
		s.hungry = false // the next look tries again
		return
	}
	for _, o := range outcomes {
		delete(s.held, o.claim.seq)
	}
	if !take {
		return
	}
	for _, c := range claims {
		if s.held[c.seq] != nil {
			continue // our own claim, expired while this process was suspended
		}
		messageCtx, cancel := context.WithCancel(ctx)
		c.msg.SetContext(messageCtx)
		c.cancel = cancel
		s.held[c.seq] = c
		s.ready = append(s.ready, c)
	}
	s.hungry = len(claims) == limit
	wait := options.PollEvery
	if more {
		wait = max(time.Millisecond, min(wait, time.Until(next)))
	}
	look.Reset(wait)
}

// apply writes outcomes: acknowledged messages go, the others are delayed.
func (s *subscription) apply(ctx context.Context, outcomes []outcome) error {
	var acked []*claim
	for _, o := range outcomes {
		if o.acked {
			acked = append(acked, o.claim)
			continue
		}
		at := time.Now().Add(s.queue.options.delay(o.claim.starts)).UnixMilli()
		if _, err := s.queue.queries.delay.ExecContext(ctx, at, o.claim.seq, s.id); err != nil {
			return err
		}
	}
	if len(acked) == 0 {
		return nil
	}
	_, err := s.queue.queries.remove.ExecContext(ctx, jsonIDs(acked))
	return err
}

// delay is the pause after a Nack of a message started so many times.
func (o SQLiteOptions) delay(starts int) time.Duration {
	d := o.RedeliverAfter
	for i := 1; i < starts && d < o.RedeliverMax; i++ {
		d *= 2
	}
	return min(d, o.RedeliverMax)
}

// look says whether something can be claimed, without writing. A message that is due later
// than any option could have put it comes from a clock that was set back: it is due now.
func (s *subscription) look(ctx context.Context) bool {
	options := s.queue.options
	now := time.Now()
	horizon := now.Add(2 * max(options.ClaimFor, options.RedeliverMax)).UnixMilli()
	var work, stray bool
	err := s.queue.queries.work.QueryRowContext(ctx, s.topic, s.group, now.UnixMilli(), horizon).Scan(&work, &stray)
	if err == nil && stray {
		err = s.queue.commits.do(func(ctx context.Context) error {
			_, err := s.queue.queries.repair.ExecContext(ctx, s.topic, s.group, now.UnixMilli(), horizon)
			return err
		})
	}
	if err != nil && ctx.Err() == nil {
		options.Logger.Error("bus queue cannot be read", "topic", s.topic, "error", err)
	}
	return work || stray
}

// renew keeps the claims of messages that are still being worked on.
func (s *subscription) renew() {
	if len(s.held) == 0 {
		return
	}
	claims := make([]*claim, 0, len(s.held))
	for _, c := range s.held {
		claims = append(claims, c)
	}
	err := s.queue.commits.do(func(ctx context.Context) error {
		until := time.Now().Add(s.queue.options.ClaimFor).UnixMilli()
		_, err := s.queue.queries.renew.ExecContext(ctx, until, s.id, jsonIDs(claims))
		return err
	})
	if err != nil {
		s.queue.options.Logger.Error("bus claims cannot be renewed", "topic", s.topic, "error", err)
	}
}

// finish writes the last outcomes and frees the rest. What was never handed out was not
// started.
func (s *subscription) finish() {
	for _, c := range s.ready {
		c.cancel()
		delete(s.held, c.seq)
	}
	s.watchers.Wait()
	outcomes := s.takeOutcomes()
	for _, o := range outcomes {
		delete(s.held, o.claim.seq)
	}
	started := make([]*claim, 0, len(s.held))
	for _, c := range s.held {
		started = append(started, c)
	}
	if len(outcomes)+len(started)+len(s.ready) == 0 {
		return
	}
	err := s.queue.commits.do(func(ctx context.Context) error {
		if err := s.apply(ctx, outcomes); err != nil {
			return err
		}
		now := time.Now().UnixMilli()
		if _, err := s.queue.queries.release.ExecContext(ctx, now, 0, s.id, jsonIDs(started)); err != nil {
			return err
		}
		_, err := s.queue.queries.release.ExecContext(ctx, now, 1, s.id, jsonIDs(s.ready))
		return err
	})
	if err != nil {
		s.queue.options.Logger.Error("bus claims cannot be freed, they will expire", "topic", s.topic, "error", err)
	}
}

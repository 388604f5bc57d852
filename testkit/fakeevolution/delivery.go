package fakeevolution

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Retry is how webhooks that fail are repeated. The comments name the real defaults.
type Retry struct {
	MaxAttempts int           // 10, the first included
	Initial     time.Duration // 5 s, and no wait is shorter
	Max         time.Duration // 300 s
	Factor      float64       // 2
	Jitter      float64       // 0.2, a share of the wait in either direction; negative for none
	Timeout     time.Duration // 30 s for each attempt; not scaled
}

func (r Retry) withDefaults() Retry {
	if r.MaxAttempts == 0 {
		r.MaxAttempts = 10
	}
	if r.Initial == 0 {
		r.Initial = 5 * time.Second
	}
	if r.Max == 0 {
		r.Max = 300 * time.Second
	}
	if r.Factor == 0 {
		r.Factor = 2
	}
	if r.Jitter == 0 {
		r.Jitter = 0.2
	}
	if r.Timeout == 0 {
		r.Timeout = 30 * time.Second
	}
	return r
}

// wait is the pause after so many failed attempts, with chance in [0,1).
func (r Retry) wait(failed int, chance float64) time.Duration {
	wait := float64(r.Initial)
	for range failed - 1 {
		wait = min(wait*r.Factor, float64(r.Max))
	}
	if r.Jitter > 0 {
		wait *= 1 + r.Jitter*(2*chance-1)
	}
	return time.Duration(max(wait, float64(r.Initial)))
}

// Outcome is how the delivery of a webhook ended.
type Outcome string

// The outcomes of a delivery.
const (
	Waiting   Outcome = ""          // not yet ended
	Delivered Outcome = "delivered" // any 2xx
	Refused   Outcome = "refused"   // 400, 401, 403, 404 or 422: never repeated
	GaveUp    Outcome = "gave_up"   // all attempts used
	Lost      Outcome = "lost"      // by a fault, a restart or Close
)

// Delivery is what became of one webhook.
type Delivery struct {
	Instance  string
	Event     string
	MessageID core.MessageID // of events about one message
	// Statuses are the receiver's answers, one for each attempt; 0 is no answer.
	Statuses []int
	Outcome  Outcome
}

// Deliveries lists the webhooks since the server was made, in the order their events
// happened. A duplicated webhook is two deliveries.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Delivery, 0, len(s.deliveries))
	for _, d := range s.deliveries {
		c := *d
		c.Statuses = slices.Clone(d.Statuses)
		list = append(list, c)
	}
	return list
}

// WaitIdle returns when everything that happened so far in the world has been told and
// every webhook has ended; held ones and instances that are not open do not count.
func (s *Server) WaitIdle(ctx context.Context) error {
	for {
		s.mu.Lock()
		reading := s.readers()
		s.mu.Unlock()
		for _, r := range reading {
			if err := r.wait(ctx); err != nil {
				return err
			}
		}
		s.mu.Lock()
		waiting, unread, changed := s.outstanding, 0, s.changed
		for _, r := range s.readers() {
			unread += r.session.Pending()
		}
		s.mu.Unlock()
		switch {
		case waiting > 0:
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
		case unread == 0:
			return nil
		}
	}
}

// delivery is one webhook on its way.
type delivery struct {
	inst   *instance
	url    string
	body   []byte
	header http.Header
	record *Delivery
}

// outbox keeps the webhooks of an instance in order.
type outbox struct {
	queue   []*delivery
	swapped []*delivery
	running bool
}

// dispatch applies the webhook faults and queues what is left; s.mu is held.
func (s *Server) dispatch(d *delivery) {
	switch s.takeWebhookFault(d) {
	case Lose:
		d.record.Outcome = Lost
	case Hold:
		s.held = append(s.held, d)
	case Swap:
		d.inst.out.swapped = append(d.inst.out.swapped, d)
	case Duplicate:
		again := *d
		record := *d.record
		again.record = &record
		s.deliveries = append(s.deliveries, again.record)
		s.enqueue(d)
		s.enqueue(&again)
	default:
		s.enqueue(d)
	}
}

// enqueue starts the delivery of d and of what was to follow it; s.mu is held.
func (s *Server) enqueue(d *delivery) {
	out := d.inst.out
	batch := append([]*delivery{d}, out.swapped...)
	out.swapped = nil
	if s.closed.Err() != nil {
		for _, d := range batch {
			d.record.Outcome = Lost
		}
		return
	}
	s.outstanding += len(batch)
	if s.quirksOf(d.inst).ConcurrentWebhooks {
		for _, d := range batch {
			s.start(func(ctx context.Context) { s.deliver(ctx, d) })
		}
		return
	}
	out.queue = append(out.queue, batch...)
	if !out.running {
		out.running = true
		s.start(func(ctx context.Context) { s.drain(ctx, out) })
	}
}

// start runs a task of the server's process; s.mu is held.
func (s *Server) start(task func(context.Context)) {
	process := s.process
	s.tasks.Go(func() { task(process) })
}

// drain makes the first attempts of an outbox in order. Retries do not hold up the rest.
func (s *Server) drain(ctx context.Context, out *outbox) {
	for {
		s.mu.Lock()
		if len(out.queue) == 0 || ctx.Err() != nil {
			out.running = false
			s.mu.Unlock()
			return
		}
		d := out.queue[0]
		out.queue = out.queue[1:]
		s.mu.Unlock()
		if !s.attempt(ctx, d) {
			s.tasks.Go(func() { s.retry(ctx, d) })
		}
	}
}

func (s *Server) deliver(ctx context.Context, d *delivery) {
	if !s.attempt(ctx, d) {
		s.retry(ctx, d)
	}
}

func (s *Server) retry(ctx context.Context, d *delivery) {
	for failed := 1; ; failed++ {
		wait := float64(s.opts.Retry.wait(failed, rand.Float64())) * s.opts.RetryScale
		timer := time.NewTimer(time.Duration(wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			s.finish(d, Lost)
			return
		}
		if s.attempt(ctx, d) {
			return
		}
	}
}

// attempt posts d once and says whether that was the end of it.
func (s *Server) attempt(ctx context.Context, d *delivery) (ended bool) {
	status := s.post(ctx, d)
	s.mu.Lock()
	d.record.Statuses = append(d.record.Statuses, status)
	attempts := len(d.record.Statuses)
	s.mu.Unlock()
	s.opts.Logger.Debug("webhook", "instance", d.record.Instance, "event", d.record.Event,
		"attempt", attempts, "status", status)
	switch {
	case status >= 200 && status < 300:
		s.finish(d, Delivered)
	case status == 400, status == 401, status == 403, status == 404, status == 422:
		s.finish(d, Refused)
	case ctx.Err() != nil:
		s.finish(d, Lost)
	case attempts >= s.opts.Retry.MaxAttempts:
		s.finish(d, GaveUp)
	default:
		return false
	}
	return true
}

func (s *Server) post(ctx context.Context, d *delivery) int {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Retry.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(d.body))
	if err != nil {
		return 0
	}
	req.Header = d.header.Clone()
	resp, err := s.opts.Client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return 0
	}
	return resp.StatusCode
}

func (s *Server) finish(d *delivery, outcome Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.record.Outcome == Waiting {
		d.record.Outcome = outcome
		s.outstanding--
		s.broadcast()
	}
}

// dropWebhooks forgets every webhook that waits: the queue lives in the memory of the
// process. s.mu is held.
func (s *Server) dropWebhooks() {
	s.stopProcess()
	s.process, s.stopProcess = context.WithCancel(s.closed)
	s.outstanding = 0
	s.held = nil
	for _, i := range s.instances {
		i.out = &outbox{}
	}
	for _, d := range s.deliveries {
		if d.Outcome == Waiting {
			d.Outcome = Lost
		}
	}
	s.broadcast()
}

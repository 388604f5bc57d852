package webhooks

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Letter is one webhook to deliver. Its request is fixed: retries repeat it.
type Letter struct {
	// Session orders it: first attempts of one session follow each other.
	Session   string
	Event     string
	MessageID core.MessageID // of events about one message
	URL       string
	Body      []byte
	Header    http.Header
	// Unordered posts it without waiting for the one before.
	Unordered bool
	Policy    Policy
}

// Policy is how a provider repeats webhooks that fail.
type Policy struct {
	Attempts int           // the first included
	Timeout  time.Duration // for each attempt
	// Wait is the pause after so many failed attempts, with chance in [0,1).
	Wait func(failed int, chance float64) time.Duration
	// Final says which answers are never repeated, besides 2xx; nil for none.
	Final func(status int) bool
}

// Outcome is how the delivery of a webhook ended.
type Outcome string

// The outcomes of a delivery.
const (
	Waiting   Outcome = ""          // not yet ended
	Delivered Outcome = "delivered" // any 2xx
	Refused   Outcome = "refused"   // an answer that is never repeated
	GaveUp    Outcome = "gave_up"   // all attempts used
	Lost      Outcome = "lost"      // by a fault, a restart or Close
)

// Delivery is what became of one webhook.
type Delivery struct {
	Instance  string // the session
	Event     string
	MessageID core.MessageID // of events about one message
	// Statuses are the receiver's answers, one for each attempt; 0 is no answer.
	Statuses []int
	Outcome  Outcome
}

// Courier delivers letters. Make it with [New], end it with [Courier.Close].
type Courier struct {
	client *http.Client
	log    *slog.Logger
	tasks  sync.WaitGroup

	mu         sync.Mutex
	process    context.Context
	stop       context.CancelFunc
	closed     bool
	queues     map[string]*queue
	faults     []Fault
	held       []parcel
	deliveries []*Delivery
	underWay   int           // letters sent and not ended; held and swapped ones do not count
	changed    chan struct{} // closed and replaced when anything above changes
}

// parcel is a letter with its entry in the record.
type parcel struct {
	Letter
	record *Delivery
}

// queue keeps the letters of one session in order.
type queue struct {
	waiting []parcel
	swapped []parcel
	running bool
}

// New makes a courier that posts with client and tells logger, nil for nobody, of attempts
// at debug level.
func New(client *http.Client, logger *slog.Logger) *Courier {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	c := &Courier{client: client, log: logger, queues: map[string]*queue{}, changed: make(chan struct{})}
	c.process, c.stop = context.WithCancel(context.Background())
	return c
}

// Send takes a letter to deliver and returns at once. After Close it is lost.
func (c *Courier) Send(l Letter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := parcel{l, &Delivery{Instance: l.Session, Event: l.Event, MessageID: l.MessageID, Outcome: Waiting}}
	c.deliveries = append(c.deliveries, p.record)
	switch c.takeFault(p.record) {
	case Lose:
		p.record.Outcome = Lost
	case Hold:
		c.held = append(c.held, p)
	case Swap:
		q := c.queue(l.Session)
		q.swapped = append(q.swapped, p)
	case Duplicate:
		again := *p.record
		c.deliveries = append(c.deliveries, &again)
		c.enqueue(p)
		c.enqueue(parcel{l, &again})
	default:
		c.enqueue(p)
	}
	c.broadcast()
}

// Deliveries lists the webhooks so far, in the order they were sent. A duplicated one is
// two deliveries.
func (c *Courier) Deliveries() []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Delivery, 0, len(c.deliveries))
	for _, d := range c.deliveries {
		one := *d
		one.Statuses = slices.Clone(d.Statuses)
		list = append(list, one)
	}
	return list
}

// WaitIdle returns when every letter sent so far has ended, or with the error of ctx. Held
// letters do not count.
func (c *Courier) WaitIdle(ctx context.Context) error {
	for {
		c.mu.Lock()
		underWay, changed := c.underWay, c.changed
		c.mu.Unlock()
		if underWay == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Drop loses every letter that has not been delivered, as a provider does whose queue lives
// in the memory of a process that restarts.
func (c *Courier) Drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}

// Close loses what waits and returns when nothing is under way any more.
func (c *Courier) Close() {
	c.mu.Lock()
	c.drop()
	c.closed = true
	c.stop()
	c.mu.Unlock()
	c.tasks.Wait()
}

// drop forgets all letters; c.mu is held.
func (c *Courier) drop() {
	c.stop()
	c.process, c.stop = context.WithCancel(context.Background())
	c.underWay, c.held, c.queues = 0, nil, map[string]*queue{}
	for _, d := range c.deliveries {
		if d.Outcome == Waiting {
			d.Outcome = Lost
		}
	}
	c.broadcast()
}

// queue returns the queue of a session; c.mu is held.
func (c *Courier) queue(session string) *queue {
	q := c.queues[session]
	if q == nil {
		q = &queue{}
		c.queues[session] = q
	}
	return q
}

// enqueue starts the delivery of p and of what was to follow it; c.mu is held.
func (c *Courier) enqueue(p parcel) {
	q := c.queue(p.Session)
	batch := append([]parcel{p}, q.swapped...)
	q.swapped = nil
	if c.closed {
		for _, p := range batch {
			p.record.Outcome = Lost
		}
		return
	}
	c.underWay += len(batch)
	process := c.process
	if p.Unordered {
		for _, p := range batch {
			c.tasks.Go(func() { c.deliver(process, p) })
		}
		return
	}
	q.waiting = append(q.waiting, batch...)
	if !q.running {
		q.running = true
		c.tasks.Go(func() { c.drain(process, q) })
	}
}

// drain makes the first attempts of a queue in order. Retries do not hold up the rest.
func (c *Courier) drain(ctx context.Context, q *queue) {
	for {
		c.mu.Lock()
		if len(q.waiting) == 0 || ctx.Err() != nil {
			q.running = false
			c.mu.Unlock()
			return
		}
		p := q.waiting[0]
		q.waiting = q.waiting[1:]
		c.mu.Unlock()
		if !c.attempt(ctx, p) {
			c.tasks.Go(func() { c.retry(ctx, p) })
		}
	}
}

func (c *Courier) deliver(ctx context.Context, p parcel) {
	if !c.attempt(ctx, p) {
		c.retry(ctx, p)
	}
}

func (c *Courier) retry(ctx context.Context, p parcel) {
	for failed := 1; ; failed++ {
		timer := time.NewTimer(p.Policy.Wait(failed, rand.Float64()))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			c.finish(p, Lost)
			return
		}
		if c.attempt(ctx, p) {
			return
		}
	}
}

// attempt posts p once and says whether that was the end of it.
func (c *Courier) attempt(ctx context.Context, p parcel) (ended bool) {
	status := c.post(ctx, p)
	c.mu.Lock()
	p.record.Statuses = append(p.record.Statuses, status)
	attempts := len(p.record.Statuses)
	c.mu.Unlock()
	c.log.Debug("webhook", "session", p.Session, "event", p.Event, "attempt", attempts, "status", status)
	switch {
	case status >= 200 && status < 300:
		c.finish(p, Delivered)
	case p.Policy.Final != nil && p.Policy.Final(status):
		c.finish(p, Refused)
	case ctx.Err() != nil:
		c.finish(p, Lost)
	case attempts >= p.Policy.Attempts:
		c.finish(p, GaveUp)
	default:
		return false
	}
	return true
}

func (c *Courier) post(ctx context.Context, p parcel) int {
	ctx, cancel := context.WithTimeout(ctx, p.Policy.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(p.Body))
	if err != nil {
		return 0
	}
	req.Header = p.Header.Clone()
	resp, err := c.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return 0
	}
	return resp.StatusCode
}

func (c *Courier) finish(p parcel, outcome Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.record.Outcome == Waiting {
		p.record.Outcome = outcome
		c.underWay--
		c.broadcast()
	}
}

// broadcast wakes everybody who waits; c.mu is held.
func (c *Courier) broadcast() {
	close(c.changed)
	c.changed = make(chan struct{})
}

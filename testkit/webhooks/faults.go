package webhooks

import "slices"

// Forever as a fault's Times keeps it until [Courier.ClearFaults].
const Forever = -1

// Action is what a [Fault] does.
type Action string

// The actions on a webhook.
const (
	Lose      Action = "lose"      // never delivered
	Duplicate Action = "duplicate" // delivered twice
	Swap      Action = "swap"      // delivered right after the session's next one
	Hold      Action = "hold"      // delivered at Release
)

// Fault is a misbehaviour of webhook delivery.
type Fault struct {
	Do Action
	// Event is the event it hits, such as "messages.upsert", "" for all.
	Event string
	// Instance is the session it hits, "" for all.
	Instance string
	// Times is how many webhooks it hits, one when zero, [Forever] for all.
	Times int
}

// Next queues faults. Each letter takes the first that fits it.
func (c *Courier) Next(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		c.faults = append(c.faults, f)
	}
}

// ClearFaults forgets the queued faults.
func (c *Courier) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// Release delivers the held letters in their order, then the swapped ones that still wait
// for a next one.
func (c *Courier) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.held
	c.held = nil
	for _, p := range held {
		c.enqueue(p)
	}
	for _, q := range c.queues {
		if waiting := q.swapped; len(waiting) > 0 {
			q.swapped = waiting[1:]
			c.enqueue(waiting[0])
		}
	}
}

// takeFault uses up the first fault that fits; c.mu is held.
func (c *Courier) takeFault(d *Delivery) Action {
	for i, f := range c.faults {
		if f.Event != "" && f.Event != d.Event || f.Instance != "" && f.Instance != d.Instance {
			continue
		}
		if f.Times > 0 {
			if c.faults[i].Times--; c.faults[i].Times == 0 {
				c.faults = slices.Delete(c.faults, i, i+1)
			}
		}
		return f.Do
	}
	return ""
}

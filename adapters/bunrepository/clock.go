package bunrepository

import (
	"sync/atomic"
	"time"
)

// prompt is how fast an answer must come to say what time it is: the clocks of two processes
// are apart by half of it at most.
const prompt = 2 * time.Second

// clock is the database server's time, kept up between two looks at it by this machine's
// monotonic clock: setting this machine's wall clock does not move it. It never goes back;
// when the server's clock does, this one stands until it is caught up with.
type clock struct {
	began  time.Time    // with its monotonic reading
	offset atomic.Int64 // nanoseconds to add to this machine's time
	seen   atomic.Bool  // whether offset is from a look
	last   atomic.Int64 // UnixMicro of the latest answer
}

func newClock() *clock { return &clock{began: time.Now()} }

// local is this machine's time, as of the start of the process plus what has passed since.
func (c *clock) local() time.Time { return c.began.Add(time.Since(c.began)) }

func (c *clock) now() time.Time {
	at := c.local().Add(time.Duration(c.offset.Load())).UnixMicro()
	for {
		last := c.last.Load()
		if at <= last {
			return moment(last)
		}
		if c.last.CompareAndSwap(last, at) {
			return moment(at)
		}
	}
}

// observe learns from an answer of the server, which made it between sent and received.
// Both are local times. A slow answer is better than none and worse than an earlier one.
func (c *clock) observe(server, sent, received time.Time) {
	way := received.Sub(sent)
	if way > prompt && c.seen.Load() {
		return
	}
	c.offset.Store(int64(server.Sub(sent.Add(way / 2))))
	c.seen.Store(true)
}

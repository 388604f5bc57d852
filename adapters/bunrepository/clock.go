package bunrepository

import (
	"sync/atomic"
	"time"
)

// clock is the database server's time, kept up between two looks at it by this machine's
// monotonic clock: setting a wall clock does not move it. It never goes back.
type clock struct {
	began  time.Time    // with its monotonic reading
	offset atomic.Int64 // nanoseconds to add to this machine's time
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
func (c *clock) observe(server, sent, received time.Time) {
	c.offset.Store(int64(server.Sub(sent.Add(received.Sub(sent) / 2))))
}

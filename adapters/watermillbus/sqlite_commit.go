package watermillbus

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// maxCommit bounds how many writes share a transaction, and with it the time others wait.
const maxCommit = 256

// committer is the queue's one writer. Writes that meet share a transaction, because the
// flush to disk costs far more than the write: the first caller leads, commits its own write
// together with all that wait, and passes the lead on. There is no goroutine of its own.
type committer struct {
	conn *sql.Conn

	mu      sync.Mutex
	waiting []*write
	leading bool
}

// write is one caller's part of a transaction.
type write struct {
	apply func(context.Context) error // may run twice, in a transaction each time
	turn  chan bool                   // true: lead; false: err is set
	err   error
}

// do runs apply in a transaction and returns when that is durable. It takes no context: a
// leader works for others too, and nobody may leave without knowing the outcome.
func (c *committer) do(apply func(context.Context) error) error {
	w := &write{apply: apply, turn: make(chan bool, 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	follow := c.leading
	c.leading = true
	c.mu.Unlock()
	if follow && !<-w.turn {
		return w.err
	}
	c.lead()
	return w.err
}

// lead commits one batch, whose first write is the leader's own.
func (c *committer) lead() {
	c.mu.Lock()
	n := min(len(c.waiting), maxCommit)
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	c.mu.Unlock()

	c.commit(context.Background(), batch)
	for _, w := range batch[1:] {
		w.turn <- false
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting, c.leading = nil, false
		return
	}
	c.waiting[0].turn <- true
}

// commit sets the outcome of every write of the batch. One that fails must not take the
// others with it, so then each gets a transaction of its own.
func (c *committer) commit(ctx context.Context, batch []*write) {
	err := c.transaction(ctx, batch)
	if err != nil && len(batch) > 1 && !errors.Is(err, errBegin) {
		for _, w := range batch {
			w.err = c.transaction(ctx, []*write{w})
		}
		return
	}
	for _, w := range batch {
		w.err = err
	}
}

// errBegin marks a transaction that did not start: no write is to blame.
var errBegin = errors.New("begin transaction")

func (c *committer) transaction(ctx context.Context, batch []*write) error {
	if _, err := c.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("%w: %w", errBegin, err)
	}
	for _, w := range batch {
		if err := w.apply(ctx); err != nil {
			c.rollback(ctx)
			return err
		}
	}
	if _, err := c.conn.ExecContext(ctx, "COMMIT"); err != nil {
		c.rollback(ctx)
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// rollback ends a failed transaction. SQLite may have ended it already, hence no error.
func (c *committer) rollback(ctx context.Context) {
	_, _ = c.conn.ExecContext(ctx, "ROLLBACK")
}

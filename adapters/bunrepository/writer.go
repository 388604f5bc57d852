package bunrepository

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"
)

// maxBatch bounds how many writes share a commit, and so how long one of them can be held
// up by the others.
const maxBatch = 128

// company is how long after a commit a write that is not urgent waits for others to share its
// own with. A provider that posts one webhook after the other, as fast as they are answered,
// would otherwise keep the disk busy with a commit for each.
const company = 2 * time.Millisecond

// errAbandoned is what a write gets when the goroutine that carried it out ended.
var errAbandoned = errors.New("write was abandoned by its leader")

// writer turns concurrent writes into few commits. With synchronous=FULL a commit waits
// for the disk, so its price is shared: callers queue, the first of them becomes the
// leader and commits everybody's writes in one transaction, while the next batch gathers.
// It has no goroutine of its own.
type writer struct {
	db  *bun.DB
	log *slog.Logger

	mu    sync.Mutex
	queue []*write
	led   bool      // a leader is at work
	ended time.Time // the last commit
}

// write is one caller's unit of work and its outcome.
type write struct {
	ctx  context.Context
	run  func(context.Context, bun.Tx) error
	err  error
	wake chan struct{} // signals that it is done, or has to lead
	// leads is set before wake is signalled, under writer.mu.
	leads bool
}

// do runs fn in a transaction and returns when it is durable, or has failed and left
// nothing. A ctx that ends before fn has begun means that fn never runs; after that it is
// carried through, because an interrupted statement would take the whole batch with it.
func (w *writer) do(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return w.join(ctx, fn, true)
}

// doInCompany is do for a write that can wait a moment.
func (w *writer) doInCompany(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return w.join(ctx, fn, false)
}

func (w *writer) join(ctx context.Context, fn func(context.Context, bun.Tx) error, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	own := &write{ctx: ctx, run: fn, wake: make(chan struct{}, 1)}
	w.mu.Lock()
	w.queue = append(w.queue, own)
	if pause := time.Until(w.ended.Add(company)); !w.led && !urgent && pause > 0 {
		timer := time.AfterFunc(pause, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.appoint()
		})
		defer timer.Stop()
	} else {
		w.appoint()
	}
	w.mu.Unlock()

	select {
	case <-own.wake:
	case <-ctx.Done():
		if w.withdraw(own) {
			return ctx.Err()
		}
		<-own.wake
	}
	if own.leads {
		w.lead()
	}
	return own.err
}

// appoint makes the first in the queue the leader, if there is none. The caller holds mu.
func (w *writer) appoint() {
	if w.led || len(w.queue) == 0 {
		return
	}
	w.led, w.queue[0].leads = true, true
	w.queue[0].wake <- struct{}{}
}

// withdraw takes a write that nobody has begun out of the queue.
func (w *writer) withdraw(own *write) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.queue, own)
	if i < 0 || own.leads {
		return false
	}
	w.queue = slices.Delete(w.queue, i, i+1)
	return true
}

// lead carries out the batch at the head of the queue, whose first write is the caller's,
// and hands the lead on.
func (w *writer) lead() {
	w.mu.Lock()
	n := min(len(w.queue), maxBatch)
	batch := slices.Clone(w.queue[:n])
	w.queue = slices.Delete(w.queue, 0, n)
	w.mu.Unlock()

	// Deferred, so that a write that ends the goroutine cannot leave the others waiting.
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.led, w.ended = false, time.Now()
		w.appoint()
		for _, one := range batch[1:] {
			one.wake <- struct{}{}
		}
	}()
	w.commit(batch)
}

// commit runs the batch in one transaction. When the transaction is lost, everybody gets
// the error, also those whose own write had failed: they may have failed because of rows
// that are gone now.
func (w *writer) commit(batch []*write) {
	begun := make([]*write, 0, len(batch))
	for _, one := range batch {
		if one.err = one.ctx.Err(); one.err == nil {
			one.err = errAbandoned
			begun = append(begun, one)
		}
	}
	if len(begun) == 0 {
		return
	}
	outcomes := make([]error, len(begun))
	err := func() error {
		ctx := context.Background()
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		committed := false
		defer func() {
			if !committed {
				_ = tx.Rollback() // the first error is the one to tell
			}
		}()
		if len(begun) == 1 {
			// What fails alone takes the transaction with it.
			if err := w.contain(context.WithoutCancel(begun[0].ctx), begun[0], tx); err != nil {
				return err
			}
		} else {
			for i, one := range begun {
				if err := w.attempt(one, tx, &outcomes[i]); err != nil {
					return err
				}
			}
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		committed = true
		return nil
	}()
	for i, one := range begun {
		if one.err = outcomes[i]; err != nil {
			one.err = err
		}
	}
}

// attempt runs one write of several inside a savepoint, so that its failure undoes only
// itself. The error it returns is that of the transaction.
func (w *writer) attempt(one *write, tx bun.Tx, outcome *error) error {
	ctx := context.WithoutCancel(one.ctx)
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if *outcome = w.contain(ctx, one, tx); *outcome != nil {
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT one"); err != nil {
			return fmt.Errorf("rollback to savepoint: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "RELEASE SAVEPOINT one"); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// contain turns a panic of one write into its error: the leader runs it for somebody else.
func (w *writer) contain(ctx context.Context, one *write, tx bun.Tx) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		// A panic's value may hold a message's text; only the runtime's own are shown.
		err = fmt.Errorf("write panicked with a %T", p)
		if cause, ok := p.(runtime.Error); ok {
			err = fmt.Errorf("write panicked: %w", cause)
		}
		w.log.ErrorContext(ctx, "database write panicked", "error", err, "stack", string(debug.Stack()))
	}()
	return one.run(ctx, tx)
}

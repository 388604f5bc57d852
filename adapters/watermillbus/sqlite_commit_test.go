package watermillbus

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// newCommitter writes to a table t (n) of its own.
func newCommitter(tb testing.TB) (*committer, *sql.DB) {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "t.db")+"?_pragma=journal_mode(WAL)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.ExecContext(tb.Context(), "CREATE TABLE t (n INTEGER PRIMARY KEY)"); err != nil {
		tb.Fatal(err)
	}
	return &committer{conn: conn}, db
}

func TestWritesThatMeetShareATransactionAndNotTheirFailures(t *testing.T) {
	c, db := newCommitter(t)
	insert := func(n int) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := c.conn.ExecContext(ctx, "INSERT INTO t VALUES (?)", n)
			return err
		}
	}
	const others = 50
	errOne := errors.New("one fails")
	results := make([]error, others)
	var wg sync.WaitGroup
	met := make([]int, 0, 2*others) // rows each write found uncommitted beside it
	err := c.do(func(ctx context.Context) error {
		for i := range others {
			wg.Go(func() {
				results[i] = c.do(func(ctx context.Context) error {
					if i == 7 {
						return errOne
					}
					var inside, outside int
					if err := c.conn.QueryRowContext(ctx, "SELECT count(*) FROM t").Scan(&inside); err != nil {
						return err
					}
					if err := db.QueryRowContext(ctx, "SELECT count(*) FROM t").Scan(&outside); err != nil {
						return err
					}
					met = append(met, inside-outside)
					return insert(i)(ctx)
				})
			})
		}
		for deadline := time.Now().Add(20 * time.Second); ; {
			c.mu.Lock()
			n := len(c.waiting)
			c.mu.Unlock()
			if n == others {
				return insert(-1)(ctx)
			}
			if time.Now().After(deadline) {
				return errors.New("the others did not come")
			}
		}
	})
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range results {
		if i == 7 && !errors.Is(err, errOne) || i != 7 && err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != others {
		t.Errorf("%d rows, %v, want %d", n, err, others)
	}
	most := 0
	for _, n := range met {
		most = max(most, n)
	}
	if most == 0 {
		t.Error("no two writes shared a transaction")
	}
}

func TestDelayGrowsToItsLimit(t *testing.T) {
	o := SQLiteOptions{RedeliverAfter: time.Second, RedeliverMax: 10 * time.Second}.withDefaults()
	for starts, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1 << 30: 10 * time.Second,
	} {
		if got := o.delay(starts); got != want {
			t.Errorf("after %d starts: %v, want %v", starts, got, want)
		}
	}
}

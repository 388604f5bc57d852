package bunrepository

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/uptrace/bun"
)

// writerTest is a repository with one more table and a count of commits.
type writerTest struct {
	*Repository
	t       *testing.T
	commits atomic.Int64
}

func (w *writerTest) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if e.Query == "COMMIT" {
		w.commits.Add(1)
	}
	return ctx
}

func (w *writerTest) AfterQuery(context.Context, *bun.QueryEvent) {}

func newWriterTest(t *testing.T) *writerTest {
	w := &writerTest{Repository: openTest(t), t: t}
	if _, err := file(w.Repository).write.Exec("CREATE TABLE notes (name TEXT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	file(w.Repository).write.AddQueryHook(w)
	return w
}

func note(name string) func(context.Context, bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO notes (name) VALUES (?)", name)
		return err
	}
}

func (w *writerTest) notes() []string {
	w.t.Helper()
	var names []string
	if err := file(w.Repository).read.NewSelect().Table("notes").Column("name").Order("name").Scan(context.Background(), &names); err != nil {
		w.t.Fatal(err)
	}
	return names
}

// gathered holds the writer up, lets the writes queue, releases it and returns their errors.
func (w *writerTest) gathered(writes ...func(context.Context, bun.Tx) error) []error {
	w.t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := file(w.Repository).writer.do(context.Background(), func(context.Context, bun.Tx) error {
			close(entered)
			<-release
			return nil
		}); err != nil {
			w.t.Error(err)
		}
	})
	<-entered
	errs := make([]error, len(writes))
	for i, fn := range writes {
		errs[i] = errAbandoned
		wg.Go(func() { errs[i] = file(w.Repository).writer.do(context.Background(), fn) })
		w.queued(i + 1) // one after the other, so that the first one leads
	}
	close(release)
	wg.Wait()
	return errs
}

// queued waits until n writes are in the queue.
func (w *writerTest) queued(n int) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		file(w.Repository).writer.mu.Lock()
		have := len(file(w.Repository).writer.queue)
		file(w.Repository).writer.mu.Unlock()
		if have == n {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d writes are queued, want %d", have, n)
		}
	}
}

func TestWritesShareACommit(t *testing.T) {
	w := newWriterTest(t)
	writes := make([]func(context.Context, bun.Tx) error, 300)
	for i := range writes {
		writes[i] = note(strings.Repeat("n", i+1))
	}
	for _, err := range w.gathered(writes...) {
		if err != nil {
			t.Error(err)
		}
	}
	if got := len(w.notes()); got != len(writes) {
		t.Errorf("%d writes are stored, want %d", got, len(writes))
	}
	// The one that held them up, and 300 in batches of at most 128.
	if got := w.commits.Load(); got != 4 {
		t.Errorf("%d commits, want 4", got)
	}
}

func TestAFailingWriteHurtsOnlyItself(t *testing.T) {
	w := newWriterTest(t)
	refused := errors.New("refused")
	errs := w.gathered(note("a"), func(ctx context.Context, tx bun.Tx) error {
		if err := note("half")(ctx, tx); err != nil {
			return err
		}
		return refused
	}, note("a"), note("b"))
	if errs[0] != nil || errs[3] != nil {
		t.Errorf("the good writes failed: %v, %v", errs[0], errs[3])
	}
	if !errors.Is(errs[1], refused) {
		t.Errorf("error of the failing write is %v", errs[1])
	}
	if errs[2] == nil {
		t.Error("a duplicate was stored")
	}
	if got := w.notes(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("stored %v", got)
	}
	if got := w.commits.Load(); got != 2 {
		t.Errorf("%d commits, want 2", got)
	}
}

func TestAPanickingWriteIsContained(t *testing.T) {
	w := newWriterTest(t)
	errs := w.gathered(func(ctx context.Context, tx bun.Tx) error {
		if err := note("half")(ctx, tx); err != nil {
			return err
		}
		panic("text of a message")
	}, note("b"))
	if errs[0] == nil || strings.Contains(errs[0].Error(), "text of a message") {
		t.Errorf("error of the panic is %v", errs[0])
	}
	if errs[1] != nil {
		t.Error(errs[1])
	}
	if got := w.notes(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("stored %v", got)
	}
}

func TestAWriteThatEndsItsGoroutineLeavesNobodyWaiting(t *testing.T) {
	w := newWriterTest(t)
	errs := w.gathered(note("a"), func(context.Context, bun.Tx) error {
		runtime.Goexit()
		return nil
	}, note("b"))
	for i, err := range errs {
		if !errors.Is(err, errAbandoned) {
			t.Errorf("error %d is %v", i, err)
		}
	}
	if err := file(w.Repository).writer.do(context.Background(), note("c")); err != nil {
		t.Fatal(err)
	}
	if got := w.notes(); !slices.Equal(got, []string{"c"}) {
		t.Errorf("stored %v", got)
	}
}

func TestALostCommitReachesEverybody(t *testing.T) {
	w := newWriterTest(t)
	errs := w.gathered(note("a"), func(ctx context.Context, tx bun.Tx) error {
		// A deferred foreign key is judged by COMMIT.
		if _, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO lanes (user_id, instance_id, next_send_at, paced_until, lease_holder, lease_until, fence)
			VALUES ('nobody', 'none', 0, 0, '', 0, 0)`)
		return err
	}, note("a"))
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "commit: ") {
			t.Errorf("error %d is %v", i, err)
		}
	}
	if got := w.notes(); len(got) != 0 {
		t.Errorf("stored %v", got)
	}
	if err := file(w.Repository).writer.do(context.Background(), note("after")); err != nil {
		t.Fatal(err)
	}
}

func TestACanceledWriteNeverRuns(t *testing.T) {
	w := newWriterTest(t)
	ctx, cancel := context.WithCancel(context.Background())
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := file(w.Repository).writer.do(context.Background(), func(context.Context, bun.Tx) error {
			close(entered)
			<-release
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
	<-entered
	waiting := make(chan error)
	go func() { waiting <- file(w.Repository).writer.do(ctx, note("never")) }()
	w.queued(1)
	cancel()
	// It comes back although the leader is still at work.
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	close(release)
	wg.Wait()
	if err := file(w.Repository).writer.do(ctx, note("never")); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if got := w.notes(); len(got) != 0 {
		t.Errorf("stored %v", got)
	}
}

func TestABegunWriteIsCarriedThrough(t *testing.T) {
	w := newWriterTest(t)
	ctx, cancel := context.WithCancel(context.Background())
	err := file(w.Repository).writer.do(ctx, func(ctx context.Context, tx bun.Tx) error {
		cancel()
		return note("stays")(ctx, tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.notes(); !slices.Equal(got, []string{"stays"}) {
		t.Errorf("stored %v", got)
	}
}

func TestManyWritersAllGetTheirOwnOutcome(t *testing.T) {
	w := newWriterTest(t)
	var wg sync.WaitGroup
	var stored, refused atomic.Int64
	for i := range 64 {
		wg.Go(func() {
			for n := range 20 {
				// Every name is written by two of them.
				err := file(w.Repository).writer.do(context.Background(), note(string(rune('A'+i/2))+strings.Repeat("x", n)))
				if err == nil {
					stored.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if stored.Load() != 640 || refused.Load() != 640 || len(w.notes()) != 640 {
		t.Errorf("%d stored, %d refused, %d rows; want 640 each", stored.Load(), refused.Load(), len(w.notes()))
	}
}

func TestAWriteThatIsNotUrgentSharesTheNextCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWriterTest(t)
		wr, began := file(w.Repository).writer, time.Now()
		write := func(do func(context.Context, func(context.Context, bun.Tx) error) error, name string) {
			if err := do(t.Context(), note(name)); err != nil {
				t.Error(err)
			}
		}
		write(wr.do, "a")
		var wg sync.WaitGroup
		wg.Go(func() { write(wr.doInCompany, "b") })
		wg.Go(func() { write(wr.doInCompany, "c") })
		synctest.Wait()
		if got := w.notes(); !slices.Equal(got, []string{"a"}) {
			t.Errorf("stored %v: what can wait did not", got)
		}
		write(wr.do, "d")
		wg.Wait()
		if got := w.notes(); !slices.Equal(got, []string{"a", "b", "c", "d"}) || w.commits.Load() != 2 || !time.Now().Equal(began) {
			t.Errorf("stored %v in %d commits and %v, want all in 2 and at once", got, w.commits.Load(), time.Since(began))
		}

		write(wr.doInCompany, "e")
		if waited := time.Since(began); waited != company {
			t.Errorf("without company a write waits %v, want %v", waited, company)
		}
		time.Sleep(company)
		write(wr.doInCompany, "f")
		if waited := time.Since(began); waited != 2*company {
			t.Errorf("after a rest a write waits %v", waited-2*company)
		}

		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if err := wr.doInCompany(ctx, note("never")); !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		time.Sleep(2 * company)
		write(wr.do, "g")
		if got := w.notes(); !slices.Equal(got, []string{"a", "b", "c", "d", "e", "f", "g"}) {
			t.Errorf("stored %v", got)
		}
	})
}

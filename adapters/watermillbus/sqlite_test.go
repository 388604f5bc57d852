package watermillbus_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/ports/bus"
)

const patience = 20 * time.Second

// receive waits for one message.
func receive(tb testing.TB, messages <-chan *message.Message) *message.Message {
	tb.Helper()
	select {
	case m, open := <-messages:
		if !open {
			tb.Fatal("the subscription ended")
		}
		return m
	case <-time.After(patience):
		tb.Fatalf("no message within %v", patience)
	}
	return nil
}

func send(tb testing.TB, q *watermillbus.SQLite, messages ...*message.Message) {
	tb.Helper()
	if err := q.Publish("topic", messages...); err != nil {
		tb.Fatal(err)
	}
}

func listen(tb testing.TB, q *watermillbus.SQLite) <-chan *message.Message {
	tb.Helper()
	messages, err := q.Subscribe(tb.Context(), "topic")
	if err != nil {
		tb.Fatal(err)
	}
	return messages
}

// database looks into the file from outside.
func database(tb testing.TB, path string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func TestMessagesSurviveReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b#c%20d e.db")
	q := open(t, path, conformanceOptions())
	m := message.NewMessage("id-1", []byte{0, 0xff, 'x'})
	m.Metadata.Set("kind", "ação")
	send(t, q, m)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v, want 0600 under its own name", info, err)
	}
	got := receive(t, listen(t, open(t, path, conformanceOptions())))
	if !got.Equals(m) {
		t.Errorf("got %s %v %v", got.UUID, got.Metadata, got.Payload)
	}
}

// crashVariable makes this test binary the process that dies in TestClaimsOfADeadProcess.
const crashVariable = "WATERMILLBUS_TEST_CRASH"

func TestClaimsOfADeadProcessExpire(t *testing.T) {
	options := conformanceOptions()
	options.ClaimFor = time.Second
	if path := os.Getenv(crashVariable); path != "" {
		receive(t, listen(t, open(t, path, options)))
		os.Exit(42) // no Close, no release: the claim stays
	}
	path := filepath.Join(t.TempDir(), "bus.db")
	q := open(t, path, options)
	send(t, q, message.NewMessage("id-1", nil))

	crash := exec.Command(os.Args[0], "-test.run=^TestClaimsOfADeadProcessExpire$")
	crash.Env = append(os.Environ(), crashVariable+"="+path)
	out, err := crash.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 42 {
		t.Fatalf("the other process: %v\n%s", err, out)
	}
	var starts int
	if err := database(t, path).QueryRow("SELECT starts FROM messages").Scan(&starts); err != nil || starts != 1 {
		t.Fatalf("after the crash: %d starts, %v, want 1", starts, err)
	}
	if m := receive(t, listen(t, q)); m.UUID != "id-1" {
		t.Errorf("got %s", m.UUID)
	}
}

func TestClaimsOfASlowHandlerAreRenewed(t *testing.T) {
	options := conformanceOptions()
	options.ClaimFor = 1500 * time.Millisecond
	path := filepath.Join(t.TempDir(), "bus.db")
	slow, other := open(t, path, options), open(t, path, options)
	send(t, slow, message.NewMessage("id-1", nil))
	receive(t, listen(t, slow)) // and work on it for long
	messages := listen(t, other)
	select {
	case <-messages:
		t.Fatal("a message in work was delivered again")
	case <-time.After(2 * options.ClaimFor): // longer than one claim lasts
	}
	if err := slow.Close(); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, messages); m.UUID != "id-1" {
		t.Errorf("got %s", m.UUID)
	}
}

func TestUnsettledMessagesAreFreeWhenTheSubscriptionEnds(t *testing.T) {
	options := conformanceOptions()
	options.ClaimFor = time.Hour
	path := filepath.Join(t.TempDir(), "bus.db")
	q := open(t, path, options)
	for i := range 10 {
		send(t, q, message.NewMessage(fmt.Sprint(i), nil))
	}
	messages := listen(t, q)
	acked, left := receive(t, messages), receive(t, messages)
	acked.Ack()
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := left.Context().Err(); err == nil {
		t.Error("the context of a message in work outlives the queue")
	}
	got := map[string]bool{}
	messages = listen(t, open(t, path, options))
	for len(got) < 9 {
		m := receive(t, messages)
		got[m.UUID] = true
		m.Ack()
	}
	if got[acked.UUID] || !got[left.UUID] {
		t.Errorf("acknowledged %s, left %s, then got %v", acked.UUID, left.UUID, got)
	}
}

func TestFileDoesNotGrowWithAcknowledgedMessages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	q := open(t, path, conformanceOptions())
	messages := listen(t, q)
	db := database(t, path)
	rows := func() (n int) {
		if err := db.QueryRow("SELECT count(*) FROM messages").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	pages := func() (n int) {
		if err := db.QueryRow("PRAGMA page_count").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var after []int
	for range 5 {
		const n = 200
		round := make([]*message.Message, n)
		for i := range round {
			round[i] = message.NewMessage(watermill.NewUUID(), make([]byte, 1000))
		}
		send(t, q, round...)
		for range n {
			receive(t, messages).Ack()
		}
		deadline := time.Now().Add(patience)
		for rows() > 0 {
			if time.Now().After(deadline) {
				t.Fatalf("%d acknowledged messages are still there", rows())
			}
		}
		after = append(after, pages())
	}
	if after[4] > 2*after[0] {
		t.Errorf("pages after each round of acknowledged messages: %v", after)
	}
}

func TestMessageFromAClockSetBackIsNotStuck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus.db")
	q := open(t, path, conformanceOptions())
	send(t, q, message.NewMessage("id-1", nil))
	tomorrow := time.Now().Add(24 * time.Hour).UnixMilli()
	if _, err := database(t, path).Exec("UPDATE messages SET available_at = ?", tomorrow); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, listen(t, q)); m.UUID != "id-1" {
		t.Errorf("got %s", m.UUID)
	}
}

func TestClosedQueueRefuses(t *testing.T) {
	q := open(t, filepath.Join(t.TempDir(), "bus.db"), conformanceOptions())
	messages := listen(t, q)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
			if _, open := <-messages; open {
				t.Error("a subscription outlived Close")
			}
		})
	}
	wg.Wait()
	if err := q.Publish("topic", message.NewMessage("1", nil)); !errors.Is(err, watermillbus.ErrClosed) {
		t.Errorf("Publish: %v", err)
	}
	if _, err := q.Subscribe(t.Context(), "topic"); !errors.Is(err, watermillbus.ErrClosed) {
		t.Errorf("Subscribe: %v", err)
	}
}

func TestWhatIsMissingIsAnError(t *testing.T) {
	if _, err := watermillbus.OpenSQLite(t.Context(), "", watermillbus.SQLiteOptions{}); err == nil {
		t.Error("no path: no error")
	}
	if _, err := watermillbus.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "no", "dir.db"), watermillbus.SQLiteOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	notes := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(notes, []byte("this is no database, and it is longer than a header of one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := watermillbus.OpenSQLite(t.Context(), notes, watermillbus.SQLiteOptions{}); err == nil {
		t.Error("not a database: no error")
	}
	q := open(t, filepath.Join(t.TempDir(), "bus.db"), conformanceOptions())
	if err := q.Publish("", message.NewMessage("1", nil)); err == nil {
		t.Error("no topic: no error")
	}
	if _, err := q.Subscribe(t.Context(), ""); err == nil {
		t.Error("no topic: no error")
	}
}

// BenchmarkDeliver is publish, handle and acknowledge, through the port.
func BenchmarkDeliver(b *testing.B) {
	q := open(b, filepath.Join(b.TempDir(), "bus.db"), watermillbus.SQLiteOptions{})
	port := newBus(b, q)
	ctx, cancel := context.WithCancel(b.Context())
	left := make(chan struct{}, b.N)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := port.Subscribe(ctx, "topic", func(context.Context, bus.Message) error {
			left <- struct{}{}
			return nil
		}); err != nil {
			b.Error(err)
		}
	})
	work := make(chan struct{}, 64)
	b.ResetTimer()
	for range 64 {
		wg.Go(func() {
			for range work {
				if err := port.Publish(ctx, "topic", bus.Message{Payload: make([]byte, 100)}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	for range b.N {
		<-left
	}
	b.StopTimer()
	cancel()
	wg.Wait()
}

func BenchmarkPublish(b *testing.B) {
	for _, publishers := range []int{1, 64} {
		b.Run(fmt.Sprintf("publishers=%d", publishers), func(b *testing.B) {
			q := open(b, filepath.Join(b.TempDir(), "bus.db"), watermillbus.SQLiteOptions{})
			work := make(chan struct{}, publishers)
			var wg sync.WaitGroup
			b.ResetTimer()
			for range publishers {
				wg.Go(func() {
					for range work {
						send(b, q, message.NewMessage(watermill.NewUUID(), make([]byte, 100)))
					}
				})
			}
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
		})
	}
}

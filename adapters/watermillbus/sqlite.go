package watermillbus

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	_ "modernc.org/sqlite" // the driver "sqlite", without cgo
)

// ErrClosed is returned by a [SQLite] after Close.
var ErrClosed = errors.New("watermillbus: the queue is closed")

// SQLiteOptions tune a [SQLite]. The zero value works.
type SQLiteOptions struct {
	// Group is the consumer group of this handle's subscriptions: every group gets each
	// message once, the subscriptions of one group share them. Default: "default".
	Group string
	// RedeliverAfter is the delay after a message's first Nack; it doubles with each further
	// start up to RedeliverMax. Defaults: 1 s and 5 min.
	RedeliverAfter, RedeliverMax time.Duration
	// ClaimFor is how long a message stays with a process that died holding it. Living
	// processes renew their claims. Default: 30 s.
	ClaimFor time.Duration
	// PollEvery is how often a subscription looks for messages of other processes; those
	// of this handle wake it at once. Default: 1 s.
	PollEvery time.Duration
	// Batch is how many messages a subscription claims at once. They wait for its handlers
	// even if another process is idle, so slow handlers want a small one. Default: 32.
	Batch int
	// Window is how many messages of one subscription may be unacknowledged. Default: 256.
	Window int
	// Logger receives failures with ids, never payloads. Default: discard.
	Logger *slog.Logger
}

func (o SQLiteOptions) withDefaults() SQLiteOptions {
	if o.Group == "" {
		o.Group = "default"
	}
	if o.RedeliverAfter <= 0 {
		o.RedeliverAfter = time.Second
	}
	if o.RedeliverMax <= 0 {
		o.RedeliverMax = 5 * time.Minute
	}
	o.RedeliverMax = max(o.RedeliverMax, o.RedeliverAfter)
	if o.ClaimFor <= 0 {
		o.ClaimFor = 30 * time.Second
	}
	if o.PollEvery <= 0 {
		o.PollEvery = time.Second
	}
	if o.Batch <= 0 {
		o.Batch = 32
	}
	if o.Window <= 0 {
		o.Window = 256
	}
	o.Window = max(o.Window, o.Batch)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// SQLite is a durable queue in one file, a Watermill Publisher and Subscriber. It is safe
// for concurrent use, and several handles, also of several processes on one machine, may
// open the same file.
//
// Publish returns when the messages are on disk (WAL, synchronous=FULL); concurrent callers
// share one commit. An acknowledged message is deleted and its pages are used again, so the
// file is as large as the largest backlog was.
type SQLite struct {
	options SQLiteOptions
	db      *sql.DB
	commits *committer
	queries *queries

	ending context.Context // ends with Close
	end    context.CancelFunc
	closed sync.Once

	mu            sync.Mutex
	refusing      bool            // Close has begun
	active        sync.WaitGroup  // publishers at work and running subscriptions
	registered    map[string]bool // topics known to have a group
	subscriptions map[*subscription]struct{}
}

var (
	_ message.Publisher            = (*SQLite)(nil)
	_ message.Subscriber           = (*SQLite)(nil)
	_ message.SubscribeInitializer = (*SQLite)(nil)
)

// OpenSQLite opens the queue in the file path, creating it, readable by its owner only,
// where it is missing. The context bounds the opening alone.
func OpenSQLite(ctx context.Context, path string, options SQLiteOptions) (*SQLite, error) {
	if path == "" {
		return nil, errors.New("watermillbus: the queue needs a file")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}

	q := &SQLite{
		options:       options.withDefaults(),
		registered:    map[string]bool{},
		subscriptions: map[*subscription]struct{}{},
	}
	pragmas := url.Values{"_pragma": {
		"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "journal_size_limit(16777216)",
	}}
	q.db, err = sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+pragmas.Encode())
	if err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	q.db.SetMaxOpenConns(2) // the writer's, and one to look for work
	if err := q.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open queue: %w", err), q.db.Close())
	}
	q.ending, q.end = context.WithCancel(context.Background())
	return q, nil
}

func (q *SQLite) prepare(ctx context.Context) error {
	conn, err := q.db.Conn(ctx)
	if err != nil {
		return err
	}
	q.commits = &committer{conn: conn}
	if err := q.commits.do(func(ctx context.Context) error {
		_, err := conn.ExecContext(ctx, schema)
		return err
	}); err != nil {
		return errors.Join(err, conn.Close())
	}
	if q.queries, err = prepareQueries(ctx, conn, q.db); err != nil {
		return errors.Join(err, conn.Close())
	}
	return nil
}

// begin lets one publisher or subscription in; q.active.Done lets it out.
func (q *SQLite) begin() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refusing {
		return ErrClosed
	}
	q.active.Add(1)
	return nil
}

// Close ends all subscriptions, waits for them and for publishers at work, and closes the
// file. What is not acknowledged by then is delivered again after the next opening. Further
// calls return nil.
func (q *SQLite) Close() error {
	var err error
	q.closed.Do(func() {
		q.mu.Lock()
		q.refusing = true
		q.mu.Unlock()
		q.end()
		q.active.Wait()
		err = errors.Join(q.queries.close(), q.commits.conn.Close(), q.db.Close())
	})
	if err != nil {
		return fmt.Errorf("close queue: %w", err)
	}
	return nil
}

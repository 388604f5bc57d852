package watermillbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/autopromo-cloud/autopromo/core"
)

// RedisOptions tune a [Redis]. The zero value works.
type RedisOptions struct {
	// Group is the consumer group of this handle's subscriptions: every group gets each
	// message once, the subscriptions of one group share them. Default: "autopromo".
	Group string
	// RedeliverAfter is the delay after a message's first Nack; it doubles with each further
	// one up to RedeliverMax. Defaults: 1 s and 5 min.
	RedeliverAfter, RedeliverMax time.Duration
	// ClaimFor is how long a message stays with a process that died holding it. Living
	// processes renew their claims. Default: 30 s.
	ClaimFor time.Duration
	// Batch is how many messages are read at once. Default: 128.
	Batch int
	// Window is how many messages of one subscription may be unacknowledged. Default: 1024.
	Window int
	// Logger receives failures with ids, never payloads. Default: discard.
	Logger *slog.Logger
}

func (o RedisOptions) withDefaults() RedisOptions {
	if o.Group == "" {
		o.Group = "autopromo"
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
	if o.Batch <= 0 {
		o.Batch = 128
	}
	if o.Window <= 0 {
		o.Window = 1024
	}
	o.Window = max(o.Window, o.Batch)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Redis is a queue in Redis Streams, a Watermill Publisher and Subscriber. It is safe for
// concurrent use. A topic is a stream, and entries look as watermill-redisstream writes
// them, so its publishers and subscribers work with the same streams and groups.
//
// What differs from that package's subscriber: many messages are read at once and handed
// out without waiting for each other; a Nack delays instead of coming back at once; an entry
// that cannot be read goes to the stream "<topic>.malformed" and ends nothing; a server that
// came back empty gets its groups again; and what every group has acknowledged is removed,
// never what one has not.
type Redis struct {
	options RedisOptions
	client  *redis.Client
	wire    redisstream.DefaultMarshallerUnmarshaller

	ending context.Context // ends with Close
	end    context.CancelFunc
	closed sync.Once

	mu       sync.Mutex
	refusing bool // Close has begun
	active   sync.WaitGroup

	publishing publishing
	restUntil  atomic.Int64 // UnixMilli: publishing fails at once until then
}

var (
	_ message.Publisher            = (*Redis)(nil)
	_ message.Subscriber           = (*Redis)(nil)
	_ message.SubscribeInitializer = (*Redis)(nil)
)

// maxConnections bounds the connections of one handle; each subscription keeps one busy.
const maxConnections = 256

// OpenRedis connects to a server of version 6.2 or newer: redis://user:password@host:6379/0,
// or rediss:// for TLS. A server whose memory policy may remove streams that are in use
// (allkeys-…) is refused. Errors do not show the URL.
func OpenRedis(ctx context.Context, url core.Secret, o RedisOptions) (*Redis, error) {
	settings, err := redis.ParseURL(url.Reveal())
	if err != nil {
		return nil, errors.New("watermillbus: the URL of Redis cannot be read") // err may show it
	}
	settings.PoolSize = max(settings.PoolSize, maxConnections)
	settings.MaxRetries = -1 // a lost answer must not become a second entry unasked
	settings.DisableIdentity = true
	q := &Redis{options: o.withDefaults(), client: redis.NewClient(settings)}
	q.ending, q.end = context.WithCancel(context.Background())
	if err := q.check(ctx); err != nil {
		q.end()
		return nil, errors.Join(fmt.Errorf("open Redis: %w", err), q.client.Close())
	}
	return q, nil
}

// check refuses a server that forgets what is in use.
func (q *Redis) check(ctx context.Context) error {
	if err := q.client.Ping(ctx).Err(); err != nil {
		return err
	}
	policy, err := q.client.ConfigGet(ctx, "maxmemory-policy").Result()
	if err != nil {
		q.options.Logger.Warn("the memory policy of Redis could not be read; it must be noeviction", "error", err)
		return nil
	}
	if p := policy["maxmemory-policy"]; strings.HasPrefix(p, "allkeys-") {
		return fmt.Errorf("maxmemory-policy is %s, which removes messages that nobody has read; set it to noeviction", p)
	}
	return nil
}

// begin lets one publisher or subscription in; q.active.Done lets it out.
func (q *Redis) begin() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refusing {
		return ErrClosed
	}
	q.active.Add(1)
	return nil
}

// Close ends all subscriptions, waits for them and for publishers at work, and closes the
// connections. What is not acknowledged by then is delivered again, by whoever subscribes.
// Further calls return nil.
func (q *Redis) Close() error {
	var err error
	q.closed.Do(func() {
		q.mu.Lock()
		q.refusing = true
		q.mu.Unlock()
		q.end()
		q.active.Wait()
		err = q.client.Close()
	})
	if err != nil {
		return fmt.Errorf("close Redis: %w", err)
	}
	return nil
}

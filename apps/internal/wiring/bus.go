package wiring

import (
	"context"
	"path/filepath"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// queueFile is the name of the doorbells' file in the data folder. It is a file of its own
// so that doorbells and offers do not wait for one writer.
const queueFile = "queue.db"

// newBus makes the bus: Redis Streams where the operator names a server, else the embedded
// queue.
func newBus(files *opened, s Settings) (bus.Publisher, bus.Subscriber, error) {
	open := openEmbeddedBus
	if !s.Config.RedisURL.IsZero() {
		open = openRedisBus
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	b, err := open(ctx, files, s)
	if err != nil {
		return nil, nil, err
	}
	return decoratePublisher(b), decorateSubscriber(b), nil
}

func openRedisBus(ctx context.Context, files *opened, s Settings) (*watermillbus.Bus, error) {
	q, err := watermillbus.OpenRedis(ctx, s.Config.RedisURL, watermillbus.RedisOptions{Logger: s.Log})
	if err != nil {
		return nil, failed("open the bus (--redis-url)", err)
	}
	files.add(q.Close)
	b, err := watermillbus.New(q, q, watermillbus.Options{Logger: s.Log})
	return b, failed("make the bus", err)
}

func openEmbeddedBus(ctx context.Context, files *opened, s Settings) (*watermillbus.Bus, error) {
	q, err := watermillbus.OpenSQLite(ctx, filepath.Join(s.Config.DataDir, queueFile), watermillbus.SQLiteOptions{Logger: s.Log})
	if err != nil {
		return nil, failed("open the queue", err)
	}
	files.add(q.Close)
	b, err := watermillbus.New(q, q, watermillbus.Options{Logger: s.Log})
	return b, failed("make the bus", err)
}

package wiring

import (
	"context"
	"path/filepath"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// queueFile is the name of the doorbells' file in the data folder. It is a file of its own
// so that doorbells and offers do not wait for one writer.
const queueFile = "queue.db"

// queue is a Watermill Pub/Sub of this program's.
type queue interface {
	message.Publisher
	message.Subscriber
}

func newBus(files *opened, s Settings) (bus.Publisher, bus.Subscriber, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	q, err := openQueue(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	files.add(q.Close)
	b, err := watermillbus.New(q, q, watermillbus.Options{Logger: s.Log})
	if err != nil {
		return nil, nil, failed("make the bus", err)
	}
	return decoratePublisher(b), decorateSubscriber(b), nil
}

func openQueue(ctx context.Context, s Settings) (queue, error) {
	if !s.Config.RedisURL.IsZero() {
		q, err := watermillbus.OpenRedis(ctx, s.Config.RedisURL, watermillbus.RedisOptions{Logger: s.Log})
		return q, failed("open the bus (--redis-url)", err)
	}
	q, err := watermillbus.OpenSQLite(ctx, filepath.Join(s.Config.DataDir, queueFile), watermillbus.SQLiteOptions{Logger: s.Log})
	return q, failed("open the queue", err)
}

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

func newBus(files *opened, s Settings) (bus.Publisher, bus.Subscriber, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(s.Config.DataDir, queueFile),
		watermillbus.SQLiteOptions{Logger: s.Log})
	if err != nil {
		return nil, nil, failed("open the queue", err)
	}
	files.add(queue.Close)
	b, err := watermillbus.New(queue, queue, watermillbus.Options{Logger: s.Log})
	if err != nil {
		return nil, nil, failed("make the bus", err)
	}
	return b, b, nil
}

package watermillbus_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/autopromo-cloud/autopromo/adapters/watermillbus"
	"github.com/autopromo-cloud/autopromo/ports/bus"
)

func Example() {
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	queue, err := watermillbus.OpenSQLite(ctx, filepath.Join(dir, "bus.db"), watermillbus.SQLiteOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = queue.Close() }()
	b, err := watermillbus.New(queue, queue, watermillbus.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}

	if err := b.Publish(ctx, "queue.ingestion", bus.Message{Payload: []byte(`{"inbox_id":"0197"}`)}); err != nil {
		fmt.Println(err)
		return
	}
	err = b.Subscribe(ctx, "queue.ingestion", func(_ context.Context, m bus.Message) error {
		fmt.Printf("%s\n", m.Payload)
		cancel() // one is enough here
		return nil
	})
	fmt.Println(err)
	// Output:
	// {"inbox_id":"0197"}
	// <nil>
}

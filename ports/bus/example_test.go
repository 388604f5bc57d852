package bus_test

import (
	"context"
	"fmt"

	"github.com/autopromo-cloud/autopromo/ports/bus"
)

// direct hands every message to its one subscriber at once.
type direct map[string]func(context.Context, bus.Message) error

func (d direct) Publish(ctx context.Context, topic string, messages ...bus.Message) error {
	for _, m := range messages {
		if err := d[topic](ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func ExamplePublisher() {
	var p bus.Publisher = direct{"queue.ingestion": func(_ context.Context, m bus.Message) error {
		fmt.Println(m.ID, string(m.Payload))
		return nil
	}}
	_ = p.Publish(context.Background(), "queue.ingestion", bus.Message{ID: "1", Payload: []byte(`{"inbox_id":"…"}`)})
	// Output: 1 {"inbox_id":"…"}
}

package faulty_test

import (
	"context"
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

func ExamplePublisher() {
	p := faulty.Publisher(noBus{}, func(_ context.Context, point string) error {
		return fmt.Errorf("no network at %s", point)
	})
	fmt.Println(p.Publish(context.Background(), "queue.ingestion"))
	// Output: no network at bus.publish.before
}

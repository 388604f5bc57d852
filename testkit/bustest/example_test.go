package bustest_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/bustest"
)

// The promises an adapter is held to, by name.
func ExampleCases() {
	for _, c := range bustest.Cases()[:3] {
		fmt.Println(c.Name)
	}
	// Output:
	// MessagesArriveUnchanged
	// MessagesWaitForTheFirstSubscriber
	// TopicsAreSeparate
}

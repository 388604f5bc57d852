package gatewaytest_test

import (
	"fmt"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

// A real harness returns the adapter and a fake of its provider; see tiny_test.go.
func ExampleRun() {
	conformance := func(t *testing.T) {
		gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
			g, provider := newTiny(tb)
			return gatewaytest.Harness{Gateway: g, Provider: provider}
		})
	}
	_ = conformance // call it TestConformance
}

// Cases can be listed and run one by one.
func ExampleCases() {
	for _, c := range gatewaytest.Cases() {
		if c.Name == "DeleteIsIdempotent" {
			fmt.Println(c.Name, "needs", len(c.Needs), "extras")
		}
	}
	// Output: DeleteIsIdempotent needs 0 extras
}

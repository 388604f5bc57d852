package gateway_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// An adapter classes every failure by what may have happened.
func ExampleError() {
	refused := &gateway.Error{Kind: gateway.KindForbidden, Op: "send", Code: "not-acceptable"}
	lost := &gateway.Error{Kind: gateway.KindUnknown, Op: "send", Code: "timeout"}
	fmt.Println(refused, "→ effect", refused.Effect())
	fmt.Println(lost, "→ effect", lost.Effect())
	// Output:
	// gateway send: forbidden (not-acceptable) → effect none
	// gateway send: unknown (timeout) → effect possible
}

package linkstest_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/linkstest"
)

// The promises an adapter is held to, by name.
func ExampleCases() {
	for _, c := range linkstest.Cases()[:3] {
		fmt.Println(c.Name)
	}
	// Output:
	// FollowsRedirects
	// StopsWithoutFetching
	// GoneIsDead
}

package linkstest_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/linkstest"
)

// The promises a resolver is held to, by name.
func ExampleCases() {
	for _, c := range linkstest.Cases()[:3] {
		fmt.Println(c.Name)
	}
	// Output:
	// FollowsRedirects
	// StopsWithoutFetching
	// GoneIsDead
}

// The promises a minter is held to.
func ExampleMinterCases() {
	for _, c := range linkstest.MinterCases()[:3] {
		fmt.Println(c.Name)
	}
	// Output:
	// ReturnsTheLinkAsAnswered
	// PassesSubIDs
	// RefusalIsRefused
}

package repositorytest_test

import (
	"fmt"

	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
)

// Adapters call Run; Cases is for those who want to run, skip or count them by name.
func ExampleCases() {
	names := map[string]bool{}
	for _, c := range repositorytest.Cases() {
		names[c.Name] = true
	}
	fmt.Println(len(names) == len(repositorytest.Cases()), names["TakeLaneRaceHasOneWinner"])
	// Output: true true
}

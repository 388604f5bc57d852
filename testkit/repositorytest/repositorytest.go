// Package repositorytest is the contract of ports/repository as a list of named tests.
//
// An adapter runs them all against a function that opens an empty repository:
//
//	func TestRepository(t *testing.T) {
//		repositorytest.Run(t, func(tb testing.TB) repository.Repository { … })
//	}
//
// The cases only use the port. Each opens its own repository, brings its own tenants, and
// gives every time itself, so nothing waits for a clock.
package repositorytest

import (
	"slices"
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Case is one rule of the contract.
type Case struct {
	// Name says the rule in short; it never changes.
	Name string
	// Run checks it on an empty repository. It reports through tb and may call Fatal.
	Run func(tb testing.TB, repo repository.Repository)
}

// Run runs every case as a subtest. open returns an empty, migrated repository and
// registers its end with tb.Cleanup.
func Run(t *testing.T, open func(testing.TB) repository.Repository) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, open(t)) })
	}
}

// Cases lists the contract, in no particular order of importance.
func Cases() []Case {
	return slices.Concat(accountCases(), directoryCases(), instanceCases(), groupCases(), tagCases(), accessCases(), operationsCases(), historyCases(),
		mintedLinkCases(), inboxCases(), claimCases(), deadLetterCases(), editCases(), offerCases(), batchCases(), repostCases(), nearCases(), listCases(),
		deliveryCases(), settleCases(), catchUpCases(), laneCases(), hostingCases(), queueCases(), backlogCases(), changeCases(), snapshotCases(), isolationCases())
}

// Package linkstest is the conformance suite of the ports in
// [github.com/autopromo-cloud/autopromo/ports/links]. A resolver runs it with one call:
//
//	func TestConformance(t *testing.T) {
//		linkstest.Run(t, func(tb testing.TB, allow string) links.Resolver {
//			return myresolver.New(..., allow)
//		})
//	}
//
// The suite serves the short links itself, on loopback. A minter is run by [RunMinter]
// against a fake of its store's API, which the suite directs.
package linkstest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// patience is how long a case waits for an answer. The adapter's own limits must be shorter.
const patience = 30 * time.Second

// Open returns a resolver that may connect to allow, a "host:port" on loopback, and to no
// other private address.
type Open func(tb testing.TB, allow string) links.Resolver

// Case is one promise of the port.
type Case struct {
	Name string
	Run  func(tb testing.TB, open Open)
}

// Run runs every case as a subtest with a resolver and a server of its own.
func Run(t *testing.T, open Open) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, open) })
	}
}

// Cases lists the promises, for those who want to run them one by one.
func Cases() []Case {
	return []Case{
		{"FollowsRedirects", followsRedirects},
		{"StopsWithoutFetching", stopsWithoutFetching},
		{"GoneIsDead", goneIsDead},
		{"LoopIsDead", loopIsDead},
		{"TroubleIsInconclusive", troubleIsInconclusive},
		{"PageIsTheAnswer", pageIsTheAnswer},
		{"LeavingTheWebIsInconclusive", leavingTheWebIsInconclusive},
		{"HopsAreBounded", hopsAreBounded},
		{"BytesAreBounded", bytesAreBounded},
		{"TimeIsBounded", timeIsBounded},
		{"CookiesAreNotKept", cookiesAreNotKept},
		{"PrivateAddressesAreRefused", privateAddressesAreRefused},
		{"ContextEndsTheWait", contextEndsTheWait},
	}
}

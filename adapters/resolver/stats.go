package resolver

import (
	"errors"
	"sync/atomic"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// Stats count what a [Resolver] has done since it was made. While no call is under way,
// Lookups is the sum of Resolved, Landed, Dead and Inconclusive.
type Stats struct {
	// Lookups are the calls of Resolve, CacheHits those of them answered from memory.
	Lookups, CacheHits uint64
	// Resolved calls ended at an address their stop accepts, Landed ones at a page that
	// sends nobody on. Dead and Inconclusive calls failed with that error.
	Resolved, Landed, Dead, Inconclusive uint64
	// Requests are the HTTP requests made, Refused those of them that the client's guard
	// stopped (see Options.Blocked).
	Requests, Refused uint64
	// HostRests is how often a host was left alone for a while because it refused us.
	HostRests uint64
}

// Stats returns the counters. It may be called at any time.
func (r *Resolver) Stats() Stats {
	c := &r.counters
	return Stats{
		Lookups: c.lookups.Load(), CacheHits: c.cacheHits.Load(),
		Resolved: c.resolved.Load(), Landed: c.landed.Load(),
		Dead: c.dead.Load(), Inconclusive: c.inconclusive.Load(),
		Requests: c.requests.Load(), Refused: c.refused.Load(), HostRests: c.hostRests.Load(),
	}
}

// counters are the live form of Stats.
type counters struct {
	lookups, cacheHits                   atomic.Uint64
	resolved, landed, dead, inconclusive atomic.Uint64
	requests, refused, hostRests         atomic.Uint64
}

// outcome counts how a call ended.
func (c *counters) outcome(a answer) {
	switch {
	case a.err == nil && a.landed:
		c.landed.Add(1)
	case a.err == nil:
		c.resolved.Add(1)
	case errors.Is(a.err, links.ErrDead):
		c.dead.Add(1)
	default:
		c.inconclusive.Add(1)
	}
}

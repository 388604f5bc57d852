package engine

import (
	"context"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// loadFresh is how old a look at the backlog may be before Ingest looks again.
const loadFresh = time.Second

// load is how much waits to be processed, as of the last look. It is a measure, not a
// count: what came since is not in it.
type load struct {
	looking sync.Mutex // held by the one who looks

	mu       sync.Mutex
	at       time.Time
	total    int
	byTenant map[core.TenantID]int
}

func (l *load) learn(backlog []repository.Backlog, now time.Time) {
	total, byTenant := 0, make(map[core.TenantID]int, len(backlog))
	for _, b := range backlog {
		total += b.Waiting
		byTenant[b.Tenant] = b.Waiting
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at, l.total, l.byTenant = now, total, byTenant
}

func (l *load) of(id core.TenantID) (at time.Time, total, own int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at, l.total, l.byTenant[id]
}

// crowded says whether there is room for one more message. With too much waiting in all,
// the provider is asked to come again (CodeUnavailable); with too much of one tenant, its
// message is stored but not processed (ReasonBacklog): by the time it was its turn it would
// be worthless, and the neighbours must not wait for it.
func (t *Tenant) crowded(ctx context.Context) (core.Reason, error) {
	now := t.e.now()
	at, total, own := t.e.load.of(t.id)
	if now.Sub(at) >= loadFresh && t.e.load.looking.TryLock() {
		defer t.e.load.looking.Unlock()
		backlog, err := t.e.deps.Repository.Queue().Backlog(ctx, now, maxBacklogs)
		if err != nil {
			return "", err
		}
		t.e.load.learn(backlog, now)
		_, total, own = t.e.load.of(t.id)
	}
	switch {
	case total >= t.e.config.MaxBacklog:
		return "", core.NewError(core.CodeUnavailable, core.ReasonBacklog, "")
	case own >= t.e.config.MaxTenantBacklog:
		return core.ReasonBacklog, nil
	}
	return "", nil
}

package engine

import (
	"context"
	"sync"

	"github.com/autopromo-cloud/autopromo/core"
)

// turns is the line of tenants with messages to process. Each gets a turn and goes back to
// the end of the line, so that nobody waits for a neighbour's flood, and nobody has two
// turns at once.
type turns struct {
	mu     sync.Mutex
	line   []core.TenantID
	places map[core.TenantID]place
	ready  chan struct{} // somebody may stand in the line
}

// place is where a tenant is; one without work has none.
type place int

const (
	inLine place = iota + 1
	served
	servedAndCalled // work came during the turn
)

func newTurns() *turns {
	return &turns{places: map[core.TenantID]place{}, ready: make(chan struct{}, 1)}
}

// call puts a tenant with work in the line.
func (q *turns) call(id core.TenantID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch q.places[id] {
	case 0:
		q.queue(id)
	case served:
		q.places[id] = servedAndCalled
	}
}

// next waits for a tenant whose turn it is. ok is false once ctx has ended.
func (q *turns) next(ctx context.Context) (id core.TenantID, ok bool) {
	for ctx.Err() == nil {
		if id, ok = q.take(); ok {
			return id, true
		}
		select {
		case <-ctx.Done():
		case <-q.ready:
		}
	}
	return "", false
}

func (q *turns) take() (core.TenantID, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.line) == 0 {
		return "", false
	}
	id := q.line[0]
	q.line = q.line[1:]
	q.places[id] = served
	if len(q.line) > 0 {
		q.signal()
	}
	return id, true
}

// end ends a tenant's turn; more says that there is work left.
func (q *turns) end(id core.TenantID, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if more || q.places[id] == servedAndCalled {
		q.queue(id)
		return
	}
	delete(q.places, id)
}

func (q *turns) queue(id core.TenantID) {
	q.line = append(q.line, id)
	q.places[id] = inLine
	q.signal()
}

func (q *turns) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

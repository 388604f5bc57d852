package resolver

import (
	"context"
	"sync"
)

// gates bound how many requests are under way to each host. A host nobody asks has no gate.
type gates struct {
	width int

	mu    sync.Mutex
	hosts map[string]*gate
}

type gate struct {
	places chan struct{}
	users  int // inside or waiting
}

func newGates(width int) *gates { return &gates{width: width, hosts: map[string]*gate{}} }

// enter waits for a place at host, which leave gives back. It fails when ctx ends first.
func (g *gates) enter(ctx context.Context, host string) (leave func(), err error) {
	g.mu.Lock()
	h := g.hosts[host]
	if h == nil {
		h = &gate{places: make(chan struct{}, g.width)}
		g.hosts[host] = h
	}
	h.users++
	g.mu.Unlock()

	forget := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if h.users--; h.users == 0 {
			delete(g.hosts, host)
		}
	}
	select {
	case h.places <- struct{}{}:
		return func() { <-h.places; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}

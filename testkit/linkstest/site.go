package linkstest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// never is a stop that no URL satisfies.
func never(string) bool { return false }

// at stops at one URL.
func at(want string) func(string) bool { return func(url string) bool { return url == want } }

// site is a server of short links that notes which paths were asked for.
type site struct {
	*httptest.Server
	mu   sync.Mutex
	hits map[string]int
}

func serve(tb testing.TB, handle http.HandlerFunc) *site {
	s := &site{hits: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.hits[r.URL.Path]++
		s.mu.Unlock()
		handle(w, r)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

func (s *site) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.hits {
		n += c
	}
	return n
}

// opened is a resolver for one site.
func opened(tb testing.TB, open Open, s *site) links.Resolver {
	return open(tb, s.Listener.Addr().String())
}

// resolve resolves within patience.
func resolve(tb testing.TB, r links.Resolver, link string, stop func(string) bool) (string, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := r.Resolve(ctx, link, stop)
	if ctx.Err() != nil {
		tb.Errorf("Resolve has no limit of its own below %v", patience)
	}
	return got, err
}

func wantError(tb testing.TB, what string, got string, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) || got != "" {
		tb.Errorf("%s: got %q, %v, want \"\" and: %v", what, got, err, want)
	}
	for _, other := range []error{links.ErrDead, links.ErrInconclusive} {
		if other != want && errors.Is(err, other) {
			tb.Errorf("%s: the error is both dead and inconclusive: %v", what, err)
		}
	}
}

// Package linkstest is the conformance suite of the port
// [github.com/autopromo-cloud/autopromo/ports/links]. An adapter runs it with one call:
//
//	func TestConformance(t *testing.T) {
//		linkstest.Run(t, func(tb testing.TB, allow string) links.Resolver {
//			return myresolver.New(..., allow)
//		})
//	}
//
// The suite serves the short links itself, on loopback.
package linkstest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
		{"EndOfChainIsInconclusive", endOfChainIsInconclusive},
		{"HopsAreBounded", hopsAreBounded},
		{"BytesAreBounded", bytesAreBounded},
		{"CookiesAreNotKept", cookiesAreNotKept},
		{"PrivateAddressesAreRefused", privateAddressesAreRefused},
		{"ContextEndsTheWait", contextEndsTheWait},
	}
}

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

// followsRedirects: every kind of redirect, absolute and relative.
func followsRedirects(tb testing.TB, open Open) {
	steps := []struct {
		status   int
		location string
	}{
		{http.StatusMovedPermanently, "/1?next=2"},
		{http.StatusFound, "2"},
		{http.StatusSeeOther, "BASE/3"},
		{http.StatusTemporaryRedirect, "//HOST/4"},
		{http.StatusPermanentRedirect, "https://shop.example/p/Ab%20c?x=1&y=%2F#frag"},
	}
	var s *site
	s = serve(tb, func(w http.ResponseWriter, r *http.Request) {
		for i, step := range steps {
			if r.URL.Path == fmt.Sprintf("/%d", i) {
				location := strings.ReplaceAll(step.location, "BASE", s.URL)
				w.Header().Set("Location", strings.ReplaceAll(location, "HOST", s.Listener.Addr().String()))
				w.WriteHeader(step.status)
			}
		}
	})
	want := steps[len(steps)-1].location
	got, err := resolve(tb, opened(tb, open, s), s.URL+"/0", at(want))
	if err != nil || got != want {
		tb.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// stopsWithoutFetching: the first URL that stop accepts is the answer and gets no request,
// be it the link itself.
func stopsWithoutFetching(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, map[string]string{"/a": "/b", "/b": "/c"}[r.URL.Path], http.StatusFound)
	})
	r := opened(tb, open, s)
	got, err := resolve(tb, r, s.URL+"/a", func(url string) bool { return url == s.URL+"/b" || url == s.URL+"/c" })
	if err != nil || got != s.URL+"/b" {
		tb.Errorf("got %q, %v, want the first accepted URL", got, err)
	}
	if s.count("/b") != 0 {
		tb.Errorf("the accepted URL was fetched")
	}
	got, err = resolve(tb, r, s.URL+"/x", at(s.URL+"/x"))
	if err != nil || got != s.URL+"/x" || s.count("/x") != 0 {
		tb.Errorf("an accepted link: got %q, %v after %d requests, want itself after none", got, err, s.count("/x"))
	}
}

// goneIsDead: 404 and 410 are certain.
func goneIsDead(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/to404":
			http.Redirect(w, r, "/404", http.StatusFound)
		case "/410":
			w.WriteHeader(http.StatusGone)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	r := opened(tb, open, s)
	for _, path := range []string{"/404", "/410", "/to404"} {
		got, err := resolve(tb, r, s.URL+path, never)
		wantError(tb, path, got, err, links.ErrDead)
	}
}

// loopIsDead: a chain that comes back leads nowhere.
func loopIsDead(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, map[string]string{"/a": "/b", "/b": "/c", "/c": "/b", "/self": "/self"}[r.URL.Path], http.StatusFound)
	})
	r := opened(tb, open, s)
	for _, path := range []string{"/a", "/self"} {
		got, err := resolve(tb, r, s.URL+path, never)
		wantError(tb, path, got, err, links.ErrDead)
	}
}

// troubleIsInconclusive: what may pass is no proof of anything.
func troubleIsInconclusive(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &status); err != nil {
			panic(http.ErrAbortHandler) // hangs up
		}
		w.WriteHeader(status)
	})
	r := opened(tb, open, s)
	for _, path := range []string{"/401", "/403", "/429", "/500", "/502", "/503", "/302", "/hang-up"} {
		got, err := resolve(tb, r, s.URL+path, never)
		wantError(tb, path, got, err, links.ErrInconclusive)
	}
}

// endOfChainIsInconclusive: a page that stop did not accept proves nothing, and neither does
// a redirect out of the web.
func endOfChainIsInconclusive(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			_, _ = w.Write([]byte("<html><body>a page</body></html>"))
		case "/app":
			w.Header().Set("Location", "intent://item/1#Intent;scheme=shop;end")
			w.WriteHeader(http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}
	})
	r := opened(tb, open, s)
	for _, path := range []string{"/page", "/app", "/file"} {
		got, err := resolve(tb, r, s.URL+path, never)
		wantError(tb, path, got, err, links.ErrInconclusive)
	}
}

// hopsAreBounded: a chain without end ends.
func hopsAreBounded(tb testing.TB, open Open) {
	const limit = 50
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) > limit {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
	})
	got, err := resolve(tb, opened(tb, open, s), s.URL+"/", never)
	wantError(tb, "a chain without end", got, err, links.ErrInconclusive)
	if n := s.total(); n >= limit {
		tb.Errorf("the resolver made %d requests for one link", n)
	}
}

// bytesAreBounded: a body without end ends.
func bytesAreBounded(tb testing.TB, open Open) {
	var sent, limit = 0, 64 << 20
	done := make(chan struct{})
	s := serve(tb, func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		w.Header().Set("Content-Type", "text/html")
		chunk := []byte(strings.Repeat("<p>more</p>", 1024))
		for sent < limit {
			n, err := w.Write(chunk)
			sent += n
			if err != nil {
				return
			}
		}
	})
	got, err := resolve(tb, opened(tb, open, s), s.URL+"/endless", never)
	wantError(tb, "a body without end", got, err, links.ErrInconclusive)
	select {
	case <-done:
	case <-time.After(patience):
		tb.Fatalf("the resolver still holds the connection after %v", patience)
	}
	if sent >= limit {
		tb.Errorf("the resolver read %d bytes of one page", sent)
	}
}

// cookiesAreNotKept: one call leaves no trace in the next, which may be another tenant's.
func cookiesAreNotKept(tb testing.TB, open Open) {
	var mu sync.Mutex
	var cookies []string
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		cookies = append(cookies, r.Header.Get("Cookie"))
		mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "visitor", Value: "1", Path: "/"})
		http.Redirect(w, r, "https://shop.example/", http.StatusFound)
	})
	r := opened(tb, open, s)
	for _, path := range []string{"/first", "/second"} {
		if _, err := resolve(tb, r, s.URL+path, at("https://shop.example/")); err != nil {
			tb.Errorf("%s: %v", path, err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range cookies {
		if c != "" {
			tb.Errorf("a call carried the cookies of another: %q", c)
		}
	}
}

// privateAddressesAreRefused: on the first hop and on every later one.
func privateAddressesAreRefused(tb testing.TB, open Open) {
	inside := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://shop.example/", http.StatusFound)
	})
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL+"/metadata", http.StatusFound)
	})
	r := opened(tb, open, s)
	for _, link := range []string{s.URL + "/redirect", inside.URL + "/direct"} {
		got, err := resolve(tb, r, link, at("https://shop.example/"))
		wantError(tb, link, got, err, links.ErrInconclusive)
	}
	if n := inside.total(); n != 0 {
		tb.Errorf("a private address was asked %d times", n)
	}
}

// contextEndsTheWait: a caller who leaves is let go, with an error worth a retry.
func contextEndsTheWait(tb testing.TB, open Open) {
	asked, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := serve(tb, func(_ http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(asked) })
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := opened(tb, open, s)
	type answer struct {
		url string
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		url, err := r.Resolve(ctx, s.URL+"/slow", never)
		answers <- answer{url, err}
	}()
	select {
	case <-asked:
	case <-time.After(patience):
		tb.Fatalf("no request within %v", patience)
	}
	cancel()
	select {
	case a := <-answers:
		wantError(tb, "a caller who left", a.url, a.err, links.ErrInconclusive)
	case <-time.After(patience):
		tb.Errorf("Resolve did not return within %v after its context ended", patience)
	}
}

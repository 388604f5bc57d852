package linkstest

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

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

// bytesAreBounded: a body without end is left. Whether what was read of it counts as a page
// is up to the resolver.
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
	if err != nil {
		wantError(tb, "a body without end", got, err, links.ErrInconclusive)
	} else if got != s.URL+"/endless" {
		tb.Errorf("a body without end: got %q, want an error or its own address", got)
	}
	select {
	case <-done:
	case <-time.After(patience):
		tb.Fatalf("the resolver still holds the connection after %v", patience)
	}
	if sent >= limit {
		tb.Errorf("the resolver read %d bytes of one page", sent)
	}
}

// timeIsBounded: a host that does not answer is left, without the caller's help.
func timeIsBounded(tb testing.TB, open Open) {
	release := make(chan struct{})
	s := serve(tb, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	got, err := resolve(tb, opened(tb, open, s), s.URL+"/silent", never)
	wantError(tb, "a host that does not answer", got, err, links.ErrInconclusive)
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

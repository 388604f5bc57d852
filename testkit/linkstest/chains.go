package linkstest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

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

// pageIsTheAnswer: a page that sends nobody on ends the chain, whatever stop wants, and its
// own address is returned; the second time too.
func pageIsTheAnswer(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/page":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html><body>a page</body></html>"))
		case "/file":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("\x89PNG"))
		case "/to-page":
			http.Redirect(w, r, "/page?a=1&b=%2F", http.StatusFound)
		case "/to-file":
			http.Redirect(w, r, "/file", http.StatusFound)
		}
	})
	r := opened(tb, open, s)
	for path, want := range map[string]string{"/page": "/page", "/file": "/file", "/to-page": "/page?a=1&b=%2F", "/to-file": "/file"} {
		for _, stop := range []func(string) bool{never, at("https://shop.example/")} {
			got, err := resolve(tb, r, s.URL+path, stop)
			if err != nil || got != s.URL+want {
				tb.Errorf("%s: got %q, %v, want %q", path, got, err, s.URL+want)
			}
		}
	}
}

// leavingTheWebIsInconclusive: a redirect to something other than a web address proves
// nothing.
func leavingTheWebIsInconclusive(tb testing.TB, open Open) {
	s := serve(tb, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", map[string]string{
			"/app": "intent://item/1#Intent;scheme=shop;end", "/file": "file:///etc/passwd", "/script": "javascript:alert(1)",
		}[r.URL.Path])
		w.WriteHeader(http.StatusFound)
	})
	r := opened(tb, open, s)
	for _, path := range []string{"/app", "/file", "/script"} {
		got, err := resolve(tb, r, s.URL+path, never)
		wantError(tb, path, got, err, links.ErrInconclusive)
	}
}

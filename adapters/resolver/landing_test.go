package resolver_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
)

func TestLandingIsRememberedForEveryStop(t *testing.T) {
	w := &web{handle: func(r *http.Request) *http.Response {
		if r.URL.Path == "/x" {
			return to("https://page.example/offer?a=1")
		}
		return page("<p>offer</p>")
	}}
	r := newResolver(t, w, resolver.Options{})
	for _, stop := range []func(string) bool{isShop, func(string) bool { return false }, func(u string) bool { return strings.Contains(u, "page.example") }} {
		got, err := r.Resolve(t.Context(), "https://s.example/x", stop)
		if err != nil || got != "https://page.example/offer?a=1" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if w.count() != 2 {
		t.Errorf("%d requests, want 2", w.count())
	}
}

// A page of the shortener itself is mostly a captcha, and gone the next time.
func TestLandingOnTheLinksOwnHostIsKeptBriefly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captcha := true
		w := &web{handle: func(r *http.Request) *http.Response {
			switch {
			case r.URL.Path == "/x" && captcha:
				return to("https://S.example/are-you-human")
			case r.URL.Host == "S.example" || r.URL.Host == "page.example":
				return page("<form>")
			}
			return to("https://page.example/")
		}}
		r := newResolver(t, w, resolver.Options{})
		resolve := func(want string, wantRequests int) {
			t.Helper()
			got, err := r.Resolve(t.Context(), "https://s.example/x", isShop)
			if err != nil || got != want || w.count() != wantRequests {
				t.Errorf("got %q, %v after %d requests, want %q after %d", got, err, w.count(), want, wantRequests)
			}
		}
		resolve("https://S.example/are-you-human", 2)
		captcha = false
		<-time.After(2*time.Minute - time.Nanosecond)
		resolve("https://S.example/are-you-human", 2)
		<-time.After(time.Nanosecond)
		resolve("https://page.example/", 4)
		<-time.After(24*time.Hour - time.Nanosecond)
		resolve("https://page.example/", 4)
		<-time.After(time.Nanosecond)
		resolve("https://page.example/", 6)
	})
}

func TestStatsAddUp(t *testing.T) {
	w := &web{handle: func(r *http.Request) *http.Response {
		switch r.URL.Path {
		case "/shop":
			return to("https://shop.example/")
		case "/gone":
			return reply(http.StatusGone, nil, "")
		case "/page":
			return page("")
		case "/busy":
			return reply(http.StatusTooManyRequests, nil, "")
		}
		return reply(http.StatusBadGateway, nil, "")
	}}
	r := newResolver(t, w, resolver.Options{})
	for _, link := range []string{
		"https://s.example/shop", "https://s.example/shop", "https://shop.example/", "https://s.example/gone", "https://s.example/gone",
		"nonsense", "https://s.example/page", "https://s.example/down", "https://t.example/busy", "https://t.example/shop",
	} {
		_, _ = r.Resolve(t.Context(), link, isShop)
	}
	want := resolver.Stats{Lookups: 10, CacheHits: 2, Resolved: 3, Landed: 1, Dead: 3, Inconclusive: 3, Requests: 5, HostRests: 1}
	if got := r.Stats(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStatsCountWhatTheGuardRefuses(t *testing.T) {
	r, err := resolver.New(resolver.Options{Client: loopbackClient(t, "nothing"), Blocked: errForbidden})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Resolve(t.Context(), "http://127.0.0.1/", isShop)
	if s := r.Stats(); s.Requests != 1 || s.Refused != 1 || s.Inconclusive != 1 {
		t.Errorf("got %+v, want one request, refused and inconclusive", s)
	}
}

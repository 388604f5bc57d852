package resolver_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// moody answers with a status until it is 0, then with a redirect to the shop.
type moody struct {
	status     int
	retryAfter string
}

func (m *moody) handle(*http.Request) *http.Response {
	if m.status == 0 {
		return to("https://shop.example/p/1")
	}
	return reply(m.status, http.Header{"Retry-After": {m.retryAfter}}, "")
}

// rested resolves new links of one host and says whether a request was made.
func rested(t *testing.T, r *resolver.Resolver, w *web) bool {
	t.Helper()
	before := w.count()
	_, err := r.Resolve(t.Context(), fmt.Sprintf("https://s.example/%d", before), isShop)
	if err != nil && !errors.Is(err, links.ErrInconclusive) {
		t.Errorf("got %v, want inconclusive", err)
	}
	return w.count() == before
}

func TestHostThatRefusesIsLeftAlone(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			m := &moody{status: status}
			w := &web{handle: m.handle}
			r := newResolver(t, w, resolver.Options{})
			for _, length := range []time.Duration{15, 30, 60, 120, 240, 300, 300} {
				if rested(t, r, w) {
					t.Fatalf("%d: the host was left alone too long", status)
				}
				<-time.After(length*time.Second - time.Nanosecond)
				if !rested(t, r, w) {
					t.Fatalf("%d: a request within the rest of %d s", status, length)
				}
				<-time.After(time.Nanosecond)
			}
			m.status = 0
			if rested(t, r, w) {
				t.Errorf("%d: the host was left alone too long", status)
			}
			m.status = status
			rested(t, r, w)
			<-time.After(15 * time.Second)
			if rested(t, r, w) {
				t.Errorf("%d: a host that answered again was not forgiven", status)
			}
		})
	}
}

func TestRetryAfterIsHonouredWithinReason(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                              15 * time.Second,
		"1":                             15 * time.Second,
		"90":                            90 * time.Second,
		"999999":                        5 * time.Minute,
		"-5":                            15 * time.Second,
		"soon":                          15 * time.Second,
		"Sat, 01 Jan 2000 00:02:00 GMT": 2 * time.Minute, // a bubble's time starts with 2000
		"Fri, 31 Dec 1999 00:00:00 GMT": 15 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &moody{status: http.StatusTooManyRequests, retryAfter: value}
			w := &web{handle: m.handle}
			r := newResolver(t, w, resolver.Options{})
			rested(t, r, w)
			m.status = 0
			<-time.After(want - time.Nanosecond)
			if !rested(t, r, w) {
				t.Errorf("%q: a request before %v", value, want)
			}
			<-time.After(time.Nanosecond)
			if rested(t, r, w) {
				t.Errorf("%q: no request after %v", value, want)
			}
		})
	}
}

func TestRestIsNotTheLinksFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &moody{status: http.StatusTooManyRequests}
		w := &web{handle: func(r *http.Request) *http.Response {
			if r.URL.Host == "s.example" {
				return m.handle(r)
			}
			return to("https://shop.example/")
		}}
		r := newResolver(t, w, resolver.Options{})
		for range 2 { // refused, then not asked
			if _, err := r.Resolve(t.Context(), "https://s.example/x", isShop); !errors.Is(err, links.ErrInconclusive) {
				t.Errorf("got %v, want inconclusive", err)
			}
		}
		if w.count() != 1 {
			t.Errorf("%d requests, want 1", w.count())
		}
		if _, err := r.Resolve(t.Context(), "https://other.example/x", isShop); err != nil {
			t.Errorf("another host: %v", err)
		}
		m.status = 0
		<-time.After(15 * time.Second)
		if _, err := r.Resolve(t.Context(), "https://s.example/x", isShop); err != nil {
			t.Errorf("after the rest: %v", err)
		}
	})
}

// Those who wait for their turn when the host starts to refuse are not sent after it.
func TestQueueDissolvesWhenAHostRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{handle: func(*http.Request) *http.Response {
			<-time.After(time.Second)
			return reply(http.StatusTooManyRequests, nil, "")
		}}
		r := newResolver(t, w, resolver.Options{})
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if _, err := r.Resolve(t.Context(), fmt.Sprintf("https://s.example/%d", i), isShop); !errors.Is(err, links.ErrInconclusive) {
					t.Errorf("got %v, want inconclusive", err)
				}
			})
		}
		wg.Wait()
		if s := r.Stats(); w.count() != 2 || s.HostRests != 1 {
			t.Errorf("%d requests and %d rests, want 2 and 1", w.count(), s.HostRests)
		}
	})
}

func TestManyRefusingHostsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{handle: func(r *http.Request) *http.Response {
			if strings.HasPrefix(r.URL.Host, "bad") {
				return reply(http.StatusForbidden, nil, "")
			}
			return to("https://shop.example/")
		}}
		r := newResolver(t, w, resolver.Options{})
		ask := func(n int) {
			for i := range n {
				_, _ = r.Resolve(t.Context(), fmt.Sprintf("https://bad%d.example/", i), isShop)
			}
		}
		ask(1500)
		ask(1500) // the first thousand rest, there was no room for the others
		if w.count() != 2000 {
			t.Errorf("%d requests, want 2000", w.count())
		}
		<-time.After(15 * time.Second)
		ask(1500)
		if got := w.count(); got != 3500 {
			t.Errorf("%d requests, want 3500 after the rests", got)
		}
	})
}

func TestChainsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		inside, most := 0, 0
		w := &web{handle: func(*http.Request) *http.Response {
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			<-time.After(time.Second)
			mu.Lock()
			inside--
			mu.Unlock()
			return to("https://shop.example/")
		}}
		r := newResolver(t, w, resolver.Options{MaxChains: 3, Total: 2500 * time.Millisecond})
		var wg sync.WaitGroup
		start := time.Now()
		for i := range 12 {
			wg.Go(func() { _, _ = r.Resolve(t.Context(), fmt.Sprintf("https://s%d.example/", i), isShop) })
		}
		wg.Wait()
		// Three a second; those who begin after two seconds are cut off, like those who never begin.
		s := r.Stats()
		if most != 3 || s.Resolved != 6 || s.Inconclusive != 6 || time.Since(start) > 3*time.Second {
			t.Errorf("at most %d at once, %d resolved, %d not, after %v; want 3, 6, 6 within 3 s", most, s.Resolved, s.Inconclusive, time.Since(start))
		}
		for i := range 12 {
			_, _ = r.Resolve(t.Context(), fmt.Sprintf("https://s%d.example/", i), isShop)
		}
		// Of the six, three were cut off, which is remembered, and three never got their turn.
		if got := r.Stats(); got.Resolved != s.Resolved+6+3 || got.Requests != s.Requests+3 {
			t.Errorf("then %d resolved with %d requests, want 15 with 12", got.Resolved, got.Requests)
		}
	})
}

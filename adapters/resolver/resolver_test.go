package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/resolver"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

var errForbidden = errors.New("forbidden address")

// loopbackClient may connect to one address only, as a guarded client of the apps may.
func loopbackClient(tb testing.TB, allow string) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != allow {
			return nil, errForbidden
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// web answers requests without a network, so that tests may run in a bubble of time.
type web struct {
	handle func(*http.Request) *http.Response

	mu       sync.Mutex
	requests []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.requests = append(w.requests, r.URL.String())
	w.mu.Unlock()
	res := w.handle(r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	res.Request = r
	return res, nil
}

func (w *web) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

func reply(status int, header http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

func to(location string) *http.Response {
	return reply(http.StatusFound, http.Header{"Location": {location}}, "")
}

func page(body string) *http.Response {
	return reply(http.StatusOK, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body)
}

func newResolver(tb testing.TB, w *web, options resolver.Options) *resolver.Resolver {
	tb.Helper()
	options.Client = &http.Client{Transport: w}
	r, err := resolver.New(options)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func isShop(url string) bool { return strings.HasPrefix(url, "https://shop.example/") }

func TestLoopThatWantsABrowserIsNotDead(t *testing.T) {
	for name, handle := range map[string]func(*http.Request) *http.Response{
		"cookie": func(*http.Request) *http.Response {
			res := to("https://s.example/x")
			res.Header.Set("Set-Cookie", "seen=1")
			return res
		},
		"page": func(*http.Request) *http.Response {
			return page(`<meta http-equiv="refresh" content="3;url=https://s.example/x">`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newResolver(t, &web{handle: handle}, resolver.Options{}).Resolve(t.Context(), "https://s.example/x", isShop)
			if !errors.Is(err, links.ErrInconclusive) || errors.Is(err, links.ErrDead) {
				t.Errorf("got %v, want inconclusive", err)
			}
		})
	}
}

func TestWhatIsNoWebLinkIsDead(t *testing.T) {
	w := &web{handle: func(*http.Request) *http.Response { return to("https://shop.example/") }}
	r := newResolver(t, w, resolver.Options{})
	for _, link := range []string{"", "s.example/x", "ftp://s.example/", "https://user@s.example/", "https:///x", "http://[::1", "https://s.example/" + strings.Repeat("x", 9000)} {
		if _, err := r.Resolve(t.Context(), link, isShop); !errors.Is(err, links.ErrDead) {
			t.Errorf("%.40q: got %v, want dead", link, err)
		}
	}
	if w.count() != 0 {
		t.Errorf("%d requests were made", w.count())
	}
}

func TestErrorsKeepTheLinkToThemselves(t *testing.T) {
	w := &web{handle: func(r *http.Request) *http.Response {
		switch r.URL.Path {
		case "/bad":
			return to("https://shop.example/%zz?token=secret")
		case "/loop":
			return to("/loop?token=secret")
		}
		return reply(http.StatusForbidden, nil, "")
	}}
	r := newResolver(t, w, resolver.Options{})
	refused := newResolver(t, w, resolver.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, path := range []string{"/403", "/bad", "/loop"} {
		_, err := r.Resolve(t.Context(), "https://s.example"+path+"?token=secret", isShop)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := refused.Resolve(ctx, "https://s.example/?token=secret", isShop); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("canceled: %v", err)
	}
	closed := loopbackClient(t, "nothing")
	unreachable, err := resolver.New(resolver.Options{Client: closed})
	if err != nil {
		t.Fatal(err)
	}
	_, err = unreachable.Resolve(t.Context(), "https://s.example/?token=secret", isShop)
	if !errors.Is(err, errForbidden) || strings.Contains(err.Error(), "secret") {
		t.Errorf("unreachable: %v, want its cause without the query", err)
	}
}

func TestAnswersAndFailuresAreKeptForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		w := &web{handle: func(*http.Request) *http.Response {
			if up {
				return to("https://shop.example/p/1")
			}
			return reply(http.StatusBadGateway, nil, "")
		}}
		r := newResolver(t, w, resolver.Options{})
		resolve := func(wantRequests int, wantErr error) {
			t.Helper()
			_, err := r.Resolve(t.Context(), "https://s.example/x", isShop)
			if !errors.Is(err, wantErr) || w.count() != wantRequests {
				t.Errorf("got %v after %d requests, want %v after %d", err, w.count(), wantErr, wantRequests)
			}
		}
		resolve(1, links.ErrInconclusive)
		up = true
		<-time.After(2*time.Minute - time.Nanosecond)
		resolve(1, links.ErrInconclusive)
		<-time.After(time.Nanosecond)
		resolve(2, nil)
		up = false
		<-time.After(24*time.Hour - time.Nanosecond)
		resolve(2, nil)
		<-time.After(time.Nanosecond)
		resolve(3, links.ErrInconclusive)
	})
}

func TestKeptAnswerIsNotGivenToAStopThatRefusesIt(t *testing.T) {
	w := &web{handle: func(r *http.Request) *http.Response {
		if r.URL.Host == "s.example" {
			return to("https://shop.example/p/1")
		}
		return to("https://final.example/")
	}}
	r := newResolver(t, w, resolver.Options{})
	if _, err := r.Resolve(t.Context(), "https://s.example/x", isShop); err != nil {
		t.Fatal(err)
	}
	got, err := r.Resolve(t.Context(), "https://s.example/x", func(u string) bool { return u == "https://final.example/" })
	if err != nil || got != "https://final.example/" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	w := &web{handle: func(*http.Request) *http.Response { return to("https://shop.example/") }}
	r := newResolver(t, w, resolver.Options{CacheSize: 2})
	want := 0
	for _, step := range []struct {
		link  string
		fetch int
	}{{"a", 1}, {"b", 1}, {"a", 0}, {"c", 1}, {"a", 0}, {"b", 1}, {"c", 1}} {
		want += step.fetch
		if _, err := r.Resolve(t.Context(), "https://s.example/"+step.link, isShop); err != nil {
			t.Fatal(err)
		}
		if w.count() != want {
			t.Fatalf("%s: %d requests, want %d", step.link, w.count(), want)
		}
	}
}

func TestCallsForOneLinkShareTheRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{handle: func(*http.Request) *http.Response {
			<-time.After(time.Second)
			return to("https://shop.example/p/1")
		}}
		r := newResolver(t, w, resolver.Options{})
		leaving, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Add(1)
		go func() { // the first caller, who leaves
			defer wg.Done()
			if _, err := r.Resolve(leaving, "https://s.example/x", isShop); !errors.Is(err, links.ErrInconclusive) {
				t.Errorf("the caller who left got %v", err)
			}
		}()
		synctest.Wait()
		for range 20 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if got, err := r.Resolve(t.Context(), "https://s.example/x", isShop); err != nil || !isShop(got) {
					t.Errorf("got %q, %v", got, err)
				}
			}()
		}
		synctest.Wait()
		leave()
		wg.Wait()
		if w.count() != 1 {
			t.Errorf("%d requests, want 1", w.count())
		}
	})
}

func TestHostsAreNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		inside, most := map[string]int{}, 0
		w := &web{handle: func(r *http.Request) *http.Response {
			mu.Lock()
			inside[r.URL.Hostname()]++
			most = max(most, inside[r.URL.Hostname()])
			mu.Unlock()
			<-time.After(time.Second)
			mu.Lock()
			inside[r.URL.Hostname()]--
			mu.Unlock()
			return to("https://shop.example/")
		}}
		r := newResolver(t, w, resolver.Options{Total: 3*time.Second - time.Millisecond})
		var busy, done int
		var wg sync.WaitGroup
		ask := func(link string) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, err := r.Resolve(t.Context(), link, isShop)
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, links.ErrInconclusive) {
					busy++
				} else if err == nil {
					done++
				}
			}()
		}
		for i := range 8 {
			ask(fmt.Sprintf("https://S.example/%d", i))
		}
		ask("https://other.example/")
		wg.Wait()
		// Two a second for three seconds less a moment: the last pair does not finish.
		if most != 2 || done != 5 || busy != 4 {
			t.Errorf("at most %d at once, %d done, %d put off; want 2, 5, 4", most, done, busy)
		}
		before := w.count()
		for i := range 8 {
			ask(fmt.Sprintf("https://S.example/%d", i))
			wg.Wait()
		}
		// The two that never got their turn are asked now; the two cut off are remembered.
		if w.count() != before+2 {
			t.Errorf("%d further requests, want 2", w.count()-before)
		}
	})
}

func TestSlowHostIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &web{handle: func(r *http.Request) *http.Response {
			<-r.Context().Done()
			return nil
		}}
		start := time.Now()
		_, err := newResolver(t, w, resolver.Options{}).Resolve(t.Context(), "https://s.example/x", isShop)
		if !errors.Is(err, links.ErrInconclusive) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %v, want inconclusive after 5s", err, time.Since(start))
		}
	})
}

func TestNewWantsAGuardedClient(t *testing.T) {
	for name, client := range map[string]*http.Client{"none": nil, "default": http.DefaultClient} {
		if _, err := resolver.New(resolver.Options{Client: client}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// brokenPage promises more than it has.
func brokenPage() *http.Response {
	res := page("")
	res.Body = io.NopCloser(io.MultiReader(strings.NewReader("<p>half a"), errReader{}))
	return res
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

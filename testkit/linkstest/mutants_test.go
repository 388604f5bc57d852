package linkstest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/links"
	"github.com/autopromo-cloud/autopromo/testkit/linkstest"
)

// fault is one way to break the resolver below.
type fault string

// brokenPromises names, for each fault, the case that has to notice.
var brokenPromises = map[fault]string{
	"relative locations fail":   "FollowsRedirects",
	"the answer is fetched":     "StopsWithoutFetching",
	"gone is inconclusive":      "GoneIsDead",
	"loop is inconclusive":      "LoopIsDead",
	"trouble is dead":           "TroubleIsInconclusive",
	"pages are inconclusive":    "PageIsTheAnswer",
	"files are inconclusive":    "PageIsTheAnswer",
	"the link for its page":     "PageIsTheAnswer",
	"app links are the answer":  "LeavingTheWebIsInconclusive",
	"a silent host is dead":     "TimeIsBounded",
	"hops without end":          "HopsAreBounded",
	"bodies are read to an end": "BytesAreBounded",
	"cookies are kept":          "CookiesAreNotKept",
	"any address is asked":      "PrivateAddressesAreRefused",
	"the context's bare error":  "ContextEndsTheWait",
}

// follower is a plain resolver that keeps every promise, or all but one.
type follower struct {
	fault  fault
	client *http.Client
}

func newFollower(tb testing.TB, allow string, f fault) *follower {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != allow && f != "any address is asked" {
			return nil, errors.New("private address")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}}
	tb.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	if f == "cookies are kept" {
		client.Jar, _ = cookiejar.New(nil)
	}
	return &follower{fault: f, client: client}
}

func (r *follower) Resolve(ctx context.Context, link string, stop func(string) bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	asked, seen := link, map[string]bool{}
	for len(seen) < 10 || r.fault == "hops without end" {
		accepted := stop(link)
		if accepted && r.fault != "the answer is fetched" {
			return link, nil
		}
		if seen[link] {
			if r.fault == "loop is inconclusive" {
				break
			}
			return "", links.ErrDead
		}
		seen[link] = true
		next, err := r.hop(ctx, link)
		if accepted {
			return link, nil
		}
		switch {
		case err != nil:
			return "", err
		case next == "" && r.fault == "the link for its page":
			return asked, nil
		case next == "", r.fault == "app links are the answer" && !strings.HasPrefix(next, "http"):
			return cmp.Or(next, link), nil
		}
		link = next
	}
	return "", links.ErrInconclusive
}

// hop returns where link redirects, "" for a page.
func (r *follower) hop(ctx context.Context, link string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return "", links.ErrInconclusive
	}
	res, err := r.client.Do(req)
	if err != nil {
		if r.fault == "the context's bare error" {
			return "", ctx.Err()
		}
		if r.fault == "a silent host is dead" && errors.Is(err, context.DeadlineExceeded) {
			return "", links.ErrDead
		}
		return "", fmt.Errorf("%w: %w", links.ErrInconclusive, err)
	}
	defer func() { _ = res.Body.Close() }()
	if r.fault == "bodies are read to an end" {
		_, _ = io.Copy(io.Discard, res.Body)
	}
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		if r.fault == "gone is inconclusive" {
			return "", links.ErrInconclusive
		}
		return "", links.ErrDead
	case res.StatusCode >= 300 && res.StatusCode < 400 && res.Header.Get("Location") != "":
		location := res.Header.Get("Location")
		if u, err := url.Parse(location); err == nil && !u.IsAbs() && r.fault == "relative locations fail" {
			return "", links.ErrInconclusive
		}
		next, err := req.URL.Parse(location)
		if err != nil {
			return "", links.ErrInconclusive
		}
		return next.String(), nil
	case res.StatusCode == http.StatusOK && r.fault != "pages are inconclusive":
		if r.fault == "files are inconclusive" && !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			break
		}
		return "", nil
	case r.fault == "trouble is dead":
		return "", links.ErrDead
	}
	return "", links.ErrInconclusive
}

// complaints runs a case and returns what it complained about.
func complaints(t *testing.T, run func(testing.TB)) []string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(r)
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.complaints
}

// verdict runs one case with a resolver that has one fault.
func verdict(t *testing.T, c linkstest.Case, f fault) []string {
	return complaints(t, func(tb testing.TB) {
		c.Run(tb, func(tb testing.TB, allow string) links.Resolver { return newFollower(tb, allow, f) })
	})
}

func TestSoundResolverPasses(t *testing.T) {
	linkstest.Run(t, func(tb testing.TB, allow string) links.Resolver { return newFollower(tb, allow, "") })
}

func TestEachFaultFailsItsCase(t *testing.T) {
	guarded := map[string]bool{}
	for f, name := range brokenPromises {
		guarded[name] = true
		t.Run(string(f), func(t *testing.T) {
			for _, c := range linkstest.Cases() {
				if c.Name == name && len(verdict(t, c, f)) > 0 {
					return
				}
			}
			t.Errorf("%s did not notice", name)
		})
	}
	for _, c := range linkstest.Cases() {
		if !guarded[c.Name] {
			t.Errorf("no fault proves that %s can fail", c.Name)
		}
	}
}

// recorder is a testing.TB whose failures are the result.
type recorder struct {
	testing.TB

	mu         sync.Mutex
	complaints []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

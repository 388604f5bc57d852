package linkstest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/links"
)

// session is a minter with the API it talks to and the request made of it.
type session struct {
	minter  links.Minter
	request links.MintRequest
	script  *MinterScript
	limit   time.Duration // of every wait
}

func openMinter(tb testing.TB, h MinterHarness) *session {
	tb.Helper()
	script := newMinterScript(h.Link)
	minter, request := h.New(tb, script)
	// Registered last, it is done first: a server that waits for its handlers can be closed.
	tb.Cleanup(func() { close(script.over) })
	for name, value := range request.Tag.Fields {
		if len(value) < 6 {
			tb.Fatalf("the harness gives %s a value too short to be told from other text", name)
		}
	}
	limit := h.Patience
	if limit <= 0 {
		limit = patience
	}
	return &session{minter, request, script, limit}
}

// minted is the outcome of a call.
type minted struct {
	link string
	err  error
}

// pending is a call under way.
type pending chan minted

func (s *session) start(ctx context.Context) pending {
	done := make(pending, 1)
	go func() {
		var m minted
		defer func() {
			if cause := recover(); cause != nil {
				m = minted{err: panicked{cause}}
			}
			done <- m
		}()
		m.link, m.err = s.minter.Mint(ctx, s.request)
	}()
	return done
}

func (s *session) await(tb testing.TB, p pending) (string, error) {
	tb.Helper()
	select {
	case m := <-p:
		return m.link, m.err
	case <-time.After(s.limit):
		tb.Fatalf("Mint did not return within %v", s.limit)
		return "", nil
	}
}

// awaitCall returns when a call has reached the API.
func (s *session) awaitCall(tb testing.TB) {
	tb.Helper()
	select {
	case <-s.script.called:
	case <-time.After(s.limit):
		tb.Fatalf("no call within %v", s.limit)
	}
}

// panicked stands for a call that panicked.
type panicked struct{ cause any }

func (p panicked) Error() string { return fmt.Sprintf("Mint panicked: %v", p.cause) }

// mint makes one call and holds its error, if any, to what goes for every error.
func (s *session) mint(tb testing.TB) (string, error) {
	tb.Helper()
	got, err := s.await(tb, s.start(context.Background()))
	if err != nil {
		s.judge(tb, "Mint", got, err, func(error) bool { return true })
	}
	return got, err
}

// wantNoLink makes one call that has to fail with an error that want accepts.
func (s *session) wantNoLink(tb testing.TB, what string, want func(error) bool) {
	tb.Helper()
	got, err := s.await(tb, s.start(context.Background()))
	s.judge(tb, what, got, err, want)
}

func (s *session) judge(tb testing.TB, what, got string, err error, want func(error) bool) {
	tb.Helper()
	if p := (panicked{}); errors.As(err, &p) {
		tb.Errorf("%s: %v", what, p)
		return
	}
	if got != "" || !want(err) {
		tb.Errorf("%s: got %q, %v", what, got, err)
	}
	if err == nil {
		return
	}
	for name, value := range s.request.Tag.Fields {
		if strings.Contains(err.Error(), value) {
			tb.Errorf("%s: the error shows the tag's %s", what, name)
		}
	}
}

// hostileLinks are what an API, or somebody in its place, could answer instead of good.
func hostileLinks(good string) []string {
	u, err := url.Parse(good)
	if err != nil {
		return nil
	}
	rest := strings.TrimPrefix(good, u.Scheme+"://"+u.Host)
	return []string{
		"", " ", "x", "/", rest, "//" + u.Host + rest,
		"https://evil.example/", "https://evil.example" + rest, "https://evil.example/?" + good,
		"https://" + u.Host + ".evil.example" + rest, "https://evil-" + u.Host + rest,
		"https://" + u.Host + "@evil.example" + rest, "https://user@" + u.Host + rest,
		"https://" + u.Host + ":8443" + rest, "https://127.0.0.1" + rest,
		"javascript:alert(1)", "javascript://" + u.Host + rest, "data:text/html,x", "file:///etc/passwd",
		"intent://" + u.Host + rest, "ftp://" + u.Host + rest,
		good + " https://evil.example/", good + "\nhttps://evil.example/", " " + good, good + "\x00",
		good + "\u200b", good + strings.Repeat("x", 64<<10),
	}
}

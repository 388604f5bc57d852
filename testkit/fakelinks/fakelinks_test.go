package fakelinks_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakelinks"
)

func TestAnswersShowWhatTheyArePlayedWith(t *testing.T) {
	const target = "https://loja.example/p/1?a=1&b=2"
	for name, test := range map[string]struct {
		answer fakelinks.Answer
		status int
		header string
		body   []string
	}{
		"redirect":     {fakelinks.Redirect(target), 301, "Location: " + target, nil},
		"busy":         {fakelinks.Busy(90 * time.Second), 429, "Retry-After: 90", nil},
		"status":       {fakelinks.Status(503), 503, ": ", nil},
		"meta refresh": {fakelinks.MetaRefresh(target), 200, "Content-Type: text/html; charset=utf-8", []string{"https://loja.example/p/1?a=1&amp;b=2"}},
		"script":       {fakelinks.ScriptRedirect(target), 200, "Content-Type: text/html; charset=utf-8", []string{`window.location = "` + target + `"`}},
		"showcase":     {fakelinks.Showcase("https://a.example/1", "https://a.example/2"), 200, ": ", []string{"https://a.example/1#c_id=", "https://a.example/2#c_id="}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := get(t.Context(), fakelinks.Web{"https://curto.example/a?b=c": test.answer}, "https://curto.example/a?b=c#d")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = got.Body.Close() }()
			body, err := io.ReadAll(got.Body)
			if err != nil || got.StatusCode != test.status {
				t.Errorf("status %d, %v, want %d", got.StatusCode, err, test.status)
			}
			if name, value, _ := strings.Cut(test.header, ": "); got.Header.Get(name) != value {
				t.Errorf("%s is %q, want %q", name, got.Header.Get(name), value)
			}
			for _, part := range test.body {
				if !strings.Contains(string(body), part) {
					t.Errorf("the page has no %s", part)
				}
			}
		})
	}
}

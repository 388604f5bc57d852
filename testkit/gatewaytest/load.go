package gatewaytest

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func loadCases() []Case {
	return []Case{
		{Name: "FiftyCallersAtOnce", Needs: []Need{NeedPhones}, Run: fiftyCallers},
		{Name: "NothingIsLeftRunning", Needs: []Need{NeedServer}, Run: nothingIsLeftRunning},
	}
}

// fiftyCallers is worth running with the race detector.
func fiftyCallers(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s, chat := r.openInGroup("conf-fifty")
	const callers = 50
	var wg sync.WaitGroup
	failures := make([]error, callers)
	for i := range callers {
		wg.Go(func() {
			_, err := h.Gateway.Status(r.ctx, s)
			if err == nil && i%10 == 0 {
				_, err = h.Gateway.Groups(r.ctx, s)
			}
			if err == nil {
				_, err = h.Gateway.Send(r.ctx, s, gateway.Outbound{To: chat, Text: fmt.Sprintf("%s %d", plainText, i)})
			}
			failures[i] = err
		})
	}
	wg.Wait()
	for _, err := range failures {
		if err != nil {
			r.Errorf("one of %d callers at once failed: %v; all methods must be safe for concurrent use", callers, err)
		}
	}
	times := map[string]int{}
	for _, p := range r.posts(s.Name, chat) {
		times[p.Text]++
	}
	for i := range callers {
		if n := times[fmt.Sprintf("%s %d", plainText, i)]; n != 1 {
			r.Errorf("one of %d messages sent at once was posted %d times; calls must share nothing", callers, n)
		}
	}
}

// silent is a server that takes every request and never answers.
func (r run) silent(s gateway.Session) gateway.Session {
	return r.answering(s, func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
}

func nothingIsLeftRunning(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.silent(r.provisioned("conf-leak"))
	work := func() {
		ctx, cancel := context.WithTimeout(r.ctx, 10*time.Millisecond)
		defer cancel()
		_, _ = h.Gateway.Status(ctx, s)
		_, _ = h.Gateway.Send(ctx, s, gateway.Outbound{To: elsewhere, Text: plainText})
	}
	work()
	before := runtime.NumGoroutine()
	const rounds = 40
	for range rounds {
		work()
	}
	deadline := time.Now().Add(r.Patience / 4)
	for runtime.NumGoroutine() > before+rounds/2 {
		if time.Now().After(deadline) {
			r.Errorf("%d goroutines before %d calls that were cut off, %d after; whatever a call starts must end with it",
				before, 2*rounds, runtime.NumGoroutine())
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// deadlines calls every method against a server that never answers.
func deadlines(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.provisioned("conf-deadline")
	quiet, hook := r.silent(s), r.Provider.Webhook(s.Name)
	calls := map[string]func(context.Context) error{
		"Provision": func(ctx context.Context) error { _, err := h.Gateway.Provision(ctx, quiet, hook); return err },
		"Connect":   func(ctx context.Context) error { _, err := h.Gateway.Connect(ctx, quiet); return err },
		"Status":    func(ctx context.Context) error { _, err := h.Gateway.Status(ctx, quiet); return err },
		"Delete":    func(ctx context.Context) error { return h.Gateway.Delete(ctx, quiet) },
		"Groups":    func(ctx context.Context) error { _, err := h.Gateway.Groups(ctx, quiet); return err },
		"Send": func(ctx context.Context) error {
			_, err := h.Gateway.Send(ctx, quiet, gateway.Outbound{To: elsewhere, Text: plainText})
			return err
		},
	}
	if g, ok := h.Gateway.(gateway.SentFinder); ok {
		calls["FindSent"] = func(ctx context.Context) error {
			_, _, err := g.FindSent(ctx, quiet, gateway.SentQuery{Chat: elsewhere, Text: plainText})
			return err
		}
	}
	if g, ok := h.Gateway.(gateway.History); ok {
		calls["Messages"] = func(ctx context.Context) error {
			_, err := g.Messages(ctx, quiet, elsewhere, time.Now(), 1)
			return err
		}
	}
	if g, ok := h.Gateway.(gateway.PairingCoder); ok {
		calls["PairingCode"] = func(ctx context.Context) error { _, err := g.PairingCode(ctx, quiet, ourPhone); return err }
	}
	if g, ok := h.Gateway.(gateway.MediaFetcher); ok {
		calls["FetchMedia"] = func(ctx context.Context) error {
			_, err := g.FetchMedia(ctx, quiet, core.Media{Kind: core.Image, Handle: []byte(`{}`)}, 1<<20)
			return err
		}
	}
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(r.ctx, 50*time.Millisecond)
		returned := make(chan error, 1)
		go func() { returned <- call(ctx) }()
		select {
		case err := <-returned:
			if err == nil {
				r.Errorf("%s succeeded although the server never answered", name)
			}
		case <-time.After(r.Patience / 4):
			r.Errorf("%s did not return soon after its context's deadline; callers hold leases that run out", name)
		}
		cancel()
	}
}

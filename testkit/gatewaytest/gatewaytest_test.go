package gatewaytest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

func TestACorrectGatewayPasses(t *testing.T) {
	gatewaytest.Run(t, func(tb testing.TB) gatewaytest.Harness {
		g, p := newTiny(tb)
		return gatewaytest.Harness{Gateway: g, Provider: p}
	})
}

func TestCaseNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range gatewaytest.Cases() {
		if c.Name == "" || seen[c.Name] || c.Run == nil {
			t.Errorf("case %q is unnamed, double or empty", c.Name)
		}
		seen[c.Name] = true
	}
}

// TestACaseThatDoesNotApplyIsSkipped runs the suite against a gateway that only has the
// required methods and a provider that only has the required ones.
func TestACaseThatDoesNotApplyIsSkipped(t *testing.T) {
	g, p := newTiny(t)
	h := gatewaytest.Harness{
		Gateway:  struct{ gateway.Gateway }{plain{g}},
		Provider: struct{ gatewaytest.Provider }{p},
	}
	needs := []gatewaytest.Need{
		gatewaytest.NeedPhones, gatewaytest.NeedServer, gatewaytest.NeedRefuser, gatewaytest.NeedTeller, gatewaytest.NeedSigned,
		gatewaytest.NeedEvents, gatewaytest.NeedStreamer, gatewaytest.NeedMedia, gatewaytest.NeedLookup, gatewaytest.NeedHistory,
		gatewaytest.NeedRestart, gatewaytest.NeedPairingCode, gatewaytest.NeedCodeTyper, gatewaytest.NeedOthers,
	}
	if missing := h.Missing(needs); len(missing) != len(needs) {
		t.Errorf("missing are %q, want all of %q", missing, needs)
	}
}

type plain struct{ gateway.Gateway }

func (plain) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{Provider: "plain", ClientMessageID: gateway.ClientIDIgnored, SentLookup: gateway.LookupNone}
}

// recorder is a testing.TB that keeps a failure to itself.
type recorder struct {
	testing.TB
	mu       sync.Mutex
	failed   bool
	skipped  bool
	said     strings.Builder
	cleanups []func()
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	fmt.Fprintf(&r.said, format+"\n", args...)
}

func (r *recorder) Helper()                   {}
func (r *recorder) Error(args ...any)         { r.note("%s", fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, a ...any) { r.note(f, a...) }
func (r *recorder) Fatal(args ...any)         { r.note("%s", fmt.Sprint(args...)); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.note(f, a...); runtime.Goexit() }
func (r *recorder) Skipf(string, ...any)      { r.skipped = true; runtime.Goexit() }
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }

// clean does what a testing.TB does after a test.
func (r *recorder) clean() {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

// wantCaught runs a case on a broken gateway and checks that it notices, and blames the
// gateway.
func wantCaught(t *testing.T, name string, h gatewaytest.Harness) {
	t.Helper()
	h.Patience = 2 * time.Second
	for _, c := range gatewaytest.Cases() {
		if c.Name != name {
			continue
		}
		rec := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer rec.clean()
			c.Run(rec, h)
		}()
		<-done
		if !rec.failed || rec.skipped {
			t.Errorf("the case %q did not notice", name)
		}
		if strings.Contains(rec.said.String(), "harness failed") {
			t.Errorf("the case blamed the harness: %s", rec.said.String())
		}
		return
	}
	t.Fatalf("there is no case %q", name)
}

func TestBrokenGatewaysFail(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			g, p := newTiny(t)
			wantCaught(t, m.fell, gatewaytest.Harness{Gateway: m.make(g), Provider: p})
		})
	}
}

// TestEveryCaseHasAMutant: a case nobody can fail proves nothing.
func TestEveryCaseHasAMutant(t *testing.T) {
	fell := map[string]bool{}
	for _, m := range mutants {
		fell[m.fell] = true
	}
	for _, m := range streamMutants {
		fell[m.fell] = true
	}
	for _, c := range gatewaytest.Cases() {
		if !fell[c.Name] {
			t.Errorf("no broken gateway fails %q", c.Name)
		}
	}
}

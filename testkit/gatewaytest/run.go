package gatewaytest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Case is one promise of the port.
type Case struct {
	Name string
	// Needs are what the gateway and its provider must offer for the case to apply.
	Needs []Need
	// Run fails tb when the promise is broken. The harness must be fresh.
	Run func(tb testing.TB, h Harness)
}

// Cases returns every case, in no important order. The slice is the caller's.
func Cases() []Case {
	return slices.Concat(sessionCases(), pairingCases(), restartCases(), groupCases(), sendCases(), networkCases(), loadCases(),
		webhookCases(), eventCases(), streamCases())
}

// Run runs every case against fresh harnesses, as subtests named after the cases, and ends
// with a verdict, which "go test -v" shows: how many promises are kept, which are broken, and
// which do not apply or could not be judged, with the reason.
func Run(t *testing.T, newHarness func(testing.TB) Harness) {
	t.Helper()
	var v verdict
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			watched := &watcher{TB: t}
			defer func() { v.note(c.Name, t, watched.skipped) }()
			h := newHarness(t)
			if missing := h.Missing(c.Needs); len(missing) > 0 {
				watched.Skipf("skipped: this needs %q", missing)
			}
			c.Run(watched, h)
		})
	}
	t.Log(v.String())
}

// watcher remembers why a case was skipped.
type watcher struct {
	testing.TB
	skipped string
}

func (w *watcher) Skipf(format string, args ...any) {
	w.Helper()
	w.skipped = strings.TrimPrefix(fmt.Sprintf(format, args...), "skipped: ")
	w.TB.Skipf(format, args...)
}

// verdict sums a run up for the author of an adapter.
type verdict struct {
	passed         int
	failed         []string
	skipped        map[string][]string // cases by reason
	skippedReasons []string
}

func (v *verdict) note(name string, tb testing.TB, reason string) {
	switch {
	case tb.Failed():
		v.failed = append(v.failed, name)
	case tb.Skipped():
		if v.skipped == nil {
			v.skipped = map[string][]string{}
		}
		if v.skipped[reason] == nil {
			v.skippedReasons = append(v.skippedReasons, reason)
		}
		v.skipped[reason] = append(v.skipped[reason], name)
	default:
		v.passed++
	}
}

func (v *verdict) String() string {
	var b strings.Builder
	n := 0
	for _, cases := range v.skipped {
		n += len(cases)
	}
	fmt.Fprintf(&b, "verdict: %d promises kept, %d broken, %d not judged", v.passed, len(v.failed), n)
	for _, name := range v.failed {
		fmt.Fprintf(&b, "\n  broken: %s", name)
	}
	for _, reason := range v.skippedReasons {
		fmt.Fprintf(&b, "\n  not judged, %s: %s", reason, strings.Join(v.skipped[reason], ", "))
	}
	return b.String()
}

const ourPhone = "5511912345678"

// elsewhere is a group nobody is in.
const elsewhere core.JID = "120363999999999999@g.us"

// The texts hold what providers are known to spoil.
const (
	plainText  = "Oferta do dia: https://loja.example/p?id=1&tag=abc"
	trickyText = "*Fone JBL* _preto_ 🎧👨‍👩‍👧‍👦\n\nDe R$ 299 por R$ 199,90 <só hoje> \"aspas\" \\n & ção\n👉 https://loja.example/p?a=1&b=%20x"
)

// run is one case under way.
type run struct {
	testing.TB
	Harness
	ctx     context.Context
	streams map[string]*stream // of hosted sessions by name
}

func newRun(tb testing.TB, h Harness) run {
	if h.Patience == 0 {
		h.Patience = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.Patience)
	tb.Cleanup(cancel)
	return run{TB: tb, Harness: h, ctx: ctx, streams: map[string]*stream{}}
}

func (r run) phones() Phones { return r.Provider.(Phones) }

// fresh makes a name that no earlier run has left behind on a real server.
func (r run) fresh(base string) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return base + "-" + hex.EncodeToString(b[:])
}

// provisioned creates a session, and hosts it where the gateway streams. It is deleted at the
// end of the case.
func (r run) provisioned(base string) gateway.Session {
	r.Helper()
	s := r.unhosted(base)
	r.host(s)
	return s
}

// unhosted creates a session that nobody streams.
func (r run) unhosted(base string) gateway.Session {
	r.Helper()
	s := r.Provider.Session(r.fresh(base))
	p, err := r.Gateway.Provision(r.ctx, s, r.Provider.Webhook(s.Name))
	if err != nil {
		r.Fatalf("Provision of a new name failed: %v", err)
	}
	s.Token = p.Token
	r.deleteAtEnd(s)
	return s
}

func (r run) deleteAtEnd(s gateway.Session) {
	r.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), r.Patience)
		defer cancel()
		_ = r.Gateway.Delete(ctx, s) // DeleteIsIdempotent judges it
	})
}

// open creates a session and links a phone to it.
func (r run) open(base string) gateway.Session {
	r.Helper()
	s := r.provisioned(base)
	r.link(s)
	return s
}

func (r run) link(s gateway.Session) {
	r.Helper()
	if _, err := r.Gateway.Connect(r.ctx, s); err != nil {
		r.Fatalf("Connect of a new session failed: %v", err)
	}
	r.must(r.phones().Link(s.Name, ourPhone))
}

// openInGroup creates a linked session whose phone is in a group it may post to.
func (r run) openInGroup(base string) (gateway.Session, core.JID) {
	r.Helper()
	s := r.open(base)
	return s, r.group(s.Name, Group{Name: "Ofertas"})
}

func (r run) group(session string, g Group) core.JID {
	r.Helper()
	jid, err := r.phones().AddGroup(session, g)
	r.must(err)
	return jid
}

func (r run) posts(session string, chat core.JID) []Post {
	r.Helper()
	posts, err := r.phones().Posts(session, chat)
	r.must(err)
	return posts
}

// must ends the case on a fault of the harness.
func (r run) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("the harness failed, not the gateway: %v", err)
	}
}

// wantKind checks that a failed call is a *gateway.Error of one of the kinds and says what
// the kind promises.
func (r run) wantKind(err error, why string, kinds ...gateway.Kind) {
	r.Helper()
	var e *gateway.Error
	switch {
	case err == nil:
		r.Errorf("the call succeeded; it must fail as %q: %s", kinds, why)
	case !errors.As(err, &e):
		r.Errorf("the error is a %T; an adapter must return a *gateway.Error and nothing else, or the engine takes it for unknown", err)
	case !slices.Contains(kinds, e.Kind):
		r.Errorf("the error is %q (%v); it must be one of %q: %s", e.Kind, err, kinds, why)
	}
}

// eventually waits for a condition that the provider brings about by itself.
func (r run) eventually(what string, done func() bool) {
	r.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			r.Fatalf("waited %v in vain until %s", r.Patience, what)
		}
	}
}

// wantNoSecrets checks that an error can be logged.
func (r run) wantNoSecrets(err error, secrets ...string) {
	r.Helper()
	if err == nil {
		return
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(err.Error(), secret) {
			r.Errorf("an error text contains a key, a message or a phone number (%d characters of it); errors end in logs, so name the fault and nothing else", len(secret))
		}
	}
}

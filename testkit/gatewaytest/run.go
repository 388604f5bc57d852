package gatewaytest

import (
	"context"
	"errors"
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
	return slices.Concat(sessionCases(), groupCases(), sendCases(), networkCases(), webhookCases())
}

// Run runs every case against fresh harnesses, as subtests named after the cases.
func Run(t *testing.T, newHarness func(testing.TB) Harness) {
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			h := newHarness(t)
			if missing := h.Missing(c.Needs); len(missing) > 0 {
				t.Skipf("skipped: this needs %q", missing)
			}
			c.Run(t, h)
		})
	}
}

const (
	patience = 20 * time.Second // a single step must end long before
	ourPhone = "5511912345678"
)

// The texts hold what providers are known to spoil.
const (
	plainText  = "Oferta do dia: https://loja.example/p?id=1&tag=abc"
	trickyText = "*Fone JBL* _preto_ 🎧👨‍👩‍👧‍👦\n\nDe R$ 299 por R$ 199,90 <só hoje> \"aspas\" \\n & ção\n👉 https://loja.example/p?a=1&b=%20x"
)

// run is one case under way.
type run struct {
	testing.TB
	Harness
	ctx context.Context
}

func newRun(tb testing.TB, h Harness) run {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	return run{TB: tb, Harness: h, ctx: ctx}
}

// provisioned creates a session.
func (r run) provisioned(name string) gateway.Session {
	r.Helper()
	s := r.Provider.Session(name)
	p, err := r.Gateway.Provision(r.ctx, s, r.Provider.Webhook(name))
	if err != nil {
		r.Fatalf("Provision of a new name failed: %v", err)
	}
	s.Token = p.Token
	return s
}

// open creates a session and links a phone to it.
func (r run) open(name string) gateway.Session {
	r.Helper()
	s := r.provisioned(name)
	if _, err := r.Gateway.Connect(r.ctx, s); err != nil {
		r.Fatalf("Connect of a new session failed: %v", err)
	}
	r.must(r.Provider.Link(name, ourPhone))
	return s
}

// openInGroup creates a linked session whose phone is in a group it may post to.
func (r run) openInGroup(name string) (gateway.Session, core.JID) {
	r.Helper()
	s := r.open(name)
	return s, r.group(name, Group{Name: "Ofertas"})
}

func (r run) group(session string, g Group) core.JID {
	r.Helper()
	jid, err := r.Provider.AddGroup(session, g)
	r.must(err)
	return jid
}

func (r run) posts(session string, chat core.JID) []Post {
	r.Helper()
	posts, err := r.Provider.Posts(session, chat)
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
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			r.Fatalf("waited %v in vain until %s", patience, what)
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

package gatewaytest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
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
		gatewaytest.NeedServer, gatewaytest.NeedRefuser, gatewaytest.NeedTeller, gatewaytest.NeedMedia, gatewaytest.NeedLookup,
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
	mu      sync.Mutex
	failed  bool
	skipped bool
	said    strings.Builder
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

// broken gateways, each wrong in one way, and the case that must notice.
var mutants = []struct {
	name string
	fell string // the case
	make func(*tiny) gateway.Gateway
}{
	{"sends twice", "SendPostsTheExactText", func(g *tiny) gateway.Gateway { return sendsTwice{g} }},
	{"repeats after a lost answer", "ALostAnswerIsUnknown", func(g *tiny) gateway.Gateway { return repeats{g} }},
	{"calls every failure temporary", "AFailureThatPostedIsUnknown", func(g *tiny) gateway.Gateway { return optimist{g} }},
	{"calls every failure unknown", "NobodyListeningIsTemporary", func(g *tiny) gateway.Gateway { return pessimist{g} }},
	{"trims texts", "SendPostsTheExactText", func(g *tiny) gateway.Gateway { return trims{g} }},
	{"drops media", "SendPostsMedia", func(g *tiny) gateway.Gateway { return dropsMedia{g} }},
	{"adopts taken names", "ProvisionRefusesATakenName", func(g *tiny) gateway.Gateway { return adopts{g} }},
	{"takes an unknown session for a closed one", "UnknownSessionIsNotFound", func(g *tiny) gateway.Gateway { return forgiving{g} }},
	{"takes a log-out for a closed one", "StatusAfterLogoutAsksForAQRCode", func(g *tiny) gateway.Gateway { return hopeful{g} }},
	{"returns no list", "NoGroupsIsAnEmptyList", func(g *tiny) gateway.Gateway { return nilGroups{g} }},
	{"may post everywhere", "GroupsAreExact", func(g *tiny) gateway.Gateway { return postsEverywhere{g} }},
	{"returns plain errors", "UnknownSessionIsNotFound", func(g *tiny) gateway.Gateway { return plainErrors{g} }},
	{"tells the key in errors", "ErrorsHoldNoSecrets", func(g *tiny) gateway.Gateway { return chatty{g} }},
	{"follows redirects", "RedirectsAreRefused", func(g *tiny) gateway.Gateway {
		g.client.CheckRedirect = nil
		return g
	}},
	{"ignores Retry-After", "RetryAfterIsHeard", func(g *tiny) gateway.Gateway { return impatient{g} }},
	{"finds everything", "FindSentFindsWhatWasSent", func(g *tiny) gateway.Gateway { return findsAll{g} }},
	{"claims no look-up", "CapabilitiesAreTrue", func(g *tiny) gateway.Gateway { return modest{g} }},
	{"claims client ids", "CapabilitiesAreTrue", func(g *tiny) gateway.Gateway { return boaster{g} }},
	{"lets everybody in", "AuthenticateTheProvider", func(g *tiny) gateway.Gateway { return openDoor{g} }},
	{"compares a prefix of the secret", "AuthenticateTheProvider", func(g *tiny) gateway.Gateway { return prefix{g} }},
	{"takes own messages for others'", "DecodeOwnMessages", func(g *tiny) gateway.Gateway { return mutate(g, notMine) }},
	{"loses the author", "DecodeATextMessage", func(g *tiny) gateway.Gateway { return mutate(g, noAuthor) }},
	{"loses media", "DecodeMedia", func(g *tiny) gateway.Gateway { return mutate(g, noMedia) }},
	{"loses revokes", "DecodeEditsAndRevokes", func(g *tiny) gateway.Gateway { return mutate(g, noRevoke) }},
	{"fails on unknown events", "DecodeTheUnimportant", func(g *tiny) gateway.Gateway { return mutate(g, noIgnored) }},
	{"panics on garbage", "DecodeGarbage", func(g *tiny) gateway.Gateway { return panics{g} }},
	{"decodes by the clock", "DecodeIsPure", func(g *tiny) gateway.Gateway { return &counting{tiny: g} }},
	{"ignores the media limit", "FetchMediaOfAMessage", func(g *tiny) gateway.Gateway { return unlimited{g} }},
}

func TestBrokenGatewaysFail(t *testing.T) {
	cases := map[string]gatewaytest.Case{}
	for _, c := range gatewaytest.Cases() {
		cases[c.Name] = c
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			c, ok := cases[m.fell]
			if !ok {
				t.Fatalf("there is no case %q", m.fell)
			}
			g, p := newTiny(t)
			rec := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				c.Run(rec, gatewaytest.Harness{Gateway: m.make(g), Provider: p})
			}()
			<-done
			if !rec.failed || rec.skipped {
				t.Errorf("the case %q did not notice a gateway that %s", m.fell, m.name)
			}
			if strings.Contains(rec.said.String(), "harness failed") {
				t.Errorf("the case blamed the harness: %s", rec.said.String())
			}
		})
	}
}

type sendsTwice struct{ *tiny }

func (g sendsTwice) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	_, _ = g.tiny.Send(ctx, s, m)
	return g.tiny.Send(ctx, s, m)
}

type repeats struct{ *tiny }

func (g repeats) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	receipt, err := g.tiny.Send(ctx, s, m)
	if err != nil {
		_, _ = g.tiny.Send(ctx, s, m)
	}
	return receipt, err
}

type optimist struct{ *tiny }

func (g optimist) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	return withKind(gateway.KindTemporary)(g.tiny.Send(ctx, s, m))
}

type pessimist struct{ *tiny }

func (g pessimist) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	return withKind(gateway.KindUnknown)(g.tiny.Send(ctx, s, m))
}

func withKind(kind gateway.Kind) func(gateway.Receipt, error) (gateway.Receipt, error) {
	return func(r gateway.Receipt, err error) (gateway.Receipt, error) {
		if err != nil {
			err = &gateway.Error{Op: "send", Kind: kind}
		}
		return r, err
	}
}

type trims struct{ *tiny }

func (g trims) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	m.Text = strings.ReplaceAll(m.Text, "\n\n", "\n")
	return g.tiny.Send(ctx, s, m)
}

type dropsMedia struct{ *tiny }

func (g dropsMedia) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	m.Media = nil
	return g.tiny.Send(ctx, s, m)
}

type adopts struct{ *tiny }

func (g adopts) Provision(ctx context.Context, s gateway.Session, w gateway.Webhook) (gateway.Provisioned, error) {
	p, err := g.tiny.Provision(ctx, s, w)
	if gateway.KindOf(err) == gateway.KindAlreadyExists {
		err = nil
	}
	return p, err
}

type forgiving struct{ *tiny }

func (g forgiving) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	status, err := g.tiny.Status(ctx, s)
	if err != nil {
		return gateway.Status{State: gateway.StateClosed}, nil
	}
	return status, nil
}

type hopeful struct{ *tiny }

func (g hopeful) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	status, err := g.tiny.Status(ctx, s)
	if status.State == gateway.StateLoggedOut {
		status.State = gateway.StateClosed
	}
	return status, err
}

type nilGroups struct{ *tiny }

func (g nilGroups) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	groups, err := g.tiny.Groups(ctx, s)
	if len(groups) == 0 {
		groups = nil
	}
	return groups, err
}

type postsEverywhere struct{ *tiny }

func (g postsEverywhere) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	groups, err := g.tiny.Groups(ctx, s)
	for i := range groups {
		groups[i].CanPost = true
	}
	return groups, err
}

type plainErrors struct{ *tiny }

func (g plainErrors) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	p, err := g.tiny.Connect(ctx, s)
	if err != nil {
		err = errors.New("something went wrong")
	}
	return p, err
}

type chatty struct{ *tiny }

func (g chatty) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	status, err := g.tiny.Status(ctx, s)
	if err != nil {
		err = &gateway.Error{Op: "status", Kind: gateway.KindAuth, Err: fmt.Errorf("key %s refused", s.ServerKey.Reveal())}
	}
	return status, err
}

type impatient struct{ *tiny }

func (g impatient) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	return withKind(gateway.KindRateLimited)(g.tiny.Send(ctx, s, m))
}

type findsAll struct{ *tiny }

func (g findsAll) FindSent(ctx context.Context, s gateway.Session, q gateway.SentQuery) (bool, core.MessageID, error) {
	_, id, err := g.tiny.FindSent(ctx, s, q)
	return true, id, err
}

type modest struct{ *tiny }

func (g modest) Capabilities() gateway.Capabilities {
	c := g.tiny.Capabilities()
	c.SentLookup = gateway.LookupNone
	return c
}

type boaster struct{ *tiny }

func (g boaster) Capabilities() gateway.Capabilities {
	c := g.tiny.Capabilities()
	c.ClientMessageID = gateway.ClientIDHonoured
	return c
}

type openDoor struct{ *tiny }

func (openDoor) Authenticate(gateway.Request, gateway.SessionAuth) error { return nil }

type prefix struct{ *tiny }

func (g prefix) Authenticate(r gateway.Request, s gateway.SessionAuth) error {
	got := r.Header.Get("X-Secret")
	if got != "" && !s.Secret.IsZero() && strings.HasPrefix(s.Secret.Reveal(), got) && r.Header.Get("X-Session") == s.Name {
		return nil
	}
	return &gateway.Error{Op: "authenticate", Kind: gateway.KindAuth}
}

// mutated passes each decoded event through a fault.
type mutated struct {
	*tiny
	fault func(gateway.Event) (gateway.Event, error)
}

func mutate(g *tiny, fault func(gateway.Event) (gateway.Event, error)) gateway.Gateway {
	return mutated{g, fault}
}

func (g mutated) Decode(r gateway.Request) (gateway.Inbound, error) {
	in, err := g.tiny.Decode(r)
	for i := range in.Events {
		var fault error
		if in.Events[i], fault = g.fault(in.Events[i]); fault != nil {
			err = fault
		}
	}
	return in, err
}

func notMine(e gateway.Event) (gateway.Event, error) {
	if m, ok := e.(gateway.Message); ok {
		m.FromMe = false
		return m, nil
	}
	return e, nil
}

func noAuthor(e gateway.Event) (gateway.Event, error) {
	if m, ok := e.(gateway.Message); ok {
		m.Key.Participant = ""
		return m, nil
	}
	return e, nil
}

func noMedia(e gateway.Event) (gateway.Event, error) {
	if m, ok := e.(gateway.Message); ok {
		m.Media = nil
		return m, nil
	}
	return e, nil
}

func noRevoke(e gateway.Event) (gateway.Event, error) {
	if _, ok := e.(gateway.Revoked); ok {
		return gateway.Ignored{What: "revoke"}, nil
	}
	return e, nil
}

func noIgnored(e gateway.Event) (gateway.Event, error) {
	if _, ok := e.(gateway.Ignored); ok {
		return e, &gateway.Error{Op: "decode", Kind: gateway.KindInvalid}
	}
	return e, nil
}

type panics struct{ *tiny }

func (g panics) Decode(r gateway.Request) (gateway.Inbound, error) {
	in, err := g.tiny.Decode(r)
	if err != nil {
		panic(err)
	}
	return in, nil
}

type counting struct {
	*tiny
	n int
}

func (g *counting) Decode(r gateway.Request) (gateway.Inbound, error) {
	g.n++
	in, err := g.tiny.Decode(r)
	in.Session += strings.Repeat(" ", g.n)
	return in, err
}

type unlimited struct{ *tiny }

func (g unlimited) FetchMedia(ctx context.Context, s gateway.Session, m core.Media, _ int64) (gateway.Media, error) {
	return g.tiny.FetchMedia(ctx, s, m, 1<<40)
}

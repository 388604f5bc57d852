package gatewaytest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/gatewaytest"
)

// inProcess is a correct gateway that holds the connections of its sessions itself.
type inProcess struct {
	p *tinyProvider

	mu     sync.Mutex
	hosted map[string]int
	queue  map[string][]gateway.Event // what WhatsApp keeps for a session until it is taken
}

// hostedProvider is the provider of its sessions.
type hostedProvider struct {
	*tinyProvider
	g *inProcess
}

func newInProcess() (*inProcess, hostedProvider) {
	p := &tinyProvider{sessions: map[string]*tinySession{}}
	g := &inProcess{p: p, hosted: map[string]int{}, queue: map[string][]gateway.Event{}}
	return g, hostedProvider{p, g}
}

func (h hostedProvider) Session(name string) gateway.Session { return gateway.Session{Name: name} }

func (h hostedProvider) Happen(name string, what gatewaytest.Happening) (bool, error) {
	e, err := h.tell(name, what)
	h.g.mu.Lock()
	defer h.g.mu.Unlock()
	h.g.queue[name] = append(h.g.queue[name], e.event())
	return true, err
}

func (g *inProcess) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{Provider: "inprocess", ClientMessageID: gateway.ClientIDIgnored, SentLookup: gateway.LookupNone}
}

func (g *inProcess) call(s gateway.Session, op string, c tinyCall) (tinyAnswer, error) {
	c.Name = s.Name
	if !core.ValidInstanceName(s.Name) {
		return tinyAnswer{}, &gateway.Error{Op: op, Kind: gateway.KindInvalid}
	}
	g.mu.Lock()
	hosted := g.hosted[s.Name] > 0
	g.mu.Unlock()
	if !hosted && op != "provision" && op != "delete" {
		return tinyAnswer{}, &gateway.Error{Op: op, Kind: gateway.KindNotConnected}
	}
	g.p.mu.Lock()
	defer g.p.mu.Unlock()
	a := g.p.do(op, c)
	if a.Kind != "" {
		return a, &gateway.Error{Op: op, Kind: a.Kind}
	}
	return a, nil
}

func (g *inProcess) Provision(_ context.Context, s gateway.Session, _ gateway.Webhook) (gateway.Provisioned, error) {
	_, err := g.call(s, "provision", tinyCall{})
	return gateway.Provisioned{}, err
}

func (g *inProcess) Connect(_ context.Context, s gateway.Session) (gateway.Pairing, error) {
	a, err := g.call(s, "connect", tinyCall{})
	return gateway.Pairing{State: a.State, QR: a.QR}, err
}

func (g *inProcess) Status(_ context.Context, s gateway.Session) (gateway.Status, error) {
	a, err := g.call(s, "status", tinyCall{})
	return gateway.Status{State: a.State, Phone: a.Phone}, err
}

func (g *inProcess) Delete(_ context.Context, s gateway.Session) error {
	_, err := g.call(s, "delete", tinyCall{})
	return err
}

func (g *inProcess) Groups(_ context.Context, s gateway.Session) ([]core.Group, error) {
	a, err := g.call(s, "groups", tinyCall{})
	return append([]core.Group{}, a.Groups...), err
}

func (g *inProcess) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	if ctx.Err() != nil {
		return gateway.Receipt{}, &gateway.Error{Op: "send", Kind: gateway.KindTemporary}
	}
	a, err := g.call(s, "send", tinyCall{Chat: m.To, Text: m.Text, Media: m.Media})
	return gateway.Receipt{ID: a.ID}, err
}

// known says whether a session is provisioned.
func (g *inProcess) known(name string) bool {
	g.p.mu.Lock()
	defer g.p.mu.Unlock()
	return g.p.sessions[name] != nil
}

// next is the first event that waits, nil when there is none.
func (g *inProcess) next(name string) gateway.Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q := g.queue[name]; len(q) > 0 {
		return q[0]
	}
	return nil
}

func (g *inProcess) done(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue[name] = g.queue[name][1:]
}

func (g *inProcess) host(name string, by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hosted[name] += by
}

func (g *inProcess) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	g.host(s.Name, 1)
	defer g.host(s.Name, -1)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if !g.known(s.Name) {
			return &gateway.Error{Op: "stream", Kind: gateway.KindNotFound}
		}
		if e := g.next(s.Name); e != nil && handle(ctx, e) == nil {
			g.done(s.Name)
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func TestACorrectStreamerPasses(t *testing.T) {
	gatewaytest.Run(t, func(testing.TB) gatewaytest.Harness {
		g, p := newInProcess()
		return gatewaytest.Harness{Gateway: g, Provider: p, Patience: 5 * time.Second}
	})
}

// streamMutants are broken streamers, and the case that must notice.
var streamMutants = []struct {
	name string
	fell string
	make func(*inProcess) gateway.Gateway
}{
	{"works without a host", "OnlyTheHostReachesASession", func(g *inProcess) gateway.Gateway { return everywhere{g} }},
	{"streams sessions that are not there", "StreamOfAnUnknownSessionIsNotFound", func(g *inProcess) gateway.Gateway { return patient{g} }},
	{"fails at the end of its context", "StreamEndsWithItsContext", func(g *inProcess) gateway.Gateway { return complains{g} }},
	{"stays connected", "StreamEndsWithItsContext", func(g *inProcess) gateway.Gateway { return clings{g} }},
	{"hands over at once", "StreamHandsOverOneByOne", func(g *inProcess) gateway.Gateway { return hasty{g} }},
	{"acknowledges what was refused", "StreamBringsBackWhatWasRefused", func(g *inProcess) gateway.Gateway { return careless{g} }},
	{"forgets what came while it was away", "StreamBringsWhatWasMissed", func(g *inProcess) gateway.Gateway { return forgetful{g} }},
}

func TestBrokenStreamersFail(t *testing.T) {
	for _, m := range streamMutants {
		t.Run(m.name, func(t *testing.T) {
			g, p := newInProcess()
			wantCaught(t, m.fell, gatewaytest.Harness{Gateway: m.make(g), Provider: p})
		})
	}
}

type everywhere struct{ *inProcess }

func (g everywhere) Send(context.Context, gateway.Session, gateway.Outbound) (gateway.Receipt, error) {
	return gateway.Receipt{}, nil
}

type patient struct{ *inProcess }

func (g patient) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	if !g.known(s.Name) {
		<-ctx.Done()
		return nil
	}
	return g.inProcess.Stream(ctx, s, handle)
}

type complains struct{ *inProcess }

func (g complains) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	if err := g.inProcess.Stream(ctx, s, handle); err != nil {
		return err
	}
	return &gateway.Error{Op: "stream", Kind: gateway.KindTemporary, Err: ctx.Err()}
}

type clings struct{ *inProcess }

func (g clings) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	g.host(s.Name, 1)
	return g.inProcess.Stream(ctx, s, handle)
}

type hasty struct{ *inProcess }

func (g hasty) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	return g.inProcess.Stream(ctx, s, func(ctx context.Context, e gateway.Event) error {
		go func() { _ = handle(ctx, e) }()
		return nil
	})
}

type careless struct{ *inProcess }

func (g careless) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	return g.inProcess.Stream(ctx, s, func(ctx context.Context, e gateway.Event) error {
		_ = handle(ctx, e)
		return nil
	})
}

type forgetful struct{ *inProcess }

func (g forgetful) Stream(ctx context.Context, s gateway.Session, handle func(context.Context, gateway.Event) error) error {
	g.mu.Lock()
	g.queue[s.Name] = nil
	g.mu.Unlock()
	return g.inProcess.Stream(ctx, s, handle)
}

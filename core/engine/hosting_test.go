package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

// A tenant of a process without the dispatcher's role does everything through the host.
func TestHostServesOtherProcesses(t *testing.T) {
	c := newCluster(t)
	host := c.process(everyRole, nil, nil)
	api := c.process(0, nil, nil)
	tenant := c.tenant(api)
	inst, err := tenant.Connect(t.Context(), engine.ConnectRequest{})
	c.must(err)
	if inst.QRCode == "" {
		t.Fatalf("no QR code from the host: %+v", inst)
	}
	code, err := tenant.PairingCode(t.Context(), "+55 11 90000-0002")
	c.must(err)
	if code != "code for 5511900000002" {
		t.Errorf("pairing code %q", code)
	}
	if last, err := tenant.LastPairingCode(t.Context()); err != nil || last != code {
		t.Errorf("the last code is %q, %v", last, err)
	}
	c.must(c.air.scan(inst.Name, "5511900000002"))
	c.instance(tenant, core.InstanceConnected)
	groups, err := tenant.DiscoverGroups(t.Context())
	c.must(err)
	if len(groups) != 2 || groups[0].JID != airSource {
		t.Errorf("groups %+v", groups)
	}
	if s, err := tenant.Instance(t.Context()); err != nil || s.Status != core.InstanceConnected {
		t.Errorf("the status is %s, %v", s.Status, err)
	}
	if s := c.air.stream(inst.Name); s == nil || s.on != host.radio {
		t.Error("the dispatcher does not stream the session")
	}
	gone, err := tenant.Disconnect(t.Context())
	c.must(err)
	if gone.Provisioned || c.air.sessions[inst.Name] != nil {
		t.Errorf("after Disconnect the session is still there: %+v", gone)
	}
	// And again, with what the tenant has.
	if again := c.linked(tenant); again.Name == inst.Name {
		t.Error("the new session has the old name")
	}
}

func TestPairingCodeNeedsASessionThatWaits(t *testing.T) {
	c := newCluster(t)
	p := c.process(everyRole, nil, nil)
	tenant := c.tenant(p)
	want := func(phone string, reason core.Reason) {
		t.Helper()
		_, err := tenant.PairingCode(t.Context(), phone)
		var e *core.Error
		if !errors.As(err, &e) || e.Reason != reason {
			t.Errorf("the error is %v, want %s", err, reason)
		}
	}
	want("0119", core.ReasonPhone)
	want("5511x00000002", core.ReasonPhone)
	want("5511900000002", core.ReasonNoInstance)
	c.linked(tenant)
	want("5511900000002", core.ReasonAlreadyConnected)
	_, err := tenant.Disconnect(t.Context())
	c.must(err)
	want("5511900000002", core.ReasonNotConnected)
}

// A process that cannot renew its leases stops its streams before others begin theirs.
func TestLostLeaseEndsTheStream(t *testing.T) {
	c := newCluster(t)
	var cut atomic.Bool
	unlucky := c.process(everyRole, faulty.Repository(c.repo, func(_ context.Context, point string) error {
		if cut.Load() && (strings.HasPrefix(point, "hosting.") || strings.HasPrefix(point, "queue.")) {
			return core.NewError(core.CodeUnavailable, core.ReasonUnavailable, "")
		}
		return nil
	}), func(config *engine.Config) { config.Lease = time.Second })
	tenant := c.tenant(unlucky)
	inst := c.linked(tenant)
	lucky := c.process(everyRole, nil, nil)
	cut.Store(true)
	c.air.until(t, "the other process streams", func() bool {
		s := c.air.streaming(inst.Name)
		return s != nil && s.on == lucky.radio
	})
	if most := c.air.most(inst.Name); most != 1 {
		t.Errorf("%d streams at the same time", most)
	}
	c.instance(tenant, core.InstanceConnected)
}

// A process that stops gives its sessions to the others at once.
func TestSessionsMoveWhenAProcessStops(t *testing.T) {
	c := newCluster(t)
	first := c.process(everyRole, nil, nil)
	inst := c.linked(c.tenant(first))
	second := c.process(everyRole, nil, nil)
	first.stop()
	c.air.until(t, "the other process streams", func() bool {
		s := c.air.streaming(inst.Name)
		return s != nil && s.on == second.radio
	})
	if most := c.air.most(inst.Name); most != 1 {
		t.Errorf("%d streams at the same time", most)
	}
}

// Whoever hosts a session sends for it.
func TestLanesFollowTheHost(t *testing.T) {
	c := newCluster(t)
	processes := []*process{c.process(everyRole, nil, nil), c.process(everyRole, nil, nil)}
	const tenants = 6
	names := map[string]bool{}
	for range tenants {
		tenant := c.tenant(processes[0])
		inst := c.linked(tenant)
		names[inst.Name] = true
		_, err := tenant.AddSource(t.Context(), engine.NewGroup{JID: string(airSource)})
		c.must(err)
		_, err = tenant.AddDestination(t.Context(), engine.NewGroup{JID: string(airTarget)})
		c.must(err)
		_, err = tenant.AddTag(t.Context(), engine.TagInput{Store: "amazon", Code: "bia-20"})
		c.must(err)
	}
	for name := range names {
		for i := range 3 {
			c.must(c.air.tell(name, gateway.Message{
				Key:  core.MessageKey{Chat: airSource, Participant: "1@lid", ID: core.MessageID(fmt.Sprint("M", i))},
				Text: fmt.Sprintf("Fone %d R$ 10,00\nhttps://www.amazon.com.br/dp/B0TESTE00%d", i, i), At: time.Now(),
			}))
		}
	}
	c.air.until(t, "all is posted", func() bool { return len(c.air.posts) == 3*tenants })
	ids := map[core.MessageID]bool{}
	for _, post := range c.air.posts {
		if s := c.air.stream(post.session); s == nil || s.on != post.on {
			t.Errorf("%s was sent by a process that does not stream it", post.session)
		}
		ids[post.m.ID] = true
	}
	if len(ids) != 3*tenants {
		t.Errorf("%d ids for %d posts", len(ids), 3*tenants)
	}
}

// Many sessions do not all come up at the same time.
func TestStartsAreStaggered(t *testing.T) {
	c := newCluster(t)
	first := c.process(everyRole, nil, nil)
	const sessions = 40
	for range sessions {
		c.linked(c.tenant(first))
	}
	first.stop()
	c.air.change(func() { c.air.busiest, c.air.quiet = 0, true })
	c.process(everyRole, nil, nil)
	for opened := 0; opened < sessions; opened++ {
		var next *airStream
		c.air.until(t, "the next session starts", func() bool {
			for _, s := range c.air.sessions {
				if len(s.streams) == 1 && !s.streams[0].spoken {
					next = s.streams[0]
					return c.air.starting == min(16, sessions-opened) // as many as may
				}
			}
			return false
		})
		c.must(next.tell(gateway.Connection{State: gateway.StateOpen}))
	}
	if c.air.busiest != 16 {
		t.Errorf("%d sessions were starting at the same time", c.air.busiest)
	}
}

func TestHowAStreamEnds(t *testing.T) {
	for _, end := range []struct {
		name   string
		err    *gateway.Error
		event  gateway.Event // told before
		status core.InstanceStatus
		reason core.Reason
		pause  time.Duration // until the next host; 0 for never
	}{
		{"logged out", &gateway.Error{Kind: gateway.KindLoggedOut}, gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut},
			core.InstanceDisconnected, core.ReasonLoggedOut, 0},
		{"logged out, and nobody was told", &gateway.Error{Kind: gateway.KindLoggedOut}, nil, core.InstanceDisconnected, core.ReasonLoggedOut, 0},
		{"gone", &gateway.Error{Kind: gateway.KindNotFound}, nil, core.InstanceDisconnected, core.ReasonLoggedOut, 0},
		{"restricted for a time", &gateway.Error{Kind: gateway.KindRestricted, RetryAfter: 3 * time.Hour},
			gateway.Connection{State: gateway.StateClosed, Reason: core.ReasonNumberRestricted},
			core.InstanceConnecting, core.ReasonRestrictedForNow, 3 * time.Hour},
		{"replaced", &gateway.Error{Kind: gateway.KindAlreadyExists}, gateway.Connection{State: gateway.StateClosed},
			core.InstanceConnecting, "", time.Minute},
		{"too old", &gateway.Error{Kind: gateway.KindPermanent, Code: "client_outdated"}, gateway.Connection{State: gateway.StateClosed},
			core.InstanceConnecting, core.ReasonWhatsAppRefused, 10 * time.Minute},
	} {
		t.Run(end.name, func(t *testing.T) {
			c := newCluster(t)
			p := c.process(everyRole, nil, nil)
			tenant := c.tenant(p)
			inst := c.linked(tenant)
			stream := c.air.stream(inst.Name)
			if end.event != nil {
				c.must(stream.tell(end.event))
			}
			stream.end <- end.err
			if got := c.instance(tenant, end.status); end.reason != "" {
				c.eventually("the reason is "+string(end.reason), func() bool {
					got, _ = tenant.LastInstance(t.Context())
					return got.Reason == end.reason
				})
			}
			p.stop() // so that whatever was to be stored is
			if n := c.air.sessions[inst.Name].begun; n != 1 {
				t.Errorf("it was streamed %d times", n)
			}
			listed := func(at time.Time) bool {
				ids, err := c.repo.Queue().Unhosted(t.Context(), at, []core.Provider{"radio"}, 10)
				c.must(err)
				return len(ids) > 0
			}
			now := c.repo.Now()
			if end.pause == 0 {
				if listed(now.Add(1000 * time.Hour)) {
					t.Error("somebody would host it again")
				}
				return
			}
			if listed(now.Add(end.pause-time.Minute)) && end.pause > time.Minute || !listed(now.Add(end.pause)) {
				t.Errorf("it is not hosted again after %s", end.pause)
			}
		})
	}
}

// A message that can never be stored does not keep those behind it back.
func TestAMessageThatCannotBeStored(t *testing.T) {
	c := newCluster(t)
	broken := errors.New("no such column")
	var away atomic.Bool
	p := c.process(everyRole, faulty.Repository(c.repo, func(_ context.Context, point string) error {
		switch {
		case point != "inbox.accept.before":
			return nil
		case away.Load():
			return core.NewError(core.CodeUnavailable, core.ReasonUnavailable, "")
		}
		return broken
	}), nil)
	tenant := c.tenant(p)
	inst := c.linked(tenant)
	_, err := tenant.AddSource(t.Context(), engine.NewGroup{JID: string(airSource)})
	c.must(err)
	message := func(id core.MessageID) gateway.Message {
		return gateway.Message{Key: core.MessageKey{Chat: airSource, ID: id}, Text: "Fone R$ 10,00 https://amzn.to/x", At: time.Now()}
	}
	away.Store(true)
	for range 20 {
		if err := c.air.tell(inst.Name, message("A")); core.CodeOf(err) != core.CodeUnavailable {
			t.Fatalf("while the database is away: %v", err)
		}
	}
	away.Store(false)
	for i := range 5 {
		err := c.air.tell(inst.Name, message("B"))
		if last := i == 4; last != (err == nil) {
			t.Errorf("time %d: %v", i+1, err)
		}
	}
}

// The list of groups costs the provider a lot: it is asked for once for all who want it.
func TestCallsAreMadeOnce(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	calls := func() int { return h.wire.times("groups") }
	answered := make(chan error, 1)
	h.wire.meanwhile("groups", func() { // one asks while the provider answers another
		go func() {
			groups, err := bia.DiscoverGroups(t.Context())
			if err == nil && len(groups) != 2 {
				err = fmt.Errorf("%d groups", len(groups))
			}
			answered <- err
		}()
	})
	_, err := bia.DiscoverGroups(t.Context())
	h.must(err)
	h.must(<-answered)
	_, err = bia.DiscoverGroups(t.Context())
	h.must(err)
	if calls() != 1 {
		t.Errorf("%d calls for one list", calls())
	}
	h.clock.Store(int64(time.Minute)) // by then it is old
	_, err = bia.DiscoverGroups(t.Context())
	h.must(err)
	if calls() != 2 {
		t.Errorf("%d calls after a minute", calls())
	}
}

// What WhatsApp asks of the person is said to the person, until it is over.
func TestPasskeyIsSaidToTheTenant(t *testing.T) {
	c := newCluster(t)
	c.process(everyRole, nil, nil)
	tenant := c.tenant(c.process(0, nil, nil))
	inst, err := tenant.Connect(t.Context(), engine.ConnectRequest{})
	c.must(err)
	c.must(c.air.tell(inst.Name, gateway.Passkey{Request: []byte("{}")}))
	if now, err := tenant.LastInstance(t.Context()); err != nil || now.Reason != core.ReasonPasskey {
		t.Errorf("the tenant reads %q, %v", now.Reason, err)
	}
	c.must(c.air.scan(inst.Name, "5511900000002"))
	if now := c.instance(tenant, core.InstanceConnected); now.Reason != "" {
		t.Errorf("after it is linked the tenant reads %q", now.Reason)
	}
}

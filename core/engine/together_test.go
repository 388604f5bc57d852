package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

// crowd is a marketer with three groups and a provider that takes our ids, so that the groups
// are served with one permission.
type crowd struct {
	*marketer
	groups []*fakewhatsapp.Group
}

func newCrowd(h *house) *crowd {
	h.t.Helper()
	h.wire.caps = honoured
	bia := h.marketer("bia", "5511900000002", "bia-20")
	c := &crowd{bia, []*fakewhatsapp.Group{bia.group, h.group("Segundo", bia.phone), h.group("Terceiro", bia.phone)}}
	for _, g := range c.groups[1:] {
		_, err := bia.AddDestination(h.t.Context(), engine.NewGroup{JID: string(g.JID())})
		h.must(err)
	}
	h.delivered()
	return c
}

func honoured(c gateway.Capabilities) gateway.Capabilities {
	c.ClientMessageID = gateway.ClientIDHonoured
	return c
}

// states counts the deliveries of the one offer.
func (c *crowd) states() map[core.DeliveryState]int {
	n := map[core.DeliveryState]int{}
	for _, d := range c.offers(1, nil)[0].Deliveries {
		n[d.State]++
	}
	return n
}

// served wants each group to get the message, once.
func (c *crowd) served() {
	c.h.t.Helper()
	c.offers(1, func(o core.Offer) bool {
		for _, d := range o.Deliveries {
			if d.State != core.DeliverySent {
				return false
			}
		}
		return true
	})
	for _, g := range c.groups {
		if n := len(c.h.world.PostedIn(g.JID())); n != 1 {
			c.h.t.Errorf("a group got the message %d times", n)
		}
	}
}

func TestGroupsArePermittedTogetherWhereIDsAreOurs(t *testing.T) {
	h := build(t, nil).start()
	bia := newCrowd(h)
	seen := make(chan map[core.DeliveryState]int, 1)
	h.wire.meanwhile("send", func() { seen <- bia.states() })
	h.post(foreign)
	if n := <-seen; n[core.DeliveryDispatching] != len(bia.groups) {
		t.Errorf("at the first of the sends: %v", n)
	}
	bia.served()
}

func TestGroupsArePermittedOneByOneWhereIDsAreNotOurs(t *testing.T) {
	h := build(t, nil).start()
	bia := newCrowd(h)
	h.wire.caps = nil
	seen := make(chan map[core.DeliveryState]int, 1)
	h.wire.meanwhile("send", func() { seen <- bia.states() })
	h.post(foreign)
	if n := <-seen; n[core.DeliveryDispatching] != 1 || n[core.DeliveryPending] != len(bia.groups)-1 {
		t.Errorf("at the first of the sends: %v", n)
	}
	bia.served()
}

func TestPermissionsAreGivenBackWhenTheFirstIsRefused(t *testing.T) {
	h := build(t, nil).start()
	bia := newCrowd(h)
	h.evolution.Next(fakeevolution.NoSessions()) // definite: nothing was sent
	h.post(foreign)
	// Without the clock's help: a permission that is kept would have to expire.
	h.eventually("none is left on its way", func() bool {
		return h.wire.times("send") > 0 && bia.states()[core.DeliveryDispatching] == 0
	})
	h.eventually("all had their turn", func() bool {
		h.later(time.Second)
		return h.wire.times("send") > len(bia.groups)
	})
	bia.served()
}

func TestPermissionsAreGivenBackWhenTheProcessStops(t *testing.T) {
	h := build(t, nil).start()
	bia := newCrowd(h)
	sends := h.wire.times("send")
	sent, stopped := make(chan struct{}), make(chan struct{})
	h.wire.meanwhile("send", func() {
		close(sent)
		<-h.stopping
	})
	h.post(foreign)
	<-sent
	go func() { h.stop(); close(stopped) }()
	<-stopped
	if n := h.wire.times("send") - sends; n != 1 {
		t.Errorf("%d sends, want the one under way", n)
	}
	if n := bia.states(); n[core.DeliverySent] != 1 || n[core.DeliveryPending] != len(bia.groups)-1 {
		t.Errorf("after the stop: %v", n)
	}
	h.start()
	bia.served()
}

// What was sent while the database was gone is proven later, not sent again.
func TestNothingIsRepeatedWhenTheDatabaseIsGoneAmongTheSends(t *testing.T) {
	var gone atomic.Bool
	h := buildOn(t, hasty, func(d *engine.Deps) {
		d.Repository = faulty.Repository(d.Repository, func(_ context.Context, point string) error {
			if gone.Load() && (strings.HasPrefix(point, "lane.") || strings.HasPrefix(point, "deliveries.")) {
				return core.NewError(core.CodeUnavailable, core.ReasonUnavailable, "")
			}
			return nil
		})
	}).start()
	bia := newCrowd(h)
	h.wire.meanwhile("send", func() { gone.Store(true) })
	h.post(foreign)
	h.eventually("all were sent", func() bool { return h.wire.times("send") == len(bia.groups) })
	gone.Store(false)
	h.eventually("all are proven", func() bool {
		h.later(time.Second)
		return bia.states()[core.DeliverySent] == len(bia.groups)
	})
	bia.served()
}

// What was read for a round counts for half a second: then the lane is given back, and the
// others have a turn.
func TestALaneIsGivenBackWhenSendsGetSlow(t *testing.T) {
	var (
		stored atomic.Bool
		passed atomic.Int64
		mu     sync.Mutex
		seen   []string
	)
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, what)
	}
	began := time.Now()
	h := buildOn(t, func(c *engine.Config) {
		c.Now = func() time.Time { return began.Add(time.Duration(passed.Load())) }
	}, func(d *engine.Deps) {
		d.Repository = faulty.Repository(d.Repository, func(_ context.Context, point string) error {
			switch point {
			case "queue.take_lane.before":
				if !stored.Load() {
					return core.NewError(core.CodeNotFound, core.ReasonNotFound, "")
				}
				note("take")
			case "lane.begin.before":
				note("begin")
			}
			return nil
		})
	})
	h.wire.caps = func(c gateway.Capabilities) gateway.Capabilities {
		c.ClientMessageID = gateway.ClientIDIgnored
		return c
	}
	bia := h.marketer("bia", "5511900000002", "bia-20")
	const messages = 5
	for i := range messages {
		h.post(fmt.Sprintf("Oferta %d https://www.amazon.com.br/dp/B0BLCKC%03d?tag=outro-20", i, i))
		h.delivered()
	}
	h.wire.meanwhile("send", func() {
		h.wire.meanwhile("send", func() { // the first of the second round
			note("slow")
			passed.Add(int64(time.Second))
		})
	})
	h.start()
	bia.offers(messages, func(o core.Offer) bool { return len(o.Deliveries) == 1 })
	stored.Store(true)
	bia.received(messages)
	mu.Lock()
	defer mu.Unlock()
	if i := slices.Index(seen, "slow"); i < 0 || i+1 == len(seen) || seen[i+1] != "take" {
		t.Errorf("what the lane went through: %v", seen)
	}
}

// A message that is edited after it was chosen goes out first all the same: those after it were
// chosen with it.
func TestAGroupKeepsItsOrderWhenAMessageIsEditedMeanwhile(t *testing.T) {
	var (
		stored atomic.Bool
		begins atomic.Int64
		passed atomic.Int64 // no round takes long
		edit   func()
	)
	began := time.Now()
	h := buildOn(t, func(c *engine.Config) {
		c.Now = func() time.Time { return began.Add(time.Duration(passed.Load())) }
	}, func(d *engine.Deps) {
		d.Repository = faulty.Repository(d.Repository, func(_ context.Context, point string) error {
			switch {
			case point == "queue.take_lane.before" && !stored.Load():
				return core.NewError(core.CodeNotFound, core.ReasonNotFound, "")
			case point == "lane.begin.before" && begins.Add(1) == 2:
				edit()
			}
			return nil
		})
	})
	h.wire.caps = honoured
	bia := h.marketer("bia", "5511900000002", "bia-20")
	const messages = 5
	posts := make([]fakewhatsapp.Post, messages)
	for i := range posts {
		posts[i] = h.post(fmt.Sprintf("Oferta %d https://www.amazon.com.br/dp/B0BLCKC%03d?tag=outro-20", i, i))
		h.delivered()
		passed.Add(int64(2 * time.Millisecond))
	}
	edit = func() {
		h.must(h.poster.Edit(posts[1], "Oferta 1, corrigida https://www.amazon.com.br/dp/B0BLCKC001?tag=outro-20"))
		bia.offers(1, func(o core.Offer) bool { return strings.HasPrefix(o.FinalText, "Oferta 1, corrigida") })
	}
	h.start()
	bia.offers(messages, func(o core.Offer) bool { return len(o.Deliveries) == 1 })
	stored.Store(true)
	bia.received(messages)
	for i, p := range h.world.PostedIn(bia.group.JID()) {
		want := fmt.Sprintf("Oferta %d ", i)
		if i == 1 {
			want = "Oferta 1, corrigida "
		}
		if !strings.HasPrefix(p.Text, want) {
			t.Errorf("the group's message %d is %q, want %q", i, p.Text, want)
		}
	}
	// One by one they would be five rounds, and an echo that is faster than its answer costs a
	// second call.
	if n := begins.Load(); n > 7 {
		t.Errorf("%d messages took %d calls of Begin", messages, n)
	}
}

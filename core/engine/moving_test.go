package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/evolution"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

// A tenant moves to another provider with offers on every way: what waits goes out there, and
// what may have been sent is not sent again, for the new session can prove nothing of the old.
func TestMovingToAnotherProvider(t *testing.T) {
	a := newAir()
	h := buildOn(t, nil, func(d *engine.Deps) { d.Gateways = append(d.Gateways, &radio{a}) }).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.evolution.SetQuirks(fakeevolution.Quirks{NoRows: true}) // so that nothing is found to prove a send
	h.evolution.NextWebhook(fakeevolution.WebhookFault{Event: "send.message", Do: fakeevolution.Lose, Times: fakeevolution.Forever})
	h.evolution.NextWebhook(fakeevolution.WebhookFault{Event: "messages.update", Do: fakeevolution.Lose, Times: fakeevolution.Forever})
	say := func(n int, want core.DeliveryState) {
		t.Helper()
		h.post(fmt.Sprintf("Produto %d por R$ 10,00\nhttps://www.amazon.com.br/dp/B0TESTE00%d?tag=outro-20", n, n))
		bia.offers(1, func(o core.Offer) bool { return number(o) == n && o.Deliveries[0].State == want })
	}
	say(1, core.DeliverySent)
	h.evolution.Next(fakeevolution.TimedOut().AfterPosting())
	say(2, core.DeliveryAmbiguous)
	h.evolution.Next(fakeevolution.TimedOut())
	say(3, core.DeliveryAmbiguous)
	h.evolution.Next(fakeevolution.RateOverlimit())
	say(4, core.DeliveryPending)
	say(5, core.DeliveryPending)

	sources, destinations, tags := bia.has(t)
	before := bia.instance()
	_, err := bia.Disconnect(t.Context())
	h.must(err)
	inst, err := bia.Connect(t.Context(), engine.ConnectRequest{Provider: "radio"})
	h.must(err)
	h.must(a.scan(inst.Name, "5511900000002"))
	after := bia.waitStatus(core.InstanceConnected)
	if after.ID != before.ID || after.Provider != "radio" {
		t.Errorf("the instance is %s at %s, was %s", after.ID, after.Provider, before.ID)
	}
	s, d, g := bia.has(t)
	if !slices.Equal(s, sources) || !slices.Equal(d, destinations) || !slices.Equal(g, tags) {
		t.Errorf("the tenant has %v, %v, %v; had %v, %v, %v", s, d, g, sources, destinations, tags)
	}

	h.later(20 * time.Minute) // the rest after the rate limit is over, and the time for proof
	for _, n := range []int{4, 5} {
		bia.offers(1, func(o core.Offer) bool { return number(o) == n && o.Deliveries[0].State == core.DeliverySent })
	}
	for _, n := range []int{2, 3} {
		bia.offers(1, func(o core.Offer) bool { return number(o) == n && o.Deliveries[0].State == core.DeliveryUnconfirmed })
	}
	bia.offers(1, func(o core.Offer) bool { return number(o) == 1 && o.Deliveries[0].State == core.DeliverySent })
	a.mu.Lock()
	var texts []string
	for _, post := range a.posts {
		texts = append(texts, post.m.Text)
		if post.m.To != bia.group.JID() || !strings.Contains(post.m.Text, "tag=bia-20") {
			t.Errorf("posted %q to %s", post.m.Text, post.m.To)
		}
	}
	a.mu.Unlock()
	if len(texts) != 2 {
		t.Errorf("the new provider posted %q", texts)
	}
	if n := len(h.world.PostedIn(bia.group.JID())); n != 2 {
		t.Errorf("the old provider posted %d messages, want those it had before", n)
	}

	// And back again.
	_, err = bia.Disconnect(t.Context())
	h.must(err)
	h.evolution.ClearFaults()
	bia.connect()
	say(6, core.DeliverySent)
	bia.received(3)
}

// number is which product an offer is of.
func number(o core.Offer) (n int) {
	_, _ = fmt.Sscanf(o.Text, "Produto %d", &n)
	return n
}

// has lists what the tenant has set up.
func (m *marketer) has(t *testing.T) (sources, destinations, tags []string) {
	t.Helper()
	all, err := m.Sources(t.Context())
	m.h.must(err)
	for _, s := range all {
		sources = append(sources, fmt.Sprint(s.ID, s.JID, s.Active))
	}
	dests, err := m.Destinations(t.Context())
	m.h.must(err)
	for _, d := range dests {
		destinations = append(destinations, fmt.Sprint(d.ID, d.JID, d.Active))
	}
	ids, err := m.Tags(t.Context())
	m.h.must(err)
	for _, tag := range ids {
		tags = append(tags, fmt.Sprint(tag.ID, tag.Store, tag.Fields))
	}
	return sources, destinations, tags
}

// A tenant who names no provider gets the first on offer, and one who brings a server the first
// that speaks to servers.
func TestProviderNobodyNamed(t *testing.T) {
	h := buildOn(t, nil, func(d *engine.Deps) { d.Gateways = append([]gateway.Gateway{&radio{newAir()}}, d.Gateways...) })
	numbers := map[core.Provider]string{"radio": "5511900000008", evolution.Name: "5511900000009"}
	for want, r := range map[core.Provider]engine.ConnectRequest{
		"radio":        {},
		evolution.Name: {ServerURL: "http://127.0.0.1:1", ServerKey: core.NewSecret("chave")},
	} {
		m := h.newcomer(string(want), numbers[want])
		short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // nobody is there
		_, _ = m.Connect(short, r)
		cancel()
		if got := m.instance().Provider; got != want {
			t.Errorf("connected through %s, want %s", got, want)
		}
	}
}

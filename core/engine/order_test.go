package engine_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/testkit/faulty"
)

// TestMessagesOfOneSecondLeaveAsTheyArrived processes messages in any order: WhatsApp dates
// them in whole seconds, so their lane has to know by itself who came first.
func TestMessagesOfOneSecondLeaveAsTheyArrived(t *testing.T) {
	t.Parallel()
	h := build(t, func(c *engine.Config) { c.Roles = engine.Worker }) // nothing is sent
	m := h.marketer("bia", "5511900000002", "bia-20")
	const messages = 14
	for i := range messages {
		h.post(fmt.Sprintf("Oferta %02d https://www.amazon.com.br/dp/B0BLCKC%03d?tag=outro-20", i, i))
		h.delivered()
		h.later(2 * time.Millisecond)
	}
	h.start()
	offers := m.offers(messages, func(o core.Offer) bool { return len(o.Deliveries) == 1 })
	slices.SortFunc(offers, func(a, b core.Offer) int { // as repository.Deliveries.Ready has it
		return cmp.Or(a.Deliveries[0].SourceAt.Compare(b.Deliveries[0].SourceAt), cmp.Compare(a.Deliveries[0].ID, b.Deliveries[0].ID))
	})
	for i, o := range offers {
		if want := fmt.Sprintf("Oferta %02d ", i); o.Text[:len(want)] != want {
			t.Errorf("place %d in the lane has %q", i, o.Text[:len(want)])
		}
	}
}

// TestLaneOfALostLeaseIsNotServedTwice has a send outlive its lease, as when the database
// cannot be reached for its renewal: another one of the same process must not overlap it.
func TestLaneOfALostLeaseIsNotServedTwice(t *testing.T) {
	released := make(chan struct{}, 100)
	h := buildOn(t, nil, func(d *engine.Deps) {
		d.Repository = faulty.Repository(d.Repository, func(_ context.Context, here string) error {
			if here == "lane.release.after" {
				released <- struct{}{}
			}
			return nil
		})
	})
	bia := h.marketer("bia", "5511900000002", "bia-20")
	session := bia.waitStatus(core.InstanceConnected).Name
	h.post("Fone por R$ 99\nhttps://www.amazon.com.br/dp/B0TESTE001?tag=ana-20")
	h.post("Fonte por R$ 89\nhttps://www.amazon.com.br/dp/B0TESTE002?tag=ana-20")
	h.must(h.evolution.WaitIdle(t.Context()))
	overlap := make(chan int, 1)
	h.wire.meanwhile("send", func() {
		h.later(time.Minute)
		select {
		case <-released:
		case <-time.After(patience):
			t.Error("nobody took the lane whose lease is over")
		}
		overlap <- len(h.world.PostedVia(session))
	})
	h.start()
	if sends := <-overlap; sends != 1 {
		t.Errorf("%d sends while the first was not over, want 1", sends)
	}
	bia.received(2)
}

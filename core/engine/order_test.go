package engine_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
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

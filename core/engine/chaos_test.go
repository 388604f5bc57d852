package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

// TestNothingIsLostOrPostedTwiceWhateverGoesWrong has two tenants, webhooks that come
// twice and out of order, sends that fail in every known way, a clock that jumps both ways
// and an engine that is stopped again and again. The simulated WhatsApp is the judge.
func TestNothingIsLostOrPostedTwiceWhateverGoesWrong(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			const messages = 24
			r := rand.New(rand.NewPCG(seed, 1))
			h := build(t, func(c *engine.Config) {
				hasty(c)
				c.Lease = time.Minute // outlives the clock's jumps also where this machine is slow
			})
			bia := h.marketer("bia", "5511900000002", "bia-20")
			caio := h.marketer("caio", "5511900000003", "caio-20")
			for i := range messages {
				h.evolution.NextWebhook(fakeevolution.WebhookFault{
					Do: []fakeevolution.WebhookAction{fakeevolution.Duplicate, fakeevolution.Swap}[r.IntN(2)],
				})
				fault := []func() fakeevolution.Fault{
					fakeevolution.TimedOut, fakeevolution.NoSessions, fakeevolution.ConnectionClosed, fakeevolution.Reset,
					fakeevolution.HTMLPage, fakeevolution.DatabaseDown, fakeevolution.NoGroupMetadata, fakeevolution.NoKey,
				}[r.IntN(8)]()
				if r.IntN(2) == 0 && !strings.Contains(fault.Body, "No sessions") && fault.Status != 500 && !strings.Contains(fault.Body, "[object") {
					fault = fault.AfterPosting() // the refusals that prove something do not lie
				}
				h.evolution.Next(fault)
				h.post(fmt.Sprintf("Oferta %d https://www.amazon.com.br/dp/B0BLCKC%03d?tag=outro-20", i, i))
				h.later(time.Duration(r.IntN(7)-3) * time.Second)
				if r.IntN(4) == 0 {
					h.delivered()
					h.start().stop() // ends wherever it is
				}
			}
			h.evolution.ReleaseWebhooks()
			h.delivered()
			h.start()
			for _, m := range []*marketer{bia, caio} {
				h.eventually("all is settled", func() bool {
					h.later(5 * time.Second)
					stats, err := m.Stats(t.Context())
					h.must(err)
					return stats.Deliveries[core.DeliverySent]+stats.Deliveries[core.DeliveryUnconfirmed] == messages
				})
				list, err := m.Offers(t.Context(), repository.OfferQuery{Limit: 2 * messages})
				h.must(err)
				posts := map[string]int{}
				for _, p := range h.world.PostedIn(m.group.JID()) {
					posts[p.Text]++
				}
				for _, o := range list {
					d := o.Deliveries[0]
					if n := posts[d.Text]; n > 1 || d.State == core.DeliverySent && n != 1 {
						t.Errorf("%s after %d attempts, posted %d times", d.State, d.Attempt, n)
					}
				}
			}
		})
	}
}

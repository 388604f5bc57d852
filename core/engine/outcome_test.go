package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

// hasty makes unknown outcomes come to an end within a test.
func hasty(c *engine.Config) {
	c.SendTimeout = 300 * time.Millisecond
	c.ProofGrace = 400 * time.Millisecond
}

func TestLostAnswerIsSettledByProofAndNeverRepeated(t *testing.T) {
	for name, fault := range map[string]fakeevolution.Fault{
		"reset after the message left":   fakeevolution.Reset().AfterPosting(),
		"silence after the message left": fakeevolution.Hang().AfterPosting(),
		"a login page":                   fakeevolution.HTMLPage().AfterPosting(),
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, func(c *engine.Config) { c.SendTimeout = time.Second }).start()
			bia := h.marketer("bia", "5511900000002", "bia-20")
			h.evolution.Next(fault)
			h.post(foreign)
			o := bia.offers(1, state(core.DeliverySent))[0]
			if posts := h.world.PostedIn(bia.group.JID()); len(posts) != 1 || o.Deliveries[0].MessageID != posts[0].ID {
				t.Errorf("%d posts; the delivery claims message %q", len(posts), o.Deliveries[0].MessageID)
			}
		})
	}
}

func TestUnknownOutcomeWithoutProofIsParked(t *testing.T) {
	for name, posted := range map[string]bool{"it left": true, "it did not": false} {
		t.Run(name, func(t *testing.T) {
			h := build(t, hasty).start()
			bia := h.marketer("bia", "5511900000002", "bia-20")
			fault := fakeevolution.TimedOut()
			if posted {
				fault = fault.AfterPosting()
			}
			h.evolution.Next(fault)
			h.post(foreign)
			o := bia.offers(1, state(core.DeliveryUnconfirmed))[0]
			want := 0
			if posted {
				want = 1
			}
			if n := len(h.world.PostedIn(bia.group.JID())); n != want {
				t.Errorf("%d posts, want %d: an unknown outcome must not be repeated", n, want)
			}
			if posted {
				return
			}
			_, err := bia.RetryDelivery(t.Context(), o.Deliveries[0].ID)
			h.must(err)
			bia.received(1)
			if d := bia.offers(1, state(core.DeliverySent))[0].Deliveries[0]; d.Epoch != 1 || d.Attempt != 2 {
				t.Errorf("after a person sent it again: epoch %d, attempt %d", d.Epoch, d.Attempt)
			}
		})
	}
}

func TestTenantMayChooseMaybeTwice(t *testing.T) {
	h := build(t, hasty).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	_, err := bia.ChangeSettings(t.Context(), func(s *core.Settings) error { s.Unproven = core.AtLeastOnce; return nil })
	h.must(err)
	h.evolution.Next(fakeevolution.TimedOut())
	h.post(foreign)
	bia.received(1)
	bia.offers(1, state(core.DeliverySent))
}

func TestDefiniteRefusalsAreTriedAgainOrEnd(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	second := h.group("Segundo grupo", bia.phone)
	_, err := bia.AddDestination(t.Context(), engine.NewGroup{JID: string(second.JID())})
	h.must(err)
	h.evolution.Next(fakeevolution.NotAcceptable())
	h.post(foreign)
	// One of the two groups refuses; the other goes on.
	bia.offers(1, func(o core.Offer) bool {
		for _, d := range o.Deliveries {
			if d.State == core.DeliveryFailed && d.Reason == core.ReasonGroupForbidden {
				return true
			}
		}
		return false
	})
	h.eventually("only the destination that refused is switched off", func() bool {
		all, err := bia.Destinations(t.Context())
		h.must(err)
		off := 0
		for _, d := range all {
			if !d.Active && d.Problem == core.ReasonGroupForbidden {
				off++
			}
		}
		return off == 1
	})
}

func TestThrottleRestsTheLaneAndLosesNothing(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.evolution.Next(fakeevolution.TooManyRequests(time.Second))
	h.post(foreign)
	if p := bia.received(1); p.Text != mine+"bia-20" {
		t.Errorf("received %q", p.Text)
	}
	if d := bia.offers(1, state(core.DeliverySent))[0].Deliveries[0]; d.Attempt != 2 {
		t.Errorf("sent at attempt %d, want 2", d.Attempt)
	}
}

func TestLogoutHoldsTheQueueUntilTheNextConnection(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.must(h.evolution.LogoutFromPhone(bia.waitStatus(core.InstanceConnected).Name))
	bia.waitStatus(core.InstanceDisconnected)
	h.must(h.accept(bia, foreign))
	bia.offers(1, state(core.DeliveryPending))
	bia.connect()
	bia.received(1)
	bia.offers(1, state(core.DeliverySent))
}

func TestAnotherProcessGoesOnWhereOneStopped(t *testing.T) {
	h := build(t, nil)
	bia := h.marketer("bia", "5511900000002", "bia-20")
	for _, asin := range []string{"B0BLCKCBR1", "B0BLCKCBR2", "B0BLCKCBR3", "B0BLCKCBR4"} {
		h.post(strings.Replace(foreign, "B0BLCKCBRS", asin, 1))
		h.delivered()
		h.start().stop() // ends wherever it is
	}
	h.start()
	bia.offers(4, state(core.DeliverySent))
	if n := len(h.world.PostedIn(bia.group.JID())); n != 4 {
		t.Errorf("%d messages after four interruptions, want 4", n)
	}
}

func TestPacingRestsTheLaneAfterEachSend(t *testing.T) {
	h := build(t, func(c *engine.Config) { c.WithoutPacing = false }).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	_, err := bia.ChangeSettings(t.Context(), func(s *core.Settings) error { s.Window = core.Window{}; return nil })
	h.must(err)
	h.post(foreign)
	h.post("Outra: https://www.amazon.com.br/dp/B0BLCKCBR9?tag=outro-20")
	bia.received(1)
	list := bia.offers(2, func(o core.Offer) bool {
		return len(o.Deliveries) == 1 && (o.Deliveries[0].State == core.DeliverySent || o.Deliveries[0].State == core.DeliveryPending)
	})
	stats, err := bia.Stats(t.Context())
	h.must(err)
	var sent time.Time
	for _, o := range list {
		if d := o.Deliveries[0]; d.State == core.DeliverySent {
			sent = d.DispatchedAt
		}
	}
	gap := stats.NextSendAt.Sub(sent)
	if p := core.DefaultSettings().Pacing; gap < p.MinGap {
		t.Errorf("the lane is due %s after a send, want at least %s", gap, p.MinGap)
	}
	if stats.Deliveries[core.DeliveryPending] != 1 || stats.SentToday != 1 {
		t.Errorf("pending %d, sent %d; want 1 and 1", stats.Deliveries[core.DeliveryPending], stats.SentToday)
	}
}

func TestTheSameTextSentBeforeProvesNothing(t *testing.T) {
	h := build(t, hasty).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	_, err := bia.ChangeSettings(t.Context(), func(s *core.Settings) error { s.RepostWindow = 0; return nil })
	h.must(err)
	h.post(foreign)
	bia.offers(1, state(core.DeliverySent))
	h.evolution.Next(fakeevolution.TimedOut())
	h.post(foreign)
	bia.offers(1, state(core.DeliveryUnconfirmed))
}

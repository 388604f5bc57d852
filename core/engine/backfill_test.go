package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// lost has the next message reach the provider and no further.
func (h *house) lost(text string) {
	h.t.Helper()
	h.evolution.NextWebhook(fakeevolution.WebhookFault{Do: fakeevolution.Lose, Event: "messages.upsert", Times: len(h.evolution.Instances())})
	h.post(text)
	h.delivered()
}

func TestMessagesWhoseWebhookNeverCameAreFetched(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.post("Oferta um https://www.amazon.com.br/dp/B0BLCKC001?tag=outro-20")
	bia.received(1)
	h.lost("Oferta dois https://www.amazon.com.br/dp/B0BLCKC002?tag=outro-20")
	h.stop() // for longer than a moment
	h.later(20 * time.Minute)
	h.lost("Oferta três https://www.amazon.com.br/dp/B0BLCKC003?tag=outro-20")
	h.start()
	bia.received(3)
	// Once found, they are not found again.
	h.later(time.Hour)
	h.post("Oferta quatro https://www.amazon.com.br/dp/B0BLCKC004?tag=outro-20")
	bia.received(4)
	bia.offers(4, state(core.DeliverySent))
	if n := len(h.world.PostedIn(bia.group.JID())); n != 4 {
		t.Errorf("%d posts, want 4", n)
	}
}

func TestAReconnectionFetchesWhatWasMissed(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.post("Oferta um https://www.amazon.com.br/dp/B0BLCKC001?tag=outro-20")
	bia.received(1)
	inst := bia.waitStatus(core.InstanceConnected)
	h.must(h.evolution.Disconnect(inst.Name, 428))
	bia.waitStatus(core.InstanceConnecting)
	h.evolution.NextWebhook(fakeevolution.WebhookFault{Do: fakeevolution.Lose, Event: "messages.upsert"})
	// The provider has the message by the time it says that it is back.
	h.evolution.NextWebhook(fakeevolution.WebhookFault{Do: fakeevolution.Hold, Event: "connection.update", Times: fakeevolution.Forever})
	h.post("Oferta dois https://www.amazon.com.br/dp/B0BLCKC002?tag=outro-20")
	h.must(h.evolution.Recover(inst.Name))
	h.eventually("the webhook of the message is lost", func() bool {
		return slices.ContainsFunc(h.evolution.Deliveries(), func(d fakeevolution.Delivery) bool { return d.Outcome == webhooks.Lost })
	})
	h.evolution.ClearFaults()
	h.evolution.ReleaseWebhooks()
	bia.received(2)
}

func TestAGroupIsNotReadFromBeforeItWasChosen(t *testing.T) {
	h := build(t, nil).start()
	h.post("Oferta velha https://www.amazon.com.br/dp/B0BLCKC001?tag=outro-20")
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	h.lost("Oferta antes https://www.amazon.com.br/dp/B0BLCKC002?tag=outro-20")
	h.later(time.Minute)
	ctx := t.Context()
	_, err := bia.AddSource(ctx, engine.NewGroup{JID: string(h.source.JID())})
	h.must(err)
	_, err = bia.AddDestination(ctx, engine.NewGroup{JID: string(bia.group.JID())})
	h.must(err)
	_, err = bia.AddTag(ctx, engine.TagInput{Store: "amazon", Code: "bia-20"})
	h.must(err)
	// A look that is under way may be noted with the time after the jump, and searches before it.
	h.eventually("the new session was looked after", func() bool { return !bia.instance().CheckedAt.IsZero() })
	h.later(20 * time.Minute)
	h.eventually("the history was searched", func() bool {
		inst, err := h.repo.Tenant(bia.id).Instance().Get(ctx)
		h.must(err)
		return time.Until(inst.CaughtUpAt) > 10*time.Minute
	})
	if list := bia.offers(0, nil); len(list) != 0 {
		t.Errorf("%d offers from before the group was chosen", len(list))
	}
}

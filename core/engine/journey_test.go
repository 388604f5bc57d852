package engine_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func testKeys(*testing.T) bunrepository.Keyring {
	return bunrepository.Keyring{Current: "test", Keys: map[string]core.Secret{"test": core.NewSecret(strings.Repeat("k", 32))}}
}

const (
	foreign = "🔥 *Fone JBL*\nPor R$ 199,90\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20"
	mine    = "🔥 *Fone JBL*\nPor R$ 199,90\nhttps://www.amazon.com.br/dp/B0BLCKCBRS?tag="
)

func TestTwoTenantsWatchOneGroupEachWithTheirOwnTag(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	caio := h.marketer("caio", "5511900000003", "caio-20")
	h.post(foreign)
	for m, tag := range map[*marketer]string{bia: "bia-20", caio: "caio-20"} {
		if got := m.received(1); got.Text != mine+tag {
			t.Errorf("the group received %q", got.Text)
		}
		o := m.offers(1, state(core.DeliverySent))[0]
		if o.Price.Cents != 19990 || o.Store != "amazon" || o.ProductKey == "" || len(o.Links) != 1 || o.Links[0].Action != core.LinkRewritten {
			t.Errorf("offer: price %d, store %s, product %s, links %+v", o.Price.Cents, o.Store, o.ProductKey, o.Links)
		}
		if d := o.Deliveries[0]; d.MessageID != got(m).ID || d.Attempt != 1 {
			t.Errorf("delivery: message %s, attempt %d", d.MessageID, d.Attempt)
		}
	}
	if n := len(h.world.PostedIn(h.source.JID())); n != 1 {
		t.Errorf("%d messages in the source group, want the original alone", n)
	}
}

func got(m *marketer) fakewhatsapp.Post { return m.h.world.PostedIn(m.group.JID())[0] }

func TestMediaTravelsWithTheOffer(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	photo := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("\xff\xd8\xff a photo")}
	_, err := h.poster.PostMedia(h.source.JID(), photo, foreign)
	h.must(err)
	p := bia.received(1)
	if p.Text != mine+"bia-20" || p.Media == nil || p.Media.Kind != core.Image || string(p.Media.Data) != string(photo.Data) {
		t.Errorf("received %q with media %+v", p.Text, p.Media)
	}
}

func TestMediaThatIsGoneLeavesTheText(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.evolution.Next(fakeevolution.MediaGone().Repeat(fakeevolution.Forever))
	photo := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("\xff\xd8\xff a photo")}
	_, err := h.poster.PostMedia(h.source.JID(), photo, foreign)
	h.must(err)
	if p := bia.received(1); p.Text != mine+"bia-20" || p.Media != nil {
		t.Errorf("received %q with media %v", p.Text, p.Media)
	}
	if d := bia.offers(1, state(core.DeliverySent))[0].Deliveries[0]; !d.WithoutMedia {
		t.Error("nobody can see that the media is missing")
	}
}

func TestWrappedMessagesAndAlbums(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	photo := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("\xff\xd8\xff one")}
	_, err := h.poster.PostAlbum(h.source.JID(), foreign, photo, photo)
	h.must(err)
	bia.received(1)
	for i, wrap := range []fakewhatsapp.Wrap{fakewhatsapp.WrapEphemeral, fakewhatsapp.WrapViewOnce} {
		text := strings.Replace(foreign, "B0BLCKCBRS", []string{"B0BLCKCBR1", "B0BLCKCBR2"}[i], 1)
		_, err := h.poster.Post(h.source.JID(), fakewhatsapp.Message{Text: text, Media: &photo, Wrap: wrap})
		h.must(err)
		bia.received(2 + i)
	}
	if n := len(h.world.PostedIn(bia.group.JID())); n != 3 {
		t.Errorf("%d messages, want one per offer", n)
	}
}

func TestHoldsPostNothingAndSayWhy(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	for want, text := range map[core.Reason]string{
		core.ReasonNoTag:            "Panela R$ 50 https://shopee.com.br/product/1/2",
		core.ReasonLinkUnknownStore: "Panela R$ 50 https://loja-desconhecida.com.br/panela",
		core.ReasonLinkUnresolved:   "Panela R$ 50 https://amzn.to/naoabre",
		core.ReasonLinkNotProduct:   "Veja https://lista.mercadolivre.com.br/fone#D[A:fone]",
		core.ReasonSoldOut:          "ESGOTADO " + foreign,
		core.ReasonLinkDeceptive:    "Fone https://amazon.com.br@evil.example/dp/B0BLCKCBRS",
	} {
		h.post(text)
		bia.offers(1, func(o core.Offer) bool { return o.Hold != nil && o.Hold.Reason == want && o.Text == text })
	}
	h.post("Bom dia, grupo!")
	h.post("Amazon R$ 10 https://amzn.to/curto")
	if p := bia.received(1); p.Text != "Amazon R$ 10 https://www.amazon.com.br/dp/B0BLCKCBRS?tag=bia-20" {
		t.Errorf("the only message without doubt came out as %q", p.Text)
	}
	if n := len(h.world.PostedIn(bia.group.JID())); n != 1 {
		t.Errorf("%d messages left, want 1", n)
	}
}

func TestInviteLinesAreRemoved(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.post(foreign + "\n\nEntre no grupo: https://chat.whatsapp.com/AbCdEf")
	if p := bia.received(1); strings.Contains(p.Text, "chat.whatsapp.com") || !strings.HasPrefix(p.Text, mine+"bia-20") {
		t.Errorf("received %q", p.Text)
	}
}

func TestOneProductGoesOnceToAGroup(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.post(foreign)
	bia.received(1)
	h.post("De novo! " + foreign)
	list := bia.offers(1, state(core.DeliveryCancelled))
	if d := list[0].Deliveries[0]; d.Reason != core.ReasonDuplicateProduct {
		t.Errorf("the repeat is %s for %s", d.State, d.Reason)
	}
}

func TestRepeatedWebhooksPostOnce(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.evolution.NextWebhook(fakeevolution.WebhookFault{Do: fakeevolution.Duplicate, Event: "messages.upsert", Times: fakeevolution.Forever})
	h.post(foreign)
	bia.received(1)
	h.post("Outra: https://www.amazon.com.br/dp/B0BLCKCBR9?tag=outro-20")
	bia.received(2)
	h.delivered()
	if n := len(h.world.PostedIn(bia.group.JID())); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

func TestEditChangesWhatHasNotBeenSent(t *testing.T) {
	h := build(t, nil)
	bia := h.marketer("bia", "5511900000002", "bia-20")
	p := h.post(foreign)
	h.must(h.poster.Edit(p, "Corrigido: "+foreign))
	h.delivered()
	h.start()
	if p := bia.received(1); p.Text != "Corrigido: "+mine+"bia-20" {
		t.Errorf("received %q", p.Text)
	}
}

func TestChatIsNobodysWorkUntilItIsEditedIntoAnOffer(t *testing.T) {
	h := build(t, nil) // nobody works yet
	bia := h.marketer("bia", "5511900000002", "bia-20")
	early, late := h.post("Bom dia, grupo!"), h.post("Já volto com uma oferta")
	h.delivered()
	stats, err := bia.Stats(t.Context())
	if err != nil || stats.SkippedByReason[core.ReasonNoLink] != 2 || stats.Inbox[core.InboxNew] != 0 {
		t.Errorf("stats %+v, %v", stats, err)
	}
	h.must(h.poster.Edit(late, foreign))
	h.delivered()
	h.start()
	if p := bia.received(1); p.Text != mine+"bia-20" {
		t.Errorf("received %q", p.Text)
	}
	h.must(h.poster.Edit(early, "De tarde: https://www.amazon.com.br/dp/B0BLCKCBR9?tag=outro-20"))
	if p := bia.received(2); !strings.HasPrefix(p.Text, "De tarde") {
		t.Errorf("received %q", p.Text)
	}
}

func TestRevokeCancelsWhatHasNotBeenSent(t *testing.T) {
	h := build(t, nil)
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.must(h.poster.Revoke(h.post(foreign)))
	h.delivered()
	h.start()
	h.post("Outra: https://www.amazon.com.br/dp/B0BLCKCBR9?tag=outro-20")
	if p := bia.received(1); !strings.HasPrefix(p.Text, "Outra") {
		t.Errorf("a revoked message went out: %q", p.Text)
	}
}

// delivered waits until the provider has handed every webhook over.
func (h *house) delivered() {
	h.t.Helper()
	h.must(h.evolution.WaitIdle(h.t.Context()))
}

func TestStaleBacklogIsSkipped(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	_, err := h.poster.Post(h.source.JID(), fakewhatsapp.Message{Text: foreign, At: time.Now().Add(-24 * time.Hour)})
	h.must(err)
	h.post("Agora: https://www.amazon.com.br/dp/B0BLCKCBR9?tag=outro-20")
	if p := bia.received(1); !strings.HasPrefix(p.Text, "Agora") {
		t.Errorf("an old message went out: %q", p.Text)
	}
}

func TestTagRemovedBeforeSendingStopsTheOffer(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.must(h.evolution.LogoutFromPhone(bia.waitStatus(core.InstanceConnected).Name))
	bia.waitStatus(core.InstanceDisconnected)
	tenant := h.engine.Tenant(bia.id)
	h.must(h.accept(bia, foreign))
	bia.offers(1, state(core.DeliveryPending))
	tags, err := tenant.Tags(t.Context())
	h.must(err)
	h.must(tenant.RemoveTag(t.Context(), tags[0].ID))
	bia.connect()
	list := bia.offers(1, state(core.DeliveryCancelled))
	if d := list[0].Deliveries[0]; d.Reason != core.ReasonNotProven {
		t.Errorf("cancelled for %s", d.Reason)
	}
	if n := len(h.world.PostedIn(bia.group.JID())); n != 0 {
		t.Errorf("%d messages left without a proof", n)
	}
}

// accept stores a message as if its webhook had come before the session closed.
func (h *house) accept(m *marketer, text string) error {
	inst, err := h.repo.Tenant(m.id).Instance().Get(h.t.Context())
	if err != nil {
		return err
	}
	id, err := core.NewUUID(time.Now(), strings.NewReader(text))
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	_, _, err = h.repo.Tenant(m.id).Inbox().Accept(h.t.Context(), core.InboxEntry{
		ID: core.InboxID(id), InstanceID: inst.ID, Text: text, State: core.InboxNew,
		Key:    core.MessageKey{Chat: h.source.JID(), Participant: h.poster.LID(), ID: "3A01"},
		SentAt: now, ReceivedAt: now.Add(-time.Minute),
	})
	return err
}

func TestSecondConnectIsRefusedAndReconnectWorks(t *testing.T) {
	h := build(t, nil).start()
	bia := h.newcomer("bia", "5511900000002")
	var wg sync.WaitGroup
	results := make([]error, 20)
	for i := range results {
		wg.Go(func() { _, results[i] = bia.Connect(t.Context(), engine.ConnectRequest{}) })
	}
	wg.Wait()
	made := 0
	for _, err := range results {
		switch core.CodeOf(err) {
		case "":
			made++
		case core.CodeConflict:
		default:
			t.Errorf("connect: %v", err)
		}
	}
	if made != 1 {
		t.Fatalf("%d of 20 concurrent connects succeeded, want 1", made)
	}
	first, err := bia.Disconnect(t.Context())
	h.must(err)
	if first.Status != core.InstanceDisconnected || first.Provisioned {
		t.Errorf("after disconnect: %s, still at the provider: %v", first.Status, first.Provisioned)
	}
	if second := bia.connect(); second.ID != first.ID || second.Name == first.Name {
		t.Errorf("reconnected as %s/%s after %s/%s: want the same id under another name", second.ID, second.Name, first.ID, first.Name)
	}
}

func TestUnreachableProviderLeavesRoomForAnotherTry(t *testing.T) {
	h := build(t, nil).start()
	bia := h.newcomer("bia", "5511900000002")
	h.evolution.Next(fakeevolution.Unauthorized())
	if _, err := bia.Connect(t.Context(), engine.ConnectRequest{}); core.CodeOf(err) != core.CodePrecondition {
		t.Fatalf("a refused key gave %v", err)
	}
	bia.connect()
}

func TestForeignWebhooksChangeNothing(t *testing.T) {
	h := build(t, nil)
	bia := h.marketer("bia", "5511900000002", "bia-20")
	caio := h.marketer("caio", "5511900000003", "caio-20")
	biasName, caios := bia.waitStatus(core.InstanceConnected).Name, caio.waitStatus(core.InstanceConnected)
	body := []byte(`{"event":"messages.upsert","instance":"` + caios.Name + `","data":{}}`)
	header := func(name, secret string) map[string][]string {
		return map[string][]string{"X-Instance-Name": {name}, "X-Webhook-Secret": {secret}}
	}
	for name, c := range map[string]struct {
		hook engine.Webhook
		want core.Code
	}{
		"unknown token":        {engine.Webhook{Token: "x", Request: gateway.Request{Body: body}}, core.CodeUnauthenticated},
		"no credentials":       {engine.Webhook{Request: gateway.Request{Body: body}}, core.CodeUnauthenticated},
		"wrong secret":         {engine.Webhook{Instance: caios.Name, Request: gateway.Request{Header: header(caios.Name, "x"), Body: body}}, core.CodeUnauthenticated},
		"another's secret":     {engine.Webhook{Instance: biasName, Request: gateway.Request{Header: header(biasName, caios.WebhookSecret.Reveal()), Body: body}}, core.CodeUnauthenticated},
		"body of another":      {engine.Webhook{Instance: caios.Name, Request: gateway.Request{Header: header(caios.Name, caios.WebhookSecret.Reveal()), Body: []byte(`{"event":"messages.upsert","instance":"` + biasName + `","data":{}}`)}}, core.CodeInvalid},
		"malformed":            {engine.Webhook{Instance: caios.Name, Request: gateway.Request{Header: header(caios.Name, caios.WebhookSecret.Reveal()), Body: []byte(`{`)}}, core.CodeInvalid},
		"nothing in it":        {engine.Webhook{Instance: caios.Name, Request: gateway.Request{Header: header(caios.Name, caios.WebhookSecret.Reveal()), Body: body}}, ""},
		"name in another case": {engine.Webhook{Instance: strings.ToUpper(caios.Name), Request: gateway.Request{Header: header(caios.Name, caios.WebhookSecret.Reveal()), Body: body}}, core.CodeUnauthenticated},
	} {
		if err := h.engine.Ingest(t.Context(), c.hook); core.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for _, m := range []*marketer{bia, caio} {
		stats, err := m.Stats(t.Context())
		h.must(err)
		if len(stats.Inbox) != 0 {
			t.Errorf("a refused webhook left %v in an inbox", stats.Inbox)
		}
	}
}

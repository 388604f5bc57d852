package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

func TestLateWordOfAnInterruptionDoesNotOutliveTheNextLook(t *testing.T) {
	for name, data := range map[string]string{
		"connecting": `{"state":"connecting","statusReason":200}`,
		"close":      `{"state":"close","statusReason":428}`,
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, nil)
			bia := h.newcomer("bia", "5511900000002")
			bia.connect()
			h.delivered()
			bia.hears("connection.update", data)
			if got := bia.instance().Status; got == core.InstanceDisconnected {
				t.Errorf("an interruption made the instance %s: only a new QR code would help", got)
			}
			if got := bia.asks().Status; got != core.InstanceConnected {
				t.Errorf("the provider says open, the tenant sees %s", got)
			}
		})
	}
}

func TestSessionThatStaysDownEnds(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	inst := bia.connect()
	h.delivered()
	down := fakeevolution.Fault{Op: fakeevolution.OpConnectionState, Times: fakeevolution.Forever, Status: 200,
		Body: `{"instance":{"instanceName":"` + inst.Name + `","state":"close"}}`}
	h.evolution.Next(down)
	if got := bia.asks().Status; got != core.InstanceConnecting {
		t.Errorf("down for a moment: %s", got)
	}
	bia.asks()
	if got := bia.asks(); got.Status != core.InstanceDisconnected || got.Reason != core.ReasonNotConnected {
		t.Errorf("down for long: %s (%s)", got.Status, got.Reason)
	}
}

func TestLateOpenDoesNotUndoALogout(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	inst := bia.connect()
	h.must(h.evolution.LogoutFromPhone(inst.Name))
	bia.waitStatus(core.InstanceDisconnected)
	h.delivered()
	bia.hears("connection.update", `{"state":"open","wuid":"5511900000002@s.whatsapp.net"}`)
	if got := bia.instance(); got.Status != core.InstanceDisconnected {
		t.Errorf("a late event made the instance %s", got.Status)
	}
}

func TestProxysNotFoundIsNoLogout(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	h.delivered()
	h.evolution.Next(fakeevolution.Fault{Op: fakeevolution.OpConnectionState, Status: 404, Body: `{"message":"no Route matched"}`})
	if got := bia.asks().Status; got != core.InstanceConnected {
		t.Errorf("a proxy's 404 made the instance %s", got)
	}
}

func TestStatusAnswerDoesNotUndoADisconnect(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	h.delivered()
	h.wire.meanwhile("status", func() {
		h.evolution.Next(fakeevolution.Unauthorized().On(fakeevolution.OpDelete))
		_, err := bia.Disconnect(t.Context())
		h.must(err)
	})
	bia.asks()
	if got := bia.instance(); got.Status != core.InstanceDisconnected || !got.Provisioned {
		t.Errorf("after Disconnect: %s, to be removed: %v", got.Status, got.Provisioned)
	}
}

func TestDisconnectAndConnectWhileTheProviderIsSlow(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	var second core.Instance
	h.wire.meanwhile("provision", func() {
		_, err := bia.Disconnect(t.Context())
		h.must(err)
		second, err = bia.Connect(t.Context(), engine.ConnectRequest{})
		h.must(err)
	})
	if _, err := bia.Connect(t.Context(), engine.ConnectRequest{}); core.CodeOf(err) != core.CodeConflict {
		t.Errorf("the connect that was overtaken returned %v", err)
	}
	got := bia.instance()
	if got.Name != second.Name || got.Token.Reveal() != second.Token.Reveal() || got.Status != core.InstanceConnecting {
		t.Errorf("stored %s (%s), want %s as it was", got.Name, got.Status, second.Name)
	}
	if all := h.evolution.Instances(); len(all) != 1 || all[0].Name != second.Name {
		t.Errorf("at the provider: %+v, want the second session alone", all)
	}
	h.must(h.evolution.Scan(second.Name, bia.phone))
	bia.waitStatus(core.InstanceConnected)
}

func TestFailureOfAnOvertakenConnectChangesNothing(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	var second core.Instance
	h.evolution.Next(fakeevolution.Unauthorized().On(fakeevolution.OpCreate))
	h.wire.meanwhile("provision", func() {
		_, err := bia.Disconnect(t.Context())
		h.must(err)
		second, err = bia.Connect(t.Context(), engine.ConnectRequest{})
		h.must(err)
	})
	if _, err := bia.Connect(t.Context(), engine.ConnectRequest{}); err == nil {
		t.Error("the connect that failed returned no error")
	}
	if got := bia.instance(); got.Name != second.Name || got.Status != core.InstanceConnecting || got.WebhookHash == "" {
		t.Errorf("stored %s (%s), want %s as it was", got.Name, got.Status, second.Name)
	}
}

func TestLookingWhileTheSessionIsMadeDoesNotEndIt(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	h.evolution.Next(fakeevolution.Fault{Op: fakeevolution.OpConnectionState, Status: 404,
		Body: `{"status":404,"error":"Not Found","response":{"message":["The \"x\" instance does not exist"]}}`})
	h.wire.meanwhile("provision", func() {
		h.later(20 * time.Second) // the provider was slow, and a page polls the status
		_, err := bia.Instance(t.Context())
		h.must(err)
	})
	bia.connect()
}

func TestKilledWhileTheProviderMadeTheSessionLeavesNothingBehind(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	var stored core.Instance
	h.wire.meanwhile("provision", func() { stored = bia.instance() })
	bia.connect()
	if !stored.Provisioned {
		t.Error("a kill here would leave a session at the provider that nobody knows of")
	}
}

func TestRefusedKeyPausesTheLaneWithoutSpendingAttempts(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.delivered()
	h.eventually("the new session was looked after", func() bool { return !bia.instance().CheckedAt.IsZero() })
	h.evolution.Next(fakeevolution.Unauthorized().Repeat(fakeevolution.Forever))
	h.post(foreign)
	bia.offers(1, func(o core.Offer) bool { return o.Deliveries[0].Reason == core.ReasonWaitingConnection })
	if got := bia.waitStatus(core.InstanceConnecting); got.Reason != core.ReasonProviderAuth {
		t.Errorf("the tenant is told %q", got.Reason)
	}
	h.evolution.ClearFaults()
	bia.asks()
	h.later(time.Minute)
	if bia.offers(1, state(core.DeliverySent))[0].Deliveries[0].Attempt != 2 {
		t.Error("attempts were spent on a refused key")
	}
}

func TestAnotherSessionProvesNothingAboutAnOldSend(t *testing.T) {
	for name, caps := range map[string]gateway.Capabilities{
		"complete look-up": {SentLookup: gateway.LookupComplete, ClientMessageID: gateway.ClientIDIgnored},
		"honoured ids":     {SentLookup: gateway.LookupPositive, ClientMessageID: gateway.ClientIDHonoured},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, nil)
			h.wire.caps = func(c gateway.Capabilities) gateway.Capabilities {
				c.SentLookup, c.ClientMessageID = caps.SentLookup, caps.ClientMessageID
				return c
			}
			h.start()
			bia := h.marketer("bia", "5511900000002", "bia-20")
			h.delivered()
			h.evolution.Next(fakeevolution.TimedOut().AfterPosting())
			replaced := make(chan struct{})
			h.wire.meanwhile("send", func() {
				defer close(replaced)
				_, err := bia.Disconnect(t.Context())
				h.must(err)
			})
			h.post(foreign)
			<-replaced
			bia.offers(1, state(core.DeliveryAmbiguous))
			phone, err := h.world.AddPhone("5511900000009", "outro número")
			h.must(err)
			bia.group.Add(phone)
			bia.phone = phone
			bia.connect()
			h.later(15 * time.Minute)
			bia.offers(1, state(core.DeliveryUnconfirmed))
			if n := len(h.world.PostedIn(bia.group.JID())); n != 1 {
				t.Errorf("%d posts: a session that never sent it cannot say that nobody did", n)
			}
		})
	}
}

func TestKilledBeforeTheProviderWasAskedHeals(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	id, err := core.NewUUID(time.Now(), strings.NewReader("0123456789abcdef"))
	h.must(err)
	h.must(h.repo.Tenant(bia.id).Instance().Create(t.Context(), core.Instance{
		ID: core.InstanceID(id), Provider: "evolution", Name: core.InstanceName(bia.id, ""), Status: core.InstanceConnecting,
	}))
	if got := bia.asks().Status; got != core.InstanceDisconnected {
		t.Errorf("a session that was never made is %s", got)
	}
	bia.connect()
}

func TestProviderTheServerNoLongerKnowsEndsTheDoubt(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.delivered()
	h.evolution.Next(fakeevolution.TimedOut())
	h.post(foreign)
	bia.offers(1, state(core.DeliveryAmbiguous))
	_, err := h.repo.Tenant(bia.id).Instance().Update(t.Context(), func(i *core.Instance) error {
		i.Provider = "abandoned"
		return nil
	})
	h.must(err)
	h.later(15 * time.Minute)
	bia.offers(1, state(core.DeliveryUnconfirmed))
	if got := bia.asks(); got.Reason != core.ReasonUnknownProvider {
		t.Errorf("the tenant is told %q", got.Reason)
	}
}

// TestTokenIsGoodForItsSessionOnly has an engine that knows whose a token is see it end.
func TestTokenIsGoodForItsSessionOnly(t *testing.T) {
	h := build(t, nil)
	bia := h.newcomer("bia", "5511900000002")
	bia.connect()
	said := func(inst core.Instance, token string) core.Code {
		return core.CodeOf(h.engine.Ingest(t.Context(), engine.Webhook{Token: token, Request: gateway.Request{
			Header: map[string][]string{"X-Instance-Name": {inst.Name}, "X-Webhook-Secret": {inst.WebhookSecret.Reveal()}},
			Body:   []byte(`{"event":"messages.upsert","instance":"` + inst.Name + `","data":{}}`),
		}}))
	}
	token := func() string {
		hooks := h.evolution.Instances()
		url := hooks[len(hooks)-1].WebhookURL
		return url[strings.LastIndexByte(url, '/')+1:]
	}
	first, firstToken := bia.instance(), token()
	for range 2 { // looked up, and known
		if got := said(first, firstToken); got != "" {
			t.Fatalf("a webhook of the session is %q", got)
		}
	}
	if _, err := bia.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := said(first, firstToken); got != core.CodeUnauthenticated {
		t.Errorf("after the session ended its webhook is %q", got)
	}
	bia.connect()
	second, secondToken := bia.instance(), token()
	if got := said(second, secondToken); got != "" {
		t.Errorf("a webhook of the next session is %q", got)
	}
	if got := said(second, firstToken); got != core.CodeUnauthenticated {
		t.Errorf("the old token opens the next session: %q", got)
	}
}

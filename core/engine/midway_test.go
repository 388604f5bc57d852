package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func TestAnswerThatComesAfterTheGraceStillSettles(t *testing.T) {
	notAcceptable := fakeevolution.NotAcceptable()
	for name, c := range map[string]struct {
		fault *fakeevolution.Fault
		want  core.DeliveryState
	}{
		"it was sent": {nil, core.DeliverySent},
		"it was not":  {&notAcceptable, core.DeliveryUnconfirmed},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, nil).start()
			bia := h.marketer("bia", "5511900000002", "bia-20")
			h.delivered()
			h.evolution.SetQuirks(fakeevolution.Quirks{NoRows: true})
			h.evolution.NextWebhook(fakeevolution.WebhookFault{Do: fakeevolution.Lose, Times: fakeevolution.Forever, Event: "send.message"})
			if c.fault != nil {
				h.evolution.Next(*c.fault)
			}
			given := make(chan struct{})
			h.wire.meanwhile("send", func() {
				defer close(given)
				h.later(2 * time.Minute) // this worker froze
				bia.offers(1, state(core.DeliveryAmbiguous))
				h.later(15 * time.Minute)
				bia.offers(1, state(core.DeliveryUnconfirmed))
			})
			h.post(foreign)
			<-given
			d := bia.offers(1, state(c.want))[0].Deliveries[0]
			if c.want == core.DeliverySent && d.MessageID != bia.received(1).ID {
				t.Errorf("sent as %q", d.MessageID)
			}
		})
	}
}

func TestRevokeAndEditReachWhatIsOnItsWay(t *testing.T) {
	for name, c := range map[string]struct {
		change func(h *house, p fakewhatsapp.Post) error
		want   core.DeliveryState
		reason core.Reason
		text   string
	}{
		"revoked": {func(h *house, p fakewhatsapp.Post) error { return h.poster.Revoke(p) },
			core.DeliveryCancelled, core.ReasonRevoked, ""},
		"edited": {func(h *house, p fakewhatsapp.Post) error { return h.poster.Edit(p, "Corrigido: "+foreign) },
			core.DeliverySent, "", "Corrigido: " + mine + "bia-20"},
		"edited into nothing": {func(h *house, p fakewhatsapp.Post) error { return h.poster.Edit(p, "Acabou, gente") },
			core.DeliveryCancelled, core.ReasonEdited, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, nil).start()
			bia := h.marketer("bia", "5511900000002", "bia-20")
			h.delivered()
			h.evolution.Next(fakeevolution.NoSessions()) // definite: nothing was sent
			posted := make(chan fakewhatsapp.Post, 1)
			h.wire.meanwhile("send", func() {
				p := <-posted
				h.must(c.change(h, p))
				h.delivered()
				h.eventually("the change is processed", func() bool {
					stats, err := bia.Stats(t.Context())
					h.must(err)
					return stats.Inbox[core.InboxDone]+stats.Inbox[core.InboxRevoked] == 1
				})
			})
			posted <- h.post(foreign)
			h.eventually("the attempt is over", func() bool {
				for _, o := range bia.offers(1, nil) {
					for _, d := range o.Deliveries {
						return d.Attempt > 0 && d.State != core.DeliveryDispatching
					}
				}
				return false
			})
			h.later(time.Minute)
			d := bia.offers(1, func(o core.Offer) bool { return o.Deliveries[0].State == c.want })[0].Deliveries[0]
			if d.Reason != c.reason {
				t.Errorf("%s for %q, want %q", d.State, d.Reason, c.reason)
			}
			posts := h.world.PostedIn(bia.group.JID())
			if c.text == "" && len(posts) != 0 || c.text != "" && (len(posts) != 1 || posts[0].Text != c.text) {
				t.Errorf("posted %+v, want %q", posts, c.text)
			}
		})
	}
}

func TestWhatChangesWhileMediaIsFetchedIsObeyed(t *testing.T) {
	for name, change := range map[string]func(h *house, bia *marketer) error{
		"destination off": func(h *house, bia *marketer) error {
			all, err := bia.Destinations(t.Context())
			h.must(err)
			off := false
			_, err = bia.ChangeDestination(t.Context(), all[0].ID, engine.GroupChange{Active: &off})
			return err
		},
		"destination removed": func(h *house, bia *marketer) error {
			all, err := bia.Destinations(t.Context())
			h.must(err)
			return bia.RemoveDestination(t.Context(), all[0].ID)
		},
		"tag removed": func(h *house, bia *marketer) error {
			all, err := bia.Tags(t.Context())
			h.must(err)
			return bia.RemoveTag(t.Context(), all[0].ID)
		},
		"disconnected, the provider not told": func(h *house, bia *marketer) error {
			h.evolution.Next(fakeevolution.Unauthorized().On(fakeevolution.OpDelete))
			_, err := bia.Disconnect(t.Context())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t, nil).start()
			bia := h.marketer("bia", "5511900000002", "bia-20")
			changed := make(chan struct{})
			h.wire.meanwhile("media", func() {
				defer close(changed)
				h.must(change(h, bia))
			})
			photo := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("\xff\xd8\xff a photo")}
			_, err := h.poster.PostMedia(h.source.JID(), photo, foreign)
			h.must(err)
			<-changed
			h.stop() // ends after what was under way
			if n := len(h.world.PostedIn(bia.group.JID())); n != 0 {
				t.Errorf("%d messages left", n)
			}
		})
	}
}

func TestMissingSessionSaysNothingAboutTheGroup(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.delivered()
	gone := fakeevolution.Fault{Op: fakeevolution.OpSend, Status: 404,
		Body: `{"status":404,"error":"Not Found","response":{"message":["The \"x\" instance does not exist"]}}`}
	h.evolution.Next(gone, fakeevolution.Fault{Op: fakeevolution.OpConnectionState, Status: 502, Body: "<html>"})
	looked := make(chan struct{})
	h.wire.meanwhile("status", func() { close(looked) })
	h.post(foreign)
	<-looked
	h.stop()
	all, err := bia.Destinations(t.Context())
	h.must(err)
	if !all[0].Active {
		t.Errorf("the destination was switched off for %s", all[0].Problem)
	}
}

func TestRefusalOfATextAsTooLargeEnds(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	h.evolution.Next(fakeevolution.Fault{Op: fakeevolution.OpSend, Times: fakeevolution.Forever, Status: 413, Body: "<html>"})
	h.post(foreign)
	if d := bia.offers(1, state(core.DeliveryFailed))[0].Deliveries[0]; d.Attempt > 2 {
		t.Errorf("%d attempts", d.Attempt)
	}
}

func TestOneStuckMediaDoesNotHoldUpTheOthers(t *testing.T) {
	h := build(t, nil).start()
	bia := h.marketer("bia", "5511900000002", "bia-20")
	second := h.group("Segundo grupo", bia.phone)
	_, err := bia.AddDestination(t.Context(), engine.NewGroup{JID: string(second.JID())})
	h.must(err)
	h.evolution.Next(fakeevolution.Fault{Op: fakeevolution.OpGetBase64, Times: fakeevolution.Forever, Status: 502, Body: "<html>"})
	photo := fakewhatsapp.Media{Kind: core.Image, MimeType: "image/jpeg", Data: []byte("\xff\xd8\xff a photo")}
	_, err = h.poster.PostMedia(h.source.JID(), photo, foreign)
	h.must(err)
	bia.offers(1, func(o core.Offer) bool {
		for _, d := range o.Deliveries {
			if d.NotBefore.IsZero() {
				return false
			}
		}
		return len(o.Deliveries) == 2
	})
	h.later(11 * time.Minute) // patience ends: the text goes alone
	if p := bia.received(1); !strings.HasPrefix(p.Text, "🔥") || p.Media != nil {
		t.Errorf("received %q", p.Text)
	}
}

func TestLateAndRepeatedEditsKeepTheNewestText(t *testing.T) {
	h := build(t, nil)
	bia := h.marketer("bia", "5511900000002", "bia-20")
	p := h.post(foreign)
	h.delivered()
	edit := func(text string, at string) {
		bia.hears("messages.edited", `{"key":{"remoteJid":"`+string(h.source.JID())+`","fromMe":true,"id":"`+string(p.ID)+
			`"},"type":14,"editedMessage":{"conversation":"`+text+` https://www.amazon.com.br/dp/B0BLCKCBRS?tag=outro-20"},"timestampMs":"`+at+`"}`)
	}
	edit("primeira", "1795000001000")
	edit("segunda", "1795000002000")
	edit("primeira", "1795000001000")
	h.start()
	if got := bia.received(1); !strings.HasPrefix(got.Text, "segunda") {
		t.Errorf("received %q", got.Text)
	}
}

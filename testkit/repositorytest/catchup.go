package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func catchUpCases() []Case {
	return []Case{
		{"PendingAgainCatchesUpWithTheMessage", catchUp},
		{"CatchingUpIsPerDestination", catchUpPerDestination},
		{"CatchingUpForgetsWhatWasTakenBack", catchUpTakenBack},
		{"CatchingUpTakesTheLastTextThatWasWanted", catchUpLastWanted},
		{"CatchingUpTakesTheKeysToo", catchUpKeys},
	}
}

func catchUp(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, from := range []core.DeliveryState{core.DeliveryDispatching, core.DeliveryAmbiguous} {
		for name, c := range map[string]struct {
			change func(e core.InboxEntry)
			state  core.DeliveryState
			reason core.Reason
			text   string
		}{
			"revoked": {func(e core.InboxEntry) { w.ok("revoke", s.Inbox().Revoke(w.ctx, e)) },
				core.DeliveryCancelled, core.ReasonRevoked, ""},
			"edited": {func(e core.InboxEntry) {
				s.edit(e, "novo")
				s.save(s.outcome(s.claim(e.ID), "", s.groups[0]))
			}, core.DeliveryPending, "", "final novo&sub_id=Ofertas 0"},
			"held": {func(e core.InboxEntry) {
				s.edit(e, "novo")
				o := s.outcome(s.claim(e.ID), "")
				o.Offer.FinalText, o.Offer.Hold = "", &core.Hold{Reason: core.ReasonSoldOut}
				s.save(o)
			}, core.DeliveryCancelled, core.ReasonEdited, ""},
		} {
			w.pass(time.Second)
			e := s.message()
			s.accept(e)
			d := s.advance(s.save(s.outcome(s.claim(e.ID), "", s.groups[0])).Deliveries[0], from)
			if c.text == "" {
				c.text = d.Text
			}
			c.change(e)
			w.same(name+": still on its way", s.delivery(d.ID).State, from)
			got := s.settle(d, core.DeliveryPending)
			w.same(name+": state", got.State, c.state)
			w.same(name+": reason", got.Reason, c.reason)
			w.same(name+": text", got.Text, c.text)
			w.same(name+": stored", s.delivery(d.ID), got)
			if got.State != core.DeliveryPending {
				continue
			}
			failed := s.advance(got, core.DeliveryFailed)
			s.edit(e, "novo outra vez")
			s.save(s.outcome(s.claim(e.ID), "", s.groups[0]))
			got = s.settle(failed, core.DeliveryPending)
			w.same("sent again by a person: text", got.Text, "final novo outra vez&sub_id=Ofertas 0")
			s.settle(got, core.DeliveryCancelled)
		}
	}
}

// withTexts gives the wanted deliveries these texts.
func withTexts(o repository.SaveOffer, texts ...string) repository.SaveOffer {
	for i := range o.Offer.Deliveries {
		o.Offer.Deliveries[i].Text = texts[i]
	}
	return o
}

// comesBack lists the states from which a delivery can become pending again.
func comesBack() (states []core.DeliveryState) {
	for _, state := range core.DeliveryStates() {
		if state != core.DeliveryPending && state.CanBecome(core.DeliveryPending) {
			states = append(states, state)
		}
	}
	return states
}

func catchUpPerDestination(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, from := range comesBack() {
		w.pass(time.Second)
		offer := s.offer("", s.groups...)
		one, two := s.advance(offer.Deliveries[0], from), s.advance(offer.Deliveries[1], from)
		got := s.save(withTexts(s.outcome(s.edition(offer), "", s.groups...),
			"texto do primeiro grupo", "texto do segundo grupo"))
		w.same("still "+string(from), got.Deliveries, []core.Delivery{one, two})
		two, one = s.settle(two, core.DeliveryPending), s.settle(one, core.DeliveryPending)
		w.same("text of the first, "+string(from), one.Text, "texto do primeiro grupo")
		w.same("text of the second, "+string(from), two.Text, "texto do segundo grupo")
		w.same("stored", s.delivery(one.ID), one)
		w.same("stored", s.delivery(two.ID), two)
		w.same("permitted text", s.begin(two).Text, two.Text)
		s.settle(one, core.DeliveryCancelled)
	}
}

func catchUpTakenBack(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, from := range comesBack() {
		w.pass(time.Second)
		offer := s.offer("", s.groups[0])
		edit := func(text string) { s.save(withTexts(s.outcome(s.edition(offer), "", s.groups[0]), text)) }
		d := s.advance(offer.Deliveries[0], from)
		edit("novo")
		edit(d.Text)
		again := s.settle(d, core.DeliveryPending)
		w.same("text edited back, "+string(from), again.Text, d.Text)

		d = s.advance(again, from)
		edit("alcançado")
		s.settle(d, core.DeliveryPending)
		edit("editado depois")
		again = s.settle(s.advance(s.delivery(d.ID), from), core.DeliveryPending)
		w.same("text edited while pending, "+string(from), again.Text, "editado depois")
		s.settle(again, core.DeliveryCancelled)
	}
}

func catchUpLastWanted(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	for _, from := range comesBack() {
		w.pass(time.Second)
		offer := s.offer("", s.groups...)
		d := s.advance(offer.Deliveries[0], from)
		s.save(withTexts(s.outcome(s.edition(offer), "", s.groups...), "novo", "novo"))
		s.save(s.outcome(s.edition(offer), "", s.groups[1])) // wants the other group only
		again := s.settle(d, core.DeliveryPending)
		w.same("text, "+string(from), again.Text, "novo")
		s.settle(again, core.DeliveryCancelled)
	}
}

func catchUpKeys(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	since := w.now
	for _, from := range comesBack() {
		w.pass(time.Minute)
		// keyed makes of a message an offer to the first group.
		keyed := func(e core.InboxEntry, product, text string) repository.SaveOffer {
			o := s.outcome(e, product+string(from), s.groups[0])
			o.TextKey, o.RepostSince, o.TextSince = text+string(from), since, since
			return o
		}
		repost := func(product, text string) core.Reason {
			w.pass(time.Minute)
			got := s.save(keyed(s.claim(s.accept(s.message())), product, text)).Deliveries[0]
			if got.State == core.DeliveryPending {
				s.settle(got, core.DeliveryCancelled)
			}
			return got.Reason
		}
		offer := s.save(keyed(s.claim(s.accept(s.message())), "old product", "old text"))
		d := s.advance(offer.Deliveries[0], from)
		s.save(keyed(s.edition(offer), "new product", "new text"))
		s.settle(d, core.DeliveryPending)
		w.same("the new product again", repost("new product", "x"), core.ReasonDuplicateProduct)
		w.same("the new text again", repost("x", "new text"), core.ReasonDuplicateText)
		w.same("the old product", repost("old product", "y"), core.Reason(""))
		w.same("the old text", repost("y", "old text"), core.Reason(""))
		s.settle(s.delivery(d.ID), core.DeliveryCancelled)
	}
}

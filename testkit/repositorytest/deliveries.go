package repositorytest

import (
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func deliveryCases() []Case {
	return []Case{
		{"ReadyIsTheOldestPerDestination", readyIsOldest},
		{"ReadyListsSeveralPerDestination", readyListsSeveral},
		{"ReadyKnowsTheMessage", readyKnowsTheMessage},
		{"BeginPermitsOneAttempt", beginPermits},
		{"BeginOfWhatIsNotPendingIsConflict", beginNotPending},
		{"BeginWithAnotherTextIsConflict", beginAnotherText},
		{"BeginWithAnOldFenceIsConflict", beginOldFence},
		{"BeginRaceHasOneWinner", beginRace},
		{"BeginPacesTheLane", beginPaces},
		{"BeginPermitsSeveral", beginSeveral},
		{"BeginSettlesTheAttemptsBefore", beginSettles},
		{"HistoryCountsEveryAttempt", history},
		{"UnprovenAreListed", unproven},
		{"UnprovenFindsByMessageId", unprovenByID},
	}
}

func readyIsOldest(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	at := func(sent time.Time, groups ...core.Destination) []core.Delivery {
		e := s.message()
		e.SentAt = sent
		return s.save(s.outcome(s.claim(s.accept(e)), "", groups...)).Deliveries
	}
	noon := w.now.Add(-time.Hour)
	late := at(noon.Add(time.Minute), s.groups...)
	early := at(noon, s.groups[0]) // accepted later, written earlier
	twin := at(noon, s.groups[0])  // the same instant: by id
	w.same("oldest per destination", s.ready(1, 10), []core.Delivery{early[0], late[1]})
	w.same("limit", s.ready(1, 1), []core.Delivery{early[0]})

	// One that must wait still stands first: its group keeps the order.
	begun := s.begin(early[0])
	back := s.move(begun, core.DeliveryPending)
	back.NotBefore = w.now.Add(time.Hour)
	waiting, err := s.Deliveries().Settle(w.ctx, back)
	w.ok("settle", err)
	w.same("a waiting one keeps its place", s.ready(1, 10), []core.Delivery{waiting, late[1]})
	s.settle(waiting, core.DeliveryCancelled)
	w.same("the next one", s.ready(1, 10), []core.Delivery{twin[0], late[1]})
}

func readyListsSeveral(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	other.offer("", other.groups...)
	sent := w.now.Add(-time.Hour)
	at := func(minute int, groups ...core.Destination) []core.Delivery {
		e := s.message()
		e.SentAt = sent.Add(time.Duration(minute) * time.Minute)
		return s.save(s.outcome(s.claim(s.accept(e)), "", groups...)).Deliveries
	}
	third := at(3, s.groups...)
	second := at(2, s.groups[0])
	first := at(1, s.groups[0])
	s.settle(at(0, s.groups[0])[0], core.DeliveryCancelled)
	twin := at(3, s.groups[1])
	w.same("two each", s.ready(2, 10), []core.Delivery{first[0], second[0], third[1], twin[0]})
	w.same("all", s.ready(10, 10), []core.Delivery{first[0], second[0], third[0], third[1], twin[0]})
	w.same("limit", s.ready(2, 3), []core.Delivery{first[0], second[0], third[1]})
	w.same("none each", len(s.ready(0, 10)), 0)
}

// ready lists the deliveries whose turn it is.
func (s *shop) ready(each, limit int) []core.Delivery {
	s.tb.Helper()
	got, err := s.Deliveries().Ready(s.ctx, each, limit)
	s.ok("ready", err)
	out := make([]core.Delivery, len(got))
	for i, r := range got {
		out[i] = r.Delivery
	}
	return out
}

func readyKnowsTheMessage(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	outcome := func(media *core.Media, group core.Destination) core.Offer {
		o := s.outcome(s.claim(s.accept(s.message())), "", group)
		o.Offer.Media = media
		return s.save(o)
	}
	with, without := outcome(s.message().Media, s.groups[0]), outcome(nil, s.groups[1])
	got, err := s.Deliveries().Ready(w.ctx, 1, 10)
	w.ok("ready", err)
	want := map[core.OfferID]repository.Ready{}
	for _, offer := range []core.Offer{with, without} {
		want[offer.ID] = repository.Ready{Delivery: offer.Deliveries[0], Inbox: offer.InboxID, Source: offer.Source, Media: offer.Media}
	}
	w.same("deliveries that are ready", len(got), 2)
	for _, one := range got {
		w.same("what is known of the message", one, want[one.OfferID])
	}
}

func beginPermits(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.offer("amazon:1", s.groups[0]).Deliveries[0]
	w.pass(time.Second)
	lane := s.take()
	permit := s.permit(lane, d)
	got := s.permitted(permit)
	d.State, d.Attempt, d.ClientID = core.DeliveryDispatching, 1, permit.Attempts[0].ClientID
	d.Deadline, d.DispatchedAt, d.UpdatedAt = permit.Deadline, w.now, got.UpdatedAt
	w.same("delivery", got, d)
	w.same("stored delivery", s.delivery(d.ID), d)
	d.ID = core.DeliveryID(w.id())
	_, err := s.Lane().Begin(w.ctx, s.permit(lane, d))
	w.fails("begin of an unknown id", err, core.ErrConflict)
	_, err = s.Lane().Begin(w.ctx, s.permit(lane))
	w.fails("begin of nothing", err, core.ErrConflict)
}

func beginNotPending(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("amazon:0", s.groups[1]) // keeps the lane due
	for _, state := range core.DeliveryStates() {
		if state == core.DeliveryPending {
			continue
		}
		d := s.inState(state, "", s.groups[0])
		lane := s.take()
		_, err := s.Lane().Begin(w.ctx, s.permit(lane, d))
		w.fails("begin of a delivery that is "+string(state), err, core.ErrConflict)
		w.same("delivery", s.delivery(d.ID), d)
		w.ok("release", s.Lane().Release(w.ctx, lane, w.now))
	}
}

func beginAnotherText(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.offer("amazon:1", s.groups[0]).Deliveries[0]
	permit := s.permit(s.take(), d)
	permit.Attempts[0].Text += " "
	_, err := s.Lane().Begin(w.ctx, permit)
	w.fails("begin with another text", err, core.ErrConflict)
	w.same("delivery", s.delivery(d.ID), d)
}

func beginOldFence(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.offer("amazon:1", s.groups[0]).Deliveries[0]
	old := s.take()
	w.pass(time.Minute)
	current := s.take()
	_, err := s.Lane().Begin(w.ctx, s.permit(old, d))
	w.fails("begin with the old fence", err, core.ErrConflict)
	w.same("delivery", s.delivery(d.ID), d)
	elsewhere := current
	elsewhere.Instance = core.InstanceID(w.id())
	_, err = s.Lane().Begin(w.ctx, s.permit(elsewhere, d))
	w.fails("begin with the lane of another instance", err, core.ErrConflict)
	_, err = s.Lane().Begin(w.ctx, s.permit(current, d))
	w.ok("begin with the current fence", err)
}

func beginRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.offer("amazon:1", s.groups[0]).Deliveries[0]
	permit := s.permit(s.take(), d)
	w.oneWinner("begin", together(30, func(int) error {
		_, err := s.Lane().Begin(w.ctx, permit)
		return err
	}), core.ErrConflict)
	w.same("attempt", s.delivery(d.ID).Attempt, 1)
}

func beginPaces(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	offer := s.offer("amazon:1", s.groups...)
	lane := s.take()
	permit := s.permit(lane, offer.Deliveries[0])
	permit.NextSend = w.now.Add(20 * time.Second)
	_, err := s.Lane().Begin(w.ctx, permit)
	w.ok("begin", err)
	stats, err := s.Account().Stats(w.ctx, w.now)
	w.ok("stats", err)
	w.same("next send", stats.NextSendAt, permit.NextSend)
	// Nothing shortens the rest: not giving the lane back early, not new work, not a wake-up.
	w.ok("release", s.Lane().Release(w.ctx, lane, w.now))
	w.ok("wake", s.Lane().Wake(w.ctx, w.now))
	s.offer("amazon:2", s.groups[0])
	w.pass(20*time.Second - time.Microsecond)
	_, err = r.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
	w.fails("take a resting lane", err, core.ErrNotFound)
	w.pass(time.Microsecond)
	s.take()
}

func beginSeveral(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	gone := s.inState(core.DeliveryExpired, "amazon:0", s.groups[0])
	all := append(s.offer("amazon:1", s.groups...).Deliveries, s.offer("amazon:2", s.groups[0]).Deliveries...)
	// The same text does not make it the same delivery.
	twin := s.outcome(s.claim(s.accept(s.message())), "amazon:3", s.groups[1])
	twin.Offer.Deliveries[0].Text = all[0].Text
	same := s.save(twin).Deliveries[0]
	lane := s.take()
	edited := all[1]
	edited.Text += " "
	permit := s.permit(lane, all[2], gone, edited, all[0])
	permit.Attempts[3].WithoutMedia = true
	got, err := s.Lane().Begin(w.ctx, permit)
	w.ok("begin", err)
	if len(got) != 2 {
		tb.Fatalf("%d of four may be sent, want 2", len(got))
	}
	for i, want := range []struct {
		of      core.Delivery
		attempt int
	}{{all[2], 0}, {all[0], 3}} {
		d := want.of
		d.State, d.Attempt, d.ClientID = core.DeliveryDispatching, 1, permit.Attempts[want.attempt].ClientID
		d.WithoutMedia = permit.Attempts[want.attempt].WithoutMedia
		d.Deadline, d.DispatchedAt, d.UpdatedAt = permit.Deadline, w.now, got[i].UpdatedAt
		w.same("permitted, in the order of the attempts", got[i], d)
		w.same("stored", s.delivery(d.ID), d)
	}
	w.same("one with another text", s.delivery(all[1].ID), all[1])
	w.same("one that has the same text", s.delivery(same.ID), same)
	w.same("one that was not pending", s.delivery(gone.ID), gone)
	log, err := s.Lane().History(w.ctx, w.now)
	w.ok("history", err)
	w.same("attempts", len(log), 2)
}

func beginSettles(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	all := s.offer("amazon:1", s.groups...).Deliveries
	other := s.offer("amazon:2", s.groups[0]).Deliveries[0]
	first, second := all[0], all[1]
	lane := s.take()
	both, err := s.Lane().Begin(w.ctx, s.permit(lane, first, other))
	w.ok("begin", err)
	begun, also := both[0], s.move(both[1], core.DeliveryAmbiguous)

	last := s.move(begun, core.DeliverySent)
	last.MessageID = "3EB0SENT"
	stale := last
	stale.Attempt++
	permit := s.permit(lane, second)
	permit.Settle = []repository.Settle{also, stale}
	_, err = s.Lane().Begin(w.ctx, permit)
	w.fails("begin after an attempt that is not the current one", err, core.ErrConflict)
	w.same("delivery that was not begun", s.delivery(second.ID), second)

	permit.Settle, permit.Attempts[0].Text = []repository.Settle{last, also}, second.Text+" "
	_, err = s.Lane().Begin(w.ctx, permit)
	w.fails("begin with another text", err, core.ErrConflict)
	w.same("attempt before a refused permission", s.delivery(first.ID), begun)
	w.same("the other one", s.delivery(other.ID), both[1])

	permit.Attempts[0].Text = second.Text
	got := s.permitted(permit)
	w.same("state", got.State, core.DeliveryDispatching)
	w.same("attempt before", s.delivery(first.ID).State, core.DeliverySent)
	w.same("its message", s.delivery(first.ID).MessageID, last.MessageID)
	w.same("the other one", s.delivery(other.ID).State, core.DeliveryAmbiguous)
	w.same("its message", s.delivery(other.ID).MessageID, other.MessageID)
}

func history(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	start := w.now
	offer := s.offer("amazon:1", s.groups...)
	first := s.begin(offer.Deliveries[0])
	s.settle(first, core.DeliveryPending)
	w.pass(time.Second)
	s.settle(s.begin(offer.Deliveries[1]), core.DeliverySent)
	w.pass(time.Second)
	s.begin(s.delivery(first.ID))
	want := []core.Dispatch{
		{Destination: s.groups[0].ID, At: start},
		{Destination: s.groups[1].ID, At: start.Add(time.Second)},
		{Destination: s.groups[0].ID, At: start.Add(2 * time.Second)},
	}
	got, err := s.Lane().History(w.ctx, start)
	w.ok("history", err)
	w.same("attempts, oldest first", got, want)
	got, err = s.Lane().History(w.ctx, start.Add(time.Microsecond))
	w.ok("history", err)
	w.same("attempts since", got, want[1:])
}

func unproven(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	var want []core.Delivery
	for _, state := range core.DeliveryStates() {
		d := s.inState(state, "", s.groups[0])
		s.inState(state, "", s.groups[1])
		switch state {
		case core.DeliveryDispatching, core.DeliveryAmbiguous, core.DeliveryUnconfirmed:
			want = append(want, d)
		}
		w.pass(time.Second)
	}
	got, err := s.Deliveries().Unproven(w.ctx, s.groups[0].JID, "")
	w.ok("unproven", err)
	w.same("oldest attempt first", got, want)
	got, err = s.Deliveries().Unproven(w.ctx, "404@g.us", "")
	w.ok("unproven", err)
	w.same("of an unknown chat", got, []core.Delivery{})
}

func unprovenByID(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	sent := s.begin(s.offer("", s.groups[0]).Deliveries[0])
	move := s.move(sent, core.DeliverySent)
	move.MessageID = "3EB0REAL"
	sent, err := s.Deliveries().Settle(w.ctx, move)
	w.ok("settle", err)
	w.pass(time.Second)
	unsure := s.inState(core.DeliveryAmbiguous, "", s.groups[0])
	for _, id := range []core.MessageID{"3EB0REAL", "3EB0CLIENT0"} {
		got, err := s.Deliveries().Unproven(w.ctx, s.groups[0].JID, id)
		w.ok("unproven", err)
		w.same("by id "+string(id), got, []core.Delivery{sent, unsure})
	}
	got, err := s.Deliveries().Unproven(w.ctx, s.groups[0].JID, "3EB0OTHER")
	w.ok("unproven", err)
	w.same("by an unknown id", got, []core.Delivery{unsure})
}

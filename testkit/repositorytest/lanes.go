package repositorytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func laneCases() []Case {
	return []Case{
		{"LaneIsTakenOnlyWithWork", laneNeedsWork},
		{"LaneWaitsForNotBefore", laneWaitsForNotBefore},
		{"LeasedLaneIsNotTaken", leasedLane},
		{"RenewedLeaseHolds", renewedLease},
		{"LongestDueLaneIsTakenFirst", longestDue},
		{"TakeLaneRaceHasOneWinner", takeRace},
		{"ReleaseSetsWhenTheLaneIsDue", release},
		{"ReleaseWithAnOldFenceChangesNothing", releaseOldFence},
		{"ConcludeSettlesAndReleases", conclude},
		{"RefusedConcludeKeepsTheLease", concludeRefused},
		{"ConcludeWithAnOldFenceSettles", concludeOldFence},
		{"WakeMakesTheLaneDue", wake},
		{"WakeIsForTheTenantOnly", wakeOne},
		{"WakeDoesNotPutOff", wakeDoesNotPutOff},
		{"WakeDuringALeaseIsNotLost", wakeDuringLease},
		{"SettledToPendingIsTakenWhenDue", settledIsDue},
		{"ThrottledLaneRestsWhateverComes", throttled},
	}
}

// asleep wants no lane to be due.
func (w *world) asleep(what string) {
	w.tb.Helper()
	_, err := w.repo.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
	w.fails(what, err, core.ErrNotFound)
}

func laneNeedsWork(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	w.asleep("no lanes at all")
	s := w.shop()
	w.asleep("a lane without work")
	d := s.offer("", s.groups[0]).Deliveries[0]
	lane := s.take()
	w.same("instance", lane.Instance, s.instance.ID)
	_, err := s.Lane().Begin(w.ctx, s.permit(lane, d))
	w.ok("begin", err)
	w.ok("release", s.Lane().Release(w.ctx, lane, w.now))
	w.pass(time.Hour)
	w.asleep("a lane whose work is on its way")
}

func laneWaitsForNotBefore(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	o := s.outcome(s.claim(s.accept(s.message())), "", s.groups...)
	o.Offer.Deliveries[0].NotBefore = w.now.Add(2 * time.Minute)
	o.Offer.Deliveries[1].NotBefore = w.now.Add(time.Minute)
	s.save(o)
	w.pass(time.Minute - time.Microsecond)
	w.asleep("before the first NotBefore")
	w.pass(time.Microsecond)
	s.take()
}

func leasedLane(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	first := s.take()
	w.pass(time.Minute - time.Microsecond)
	w.asleep("a leased lane")
	w.pass(time.Microsecond)
	second := s.take()
	if second.Fence <= first.Fence {
		tb.Fatalf("fence: got %d after %d, want it raised", second.Fence, first.Fence)
	}
	w.ok("release", s.Lane().Release(w.ctx, second, w.now))
	if third := s.take(); third.Fence <= second.Fence {
		tb.Fatalf("fence after a release: got %d after %d, want it raised", third.Fence, second.Fence)
	}
}

func renewedLease(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	first := s.take()
	w.ok("renew", s.Lane().Renew(w.ctx, first, w.now.Add(2*time.Minute)))
	w.pass(2*time.Minute - time.Microsecond)
	w.asleep("a lane with a renewed lease")
	w.pass(time.Microsecond)
	second := s.take()
	w.fails("renewal with a lost fence", s.Lane().Renew(w.ctx, first, w.now.Add(time.Hour)), core.ErrConflict)
	w.pass(time.Minute)
	if third := s.take(); third.Fence <= second.Fence {
		tb.Fatalf("fence: got %d after %d, want it raised", third.Fence, second.Fence)
	}
}

func longestDue(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	idle, a, b, c := w.shop(), w.shop(), w.shop(), w.shop()
	w.ok("wake", idle.Lane().Wake(w.ctx, w.now.Add(-time.Hour)))
	// Each lane is taken once, so that its due time is set by its release alone.
	for i, s := range []*shop{a, b, c} {
		s.offer("", s.groups[0])
		due := w.now.Add(time.Duration([]int{3, 1, 2}[i]) * time.Minute)
		w.ok("release", s.Lane().Release(w.ctx, s.take(), due))
	}
	w.pass(time.Hour)
	for _, s := range []*shop{b, c, a} {
		s.take()
	}
	w.asleep("all are leased")
}

func takeRace(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	for range 3 {
		s := w.shop()
		s.offer("", s.groups...)
	}
	lanes := make([]core.Lane, 30)
	errs := together(len(lanes), func(i int) (err error) {
		lanes[i], err = r.Queue().TakeLane(w.ctx, w.now, "holder", time.Minute)
		return err
	})
	taken := map[core.TenantID]int{}
	for i, err := range errs {
		if err != nil {
			w.fails("take lane", err, core.ErrNotFound)
			continue
		}
		taken[lanes[i].Tenant]++
	}
	w.same("lanes taken", len(taken), 3)
	for _, n := range taken {
		w.same("holders of one lane", n, 1)
	}
}

func release(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	w.ok("release", s.Lane().Release(w.ctx, s.take(), w.now.Add(time.Second)))
	w.pass(time.Second - time.Microsecond)
	w.asleep("before it is due")
	w.pass(time.Microsecond)
	lane := s.take()
	w.fails("unknown lane", s.Lane().Release(w.ctx, core.Lane{
		Tenant: s.id, Instance: core.InstanceID(w.id()), Fence: lane.Fence,
	}, w.now), core.ErrNotFound)
}

func releaseOldFence(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	old := s.take()
	w.pass(time.Minute)
	s.take()
	w.ok("release with the old fence", s.Lane().Release(w.ctx, old, w.now))
	w.asleep("the lane of the current holder")
}

func conclude(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	all := s.offer("", s.groups...).Deliveries
	lane := s.take()
	begun := s.permitted(s.permit(lane, all[0]))
	move := s.move(begun, core.DeliverySent)
	move.MessageID = "3EB0SENT"
	w.ok("conclude", s.Lane().Conclude(w.ctx, []repository.Settle{move}, lane, w.now.Add(time.Second)))
	w.same("state", s.delivery(begun.ID).State, core.DeliverySent)
	w.same("message", s.delivery(begun.ID).MessageID, move.MessageID)
	w.asleep("before it is due")
	w.pass(time.Second)
	s.take()
}

func concludeRefused(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	all := s.offer("", s.groups...).Deliveries
	s.offer("", s.groups[0]) // keeps the lane due
	lane := s.take()
	both, err := s.Lane().Begin(w.ctx, s.permit(lane, all...))
	w.ok("begin", err)
	begun, other := both[0], both[1]
	stale := s.move(other, core.DeliverySent)
	stale.Attempt++
	err = s.Lane().Conclude(w.ctx, []repository.Settle{s.move(begun, core.DeliverySent), stale}, lane, w.now)
	w.fails("conclude with an attempt that is not the current one", err, core.ErrConflict)
	w.same("its delivery", s.delivery(other.ID), other)
	w.same("the other's", s.delivery(begun.ID), begun)
	w.asleep("a lane whose lease was not given back")
}

func concludeOldFence(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	all := s.offer("", s.groups...).Deliveries
	old := s.take()
	begun := s.permitted(s.permit(old, all[0]))
	w.pass(time.Minute)
	s.take()
	err := s.Lane().Conclude(w.ctx, []repository.Settle{s.move(begun, core.DeliverySent)}, old, w.now)
	w.ok("conclude with the old fence", err)
	w.same("state", s.delivery(begun.ID).State, core.DeliverySent)
	w.asleep("the lane of the current holder")
}

func wake(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	w.ok("release", s.Lane().Release(w.ctx, s.take(), w.now.Add(time.Hour)))
	w.asleep("a resting lane")
	w.ok("wake", s.Lane().Wake(w.ctx, w.now))
	s.take()
}

func wakeOne(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s, other := w.shop(), w.shop()
	s.offer("", s.groups[0])
	w.ok("release", s.Lane().Release(w.ctx, s.take(), w.now.Add(time.Hour)))
	w.ok("wake of another tenant's", other.Lane().Wake(w.ctx, w.now))
	w.asleep("a resting lane")
}

func wakeDoesNotPutOff(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	s.offer("", s.groups[0])
	w.ok("release", s.Lane().Release(w.ctx, s.take(), w.now.Add(time.Second)))
	w.ok("wake", s.Lane().Wake(w.ctx, w.now.Add(time.Hour)))
	w.pass(time.Second)
	s.take()
}

func wakeDuringLease(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.offer("", s.groups[0]).Deliveries[0]
	lane := s.take()
	s.settle(d, core.DeliveryCancelled)
	// The holder finds nothing, new work comes, the holder puts the lane off.
	s.offer("", s.groups[0])
	w.ok("release", s.Lane().Release(w.ctx, lane, w.now.Add(time.Hour)))
	again := s.take()
	w.ok("wake", s.Lane().Wake(w.ctx, w.now))
	w.ok("release", s.Lane().Release(w.ctx, again, w.now.Add(time.Hour)))
	// A wake-up counts once.
	w.ok("release", s.Lane().Release(w.ctx, s.take(), w.now.Add(time.Hour)))
	w.asleep("after a lease in which nobody woke it")
}

func settledIsDue(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	begun := s.begin(s.offer("", s.groups[0]).Deliveries[0])
	w.asleep("nothing pending")
	move := s.move(begun, core.DeliveryPending)
	move.NotBefore = w.now.Add(time.Minute)
	_, err := s.Deliveries().Settle(w.ctx, move)
	w.ok("settle", err)
	w.asleep("before its NotBefore")
	w.pass(time.Minute)
	s.take()
}

func throttled(tb testing.TB, r repository.Repository) {
	w := newWorld(tb, r)
	s := w.shop()
	d := s.begin(s.offer("", s.groups[0]).Deliveries[0])
	move := s.move(d, core.DeliveryPending)
	move.RestUntil = w.now.Add(10 * time.Minute)
	_, err := s.Deliveries().Settle(w.ctx, move)
	w.ok("settle", err)
	w.pass(time.Minute)
	s.offer("amazon:2", s.groups[1])
	w.ok("wake", s.Lane().Wake(w.ctx, w.now))
	w.pass(9*time.Minute - time.Microsecond)
	w.asleep("a lane the provider asked to rest")
	w.pass(time.Microsecond)
	s.take()
}

// take leases this tenant's lane.
func (s *shop) take() core.Lane {
	s.tb.Helper()
	lane, err := s.repo.Queue().TakeLane(s.ctx, s.now, "holder", time.Minute)
	s.ok("take lane", err)
	s.same("tenant of the lane", lane.Tenant, s.id)
	return lane
}

// permit asks for an attempt at each of some deliveries.
func (s *shop) permit(lane core.Lane, all ...core.Delivery) repository.Begin {
	b := repository.Begin{Lane: lane, Now: s.now, Deadline: s.now.Add(time.Minute), NextSend: s.now}
	for i, d := range all {
		b.Attempts = append(b.Attempts, repository.Attempt{ID: d.ID, Text: d.Text, ClientID: core.MessageID(fmt.Sprintf("3EB0CLIENT%d", i))})
	}
	return b
}

// permitted begins one attempt.
func (s *shop) permitted(b repository.Begin) core.Delivery {
	s.tb.Helper()
	begun, err := s.Lane().Begin(s.ctx, b)
	s.ok("begin", err)
	s.same("attempts permitted", len(begun), 1)
	return begun[0]
}

// begin takes the lane, begins one attempt and gives the lane back.
func (s *shop) begin(d core.Delivery) core.Delivery {
	s.tb.Helper()
	lane := s.take()
	begun := s.permitted(s.permit(lane, d))
	s.ok("release", s.Lane().Release(s.ctx, lane, s.now))
	return begun
}

package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

func TestAWaitingMessageHoldsThoseAfterItInItsGroup(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	ready := func(id, group string, wait time.Duration) repository.Ready {
		return repository.Ready{Delivery: core.Delivery{
			ID: core.DeliveryID(id), DestinationID: core.DestinationID(group), NotBefore: now.Add(wait),
		}}
	}
	tenant := &Tenant{e: &Engine{config: Config{WithoutPacing: true}}}
	s := standing{ready: []repository.Ready{
		ready("1", "a", 0), ready("2", "b", time.Second), ready("3", "b", 0), ready("4", "a", 2*time.Second), ready("5", "a", 0), ready("6", "c", 0),
	}}
	turn, _ := tenant.choose(s, now)
	var ids []core.DeliveryID
	for _, r := range turn {
		ids = append(ids, r.ID)
	}
	if want := []core.DeliveryID{"1", "6"}; !slices.Equal(ids, want) {
		t.Errorf("chosen: %v, want %v", ids, want)
	}
	s.ready = s.ready[1:5]
	s.ready = slices.Delete(s.ready, 3, 4)
	if turn, next := tenant.choose(s, now); len(turn) != 0 || !next.Equal(now.Add(time.Second)) {
		t.Errorf("%d chosen, next look %v", len(turn), next.Sub(now))
	}
}

func TestRoundsGetDeeperAsLongAsTheyAreQuick(t *testing.T) {
	for _, c := range []struct {
		each   int
		took   time.Duration
		groups int
		want   int
	}{
		{1, 0, 5, readyBatch / 5},
		{1, 25 * time.Millisecond, 5, 5},
		{5, 125 * time.Millisecond, 5, 5},
		{20, 250 * time.Millisecond, 5, 10},
		{20, time.Minute, 5, 1},
		{1, time.Millisecond, 1000, 1},
		{1, time.Millisecond, 0, readyBatch},
	} {
		if got := deeper(c.each, c.took, c.groups); got != c.want {
			t.Errorf("deeper(%d, %v, %d) = %d, want %d", c.each, c.took, c.groups, got, c.want)
		}
	}
}

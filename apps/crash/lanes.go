package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// deadDispatcher measures how long customers wait after every dispatcher died at once, in
// the middle of their sends, until the next post.
func deadDispatcher(ctx context.Context, s *stage, r *result) error {
	var waits []time.Duration
	for range 3 {
		if err := s.write(80); err != nil {
			return err
		}
		before := len(s.world.Posted())
		if err := until(ctx, "sends are under way", func() (bool, error) { return len(s.world.Posted()) > before+8, nil }); err != nil {
			return err
		}
		victims := s.fleet.with("dispatcher")
		for _, i := range victims {
			s.fleet.kill(i)
		}
		for _, i := range victims {
			if err := s.fleet.start(ctx, i); err != nil {
				return err
			}
		}
		began := time.Now()
		for _, c := range s.customers {
			have := len(s.posted(c.groups[0]))
			if err := until(ctx, "the lane goes on", func() (bool, error) {
				var now stats
				err := c.Call(ctx, http.MethodGet, "/dashboard/stats", nil, &now)
				return len(s.posted(c.groups[0])) > have || now.Deliveries["pending"] == 0, err
			}); err != nil {
				return err
			}
			waits = append(waits, time.Since(began))
		}
	}
	slices.Sort(waits)
	r.Note = fmt.Sprintf("lanes went on after at most %v (leases are 2 s here, 10 s by default)", waits[len(waits)-1].Round(100*time.Millisecond))
	return nil
}

// flood measures how long small customers wait from Ana's post to theirs, alone and beside
// a customer whose group floods. It is calm and flooded by turns, because machines are
// faster at one time than at another.
func flood(ctx context.Context, s *stage, r *result) error {
	const small, turns, floods = 25, 20, 10_000
	for len(s.customers) < small+1 {
		if err := s.newCustomer(ctx, fmt.Sprintf("cliente%d", len(s.customers))); err != nil {
			return err
		}
	}
	big, others := s.customers[0], s.customers[1:]
	var alone, beside []time.Duration
	for range turns {
		_, err := s.waits(ctx, others) // so that neither of the two is the first after a rest
		if err != nil {
			return err
		}
		calm, err := s.waits(ctx, others)
		if err != nil {
			return err
		}
		for range floods / turns {
			if _, err := s.ana.PostText(big.source.JID(), "Entrem no outro grupo: "+invitation); err != nil {
				return err
			}
		}
		flooded, err := s.waits(ctx, others)
		if err := errors.Join(err, s.evolution.WaitIdle(ctx)); err != nil {
			return err
		}
		alone, beside = append(alone, calm...), append(beside, flooded...)
	}
	p95 := func(all []time.Duration) time.Duration {
		slices.Sort(all)
		return all[len(all)*95/100]
	}
	r.Note = fmt.Sprintf("p95 of %d small ones %v alone, %v beside %d messages of a neighbour: ratio %.2f", small,
		p95(alone).Round(time.Millisecond), p95(beside).Round(time.Millisecond), floods, float64(p95(beside))/float64(p95(alone)))
	return nil
}

// waits is how long each customer waits from a post in their source group to its last repost,
// when all get one at the same time.
func (s *stage) waits(ctx context.Context, customers []*customer) ([]time.Duration, error) {
	var waits []time.Duration
	began, missing := map[int]time.Time{}, map[int]int{}
	for _, c := range customers {
		if err := s.writeTo(c); err != nil {
			return nil, err
		}
		began[s.written], missing[s.written] = time.Now(), len(c.groups)
	}
	_, err := s.world.WaitPosted(ctx, func(p fakewhatsapp.Post) bool {
		n := number(p.Text)
		if p.Via == "" || missing[n] == 0 {
			return false
		}
		if missing[n]--; missing[n] == 0 {
			waits = append(waits, p.At.Sub(began[n]))
			delete(missing, n)
		}
		return len(missing) == 0
	})
	return waits, err
}

// humanPace kills dispatchers while customers send at their pace, and looks at the gaps the
// provider saw.
func humanPace(ctx context.Context, s *stage, r *result) error {
	const gap = 5 * time.Second
	for _, c := range s.customers {
		if err := c.Call(ctx, http.MethodPatch, "/users/me/config", map[string]any{
			"gap_min_seconds": 5, "gap_max_seconds": 6, "min_delay_seconds": 30, "max_messages_per_minute": 12,
			"window_start": "00:00", "window_end": "00:00", "warm_up": false,
		}, nil); err != nil {
			return err
		}
	}
	since := s.written
	if err := s.write(2 * len(s.customers)); err != nil {
		return err
	}
	due := 2 * groupsEach * len(s.customers)
	posted := func() (n int) {
		for _, c := range s.customers {
			for _, g := range c.groups {
				n += len(slices.DeleteFunc(s.posted(g), func(p fakewhatsapp.Post) bool { return number(p.Text) <= since }))
			}
		}
		return n
	}
	for range 8 {
		pause(ctx, 4*time.Second)
		victims := s.fleet.with("dispatcher")
		victim := victims[s.random.IntN(len(victims))]
		s.fleet.kill(victim)
		if err := s.fleet.start(ctx, victim); err != nil {
			return err
		}
	}
	if err := until(ctx, "all are posted", func() (bool, error) { return posted() == due, nil }); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil { // the last is posted before that is known here
		return err
	}
	short, gaps, inversions := s.rhythm(gap, since)
	r.Note = fmt.Sprintf("gaps below the minimum %d of %d, order inversions %d", short, gaps, inversions)
	if short+inversions > 0 {
		r.Broken = "the pace was not kept"
	}
	return nil
}

// rhythm counts gaps of sessions that were too short, and messages that overtook others on
// their way to a group.
func (s *stage) rhythm(gap time.Duration, since int) (short, gaps, inversions int) {
	for _, c := range s.customers {
		times := s.meter.times(c.session)
		for i := 1; i < len(times); i++ {
			gaps++
			if times[i].Sub(times[i-1]) < gap-50*time.Millisecond { // of the way to the provider
				short++
			}
		}
		for _, g := range c.groups {
			last := since
			for _, p := range s.posted(g) {
				if n := number(p.Text); n > since {
					if n < last {
						inversions++
					}
					last = n
				}
			}
		}
	}
	return short, gaps, inversions
}

// quietHours has customers whose hours are over, and counts what is sent all the same.
func quietHours(ctx context.Context, s *stage, r *result) error {
	from, to := time.Now().UTC().Add(2*time.Hour), time.Now().UTC().Add(3*time.Hour)
	for _, c := range s.customers {
		if err := c.Call(ctx, http.MethodPatch, "/users/me/config", map[string]any{
			"time_zone": "UTC", "window_start": from.Format("15:04"), "window_end": to.Format("15:04"),
		}, nil); err != nil {
			return err
		}
	}
	before := len(s.world.Posted())
	const messages = 20
	if err := s.write(messages); err != nil {
		return err
	}
	if err := until(ctx, "all wait", func() (bool, error) {
		waiting := 0
		for _, c := range s.customers {
			var now stats
			if err := c.Call(ctx, http.MethodGet, "/dashboard/stats", nil, &now); err != nil {
				return false, err
			}
			waiting += now.Deliveries["pending"]
		}
		return waiting == messages*groupsEach, nil
	}); err != nil {
		return err
	}
	pause(ctx, 3*time.Second) // many looks of every dispatcher
	sent := len(s.world.Posted()) - before - messages
	r.Note = fmt.Sprintf("%d deliveries wait, sends in quiet hours %d", messages*groupsEach, sent)
	if sent > 0 {
		r.Broken = "something was sent in quiet hours"
	}
	return nil
}

// times are when sends of a session reached the provider.
func (m *meter) times(session string) []time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.at[session])
}

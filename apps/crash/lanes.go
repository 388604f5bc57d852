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
// a customer whose group floods.
func flood(ctx context.Context, s *stage, r *result) error {
	const small, each, floods = 25, 10, 10_000
	for len(s.customers) < small+1 {
		if err := s.newCustomer(ctx, fmt.Sprintf("cliente%d", len(s.customers))); err != nil {
			return err
		}
	}
	big, others := s.customers[0], s.customers[1:]
	alone, err := s.latency(ctx, others, each)
	if err != nil {
		return err
	}
	flooding := make(chan error, 1)
	before := big.written
	go func() {
		for range floods {
			if _, err := s.ana.PostText(big.source.JID(), "Bom dia, grupo!"); err != nil {
				flooding <- err
				return
			}
		}
		flooding <- nil
	}()
	beside, err := s.latency(ctx, others, each)
	if err := errors.Join(err, <-flooding); err != nil {
		return err
	}
	big.written = before
	ratio := float64(beside) / float64(alone)
	r.Note = fmt.Sprintf("p95 of %d small ones %v alone, %v beside %d messages of a neighbour: ratio %.2f",
		small, alone.Round(time.Millisecond), beside.Round(time.Millisecond), floods, ratio)
	return s.evolution.WaitIdle(ctx)
}

// latency is the 95th percentile from a post in a source group to its last repost.
func (s *stage) latency(ctx context.Context, customers []*customer, each int) (time.Duration, error) {
	var all []time.Duration
	for range each {
		began, missing := map[int]time.Time{}, map[int]int{}
		for _, c := range customers {
			if err := s.writeTo(c); err != nil {
				return 0, err
			}
			began[s.written], missing[s.written] = time.Now(), len(c.groups)
		}
		if _, err := s.world.WaitPosted(ctx, func(p fakewhatsapp.Post) bool {
			n := number(p.Text)
			if p.Via == "" || missing[n] == 0 {
				return false
			}
			if missing[n]--; missing[n] == 0 {
				all = append(all, p.At.Sub(began[n]))
				delete(missing, n)
			}
			return len(missing) == 0
		}); err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return all[len(all)*95/100], nil
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

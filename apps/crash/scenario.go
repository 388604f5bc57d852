package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

// scenario is one way in which things go wrong.
type scenario struct {
	name string
	// only is the profile it makes sense in, "" for both.
	only string
	// paced says that the rhythm of sends matters.
	paced bool
	// gateway is the way to WhatsApp, "" for Evolution API.
	gateway string
	// idle says that it waits most of its time: it has an act of its own, beside the others.
	idle bool
	// alone says that times are compared, which nothing else must disturb.
	alone bool
	// long ones are left out of the short form.
	long bool
	do   func(ctx context.Context, s *stage, r *result) error
}

func (sc scenario) in(profile string) bool { return sc.only == "" || sc.only == profile }

// The ways to WhatsApp.
const (
	evolutionGateway = "evolution"
	whatsmeowGateway = "whatsmeow"
)

func (sc scenario) through() string {
	if sc.gateway != "" {
		return sc.gateway
	}
	return evolutionGateway
}

func (sc scenario) pacing() string {
	if sc.paced {
		return "safe"
	}
	return "off"
}

// play plays the scenario and judges it.
func (sc scenario) play(ctx context.Context, s *stage) (result, error) {
	since, kills, logged := s.written, s.fleet.kills, s.fleet.logSize()
	began := time.Now()
	s.meter.take()
	var measured result
	if err := sc.do(ctx, s, &measured); err != nil {
		return measured, err
	}
	if err := s.revive(ctx); err != nil {
		return measured, err
	}
	broken := measured.Broken
	if !sc.paced {
		// What never settles is judged all the same: then it is lost. What was held back on
		// the way comes at last, and may settle what was given up.
		err := s.settled(ctx)
		s.evolution.ClearFaults()
		s.evolution.ReleaseWebhooks()
		s.evolution.SetQuirks(fakeevolution.Quirks{})
		if err = errors.Join(err, s.evolution.WaitIdle(ctx), s.settled(ctx)); errors.Is(err, errNever) {
			broken = err.Error()
		} else if err != nil {
			return measured, err
		}
	}
	r, err := s.judge(ctx, since)
	if err != nil {
		return r, err
	}
	if sc.paced {
		r.Lost, r.why = 0, "" // what waits for its time is not lost; the scenario judges itself
	}
	r.Seconds = time.Since(began).Seconds()
	r.Scenario, r.Kills, r.Note = sc.name, s.fleet.kills-kills, measured.Note
	r.Reconciled = s.fleet.reconciled(logged)
	r.Ambiguous = r.Reconciled + r.Unconfirmed
	if broken = cmp.Or(broken, r.why); broken != "" {
		r.Broken = broken
	}
	if sc.gateway == whatsmeowGateway && r.Unconfirmed > 0 {
		r.Broken = "a send with an id of ours ended without a proof"
	}
	return r, nil
}

// revive starts what is dead.
func (s *stage) revive(ctx context.Context) error {
	for i := range s.fleet.running {
		if !s.fleet.dead(i) {
			continue
		}
		if err := s.fleet.start(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// scenarios are all there are, in the order in which they are played.
var scenarios = []scenario{
	{name: "nothing goes wrong", long: true, do: func(_ context.Context, s *stage, _ *result) error { return s.write(400) }},
	{name: "kill points, first time reached", do: killPoints(1)},
	{name: "kill points, second time", do: killPoints(2), long: true},
	{name: "kill points, third time", do: killPoints(3), long: true},
	{name: "kill points, fifth time", do: killPoints(5), long: true},
	{name: "kill points, eighth time", do: killPoints(8), long: true},
	{name: "kill points at errands", do: killAtErrands, idle: true, long: true},
	{name: "a message that kills its worker", do: poison, long: true},
	{name: "anything killed at any time", do: killAnything, long: true},
	{name: "rolling restart under load", do: rollingRestart, long: true},
	{name: "clocks that are wrong", do: wrongClocks, long: true},
	{name: "webhooks repeated and shuffled", do: repeatedWebhooks, long: true},
	{name: "sends that time out or break", do: brokenSends, long: true},
	{name: "echoes lost", do: unproven(fakeevolution.Lose, true)},
	{name: "echoes late, nothing to look up", do: unproven(fakeevolution.Hold, false), long: true},
	{name: "no proof at all", do: unproven(fakeevolution.Lose, false), long: true},
	{name: "whatsmeow, anything killed at any time", gateway: whatsmeowGateway, do: killAnything},
	{name: "whatsmeow, kill points", gateway: whatsmeowGateway, do: killPoints(2), long: true},
	{name: "whatsmeow, rolling restart under load", gateway: whatsmeowGateway, do: rollingRestart, long: true},
	{name: "redis killed", only: distributed, do: redisKilled("yes"), long: true},
	{name: "redis killed without its data", only: distributed, do: redisKilled("no"), long: true},
	{name: "redis flushed", only: distributed, do: redisFlushed},
	{name: "redis away for five seconds", only: distributed, do: redisAway, long: true},
	{name: "postgres killed", only: distributed, do: postgresKilled},
	{name: "lanes of a dead dispatcher", do: deadDispatcher, long: true},
	{name: "a neighbour's flood", do: flood, alone: true, long: true},
	{name: "human pace", paced: true, do: humanPace, long: true},
	{name: "quiet hours", paced: true, do: quietHours, long: true},
}

// journey are the points a message passes, and the role that passes them.
var journey = []struct{ role, point string }{
	{"api", "inbox.accept"}, {"api", "bus.publish"},
	{"worker", "bus.handle"}, {"worker", "inbox.claim"}, {"worker", "offers.save"}, {"worker", "bus.publish"},
	{"dispatcher", "queue.take_lane"}, {"dispatcher", "lane.begin"}, {"dispatcher", "gateway.send"},
	{"dispatcher", "lane.conclude"}, {"dispatcher", "lane.release"},
}

// killPoints has a process of each role die at one of its points after the other, under load,
// while the others take over its work.
func killPoints(nth int) func(context.Context, *stage, *result) error {
	return func(ctx context.Context, s *stage, r *result) error {
		missed := 0
		for _, role := range []string{"api", "worker", "dispatcher"} {
			victims := s.fleet.with(role)
			victim := victims[s.random.IntN(len(victims))]
			s.fleet.end(victim, syscall.SIGKILL)
			for _, at := range journey {
				if at.role != role {
					continue
				}
				for _, when := range []string{"before", "after"} {
					if err := s.fleet.start(ctx, victim, fmt.Sprintf("FAILPOINT=%s.%s@%d", at.point, when, nth)); err != nil {
						return err
					}
					died, err := s.writeUntilDead(ctx, victim, nth)
					if err != nil {
						return err
					}
					if !died {
						missed++
					}
					s.fleet.kill(victim)
				}
			}
			if err := s.fleet.start(ctx, victim); err != nil {
				return err
			}
		}
		if missed > 0 {
			r.Note = fmt.Sprintf("%d points not reached, killed there all the same", missed)
		}
		return nil
	}
}

// writeUntilDead writes enough offers for a point to be reached nth times, and waits for the
// victim to die of them.
func (s *stage) writeUntilDead(ctx context.Context, victim, nth int) (died bool, err error) {
	for range nth + 2 {
		if err := s.write(6); err != nil {
			return false, err
		}
		pause := time.NewTimer(100 * time.Millisecond)
		select {
		case <-s.fleet.running[victim].gone:
			died = true
		case <-pause.C:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		pause.Stop()
	}
	if died {
		return true, nil
	}
	late := time.NewTimer(3 * time.Second)
	defer late.Stop()
	select {
	case <-s.fleet.running[victim].gone:
		return true, nil
	case <-late.C:
		return false, nil
	}
}

// underLoad writes offers steadily while do is at it.
func (s *stage) underLoad(ctx context.Context, messages int, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var err error
	running := true
	for n := 0; n < messages || running; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err = <-done:
			running = false
		case <-tick.C:
			if n < messages {
				n++
				if err := s.write(1); err != nil {
					return err
				}
			}
		}
	}
	return err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func killAnything(ctx context.Context, s *stage, _ *result) error {
	return s.underLoad(ctx, 500, func() error {
		for range 12 {
			pause(ctx, time.Duration(s.random.IntN(600))*time.Millisecond)
			victim := s.random.IntN(len(s.fleet.running))
			s.fleet.kill(victim)
			if err := s.fleet.start(ctx, victim); err != nil {
				return err
			}
		}
		return nil
	})
}

func rollingRestart(ctx context.Context, s *stage, r *result) error {
	var slowest time.Duration
	err := s.underLoad(ctx, 400, func() error {
		for i := range s.fleet.running {
			began := time.Now()
			s.fleet.end(i, syscall.SIGTERM)
			slowest = max(slowest, time.Since(began))
			if err := s.fleet.start(ctx, i); err != nil {
				return err
			}
		}
		return nil
	})
	r.Note = fmt.Sprintf("slowest stop %v", slowest.Round(10*time.Millisecond))
	return err
}

func wrongClocks(ctx context.Context, s *stage, _ *result) error {
	return s.underLoad(ctx, 400, func() error {
		for i := range s.fleet.running {
			s.fleet.kill(i)
			skew := time.Duration(s.random.IntN(8000)-4000) * time.Millisecond
			if err := s.fleet.start(ctx, i, "FAILPOINT_SKEW="+skew.String()); err != nil {
				return err
			}
			pause(ctx, 500*time.Millisecond)
		}
		for i := range s.fleet.running { // and back: a jump
			s.fleet.kill(i)
			if err := s.fleet.start(ctx, i); err != nil {
				return err
			}
		}
		return nil
	})
}

func repeatedWebhooks(_ context.Context, s *stage, _ *result) error {
	for range 300 {
		for range s.random.IntN(4) {
			s.evolution.NextWebhook(fakeevolution.WebhookFault{
				Event: "messages.upsert", Do: []fakeevolution.WebhookAction{fakeevolution.Duplicate, fakeevolution.Swap}[s.random.IntN(2)],
			})
		}
		if err := s.write(1); err != nil {
			return err
		}
	}
	s.evolution.ReleaseWebhooks() // what still waits for its turn
	return nil
}

// brokenSends answers every other send with one of the provider's failures. Those that prove
// nothing have really sent half of the time; those that prove that nothing was sent are few,
// because each makes its group wait.
func brokenSends(_ context.Context, s *stage, _ *result) error {
	for range 200 {
		var f fakeevolution.Fault
		switch s.random.IntN(24) {
		case 0:
			f = fakeevolution.NoSessions()
		case 1:
			f = fakeevolution.DatabaseDown()
		case 2:
			f = fakeevolution.NoKey()
		default:
			f = []func() fakeevolution.Fault{
				fakeevolution.TimedOut, fakeevolution.Reset, fakeevolution.HTMLPage, fakeevolution.BadGateway,
			}[s.random.IntN(4)]()
			if s.random.IntN(2) == 0 {
				f = f.AfterPosting()
			}
		}
		s.evolution.Next(f)
		if err := s.write(1); err != nil {
			return err
		}
	}
	return nil
}

// unproven has sends break off after the message left, so that only proof tells: an echo,
// which is lost or late, and the provider's own store, which may be off.
func unproven(echoes fakeevolution.WebhookAction, stored bool) func(context.Context, *stage, *result) error {
	return func(_ context.Context, s *stage, _ *result) error {
		s.evolution.SetQuirks(fakeevolution.Quirks{NoRows: !stored})
		for _, event := range []string{"send.message", "messages.update"} {
			s.evolution.NextWebhook(fakeevolution.WebhookFault{Do: echoes, Event: event, Times: fakeevolution.Forever})
		}
		for range 60 {
			s.evolution.Next(fakeevolution.Reset().AfterPosting())
			if err := s.write(1); err != nil {
				return err
			}
		}
		return nil
	}
}

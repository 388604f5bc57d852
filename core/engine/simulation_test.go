package engine_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakeevolution"
)

var (
	simulations = flag.Int("simulations", 2, "how many seeds TestSimulation tries")
	simulated   = flag.Int64("simulate", -1, "the one seed TestSimulation tries")
)

// TestSimulation runs replicas of the engine on one database and one simulated WhatsApp, and
// decides from a seed which of them goes on at each commit and each call to the provider,
// which is told that it failed, which stands still and which dies. Time is the simulation's
// own, so an hour passes in a second. What WhatsApp has in the end is the judge.
func TestSimulation(t *testing.T) {
	inTurns(t)
	first, n := int64(0), int64(*simulations)
	if *simulated >= 0 {
		first, n = *simulated, 1
	}
	var total verdict
	for seed := first; seed < first+n; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			v := simulate(t, uint64(seed), trouble)
			total.add(v)
			t.Logf("%d steps, trace %x", v.points, v.trace)
			if t.Failed() {
				t.Logf("again: go test ./core/engine -run '^TestSimulation$' -simulate %d -v", seed)
			}
		})
	}
	t.Logf("seeds %d: %v", n, total)
}

// TestADayAtAHumanPace is one day of a shop's life with the default settings: messages come
// day and night, replicas die and are started anew, sends fail now and then.
func TestADayAtAHumanPace(t *testing.T) {
	inTurns(t)
	v := simulate(t, 1, day)
	t.Log(v)
	if v.gaps < 200 {
		t.Errorf("only %d gaps: the day says little", v.gaps)
	}
}

// inTurns leaves a long simulation out of short runs, such as the race detector's.
func inTurns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: replicas take turns here, so that nothing is there to race")
	}
}

// TestASeedIsReplayed: one seed is one course of events, step by step.
func TestASeedIsReplayed(t *testing.T) {
	inTurns(t)
	plan := trouble
	plan.messages = 3
	var runs [2]verdict
	for i := range runs {
		t.Run(fmt.Sprint(i), func(t *testing.T) { runs[i] = simulate(t, 99, plan) })
	}
	if runs[0].points != runs[1].points || runs[0].trace != runs[1].trace {
		t.Errorf("%d steps, then %d with the same seed", runs[0].points, runs[1].points)
	}
	t.Logf("%d steps, the same twice", runs[0].points)
}

// script is what a simulation goes through.
type script struct {
	tenants, messages int
	every             time.Duration // between two messages, on average
	step              time.Duration // how time passes while nobody does anything
	idlePoll          time.Duration
	settings          func(*core.Settings)
	// Out of a thousand points: how many fail, kill and freeze.
	fail, kill, freeze int
	faults             int // out of a thousand sends
	jumps              bool
}

var trouble = script{
	tenants: 2, messages: 16, every: 20 * time.Second, step: 500 * time.Millisecond, idlePoll: time.Second,
	settings: func(s *core.Settings) {
		s.Window = core.Window{}
		s.Pacing = core.Pacing{MinGap: 5 * time.Second, MaxGap: 8 * time.Second, GroupGap: 30 * time.Second, PerMinute: 12, PerHour: 240, PerDay: 2000}
		s.MaxAge = 12 * time.Hour
	},
	fail: 15, kill: 6, freeze: 6, faults: 300, jumps: true,
}

var day = script{
	tenants: 2, messages: 160, every: 9 * time.Minute, step: 10 * time.Second, idlePoll: time.Minute,
	settings: func(s *core.Settings) { s.Pacing.WarmUp = false },
	kill:     3, faults: 100,
}

// verdict is what became of all that was due.
type verdict struct {
	messages, due, posted, kills, failures, freezes, points           int
	lost, doubled, unconfirmed, expired, untrue, redriven             int
	inFlight, inversions, short, gaps, quiet, ledgerLost, ledgerLooks int
	trace                                                             uint64
	complaints                                                        []string
}

func (v *verdict) add(o verdict) {
	v.messages, v.due, v.posted = v.messages+o.messages, v.due+o.due, v.posted+o.posted
	v.kills, v.failures, v.freezes, v.points = v.kills+o.kills, v.failures+o.failures, v.freezes+o.freezes, v.points+o.points
	v.lost, v.doubled, v.unconfirmed, v.expired, v.untrue = v.lost+o.lost, v.doubled+o.doubled, v.unconfirmed+o.unconfirmed, v.expired+o.expired, v.untrue+o.untrue
	v.redriven += o.redriven
	v.inFlight, v.inversions = max(v.inFlight, o.inFlight), v.inversions+o.inversions
	v.short, v.gaps, v.quiet = v.short+o.short, v.gaps+o.gaps, v.quiet+o.quiet
	v.ledgerLost, v.ledgerLooks = v.ledgerLost+o.ledgerLost, v.ledgerLooks+o.ledgerLooks
}

func (v verdict) String() string {
	return fmt.Sprintf("messages %d, due %d, posted %d, points %d, kills %d, failures %d, freezes %d; lost %d, doubled %d, sent but not posted %d, unconfirmed %d, expired %d, dead and redriven %d; "+
		"max in flight %d, order inversions %d, gaps below the minimum %d of %d, sends in quiet hours %d; ledger lost %d in %d looks",
		v.messages, v.due, v.posted, v.points, v.kills, v.failures, v.freezes, v.lost, v.doubled, v.untrue, v.unconfirmed, v.expired, v.redriven,
		v.inFlight, v.inversions, v.short, v.gaps, v.quiet, v.ledgerLost, v.ledgerLooks)
}

// simulate plays a script and judges.
func simulate(t *testing.T, seed uint64, plan script) (v verdict) {
	cryptotest.SetGlobalRandom(t, seed)
	// One at a time: what is still up to the scheduler, such as who of two that wake up at once
	// is first, then hardly ever differs.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		s := newSimulation(t, seed, plan)
		s.play()
		v = s.judge()
	})
	for _, c := range v.complaints {
		t.Error(c)
	}
	if v.lost+v.doubled+v.untrue+v.inversions+v.short+v.quiet+v.ledgerLost > 0 || v.inFlight > 1 {
		t.Error(v)
	}
	return v
}

// play lets messages come, and everything go wrong, until all is settled.
func (s *simulation) play() {
	s.points.active = true
	for range replicas {
		s.startReplica()
	}
	end := time.Now().Add(s.plan.every * time.Duration(s.plan.messages))
	next := time.Now()
	written := 0
	for turn := 0; ; turn++ {
		if written < s.plan.messages && !time.Now().Before(next) {
			written++
			s.write(written)
			next = time.Now().Add(time.Duration(s.random.Int64N(int64(2 * s.plan.every))))
		}
		if written == s.plan.messages && turn%50 == 0 && s.settled() {
			break
		}
		if time.Since(end) > 48*time.Hour {
			s.t.Fatalf("after two days %v", s.ledger())
		}
		s.turn()
	}
	s.points.active = false
	s.points.release(nil)
	for _, r := range s.living {
		r.end()
	}
}

// turn lets one of those that wait go on, or time pass when there is none.
func (s *simulation) turn() {
	synctest.Wait()
	waiting := s.points.sorted()
	if len(waiting) == 0 || s.chance(s.plan.freeze) {
		if len(waiting) > 0 {
			s.freezes++
			s.pass(time.Duration(s.random.Int64N(int64(time.Minute))))
			return
		}
		s.pass(s.plan.step)
		return
	}
	one := waiting[s.random.IntN(len(waiting))]
	s.passed++
	fmt.Fprintln(s.trace, one.replica.number, one.name)
	switch {
	case s.chance(s.plan.kill):
		s.kills++
		one.replica.kill()
		s.startReplica()
	case s.chance(s.plan.fail):
		s.failures++
		s.points.resume(one, errTripped)
	default:
		s.points.resume(one, nil)
	}
	if s.passed%50 == 0 {
		s.looks++
		s.ledgerLost += s.ledger().Lost
	}
}

// pass lets time pass; the database's clock may jump ahead.
func (s *simulation) pass(d time.Duration) {
	// Not while somebody sends: a lease that a jump has ended is one that others may take.
	if s.plan.jumps && s.chance(2) && s.meter.idle() {
		s.ahead.Add(int64(s.random.IntN(10)) * int64(time.Minute))
	}
	time.Sleep(d)
}

func (s *simulation) chance(ofThousand int) bool { return s.random.IntN(1000) < ofThousand }

// write posts a message in the source group, and arranges for what its webhooks and sends
// will meet.
func (s *simulation) write(n int) {
	if s.plan.jumps {
		fault := fakeevolution.WebhookFault{Instance: s.sessions[s.random.IntN(len(s.sessions))], Times: 1 + s.random.IntN(3)}
		switch s.random.IntN(6) {
		case 0:
			fault.Do = fakeevolution.Duplicate
			s.evolution.NextWebhook(fault)
		case 1:
			fault.Do = fakeevolution.Swap
			s.evolution.NextWebhook(fault)
		}
	}
	if s.chance(s.plan.faults) {
		all := []fakeevolution.Fault{
			fakeevolution.NoSessions(), fakeevolution.DatabaseDown(), fakeevolution.NoGroupMetadata(), fakeevolution.TooManyRequests(time.Minute),
			fakeevolution.TimedOut(), fakeevolution.TimedOut().AfterPosting(), fakeevolution.ConnectionClosed(), fakeevolution.Reset(), fakeevolution.Reset().AfterPosting(),
			fakeevolution.HTMLPage(), fakeevolution.HTMLPage().AfterPosting(), fakeevolution.BadGateway().AfterPosting(), fakeevolution.RowNotStored(),
			fakeevolution.NoKey(), fakeevolution.Hang(), fakeevolution.Hang().AfterPosting(), fakeevolution.Slow(20 * time.Second).On(fakeevolution.OpSend),
		}
		s.evolution.Next(all[s.random.IntN(len(all))])
	}
	if _, err := s.poster.PostText(s.source.JID(), fmt.Sprintf("Oferta %d: Fone Bluetooth https://www.amazon.com.br/dp/B0%08d?tag=outro-20", n, n)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *simulation) ledger() repository.Ledger {
	l, err := s.repo.Queue().Ledger(s.t.Context())
	s.must(err)
	return l
}

// settled says that nothing is on its way any more.
func (s *simulation) settled() bool {
	l := s.ledger()
	if l.Inbox[core.InboxNew]+l.Inbox[core.InboxClaimed]+l.Deliveries[core.DeliveryPending]+
		l.Deliveries[core.DeliveryDispatching]+l.Deliveries[core.DeliveryAmbiguous] > 0 {
		return false
	}
	arrived := 0
	for _, n := range l.Inbox {
		arrived += n
	}
	switch {
	case arrived < s.plan.messages*s.plan.tenants:
		s.evolution.ReleaseWebhooks()
	case l.Inbox[core.InboxDead] > 0:
		s.redrive()
	default:
		return true
	}
	return false
}

// redrive is a person who looks after the dead letters: what was at work whenever a process
// died is set aside in the end.
func (s *simulation) redrive() {
	for _, m := range s.marketers {
		box := s.repo.Tenant(m.id).Inbox()
		dead, err := box.Dead(s.t.Context(), "", 100)
		s.must(err)
		for _, e := range dead {
			s.must(box.Redrive(s.t.Context(), e.ID, s.now()))
			s.redriven++
		}
	}
}

// newRandom is a source of its own for each use, so that one does not shift the others.
func newRandom(seed, use uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, use)) }

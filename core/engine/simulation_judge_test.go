package engine_test

import (
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// judge compares what WhatsApp has with what was due.
func (s *simulation) judge() verdict {
	v := verdict{
		messages: s.plan.messages, kills: s.kills, failures: s.failures, freezes: s.freezes, points: s.passed,
		inFlight: s.meter.most, ledgerLost: s.ledgerLost + s.ledger().Lost, ledgerLooks: s.looks + 1, redriven: s.redriven, trace: s.trace.Sum64(),
	}
	for _, m := range s.marketers {
		s.judgeTenant(m, &v)
	}
	return v
}

func (s *simulation) judgeTenant(m *marketer, v *verdict) {
	ctx := s.t.Context()
	settings, err := m.Get(ctx)
	s.must(err)
	inst := m.instance()
	offers, err := m.Offers(ctx, repository.OfferQuery{Limit: 10 * s.plan.messages})
	s.must(err)
	deliveries := map[int]map[core.JID]core.Delivery{} // by message and group
	for _, o := range offers {
		n := numberIn(o.Text)
		if deliveries[n] != nil {
			v.complain("message %d became two offers", n)
		}
		deliveries[n] = map[core.JID]core.Delivery{}
		for _, d := range o.Deliveries {
			deliveries[n][d.Chat] = d
		}
	}
	groups, err := m.Destinations(ctx)
	s.must(err)
	stats, err := m.Stats(ctx)
	s.must(err)
	stale := stats.SkippedByReason[core.ReasonStale]
	for _, g := range groups {
		posts := map[int]int{}
		posted := s.world.PostedIn(g.JID)
		for _, p := range posted {
			posts[numberIn(p.Text)]++
		}
		missing := 0
		for n := 1; n <= s.plan.messages; n++ {
			v.due++
			d, known := deliveries[n][g.JID]
			v.posted += posts[n]
			switch {
			case posts[n] > 1:
				v.doubled++
				v.complain("%s: message %d is %d times in %s: %s after %d attempts", inst.Name, n, posts[n], g.JID, d.State, d.Attempt)
			case d.State == core.DeliveryUnconfirmed:
				v.unconfirmed++
			case posts[n] == 1 && d.State == core.DeliverySent:
			case d.State == core.DeliveryExpired && posts[n] == 0:
				v.expired++
			case !known && posts[n] == 0:
				missing++
			default:
				v.untrue++
				v.complain("%s: message %d is %d times in %s, the delivery says %s (%s)", inst.Name, n, posts[n], g.JID, d.State, d.Reason)
			}
		}
		// What has no delivery came too late to be one.
		v.expired += min(missing, stale)
		v.lost += missing - min(missing, stale)
		v.inversions += s.overtaken(posted, g.JID, deliveries, v)
	}
	calls := s.meter.calls[inst.Name]
	for i, at := range calls {
		if i > 0 {
			v.gaps++
			if at.Sub(calls[i-1]) < settings.Settings.Pacing.MinGap {
				v.short++
				v.complain("%s: a send %v after the one before", inst.Name, at.Sub(calls[i-1]))
			}
		}
		if w := settings.Settings.Window; w.Start != w.End {
			local := at.In(settings.Settings.Location())
			if minute := local.Hour()*60 + local.Minute(); minute < w.Start || minute >= w.End {
				v.quiet++
				v.complain("%s: a send at %s", inst.Name, local.Format(time.TimeOnly))
			}
		}
	}
}

// overtaken counts messages that went to a group after a newer one whose sender had seen both
// waiting.
func (s *simulation) overtaken(posted []fakewhatsapp.Post, group core.JID, deliveries map[int]map[core.JID]core.Delivery, v *verdict) (n int) {
	for i, later := range posted {
		old := deliveries[numberIn(later.Text)][group]
		for _, earlier := range posted[:i] {
			young := deliveries[numberIn(earlier.Text)][group]
			if old.SourceAt.Before(young.SourceAt) && s.meter.saved[old.OfferID].Before(s.meter.begun[young.ID]) {
				n++
				v.complain("message %d went before %d", numberIn(earlier.Text), numberIn(later.Text))
			}
		}
	}
	return n
}

func numberIn(text string) (n int) {
	_, _ = fmt.Sscanf(text, "Oferta %d:", &n)
	return n
}

func (v *verdict) complain(format string, args ...any) {
	v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
}

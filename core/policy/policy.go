// Package policy decides when a number may send: send windows, caps, gaps, warm-up and
// backoff. Everything is a function of (settings, history, now, randomness), so it gives
// the same answer on every replica and in every test.
//
// The numbers follow reported practice of people who post to groups that asked for offers;
// WhatsApp publishes none. They lower the risk of a ban and remove nothing.
package policy

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// warmUp is the daily cap of a number in its first days, as operators report it: a jump
// from nothing to hundreds a day looks wrong.
var warmUp = []int{20, 30, 45, 70, 100, 140, 200}

// DayStart is the last local midnight before now.
func DayStart(now time.Time, loc *time.Location) time.Time {
	y, m, d := now.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc)
}

// WindowOpens returns now when the window is open, else its next opening. A window whose
// opening does not exist that day (a clock change) opens at the first instant after it.
func WindowOpens(w core.Window, loc *time.Location, now time.Time) time.Time {
	if w.Start == w.End {
		return now
	}
	local := now.In(loc)
	minute := local.Hour()*60 + local.Minute()
	open := minute >= w.Start && minute < w.End
	if w.Start > w.End {
		open = minute >= w.Start || minute < w.End
	}
	if open {
		return now
	}
	y, m, d := local.Date()
	if minute >= w.Start {
		d++
	}
	return time.Date(y, m, d, w.Start/60, w.Start%60, 0, 0, loc)
}

// DailyCap is how many messages the number may send on the local day of now. During the
// warm-up it rises day by day from the day the number was linked.
func DailyCap(p core.Pacing, linkedAt, now time.Time, loc *time.Location) int {
	if !p.WarmUp || linkedAt.IsZero() {
		return p.PerDay
	}
	// Noon avoids that a day of 23 or 25 hours counts as another number of days.
	first := DayStart(linkedAt, loc).Add(12 * time.Hour)
	today := DayStart(now, loc).Add(12 * time.Hour)
	day := int(math.Round(today.Sub(first).Hours() / 24))
	if day < 0 || day >= len(warmUp) {
		return p.PerDay
	}
	return min(p.PerDay, warmUp[day])
}

// Slot returns the earliest time at which the lane may send anything, and what it waits
// for when that is after now. history holds the attempts of at least the last 24 hours,
// oldest first; an unknown outcome counts as sent. The gap between two sends is not judged
// here: it is drawn once per send with [Gap] and stored with it.
func Slot(s core.Settings, linkedAt, now time.Time, history []core.Dispatch) (time.Time, core.Reason) {
	loc := s.Location()
	at, why := now, core.Reason("")
	later := func(t time.Time, r core.Reason) {
		if t.After(at) {
			at, why = t, r
		}
	}
	later(WindowOpens(s.Window, loc, now), core.ReasonWaitingWindow)
	capped := func(limit int, span time.Duration) {
		if n := len(history); limit > 0 && n >= limit {
			later(history[n-limit].At.Add(span), core.ReasonWaitingCap)
		}
	}
	capped(s.Pacing.PerMinute, time.Minute)
	capped(s.Pacing.PerHour, time.Hour)
	today, sent := DayStart(now, loc), 0
	for _, d := range history {
		if !d.At.Before(today) {
			sent++
		}
	}
	if sent >= DailyCap(s.Pacing, linkedAt, now, loc) {
		later(WindowOpens(s.Window, loc, today.AddDate(0, 0, 1)), core.ReasonWaitingCap)
	}
	return at, why
}

// GroupReady is when the destination may get its next message; the zero time when it has
// had none in history.
func GroupReady(p core.Pacing, destination core.DestinationID, history []core.Dispatch) time.Time {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].Destination == destination {
			return history[i].At.Add(p.GroupGap)
		}
	}
	return time.Time{}
}

// Gap draws the pause after a send: log-normal around the geometric mean of MinGap and
// MaxGap and never outside them, because a fixed interval does not look human.
func Gap(p core.Pacing, r *rand.Rand) time.Duration {
	lo, hi := float64(p.MinGap), float64(p.MaxGap)
	if lo <= 0 || hi <= lo {
		return p.MinGap
	}
	const deviations = 2 // MinGap and MaxGap lie this far from the mean
	z := r.NormFloat64()
	for z < -deviations || z > deviations {
		z = r.NormFloat64()
	}
	return time.Duration(math.Sqrt(lo*hi) * math.Exp(z*math.Log(hi/lo)/(2*deviations)))
}

// Backoff is the pause after the nth failure in a row, counted from 1: base, doubled each
// time, at most limit, with up to a fifth added so that many lanes do not return together.
func Backoff(n int, base, limit time.Duration, r *rand.Rand) time.Duration {
	d := limit
	if n = max(n, 1); n < 32 && base<<(n-1) > 0 {
		d = min(base<<(n-1), limit)
	}
	return d + time.Duration(r.Float64()*float64(d)/5)
}

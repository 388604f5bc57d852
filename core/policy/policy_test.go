package policy

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

var saoPaulo = core.DefaultSettings().Location()

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, saoPaulo)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWindowOpens(t *testing.T) {
	day, night := core.Window{Start: 8 * 60, End: 22 * 60}, core.Window{Start: 20 * 60, End: 2 * 60}
	for _, c := range []struct {
		w         core.Window
		now, want string
	}{
		{day, "2026-11-23 08:00:00", "2026-11-23 08:00:00"},
		{day, "2026-11-23 21:59:59", "2026-11-23 21:59:59"},
		{day, "2026-11-23 22:00:00", "2026-11-24 08:00:00"},
		{day, "2026-11-23 07:59:59", "2026-11-23 08:00:00"},
		{day, "2026-12-31 23:00:00", "2027-01-01 08:00:00"},
		{night, "2026-11-23 01:00:00", "2026-11-23 01:00:00"},
		{night, "2026-11-23 02:00:00", "2026-11-23 20:00:00"},
		{night, "2026-11-23 23:00:00", "2026-11-23 23:00:00"},
		{core.Window{Start: 60, End: 60}, "2026-11-23 02:00:00", "2026-11-23 02:00:00"},
	} {
		if got := WindowOpens(c.w, saoPaulo, at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("window %v at %s opens %s, want %s", c.w, c.now, got, c.want)
		}
	}
}

func TestDailyCapWarmsUp(t *testing.T) {
	p := core.DefaultSettings().Pacing
	linked := at("2026-11-20 23:50:00")
	for day, want := range []int{20, 30, 45, 70, 100, 140, 200, 400, 400} {
		if got := DailyCap(p, linked, at("2026-11-20 12:00:00").AddDate(0, 0, day), saoPaulo); got != want {
			t.Errorf("day %d: cap %d, want %d", day, got, want)
		}
	}
	p.WarmUp = false
	if got := DailyCap(p, linked, linked, saoPaulo); got != p.PerDay {
		t.Errorf("without warm-up the cap is %d, want %d", got, p.PerDay)
	}
}

func TestSlotCaps(t *testing.T) {
	s := core.DefaultSettings()
	now := at("2026-11-23 12:00:00")
	var history []core.Dispatch
	for _, ago := range []time.Duration{50 * time.Second, 40 * time.Second, 30 * time.Second} {
		history = append(history, core.Dispatch{Destination: "a", At: now.Add(-ago)})
	}
	got, why := Slot(s, time.Time{}, now, history)
	if want := now.Add(10 * time.Second); !got.Equal(want) || why != core.ReasonWaitingCap {
		t.Errorf("three in the last minute: slot %s (%s), want %s", got, why, want)
	}
	history = nil
	for i := range s.Pacing.PerDay {
		history = append(history, core.Dispatch{At: now.Add(-time.Duration(s.Pacing.PerDay-i) * 70 * time.Second)})
	}
	if got, _ = Slot(s, time.Time{}, now, history); !got.Equal(at("2026-11-24 08:00:00")) {
		t.Errorf("after the daily cap the slot is %s, want the next morning", got)
	}
	if got, why = Slot(s, time.Time{}, now, nil); !got.Equal(now) || why != "" {
		t.Errorf("an idle lane waits until %s for %q", got, why)
	}
}

func TestGroupReady(t *testing.T) {
	p := core.DefaultSettings().Pacing
	now := at("2026-11-23 12:00:00")
	history := []core.Dispatch{{Destination: "a", At: now}, {Destination: "b", At: now.Add(time.Second)}}
	if got := GroupReady(p, "a", history); !got.Equal(now.Add(p.GroupGap)) {
		t.Errorf("group a is ready at %s", got)
	}
	if got := GroupReady(p, "c", history); !got.IsZero() {
		t.Errorf("a group without messages is ready at %s", got)
	}
}

func TestGapStaysInsideAndVaries(t *testing.T) {
	p := core.DefaultSettings().Pacing
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[time.Duration]bool{}
	for range 10_000 {
		g := Gap(p, r)
		if g < p.MinGap || g > p.MaxGap {
			t.Fatalf("gap %s is outside %s–%s", g, p.MinGap, p.MaxGap)
		}
		seen[g] = true
	}
	if len(seen) < 9_000 {
		t.Errorf("only %d different gaps in 10,000 draws", len(seen))
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n, want := range map[int]time.Duration{0: 1, 1: 1, 2: 2, 3: 4, 5: 10, 40: 10, 400: 10} {
		got := Backoff(n, time.Second, 10*time.Second, r)
		if got < want*time.Second || got > want*time.Second*6/5 {
			t.Errorf("failure %d: backoff %s, want about %ds", n, got, want)
		}
	}
}

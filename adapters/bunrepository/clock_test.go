package bunrepository

import (
	"testing"
	"time"
)

// between checks that the clock shows this machine's time plus ahead.
func between(t *testing.T, what string, c *clock, ahead time.Duration) {
	t.Helper()
	before := c.local().Add(ahead).Truncate(time.Microsecond)
	now := c.now()
	if after := c.local().Add(ahead); now.Before(before) || now.After(after) {
		t.Errorf("%s: %v is not between %v and %v", what, now, before, after)
	}
	if now.Location() != time.UTC {
		t.Errorf("%s: %v is not UTC", what, now)
	}
}

func TestClockIsTheServers(t *testing.T) {
	c := newClock()
	between(t, "before the first look", c, 0)
	sent := c.local()
	c.observe(sent.Add(time.Hour), sent, sent)
	between(t, "an hour ahead", c, time.Hour)
	// The answer was made half way through its way.
	c.observe(sent.Add(2*time.Hour).Add(time.Second), sent, sent.Add(2*time.Second))
	between(t, "two hours ahead", c, 2*time.Hour)
}

func TestClockNeverGoesBack(t *testing.T) {
	c := newClock()
	sent := c.local()
	c.observe(sent.Add(time.Hour), sent, sent)
	ahead := c.now()
	c.observe(sent.Add(-time.Hour), sent, sent)
	if now := c.now(); !now.Equal(ahead) {
		t.Errorf("the server's clock was put back: got %v, want %v until then", now, ahead)
	}
	c.observe(sent.Add(2*time.Hour), sent, sent)
	between(t, "put forward again", c, 2*time.Hour)
}

func TestClockDistrustsSlowAnswers(t *testing.T) {
	c := newClock()
	sent := c.local()
	slow := sent.Add(prompt + time.Microsecond)
	c.observe(sent.Add(time.Hour).Add(slow.Sub(sent)/2), sent, slow)
	between(t, "better than none", c, time.Hour)
	c.observe(sent.Add(3*time.Hour), sent, slow)
	between(t, "worse than an earlier one", c, time.Hour)
	c.observe(sent.Add(2*time.Hour).Add(prompt/2), sent, sent.Add(prompt))
	between(t, "in time", c, 2*time.Hour)
}

// Setting the wall clock must not move ours: it has to count by the monotonic reading, which
// Round takes away.
func TestClockIsMonotonic(t *testing.T) {
	for what, at := range map[string]time.Time{"began": newClock().began, "local": newClock().local()} {
		if at == at.Round(0) {
			t.Errorf("%s has no monotonic reading", what)
		}
	}
}

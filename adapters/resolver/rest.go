package resolver

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// firstRest is how long a host is left alone after it refused a request. Each further
	// refusal doubles that up to maxRest, which is short because anybody can post a link
	// that its host refuses.
	firstRest = 15 * time.Second
	maxRest   = 5 * time.Minute
	// restingHosts is how many hosts are remembered: names cost an attacker nothing.
	restingHosts = 1000
)

// rests remember which hosts want to be left alone.
type rests struct {
	mu    sync.Mutex
	hosts map[string]rest
}

type rest struct {
	until  time.Time
	length time.Duration
}

func newRests() *rests { return &rests{hosts: map[string]rest{}} }

// resting says whether host is to be left alone now.
func (r *rests) resting(host string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.hosts[host].until)
}

// refused starts a rest of host, at least as long as it asked for, within maxRest. It
// returns false when the host is resting already.
func (r *rests) refused(host string, asked time.Duration, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.hosts[host]
	if now.Before(old.until) {
		return false // several requests were under way
	}
	length := firstRest
	if now.Before(old.until.Add(maxRest)) {
		length = max(length, 2*old.length)
	}
	if len(r.hosts) >= restingHosts {
		r.forgetOver(now)
	}
	if len(r.hosts) < restingHosts {
		length = min(max(length, asked), maxRest)
		r.hosts[host] = rest{until: now.Add(length), length: length}
	}
	return true
}

// served ends what is remembered of host, because it answers again.
func (r *rests) served(host string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.hosts[host]; ok && !now.Before(known.until) {
		delete(r.hosts, host)
	}
}

func (r *rests) forgetOver(now time.Time) {
	for host, known := range r.hosts {
		if !now.Before(known.until) {
			delete(r.hosts, host)
		}
	}
}

// refusesUs says whether an answer means the visitor, not the page.
func refusesUs(status int) bool {
	return status == http.StatusForbidden || status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// retryAfter reads the header of that name, seconds or a date; 0 for neither.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

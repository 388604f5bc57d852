package fakeevolution

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// Retry is how webhooks that fail are repeated. The comments name the real defaults.
type Retry struct {
	MaxAttempts int           // 10, the first included
	Initial     time.Duration // 5 s, and no wait is shorter
	Max         time.Duration // 300 s
	Factor      float64       // 2
	Jitter      float64       // 0.2, a share of the wait in either direction; negative for none
	Timeout     time.Duration // 30 s for each attempt; not scaled
}

func (r Retry) withDefaults() Retry {
	if r.MaxAttempts == 0 {
		r.MaxAttempts = 10
	}
	if r.Initial == 0 {
		r.Initial = 5 * time.Second
	}
	if r.Max == 0 {
		r.Max = 300 * time.Second
	}
	if r.Factor == 0 {
		r.Factor = 2
	}
	if r.Jitter == 0 {
		r.Jitter = 0.2
	}
	if r.Timeout == 0 {
		r.Timeout = 30 * time.Second
	}
	return r
}

// wait is the pause after so many failed attempts, with chance in [0,1).
func (r Retry) wait(failed int, chance float64) time.Duration {
	wait := float64(r.Initial)
	for range failed - 1 {
		wait = min(wait*r.Factor, float64(r.Max))
	}
	if r.Jitter > 0 {
		wait *= 1 + r.Jitter*(2*chance-1)
	}
	return time.Duration(max(wait, float64(r.Initial)))
}

// policy is the schedule for the courier; scale shortens the waits.
func (r Retry) policy(scale float64) webhooks.Policy {
	return webhooks.Policy{
		Attempts: r.MaxAttempts, Timeout: r.Timeout,
		Wait: func(failed int, chance float64) time.Duration {
			return time.Duration(float64(r.wait(failed, chance)) * scale)
		},
		Final: func(status int) bool {
			switch status {
			case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
				http.StatusUnprocessableEntity:
				return true
			}
			return false
		},
	}
}

// Delivery is what became of one webhook.
type Delivery = webhooks.Delivery

// Deliveries lists the webhooks since the server was made, in the order their events
// happened. A duplicated webhook is two deliveries.
func (s *Server) Deliveries() []Delivery { return s.courier.Deliveries() }

// WaitIdle returns when everything that happened so far in the world has been told and
// every webhook has ended; held ones and instances that are not open do not count.
func (s *Server) WaitIdle(ctx context.Context) error {
	for {
		s.mu.Lock()
		reading := s.readers()
		s.mu.Unlock()
		for _, r := range reading {
			if err := r.wait(ctx); err != nil {
				return err
			}
		}
		s.mu.Lock()
		unread := 0
		for _, r := range s.readers() {
			unread += r.session.Pending()
		}
		s.mu.Unlock()
		if unread == 0 { // what was read has been handed to the courier
			return s.courier.WaitIdle(ctx)
		}
	}
}

package httpapi

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// attempts bounds log-ins and registrations, in the memory of this process: with n replicas
// behind a balancer a guesser has n times as many tries. Three buckets work together: an
// address has a generous one, an address trying one account a tight one, and an account one
// that a single stranger cannot empty, so that nobody locks an owner out alone.
type attempts struct {
	perAddress *throttle
	perPair    *throttle
	perAccount *throttle
}

// tracked is how many keys each bucket remembers; the one unused longest is forgotten.
const tracked = 10000

func newAttempts(now func() time.Time) *attempts {
	return &attempts{
		perAddress: newThrottle(time.Second, 60, now),
		perPair:    newThrottle(10*time.Second, 10, now),
		perAccount: newThrottle(3*time.Second, 40, now),
	}
}

// register counts one registration from an address.
func (a *attempts) register(address string) error { return refusal(a.perAddress.take(address)) }

// login counts one log-in from an address to an account, existing or not.
func (a *attempts) login(address, account string) error {
	if err := refusal(a.perAddress.take(address)); err != nil {
		return err
	}
	if err := refusal(a.perPair.take(address + " " + account)); err != nil {
		return err
	}
	return refusal(a.perAccount.take(account))
}

func refusal(wait time.Duration) error {
	if wait > 0 {
		return &tooManyAttempts{wait: wait}
	}
	return nil
}

// throttle is a token bucket per key, for the keys used most recently.
type throttle struct {
	every time.Duration
	burst int
	size  int
	now   func() time.Time

	mu     sync.Mutex
	recent *list.List // of *bucket, the latest used first
	byKey  map[string]*list.Element
}

type bucket struct {
	key     string
	limiter *rate.Limiter
}

func newThrottle(every time.Duration, burst int, now func() time.Time) *throttle {
	return &throttle{
		every: every, burst: burst, size: tracked, now: now,
		recent: list.New(), byKey: map[string]*list.Element{},
	}
}

// take uses up one attempt of key and returns 0, or returns how long to wait for the next.
func (t *throttle) take(key string) time.Duration {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	element := t.byKey[key]
	if element == nil {
		element = t.recent.PushFront(&bucket{key: key, limiter: rate.NewLimiter(rate.Every(t.every), t.burst)})
		t.byKey[key] = element
		if t.recent.Len() > t.size {
			oldest := t.recent.Back()
			t.recent.Remove(oldest)
			delete(t.byKey, oldest.Value.(*bucket).key)
		}
	}
	t.recent.MoveToFront(element)
	reservation := element.Value.(*bucket).limiter.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

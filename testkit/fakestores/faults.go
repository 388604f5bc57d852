package fakestores

import (
	"context"
	"net/http"
)

// FaultKind is one way in which a call goes wrong.
type FaultKind string

// The kinds of fault. Each hits calls that are well formed and rightly signed.
const (
	// None answers as it should.
	None FaultKind = ""
	// Down answers status 503 without the API's own words.
	Down FaultKind = "down"
	// Reset cuts the connection without an answer.
	Reset FaultKind = "reset"
	// RateLimited says that there were too many calls.
	RateLimited FaultKind = "rate limited"
	// WrongCredentials says that the caller is not who they say they are.
	WrongCredentials FaultKind = "wrong credentials"
	// PageRefused says that nobody gets a link to this page.
	PageRefused FaultKind = "page refused"
	// Empty reports success and gives no link.
	Empty FaultKind = "empty"
	// Garbage answers status 200 with Text, byte for byte.
	Garbage FaultKind = "garbage"
	// OtherLink reports success with Text for a link.
	OtherLink FaultKind = "other link"
	// OtherTarget gives a good link and says that it was made for Text. Only AliExpress
	// repeats the target in its answer.
	OtherTarget FaultKind = "other target"
	// Redirected answers status 302 to Text.
	Redirected FaultKind = "redirected"
)

// Fault is what goes wrong with a call.
type Fault struct {
	Kind FaultKind
	// Text belongs to the kinds that mention it.
	Text string
	// Until, when set, holds the answer back until it is closed. A caller who leaves before
	// gets none.
	Until <-chan struct{}
}

// Fail makes the next times calls to store go wrong, after those of earlier calls of Fail.
func (s *Stores) Fail(store string, times int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range times {
		s.faults[store] = append(s.faults[store], f)
	}
}

// fault is what goes wrong with c.
func (s *Stores) fault(ctx context.Context, c Call) Fault {
	s.mu.Lock()
	waiting := s.faults[c.Store]
	if len(waiting) > 0 {
		s.faults[c.Store] = waiting[1:]
	}
	s.mu.Unlock()
	switch {
	case len(waiting) > 0:
		return waiting[0]
	case s.options.Decide != nil:
		return s.options.Decide(ctx, c)
	}
	return Fault{}
}

// answer answers call n the way f says.
func (s *Stores) answer(w http.ResponseWriter, r *http.Request, d dialect, n int, c Call, f Fault) {
	if f.Until != nil {
		select {
		case <-f.Until:
		case <-r.Context().Done():
			return
		}
	}
	switch f.Kind {
	case Down:
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
	case Reset:
		panic(http.ErrAbortHandler) // net/http's way to cut a connection
	case RateLimited:
		s.say(w, d.rateLimited)
	case WrongCredentials:
		s.say(w, d.wrongCredentials)
	case PageRefused:
		s.say(w, d.pageRefused)
	case Empty:
		s.say(w, d.empty)
	case Garbage:
		s.say(w, f.Text)
	case OtherLink:
		s.say(w, d.success(c, f.Text))
	case Redirected:
		http.Redirect(w, r, f.Text, http.StatusFound)
	case OtherTarget:
		other := c
		other.Target = f.Text
		s.say(w, d.success(other, d.shortLink(c)))
	default:
		link := d.shortLink(c)
		s.make(n, c, link)
		s.say(w, d.success(c, link))
	}
}

package fakewaha

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// Forever as a fault's Times keeps it until [Server.ClearFaults].
const Forever = webhooks.Forever

// Fault is a misbehaviour of the HTTP API. The functions below make the known ones. A fault
// acts before all checks.
type Fault struct {
	// Op is the route it hits, OpAny for all.
	Op Op
	// Session is the session it hits, "" for all.
	Session string
	// Times is how many calls it hits, one when zero, [Forever] for all.
	Times int
	// Posts says that the work is really done before the answer goes wrong. Untold says that
	// the server itself did not see it succeed: no row, no echo, no acknowledgement.
	Posts, Untold bool
	// Status, Header and Body are the answer.
	Status int
	Header http.Header
	Body   string
	// Hang answers nothing until the client gives up; Reset cuts the connection.
	Hang, Reset bool
}

// On returns the fault aimed at a route.
func (f Fault) On(op Op) Fault { f.Op = op; return f }

// For returns the fault aimed at a session.
func (f Fault) For(session string) Fault { f.Session = session; return f }

// Repeat returns the fault for so many calls, or [Forever].
func (f Fault) Repeat(times int) Fault { f.Times = times; return f }

// AfterPosting returns the fault with the message really posted first.
func (f Fault) AfterPosting() Fault { f.Posts = true; return f }

// Exception is a 500 with what the engine threw, on sends; nothing is posted.
func Exception(message string) Fault {
	body, err := json.Marshal(map[string]any{
		"statusCode": 500, "exception": map[string]any{"message": message, "name": "Error"},
		"request": map[string]any{"method": "POST"},
	})
	if err != nil {
		return Fault{} // text and numbers always marshal
	}
	return Fault{Op: OpSend, Status: http.StatusInternalServerError, Body: string(body), Untold: true}
}

// ServerError is WhatsApp's refusal of a message with a code, as GOWS reports it: 463 for a
// restricted account, 475 for a used-up quota, 429 for too many requests.
func ServerError(code int) Fault {
	return Exception("2 UNKNOWN: server returned error " + strconv.Itoa(code))
}

// RateOverlimit is NOWEB's word for too many requests.
func RateOverlimit() Fault { return Exception("rate-overlimit") }

// TimedOut is no acknowledgement from WhatsApp; the message left.
func TimedOut() Fault {
	f := Exception("2 UNKNOWN: timed out waiting for message send response")
	f.Posts = true
	return f
}

// NoID is a 201 that does not name the message; the message left.
func NoID() Fault { return Fault{Op: OpSend, Status: http.StatusCreated, Body: `{}`, Posts: true} }

// Hang answers nothing until the client gives up, on sends.
func Hang() Fault { return Fault{Op: OpSend, Hang: true} }

// Reset cuts the connection without an answer, on sends.
func Reset() Fault { return Fault{Op: OpSend, Reset: true} }

// BadGateway is a proxy's 502 page, on sends.
func BadGateway() Fault {
	return Fault{
		Op: OpSend, Status: http.StatusBadGateway, Body: "<html><h1>502 Bad Gateway</h1></html>",
		Header: http.Header{"Content-Type": {"text/html"}},
	}
}

// TooManyRequests is a proxy's 429, on sends; retryAfter is in whole seconds, none when zero.
func TooManyRequests(retryAfter time.Duration) Fault {
	f := Fault{Op: OpSend, Status: http.StatusTooManyRequests, Body: `{"message":"Too Many Requests"}`}
	if retryAfter > 0 {
		f.Header = http.Header{"Retry-After": {strconv.Itoa(int(retryAfter / time.Second))}}
	}
	return f
}

// FileGone is the 404 of a media file whose lifetime has ended.
func FileGone() Fault {
	return Fault{Op: OpFile, Status: http.StatusNotFound, Body: `{"error":{"code":404,"key":"FILE_NOT_FOUND","message":"File not found"}}`}
}

// Next queues faults. Each call takes the first fault that fits it.
func (s *Server) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, f)
	}
}

// ClearFaults forgets all queued faults, those of webhooks too.
func (s *Server) ClearFaults() {
	s.courier.ClearFaults()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// NextWebhook queues webhook faults; see [webhooks.Courier.Next].
func (s *Server) NextWebhook(faults ...webhooks.Fault) { s.courier.Next(faults...) }

// ReleaseWebhooks delivers the held and swapped webhooks.
func (s *Server) ReleaseWebhooks() { s.courier.Release() }

func (s *Server) takeFault(op Op, session string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !f.Op.covers(op) || f.Session != "" && f.Session != session {
			continue
		}
		if f.Times > 0 {
			if s.faults[i].Times--; s.faults[i].Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &f
	}
	return nil
}

// misbehave answers one request as a fault says, with status 0 for no answer at all.
func (s *Server) misbehave(q *request, handle handler, f Fault) answer {
	if f.Posts {
		q.untold = f.Untold
		if a := s.answer(q, handle, false); a.status >= 400 {
			return a // wrong in itself
		}
	}
	if f.Hang || f.Reset {
		return answer{}
	}
	return answer{status: f.Status, header: f.Header, raw: []byte(f.Body)}
}

package fakeevolution

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// Forever as a fault's Times keeps it until [Server.ClearFaults].
const Forever = webhooks.Forever

// Fault is a misbehaviour of the HTTP API. The functions below make the known ones; the
// fields can be set freely for others. A fault acts before all checks, so it also hits
// requests that would have failed anyway.
type Fault struct {
	// Op is the route it hits, OpAny for all.
	Op Op
	// Instance is the instance it hits, "" for all.
	Instance string
	// Times is how many calls it hits, one when zero, [Forever] for all.
	Times int
	// Posts says that the work is really done before the answer goes wrong: a send has
	// left. Stored says that Evolution itself saw it succeed, so that the message row,
	// the send.message echo and the acknowledgement exist as well.
	Posts, Stored bool
	// Delay is waited first. A fault that only delays leaves everything else at 0.
	Delay time.Duration
	// Status, Header and Body are the answer.
	Status int
	Header http.Header
	Body   string
	// Hang answers nothing until the client gives up; Reset cuts the connection.
	Hang, Reset bool
}

// On returns the fault aimed at a route.
func (f Fault) On(op Op) Fault { f.Op = op; return f }

// For returns the fault aimed at an instance.
func (f Fault) For(instance string) Fault { f.Instance = instance; return f }

// Repeat returns the fault for so many calls, or [Forever].
func (f Fault) Repeat(times int) Fault { f.Times = times; return f }

// AfterPosting returns the fault with the message really posted first. What Evolution
// itself answers with a failure leaves no trace in its store; what is lost on the way to
// the client does.
func (f Fault) AfterPosting() Fault {
	f.Posts = true
	f.Stored = f.Hang || f.Reset || f.Header.Get("Content-Type") == "text/html"
	return f
}

func sendFault(status int, message string) Fault {
	return Fault{Op: OpSend, Status: status, Body: fmt.Sprintf(
		`{"status":%d,"error":%q,"response":{"message":[%q]}}`, status, http.StatusText(status), message)}
}

// The failure classes of a send. Nothing is sent unless AfterPosting says so.

// NoGroupMetadata is 400 "[object Object]".
func NoGroupMetadata() Fault { return sendFault(400, "[object Object]") }

// ConnectionClosed is 400 "Error: Connection Closed".
func ConnectionClosed() Fault { return sendFault(400, "Error: Connection Closed") }

// TimedOut is 400 "Error: Timed Out", the answer that lies most often.
func TimedOut() Fault { return sendFault(400, "Error: Timed Out") }

// NotAcceptable is 400 "Error: not-acceptable".
func NotAcceptable() Fault { return sendFault(400, "Error: not-acceptable") }

// Forbidden is 400 "Error: forbidden".
func Forbidden() Fault { return sendFault(400, "Error: forbidden") }

// NoSessions is 400 "SessionError: No sessions".
func NoSessions() Fault { return sendFault(400, "SessionError: No sessions") }

// RateOverlimit is 400 "Error: rate-overlimit". On OpFetchAllGroups the real server says
// it with 500; see [GroupsOverlimit].
func RateOverlimit() Fault { return sendFault(400, "Error: rate-overlimit") }

// MediaUnreachable is 500 with the text of a failed media download.
func MediaUnreachable() Fault {
	return sendFault(500, "AxiosError: Request failed with status code 404").On(OpSendMedia)
}

// RowNotStored is 400 with database text: the message left, storing its row failed.
func RowNotStored() Fault {
	return sendFault(400, "PrismaClientValidationError: Invalid `this.prismaRepository.message.create()` invocation").AfterPosting()
}

// DatabaseDown is 500 with database text: it failed before the send.
func DatabaseDown() Fault {
	return sendFault(500, "PrismaClientInitializationError: Invalid `this.prismaRepository.instance.findUnique()` invocation")
}

// NoKey is a 201 that does not say the message's key; the message left.
func NoKey() Fault {
	return Fault{Op: OpSend, Status: 201, Body: `{"status":"PENDING"}`, Posts: true, Stored: true}
}

// The faults of any route; On aims them elsewhere than their default.

// Hang answers nothing until the client gives up, on sends.
func Hang() Fault { return Fault{Op: OpSend, Hang: true} }

// Reset cuts the connection without an answer, on sends.
func Reset() Fault { return Fault{Op: OpSend, Reset: true} }

// BadGateway is a proxy's 502 page, on sends.
func BadGateway() Fault { return htmlFault(502, "<h1>502 Bad Gateway</h1>") }

// HTMLPage is a 200 with a page that is no JSON, on sends.
func HTMLPage() Fault { return htmlFault(200, "<h1>Please sign in</h1>") }

func htmlFault(status int, body string) Fault {
	return Fault{
		Op: OpSend, Status: status, Body: "<html><body>" + body + "</body></html>",
		Header: http.Header{"Content-Type": {"text/html"}},
	}
}

// TooManyRequests is a proxy's 429, on sends; retryAfter is rounded up to seconds, none
// when zero.
func TooManyRequests(retryAfter time.Duration) Fault {
	f := sendFault(429, "Too Many Requests")
	if retryAfter > 0 {
		seconds := int((retryAfter + time.Second - 1) / time.Second)
		f.Header = http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	}
	return f
}

// Unauthorized is 401 on any route, as after the key was changed.
func Unauthorized() Fault {
	return Fault{Status: 401, Body: `{"status":401,"error":"Unauthorized","response":{"message":"Unauthorized"}}`}
}

// LicenseRequired is the 503 of a server of 2.4 or later that was not activated; it stays.
func LicenseRequired() Fault {
	return Fault{Times: Forever, Status: 503, Body: `{"error":"service not activated","code":"LICENSE_REQUIRED",` +
		`"register_url":"https://license.example/register","message":"Activate this server to use the API."}`}
}

// ErrorInOK is the 200 with an error inside, on connect.
func ErrorInOK() Fault {
	return Fault{Op: OpConnect, Status: 200, Body: `{"error":true,"message":"[object Object]"}`}
}

// GroupsOverlimit is the 500 "rate-overlimit" of a group listing.
func GroupsOverlimit() Fault {
	return Fault{Op: OpFetchAllGroups, Status: 500,
		Body: `{"status":500,"error":"Internal Server Error","response":{"message":"rate-overlimit"}}`}
}

// MediaGone is the 400 of media that can no longer be fetched.
func MediaGone() Fault {
	return sendFault(400, "Error: Failed to fetch stream").On(OpGetBase64)
}

// Slow only delays, on any route.
func Slow(d time.Duration) Fault { return Fault{Delay: d} }

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

func (s *Server) takeFault(op Op, instance string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !f.Op.covers(op) || f.Instance != "" && f.Instance != instance {
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

package fakeevolution

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// maxBody is the largest request body, as the real server's default.
const maxBody = 136 << 20

// maxKept is how much of each request body [Server.Calls] keeps.
const maxKept = 64 << 10

// Options shape a [Server]. Only APIKey is required.
type Options struct {
	// APIKey is the global key.
	APIKey string
	// ServerURL is what webhooks say in server_url.
	ServerURL string
	// Version is what GET / says, "2.3.7" when empty.
	Version string
	// HideTokens sends a null apikey in webhooks, as with
	// AUTHENTICATION_EXPOSE_IN_FETCH_INSTANCES=false.
	HideTokens bool
	// QRLimit is how many QR codes a pairing shows before it is refused, 30 when zero.
	QRLimit int
	// Location is the server's local time, whose clock webhooks show with a false Z;
	// three hours west of UTC when nil.
	Location *time.Location
	// Delays are the waits inside the server, all zero by default.
	Delays Delays
	// Retry is the webhook retry schedule; zero fields are the real server's.
	Retry Retry
	// RetryScale multiplies the waits of Retry: 1 is real time, 0.001 when zero.
	RetryScale float64
	// Client posts webhooks and downloads media; one without limits when nil. The timeout
	// of a webhook is Retry.Timeout.
	Client *http.Client
	// Logger tells of calls and webhooks at debug level; nothing is logged when nil.
	Logger *slog.Logger
}

// Delays are the waits inside the server. The comments say what the real one does.
type Delays struct {
	Create  time.Duration // create with a QR code: 5 s
	Connect time.Duration // connect of a closed session: 2 s
	// Delete is how long a deleted instance lingers: around 10 s. See also
	// Quirks.DeletePolls.
	Delete time.Duration
	// Group is spent on each group of a listing: around 100 ms.
	Group time.Duration
}

// Server is a fake Evolution API server. Make it with [New], end it with [Server.Close].
type Server struct {
	world   *fakewhatsapp.World
	opts    Options
	routes  map[string]route
	closed  context.Context
	close   context.CancelFunc
	tasks   sync.WaitGroup
	courier *webhooks.Courier

	mu        sync.Mutex
	instances map[string]*instance
	seq       int
	quirks    map[string]Quirks // by instance, "" for the others
	faults    []Fault
	calls     []Call
	changed   chan struct{} // closed and replaced when anything above changes
}

// Call is one request the server got on a known route.
type Call struct {
	Op       Op
	Instance string
	Body     []byte // its first 64 KiB
	// Status is what was answered, 0 when the answer was a hang or a reset.
	Status int
}

// New makes a server for a world, with no instances.
func New(world *fakewhatsapp.World, opts Options) (*Server, error) {
	if world == nil {
		return nil, errors.New("fakeevolution: world is nil")
	}
	if opts.APIKey == "" {
		return nil, errors.New("fakeevolution: Options.APIKey is empty")
	}
	if opts.RetryScale < 0 {
		return nil, errors.New("fakeevolution: Options.RetryScale is negative")
	}
	opts = opts.withDefaults()
	s := &Server{
		world: world, opts: opts,
		instances: map[string]*instance{}, quirks: map[string]Quirks{}, changed: make(chan struct{}),
		courier: webhooks.New(opts.Client, opts.Logger),
	}
	s.routes = s.table()
	s.closed, s.close = context.WithCancel(context.Background())
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Version == "" {
		o.Version = "2.3.7"
	}
	if o.ServerURL == "" {
		o.ServerURL = "http://localhost:8080"
	}
	if o.QRLimit == 0 {
		o.QRLimit = 30
	}
	if o.Location == nil {
		o.Location = time.FixedZone("-03", -3*60*60)
	}
	if o.RetryScale == 0 {
		o.RetryScale = 0.001
	}
	if o.Client == nil {
		o.Client = &http.Client{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Retry = o.Retry.withDefaults()
	return o
}

// Close ends hanging answers and webhook delivery and waits for them. It is harmless to
// close twice; requests after it still work but send no webhooks.
func (s *Server) Close() {
	s.close()
	s.mu.Lock()
	for _, i := range s.instances {
		i.stopListening()
	}
	s.mu.Unlock()
	s.tasks.Wait()
	s.courier.Close()
}

// Calls lists the requests on known routes, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/" {
		s.welcome().write(w)
		return
	}
	rt, name, ok := s.match(r)
	if !ok {
		fail(http.StatusNotFound, []string{"Cannot " + r.Method + " " + r.URL.Path}).write(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		fail(http.StatusRequestEntityTooLarge, "request entity too large").write(w)
		return
	}
	q := &request{Request: r, op: rt.op, name: name, body: body}
	if rt.op == OpCreate {
		q.name = nameIn(body)
	}
	fault := s.takeFault(rt.op, q.name)
	var a answer
	if fault == nil {
		a = s.answer(q, rt)
	} else {
		a = s.misbehave(q, rt, *fault)
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{Op: rt.op, Instance: q.name, Body: body[:min(len(body), maxKept)], Status: a.status})
	s.broadcast()
	s.mu.Unlock()
	s.opts.Logger.Debug("call", "op", rt.op, "instance", q.name, "status", a.status)
	if a.status != 0 {
		a.write(w)
		return
	}
	if fault.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closed.Done():
		}
	}
	panic(http.ErrAbortHandler) // the documented way to cut the connection
}

// misbehave answers one request as a fault says, with status 0 for no answer at all.
func (s *Server) misbehave(q *request, rt route, f Fault) answer {
	s.wait(f.Delay)
	answers := f.Status != 0 || f.Hang || f.Reset
	if f.Posts || !answers {
		q.unstored = answers && !f.Stored
		a := s.answer(q, rt)
		if !answers || a.status >= 400 { // only a delay, or wrong in itself
			return a
		}
	}
	if f.Hang || f.Reset {
		return answer{}
	}
	return answer{status: f.Status, header: f.Header, raw: []byte(f.Body)}
}

// answer runs the guards in the real server's order (instance exists, name free, key) and
// then the route.
func (s *Server) answer(q *request, rt route) answer {
	s.mu.Lock()
	s.settle()
	inst := s.instances[q.name]
	if rt.named && inst == nil {
		s.mu.Unlock()
		return fail(http.StatusNotFound, []string{`The "` + q.name + `" instance does not exist`})
	}
	if rt.op == OpCreate {
		if a, taken := s.nameTaken(q); taken {
			s.mu.Unlock()
			return a
		}
	}
	key := q.Header.Get("apikey")
	ok := key == s.opts.APIKey || rt.named && key == inst.token
	if rt.op == OpFetchInstances && !ok {
		ok = s.tokenKnown(key)
	}
	s.mu.Unlock()
	if !ok {
		return fail(http.StatusUnauthorized, "Unauthorized")
	}
	q.inst, q.key = inst, key
	if a, ok := q.decode(); !ok {
		return a
	}
	return rt.handle(q)
}

// match finds the route and the instance name of a request.
func (s *Server) match(r *http.Request) (route, string, bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	if len(parts) < 2 || len(parts) > 3 {
		return route{}, "", false
	}
	rt, ok := s.routes[r.Method+" "+parts[0]+"/"+parts[1]]
	if !ok || rt.named != (len(parts) == 3) {
		return route{}, "", false
	}
	if !rt.named {
		return rt, "", true
	}
	name, err := url.PathUnescape(parts[2])
	return rt, name, err == nil && name != ""
}

// wait waits, unless the server is closed meanwhile.
func (s *Server) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closed.Done():
	}
}

// broadcast wakes everybody who waits for the server to change; s.mu is held.
func (s *Server) broadcast() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) welcome() answer {
	return answer{status: http.StatusOK, body: map[string]any{
		"status": 200, "message": "Welcome to the Evolution API, it is working!",
		"version": s.opts.Version, "clientName": "evolution_exchange",
		"manager": s.opts.ServerURL + "/manager", "documentation": "https://doc.evolution-api.com",
		"whatsappWebVersion": "2.3000.1023",
	}}
}

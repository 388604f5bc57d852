package fakewaha

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// maxBody is the largest request body; the real server's default is 50 MB.
const maxBody = 50 << 20

// Engine is the library a WAHA server runs its sessions with; each has its own shapes.
type Engine string

// The engines.
const (
	GOWS  Engine = "GOWS"  // whatsmeow
	NOWEB Engine = "NOWEB" // Baileys
	WEBJS Engine = "WEBJS" // WhatsApp Web in a browser
)

// Options shape a [Server]. Only APIKey is required.
type Options struct {
	APIKey string
	// Engine is GOWS when empty.
	Engine Engine
	// Version is what GET /api/version says, "2026.8.1" when empty. Before 2026.4.3, and with
	// WEBJS, ids chosen by the sender are ignored.
	Version string
	// BaseURL begins the media addresses in webhooks, as WAHA_BASE_URL does;
	// "http://localhost:3000" when empty. It need not be where the server listens.
	BaseURL string
	// NoDownload leaves media out of events, as WAHA_EVENTS_DOWNLOAD_MEDIA=False: media.url
	// is null and the media must be asked for.
	NoDownload bool
	// RetryScale multiplies the waits between attempts of a webhook: 1 is real time, 0.001
	// when zero.
	RetryScale float64
	// Client posts webhooks; one without limits when nil.
	Client *http.Client
	// Logger tells of calls and webhooks at debug level; nothing is logged when nil.
	Logger *slog.Logger
}

// Server is a fake WAHA server. Make it with [New], end it with [Server.Close].
type Server struct {
	world   *fakewhatsapp.World
	opts    Options
	courier *webhooks.Courier
	closed  context.Context
	close   context.CancelFunc
	tasks   sync.WaitGroup

	mu       sync.Mutex
	sessions map[string]*session
	faults   []Fault
	calls    []Call
	events   int
}

// Call is one request the server got on a known route.
type Call struct {
	Op      Op
	Session string
	Status  int // 0 when the answer was a hang or a reset
}

// New makes a server for a world, with no sessions.
func New(world *fakewhatsapp.World, opts Options) (*Server, error) {
	if world == nil {
		return nil, errors.New("fakewaha: world is nil")
	}
	if opts.APIKey == "" {
		return nil, errors.New("fakewaha: Options.APIKey is empty")
	}
	if opts.Engine == "" {
		opts.Engine = GOWS
	}
	if !slices.Contains([]Engine{GOWS, NOWEB, WEBJS}, opts.Engine) {
		return nil, errors.New("fakewaha: Options.Engine is unknown")
	}
	if opts.Version == "" {
		opts.Version = "2026.8.1"
	}
	if opts.BaseURL == "" {
		opts.BaseURL = "http://localhost:3000"
	}
	if opts.RetryScale == 0 {
		opts.RetryScale = 0.001
	}
	if opts.Client == nil {
		opts.Client = &http.Client{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		world: world, opts: opts, courier: webhooks.New(opts.Client, opts.Logger), sessions: map[string]*session{},
	}
	s.closed, s.close = context.WithCancel(context.Background())
	return s, nil
}

// Close ends hanging answers and webhook delivery and waits for them.
func (s *Server) Close() {
	s.close()
	s.tasks.Wait()
	s.courier.Close()
}

// Calls lists the requests on known routes, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Deliveries lists the webhooks since the server was made, in the order their events
// happened.
func (s *Server) Deliveries() []webhooks.Delivery { return s.courier.Deliveries() }

// WaitIdle returns when everything that happened so far in the world has been told and
// every webhook has ended; held ones and sessions that do not run do not count.
func (s *Server) WaitIdle(ctx context.Context) error {
	s.mu.Lock()
	var running []*fakewhatsapp.Session
	for _, sn := range s.sessions {
		if sn.link != nil && sn.status == working {
			running = append(running, sn.link)
		}
	}
	s.mu.Unlock()
	for _, link := range running {
		if err := link.WaitDrained(ctx); err != nil {
			return err
		}
	}
	return s.courier.WaitIdle(ctx)
}

// request is a request on a known route that passed the guard.
type request struct {
	*http.Request
	op     Op
	name   string // of the session
	chat   string
	id     string         // of the message or the file
	fields map[string]any // the JSON body
	// untold makes a send leave without a row, an echo and an acknowledgement.
	untold bool
}

func (q *request) text(field string) string {
	v, _ := q.fields[field].(string)
	return v
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, handle := s.match(r)
	if handle == nil {
		httpError(http.StatusNotFound, "Cannot "+r.Method+" "+r.URL.Path).write(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		httpError(http.StatusRequestEntityTooLarge, "request entity too large").write(w)
		return
	}
	wrongBody := len(body) > 0 && json.Unmarshal(body, &q.fields) != nil
	if q.name == "" {
		q.name = cmp.Or(q.text("session"), q.text("name"))
	}
	fault := s.takeFault(q.op, q.name)
	var a answer
	switch {
	case fault != nil:
		a = s.misbehave(q, handle, *fault)
	default:
		a = s.answer(q, handle, wrongBody)
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{Op: q.op, Session: q.name, Status: a.status})
	s.mu.Unlock()
	s.opts.Logger.Debug("call", "op", q.op, "session", q.name, "status", a.status)
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

func (s *Server) answer(q *request, handle handler, wrongBody bool) answer {
	if q.Header.Get("X-Api-Key") != s.opts.APIKey {
		return answer{status: http.StatusUnauthorized, body: map[string]any{"message": "Unauthorized", "statusCode": 401}}
	}
	if wrongBody {
		return httpError(http.StatusBadRequest, "Unexpected token in JSON")
	}
	return handle(q)
}

// answer is what a route answers.
type answer struct {
	status int
	body   any
	raw    []byte // instead of body
	header http.Header
}

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

// httpError is the shape of errors the server means to give.
func httpError(status int, message any) answer {
	return answer{status: status, body: map[string]any{
		"message": message, "error": http.StatusText(status), "statusCode": status,
	}}
}

// exception is the shape of errors the engine threw; the request comes back in it.
func (s *Server) exception(q *request, message string) answer {
	return answer{status: http.StatusInternalServerError, body: map[string]any{
		"statusCode": 500, "timestamp": s.world.Now().UTC().Format(time.RFC3339),
		"exception": map[string]any{"message": message, "name": "Error", "stack": "Error: " + message},
		"request":   map[string]any{"path": q.URL.Path, "method": q.Method, "body": q.fields},
		"version":   map[string]any{"version": s.opts.Version, "engine": s.opts.Engine, "tier": "CORE"},
	}}
}

func (a answer) write(w http.ResponseWriter) {
	body := a.raw
	if body == nil {
		var err error
		if body, err = json.Marshal(a.body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.status)
	// The client may be gone; there is nobody left to tell.
	_, _ = w.Write(body)
}

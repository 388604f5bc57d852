package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	eventStream = "text/event-stream"
	// keepAlive is how long a stream may be silent before a comment shows that it lives:
	// proxies close what is silent for a minute.
	keepAlive = 15 * time.Second
	// streamWrite bounds one write to a listener that reads slowly.
	streamWrite = 10 * time.Second
	// streamsPerTenant bounds what one tenant can hold open here: each looks into the
	// database every second.
	streamsPerTenant = 20
	// oldestResume is how far back a listener who returns is told what they missed.
	oldestResume = time.Hour
)

// eventResponse is one event on the wire; its SSE name is the kind.
type eventResponse struct {
	Kind       string    `json:"kind" enum:"offer,delivery,connection" doc:"What changed; also the name of the event"`
	ID         string    `json:"id" doc:"Of the offer, the delivery or the instance"`
	OfferID    *string   `json:"offer_id" doc:"The offer, or that of the delivery; null for a connection"`
	State      *string   `json:"state" doc:"Of the delivery or the connection; null for an offer"`
	OccurredAt time.Time `json:"occurred_at"`
}

// registerEvents adds the stream of changes, by hand: it does not end.
func (s *server) registerEvents() {
	op := s.describe(operation{
		method: http.MethodGet, path: "/events", id: "events", tag: "dashboard",
		summary: "Follow what changes",
		description: "Server-sent events: offer, delivery and connection, each with the id of what changed; ask for the thing " +
			"itself to learn more. Events are told at least once, within about a second, whichever server made the change. " +
			"A client that reconnects with Last-Event-ID is told what it missed within the last hour.",
		errors:  []int{http.StatusTooManyRequests},
		content: map[string]*huma.MediaType{eventStream: {Schema: s.schema(eventResponse{})}},
	}, false)
	s.api.OpenAPI().AddOperation(&op)
	s.router.GET(apiPrefix+"/events", func(c *gin.Context) {
		credential := c.Request.Header["Authorization"]
		who, err := s.identifyProgram(c.Request.Context(), credential, true)
		if err != nil {
			s.refuse(c, err)
			return
		}
		c.Set(tenantKey, string(who.account.ID))
		valid := func(ctx context.Context) error {
			_, err := s.identifyProgram(ctx, credential, true)
			return err
		}
		if err := s.stream(c, who.account.ID, valid); err != nil {
			s.refuse(c, err)
		}
	})
}

// streamEvents is the same for the console.
func (v *visit) streamEvents() error {
	return v.stream(v.Context, v.view.Account.ID, func(ctx context.Context) error {
		_, err := v.identify(ctx, consoleToken, v.sessionOf(v.Context))
		return err
	})
}

// streams counts the open streams of each tenant.
func (s *server) enterStream(id core.TenantID) (leave func(), ok bool) {
	s.streamsMu.Lock()
	defer s.streamsMu.Unlock()
	if s.streams[id] >= streamsPerTenant {
		return nil, false
	}
	s.streams[id]++
	return func() {
		s.streamsMu.Lock()
		defer s.streamsMu.Unlock()
		if s.streams[id]--; s.streams[id] == 0 {
			delete(s.streams, id)
		}
	}, true
}

var errStreamEnds = errors.New("the stream ends")

// stream tells a tenant's changes until the client leaves, the server stops or the session
// ends, which valid is asked about now and then. Its error comes before the first byte.
func (s *server) stream(c *gin.Context, id core.TenantID, valid func(context.Context) error) error {
	leave, ok := s.enterStream(id)
	if !ok {
		return &tooManyAttempts{wait: keepAlive}
	}
	defer leave()
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	if stopping := s.options.Stopping; stopping != nil {
		defer context.AfterFunc(stopping, cancel)()
	}
	control := http.NewResponseController(c.Writer)
	h := c.Writer.Header()
	h.Set("Content-Type", eventStream)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	c.Status(http.StatusOK)
	last := time.Now()
	write := func(text string) error {
		last = time.Now()
		// Not every writer has deadlines; one that has shall not end this stream early.
		_ = control.SetWriteDeadline(last.Add(streamWrite))
		if _, err := c.Writer.WriteString(text); err != nil {
			return errStreamEnds
		}
		if err := control.Flush(); err != nil {
			return errStreamEnds
		}
		return nil
	}
	if err := write("retry: 2000\n\n"); err != nil {
		return nil
	}
	err := s.engine.Tenant(id).Watch(ctx, s.resumeAt(c.GetHeader("Last-Event-ID")), func(changes []repository.Change) error {
		if len(changes) > 0 {
			return write(eventsText(changes))
		}
		if time.Since(last) < keepAlive {
			return nil
		}
		if err := valid(ctx); err != nil {
			return errStreamEnds
		}
		return write(": \n\n")
	})
	if err != nil && !errors.Is(err, errStreamEnds) && ctx.Err() == nil {
		s.log.WarnContext(ctx, "a stream of events broke off", "user_id", string(id), "error", err)
	}
	return nil
}

// resumeAt reads where a listener left off; one that is new, or was away too long, starts
// now.
func (s *server) resumeAt(lastEventID string) time.Time {
	now := s.engine.Now()
	us, err := strconv.ParseInt(lastEventID, 10, 64)
	if at := time.UnixMicro(us); err == nil && !at.Before(now.Add(-oldestResume)) && !at.After(now) {
		return at
	}
	return now
}

// eventsText writes changes as server-sent events. The id is that of the newest one told so
// far, so that whoever resumes with it misses nothing.
func eventsText(changes []repository.Change) string {
	var text []byte
	var newest int64
	for _, c := range changes {
		newest = max(newest, c.At.UnixMicro())
		event := eventResponse{
			Kind: string(c.Kind), ID: c.ID, OfferID: optional(string(c.Offer)), State: optional(c.State), OccurredAt: c.At,
		}
		data, err := json.Marshal(event)
		if err != nil {
			continue // every field can be encoded
		}
		text = fmt.Appendf(text, "id: %d\nevent: %s\ndata: %s\n\n", newest, c.Kind, data)
	}
	return string(text)
}

package fakewaha

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// hook is one webhook of a session.
type hook struct {
	url, key string
	events   []string
	headers  map[string]string
	policy   string
	delay    time.Duration
	attempts int
}

// hooksOf reads config.webhooks, with the real server's defaults.
func hooksOf(config map[string]any) []hook {
	list, _ := config["webhooks"].([]any)
	var hooks []hook
	for _, item := range list {
		o, _ := item.(map[string]any)
		h := hook{headers: map[string]string{}, policy: "constant", delay: 2 * time.Second, attempts: 15}
		h.url, _ = o["url"].(string)
		events, _ := o["events"].([]any)
		for _, e := range events {
			if name, ok := e.(string); ok {
				h.events = append(h.events, name)
			}
		}
		signing, _ := o["hmac"].(map[string]any)
		h.key, _ = signing["key"].(string)
		if retries, ok := o["retries"].(map[string]any); ok {
			if v, ok := retries["policy"].(string); ok {
				h.policy = v
			}
			if v, ok := retries["delaySeconds"].(float64); ok {
				h.delay = time.Duration(v * float64(time.Second))
			}
			if v, ok := retries["attempts"].(float64); ok {
				h.attempts = int(v)
			}
		}
		headers, _ := o["customHeaders"].([]any)
		for _, item := range headers {
			header, _ := item.(map[string]any)
			name, _ := header["name"].(string)
			value, _ := header["value"].(string)
			if name != "" {
				h.headers[name] = value
			}
		}
		if h.url != "" && len(h.events) > 0 {
			hooks = append(hooks, h)
		}
	}
	return hooks
}

// wait is the pause after so many failed attempts.
func (h hook) wait(failed int, chance float64) time.Duration {
	switch h.policy {
	case "linear":
		return h.delay * time.Duration(failed)
	case "exponential":
		jitter := 1 + 0.2*chance
		return time.Duration(float64(h.delay) * math.Pow(2, float64(failed-1)) * jitter)
	}
	return h.delay
}

// emit queues the webhooks of an event; s.mu is held.
func (s *Server) emit(sn *session, event string, id core.MessageID, payload any) {
	for _, h := range sn.hooks {
		if !slices.Contains(h.events, event) && !slices.Contains(h.events, "*") {
			continue
		}
		s.events++
		now := s.world.Now()
		body, err := json.Marshal(map[string]any{
			"id": fmt.Sprintf("evt_%026d", s.events), "timestamp": now.UnixMilli(), "event": event,
			"session": sn.name, "metadata": map[string]any{}, "me": sn.me(), "payload": payload, "engine": s.opts.Engine,
			"environment": map[string]any{"version": s.opts.Version, "engine": s.opts.Engine, "tier": "CORE", "browser": nil},
		})
		if err != nil {
			s.opts.Logger.Error("webhook body", "event", event, "error", err)
			return
		}
		header := http.Header{}
		for k, v := range h.headers {
			header.Set(k, v)
		}
		header.Set("Content-Type", "application/json")
		header.Set("X-Webhook-Request-Id", fmt.Sprintf("req_%026d", s.events))
		header.Set("X-Webhook-Timestamp", strconv.FormatInt(now.UnixMilli(), 10))
		if h.key != "" {
			mac := hmac.New(sha512.New, []byte(h.key))
			mac.Write(body)
			header.Set("X-Webhook-Hmac", hex.EncodeToString(mac.Sum(nil)))
			header.Set("X-Webhook-Hmac-Algorithm", "sha512")
		}
		s.courier.Send(webhooks.Letter{
			Session: sn.name, Event: event, MessageID: id, URL: h.url, Body: body, Header: header,
			Policy: webhooks.Policy{
				Attempts: h.attempts + 1, Timeout: 30 * time.Second,
				Wait: func(failed int, chance float64) time.Duration {
					return time.Duration(float64(h.wait(failed, chance)) * s.opts.RetryScale)
				},
			},
		})
	}
}

// receive tells of one event of the world; s.mu is held.
func (s *Server) receive(sn *session, e fakewhatsapp.Event) {
	switch e.Kind {
	case fakewhatsapp.Posted:
		if e.Post.Content == fakewhatsapp.ContentReaction {
			s.emit(sn, "message.reaction", e.Post.ID, map[string]any{"reaction": map[string]any{"text": e.Post.Text}})
			return
		}
		s.store(sn, e.Post, e.Group)
		mine := e.Post.Author == sn.phone.JID()
		payload := s.wire(sn, e.Post, e.Group, !s.opts.NoDownload)
		if !mine {
			s.emit(sn, "message", e.Post.ID, payload)
		}
		s.emit(sn, "message.any", e.Post.ID, payload)
	case fakewhatsapp.Edited:
		payload := s.wire(sn, e.Post, e.Group, false)
		payload["id"] = s.amendID(sn, e)
		payload["body"], payload["editedMessageId"] = e.Text, e.Post.ID
		s.emit(sn, "message.edited", e.Post.ID, payload)
	case fakewhatsapp.Revoked:
		after := s.wire(sn, e.Post, e.Group, false)
		after["id"], after["body"], after["hasMedia"], after["media"] = s.amendID(sn, e), nil, false, nil
		s.emit(sn, "message.revoked", e.Post.ID, map[string]any{
			"after": after, "before": nil, "revokedMessageId": e.Post.ID,
		})
	case fakewhatsapp.Joined:
		s.emit(sn, "group.v2.join", "", map[string]any{"timestamp": e.At.Unix(), "group": groupV2(e.Group)})
	case fakewhatsapp.GroupChanged:
		s.emit(sn, "group.v2.update", "", map[string]any{"timestamp": e.At.Unix(), "group": map[string]any{
			"id": e.Group.JID, "subject": e.Group.Subject, "membersCanSendMessages": !e.Group.Announce,
		}})
	case fakewhatsapp.MembersChanged:
		kind := map[fakewhatsapp.Action]string{fakewhatsapp.Added: "join", fakewhatsapp.Removed: "leave"}[e.Action]
		if kind == "" {
			kind = string(e.Action)
		}
		people := []any{}
		for _, p := range e.Phones {
			people = append(people, map[string]any{"id": address(e.Group, p), "role": "participant"})
		}
		s.emit(sn, "group.v2.participants", "", map[string]any{
			"type": kind, "timestamp": e.At.Unix(), "group": map[string]any{"id": e.Group.JID}, "participants": people,
		})
	}
}

// amendID is the id of an edit or a revoke, which is a message itself except in WEBJS.
func (s *Server) amendID(sn *session, e fakewhatsapp.Event) string {
	p := e.Post
	if s.opts.Engine != WEBJS {
		p.ID = core.MessageID("3EB0" + strings.ToUpper(randomHex(9)))
	}
	return s.serialized(sn, p, e.Group)
}

func groupV2(g fakewhatsapp.GroupInfo) map[string]any {
	people := []any{}
	for _, m := range g.Members {
		role := "participant"
		switch {
		case m.Owner:
			role = "superadmin"
		case m.Admin:
			role = "admin"
		}
		people = append(people, map[string]any{"id": address(g, m.Phone), "role": role})
	}
	return map[string]any{
		"id": g.JID, "subject": g.Subject, "membersCanSendMessages": !g.Announce, "participants": people,
	}
}

package fakeevolution

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/webhooks"
)

// subscribable are the names of events a webhook can ask for. GROUPS_UPDATE is not among
// them, which is why groups.update is never delivered.
var subscribable = strings.Fields(`APPLICATION_STARTUP QRCODE_UPDATED MESSAGES_SET MESSAGES_UPSERT
	MESSAGES_EDITED MESSAGES_UPDATE MESSAGES_DELETE SEND_MESSAGE SEND_MESSAGE_UPDATE CONTACTS_SET
	CONTACTS_UPSERT CONTACTS_UPDATE PRESENCE_UPDATE CHATS_SET CHATS_UPSERT CHATS_UPDATE CHATS_DELETE
	GROUPS_UPSERT GROUP_UPDATE GROUP_PARTICIPANTS_UPDATE CONNECTION_UPDATE LABELS_EDIT
	LABELS_ASSOCIATION CALL TYPEBOT_START TYPEBOT_CHANGE_STATUS REMOVE_INSTANCE LOGOUT_INSTANCE
	INSTANCE_CREATE INSTANCE_DELETE STATUS_INSTANCE`)

// webhook is where an instance's events go.
type webhook struct {
	id, url          string
	headers          map[string]string
	enabled          bool
	events           []string
	byEvents, base64 bool
	created, updated time.Time
}

// newWebhook reads a configuration with the real server's checks. The answer says what is
// wrong when ok is false.
func newWebhook(config map[string]any, i *instance, now time.Time) (hook *webhook, wrong answer, ok bool) {
	events, given := config["events"].([]any)
	if !given {
		return nil, fail(http.StatusInternalServerError, "Cannot read properties of undefined (reading 'length')"), false
	}
	hook = &webhook{id: newUUID(), headers: map[string]string{}, created: now, updated: now}
	if i.hook != nil {
		hook.id, hook.created = i.hook.id, i.hook.created
	}
	for _, e := range events {
		name, _ := e.(string)
		if !slices.Contains(subscribable, name) {
			return nil, schema("instance.webhook.events is not one of enum values: " + strings.Join(subscribable, ",")), false
		}
		hook.events = append(hook.events, name)
	}
	if len(events) == 0 {
		hook.events = slices.Clone(subscribable)
	}
	hook.url, _ = config["url"].(string)
	hook.enabled, _ = config["enabled"].(bool)
	hook.byEvents, _ = config["byEvents"].(bool)
	hook.base64, _ = config["base64"].(bool)
	headers, _ := config["headers"].(map[string]any)
	for k, v := range headers {
		if text, ok := v.(string); ok {
			hook.headers[k] = text
		}
	}
	if !hook.enabled {
		hook.events = []string{}
	}
	return hook, answer{}, true
}

// summary is the webhook in the answer of create.
func (h *webhook) summary() map[string]any {
	if h == nil {
		return map[string]any{}
	}
	return map[string]any{
		"webhookUrl": h.url, "webhookHeaders": h.headers,
		"webhookByEvents": h.byEvents, "webhookBase64": h.base64,
	}
}

func (h *webhook) row(instanceID string) map[string]any {
	return map[string]any{
		"id": h.id, "url": h.url, "headers": h.headers, "enabled": h.enabled, "events": h.events,
		"webhookByEvents": h.byEvents, "webhookBase64": h.base64,
		"createdAt": stamp(h.created), "updatedAt": stamp(h.updated), "instanceId": instanceID,
	}
}

func (s *Server) setWebhook(q *request) answer {
	config, given := q.fields["webhook"].(map[string]any)
	if !given {
		return schema(`instance requires property "webhook"`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	hook, wrong, valid := newWebhook(config, q.inst, s.world.Now())
	if !valid {
		return wrong
	}
	if !q.inst.erased {
		q.inst.hook = hook
	}
	return created(hook.row(q.inst.id))
}

func (s *Server) findWebhook(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.inst.hook == nil {
		return ok(nil)
	}
	return ok(q.inst.hook.row(q.inst.id))
}

// envelope is the body of a webhook.
type envelope struct {
	Event       string   `json:"event"`
	Instance    string   `json:"instance"`
	Data        any      `json:"data"`
	Destination string   `json:"destination"`
	DateTime    string   `json:"date_time"`
	Sender      core.JID `json:"sender,omitempty"`
	ServerURL   string   `json:"server_url"`
	APIKey      *string  `json:"apikey"`
}

func (s *Server) emit(i *instance, event string, data any) { s.emitFor(i, event, "", data) }

// emitFor queues the webhook of an event, when the instance has one that wants it. The
// body and the headers are fixed now; retries repeat them. s.mu is held.
func (s *Server) emitFor(i *instance, event string, id core.MessageID, data any) {
	s.settle()
	h := i.hook
	name := strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(event))
	if h == nil || !h.enabled || !slices.Contains(h.events, name) || s.closed.Err() != nil {
		return
	}
	target := h.url
	if h.byEvents {
		target = strings.TrimSuffix(target, "/") + "/" + strings.NewReplacer(".", "-", "_", "-").Replace(event)
	}
	if u, err := url.Parse(target); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return // accepted when it was set, never posted to
	}
	now := s.world.Now()
	e := envelope{
		Event: event, Instance: i.name, Data: data, Destination: target, Sender: i.owner, ServerURL: s.opts.ServerURL,
		// Local wall-clock time with a Z it does not deserve.
		DateTime: now.In(s.opts.Location).Format("2006-01-02T15:04:05.000") + "Z",
	}
	if !s.opts.HideTokens {
		e.APIKey = &i.token
	}
	body, err := encode(e)
	if err != nil {
		s.opts.Logger.Error("webhook body", "event", event, "error", err)
		return
	}
	header := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"axios/1.7.9"}}
	for k, v := range h.headers {
		if k == "jwt_key" {
			header.Set("Authorization", "Bearer "+token(v, now))
		} else {
			header.Set(k, v)
		}
	}
	s.courier.Send(webhooks.Letter{
		Session: i.name, Event: event, MessageID: id, URL: target, Body: body, Header: header,
		Unordered: s.quirksOf(i).ConcurrentWebhooks, Policy: s.opts.Retry.policy(s.opts.RetryScale),
	})
}

// token is the JWT the header jwt_key turns into. It lives ten minutes, so that late
// retries carry an expired one.
func token(key string, now time.Time) string {
	claims, err := json.Marshal(map[string]any{
		"iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "app": "evolution", "action": "webhook",
	})
	if err != nil {
		return "" // text and numbers always marshal
	}
	enc := base64.RawURLEncoding
	signed := enc.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(signed))
	return signed + "." + enc.EncodeToString(mac.Sum(nil))
}

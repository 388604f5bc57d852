package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/bus"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Webhook is a provider's request as it came in, before anything about it is believed.
type Webhook struct {
	// Provider is the one the URL names, "" when the URL names none.
	Provider core.Provider
	// Token is the unguessable part of the URL, "" when the URL has none.
	Token string
	// Instance is the session name the X-Instance-Name header claims, "" when absent.
	Instance string
	Request  gateway.Request
}

// doorbell is the payload of TopicIngestion. It carries only ids; the tenant is checked
// again by looking the entry up inside its scope.
type doorbell struct {
	Tenant core.TenantID `json:"user_id"`
	Inbox  core.InboxID  `json:"inbox_id"`
}

// Ingest proves whose webhook this is and stores what it says. It returns nil only after
// everything is durable; the caller answers 2xx then and not before.
//
// CodeUnauthenticated is one and the same for an unknown token, an unknown name and a wrong
// secret. CodeInvalid means that the body can never be understood (ReasonMalformedBody,
// ReasonInvalidField) or speaks of another instance (ReasonInstanceMismatch).
// CodeUnavailable asks the provider to try again.
func (e *Engine) Ingest(ctx context.Context, w Webhook) error {
	t, inst, receiver, err := e.authenticate(ctx, w)
	if err != nil {
		return err
	}
	inbound, err := receiver.Decode(w.Request)
	if err != nil {
		return malformed(err)
	}
	if inbound.Session != "" && inbound.Session != inst.Name {
		t.log().Warn("webhook refused: the body names another instance than the authenticated one")
		return core.InvalidField("instance", core.ReasonInstanceMismatch, "")
	}
	for _, event := range inbound.Events {
		if err := t.take(ctx, inst, event); err != nil {
			return err
		}
	}
	return nil
}

// authenticate finds the tenant a webhook belongs to and has the adapter prove it.
func (e *Engine) authenticate(ctx context.Context, w Webhook) (*Tenant, core.Instance, gateway.WebhookReceiver, error) {
	refused := core.NewError(core.CodeUnauthenticated, core.ReasonWebhookRefused, "")
	fail := func(err error) (*Tenant, core.Instance, gateway.WebhookReceiver, error) {
		if core.CodeOf(err) == core.CodeNotFound {
			err = refused
		}
		return nil, core.Instance{}, nil, err
	}
	t, inst, err := e.addressee(ctx, w)
	if err != nil {
		return fail(err)
	}
	receiver, ok := e.gateways[inst.Provider].(gateway.WebhookReceiver)
	if !ok || inst.WebhookHash == "" || w.Provider != "" && w.Provider != inst.Provider ||
		w.Instance != "" && w.Instance != inst.Name {
		return fail(refused)
	}
	if err := receiver.Authenticate(w.Request, gateway.SessionAuth{Name: inst.Name, Secret: inst.WebhookSecret}); err != nil {
		t.log().Warn("webhook refused", "error", err)
		return fail(refused)
	}
	return t, inst, receiver, nil
}

// addressee finds the tenant a webhook speaks to, and its session.
func (e *Engine) addressee(ctx context.Context, w Webhook) (*Tenant, core.Instance, error) {
	switch {
	case w.Token != "":
		return e.byToken(ctx, hashToken(w.Token))
	case !core.ValidInstanceName(w.Instance):
		return nil, core.Instance{}, core.NewError(core.CodeNotFound, core.ReasonNotFound, "")
	}
	id, err := e.deps.Repository.Directory().TenantByInstanceName(ctx, w.Instance)
	if err != nil {
		return nil, core.Instance{}, err
	}
	t := e.Tenant(id)
	inst, err := t.repo.Instance().Get(ctx)
	return t, inst, err
}

func (e *Engine) byToken(ctx context.Context, hash string) (_ *Tenant, inst core.Instance, err error) {
	id, known := e.owners.of(hash)
	if !known {
		if id, err = e.deps.Repository.Directory().TenantByWebhook(ctx, hash); err != nil {
			return nil, core.Instance{}, err
		}
		e.owners.learn(hash, id)
	}
	t := e.Tenant(id)
	inst, err = t.repo.Instance().Get(ctx)
	if err == nil && inst.WebhookHash == hash {
		return t, inst, nil
	}
	e.owners.forget(hash)
	if known {
		return e.byToken(ctx, hash)
	}
	if err == nil {
		err = core.NewError(core.CodeNotFound, core.ReasonNotFound, "")
	}
	return nil, core.Instance{}, err
}

// owners remembers whose webhook tokens are, so that the hot path asks within one tenant only.
// What it says is checked against the tenant's own instance each time: an old answer costs
// another look-up and nothing else.
type owners struct {
	mu     sync.RWMutex
	byHash map[string]core.TenantID
}

const maxOwners = 100_000 // about 15 MB

func (o *owners) of(hash string) (core.TenantID, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	id, known := o.byHash[hash]
	return id, known
}

func (o *owners) learn(hash string, id core.TenantID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.byHash) >= maxOwners || o.byHash == nil {
		o.byHash = map[string]core.TenantID{} // tokens that are gone leave with the others
	}
	o.byHash[hash] = id
}

func (o *owners) forget(hash string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byHash, hash)
}

// malformed is a body the adapter could not read, without its internals.
func malformed(err error) error {
	var ge *gateway.Error
	if errors.As(err, &ge) && ge.Code == "shape" {
		return core.InvalidField("event", core.ReasonInvalidField, "event")
	}
	return &core.Error{Code: core.CodeInvalid, Reason: core.ReasonMalformedBody, Err: err}
}

// take does what one event asks for.
func (t *Tenant) take(ctx context.Context, inst core.Instance, event gateway.Event) error {
	switch ev := event.(type) {
	case gateway.Message:
		if ev.FromMe {
			// Never a source; but older providers echo our own sends like this.
			return t.prove(ctx, ev.Key.Chat, ev.Key.ID, ev.Text)
		}
		return t.accept(ctx, inst, ev)
	case gateway.Edited:
		if ev.FromMe {
			return nil
		}
		return t.edit(ctx, inst, ev)
	case gateway.Revoked:
		if ev.FromMe {
			return nil
		}
		return t.revoke(ctx, inst, ev)
	case gateway.SendEcho:
		return t.prove(ctx, ev.Chat, ev.ID, ev.Text)
	case gateway.Ack:
		if ev.Level == gateway.AckError {
			t.log().Warn("WhatsApp reported an error for a sent message", "message_id", string(ev.ID))
			return nil
		}
		return t.prove(ctx, ev.Chat, ev.ID, "")
	case gateway.QR:
		_, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
			if speaksFor(*i, inst.Name) {
				i.ShowQRCode(ev.Code, t.e.now())
			}
			return nil
		})
		return err
	case gateway.Connection:
		_, err := t.changeState(ctx, inst.Name, gateway.Status{State: ev.State, Phone: ev.Phone}, ev.Reason)
		return err
	case gateway.Passkey:
		// Only WhatsApp's own pages can answer: the person has to know what is waited for.
		t.log().Warn("WhatsApp wants a passkey before it links this number; another number may link without")
		_, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
			if speaksFor(*i, inst.Name) && i.Status == core.InstanceConnecting {
				i.Reason, i.UpdatedAt = core.ReasonPasskey, t.e.now()
			}
			return nil
		})
		return err
	case gateway.GroupsChanged:
		t.log().Debug("groups changed")
	case gateway.Ignored:
		t.log().Debug("event ignored", "event", ev.What)
	}
	return nil
}

// accept stores a message of an active source and rings the doorbell.
func (t *Tenant) accept(ctx context.Context, inst core.Instance, m gateway.Message) error {
	if m.Text == "" && m.Media == nil {
		// Key distributions and the like carry the id of the content that follows: storing
		// them would make that content a duplicate.
		return nil
	}
	watched, err := t.watched(ctx, m.Key.Chat)
	if err != nil || !watched {
		return err
	}
	entry, err := t.entry(inst, m.Key, m.Text, m.At)
	if err != nil {
		return err
	}
	entry.Media = m.Media
	crowded, err := t.crowded(ctx)
	if err != nil {
		return err
	}
	// Most of what people write in a group sells nothing: that is seen here, before it costs
	// anybody a turn. Where an edit came first it is work all the same, which the sweep finds.
	if reason := cmp.Or(crowded, worthless(entry.Text)); reason != "" {
		entry.State, entry.Reason = core.InboxSkipped, reason
	}
	id, created, err := t.repo.Inbox().Accept(ctx, entry)
	if err != nil || !created || entry.State == core.InboxSkipped {
		return err
	}
	t.ring(ctx, id)
	return nil
}

// edit gives a message its new text; it is processed again, and what has not been sent yet
// changes with it.
func (t *Tenant) edit(ctx context.Context, inst core.Instance, m gateway.Edited) error {
	watched, err := t.watched(ctx, m.Key.Chat)
	if err != nil || !watched {
		return err
	}
	entry, err := t.entry(inst, m.Key, m.Text, m.At)
	if err != nil {
		return err
	}
	id, changed, err := t.repo.Inbox().Edit(ctx, entry)
	if err != nil || !changed {
		return err
	}
	t.ring(ctx, id)
	return nil
}

// revoke takes a message back; what has not been sent yet is cancelled.
func (t *Tenant) revoke(ctx context.Context, inst core.Instance, m gateway.Revoked) error {
	watched, err := t.watched(ctx, m.Key.Chat)
	if err != nil || !watched {
		return err
	}
	entry, err := t.entry(inst, m.Key, "", time.Time{})
	if err != nil {
		return err
	}
	return t.repo.Inbox().Revoke(ctx, entry)
}

// watched says whether a chat is an active source group.
func (t *Tenant) watched(ctx context.Context, chat core.JID) (bool, error) {
	if !chat.IsGroup() {
		return false, nil
	}
	_, err := t.repo.Sources().Active(ctx, chat)
	if core.CodeOf(err) == core.CodeNotFound {
		t.log().Debug("message ignored", "reason", core.ReasonNotSource)
		return false, nil
	}
	return err == nil, err
}

func (t *Tenant) entry(inst core.Instance, key core.MessageKey, text string, at time.Time) (core.InboxEntry, error) {
	id, err := t.e.newID()
	now := t.e.now()
	if at.IsZero() || at.After(now) {
		at = now // WhatsApp's clock does not get to order messages into the future
	}
	return core.InboxEntry{
		ID: core.InboxID(id), InstanceID: inst.ID, Key: key, Text: clip(text), SentAt: at.UTC(), ReceivedAt: now,
		State: core.InboxNew,
	}, err
}

// clip bounds a stored text. One byte over the limit stays, so that processing sees that it
// was too long.
func clip(text string) string {
	if len(text) <= core.MaxTextBytes {
		return text
	}
	end := core.MaxTextBytes + 1
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return text[:end]
}

// ring publishes a doorbell. A failure is only logged: the entry is durable, and the
// sweeper rings again.
func (t *Tenant) ring(ctx context.Context, id core.InboxID) {
	payload, err := json.Marshal(doorbell{Tenant: t.id, Inbox: id})
	if err == nil {
		err = t.e.deps.Publisher.Publish(ctx, TopicIngestion, bus.Message{ID: string(id), Payload: payload})
	}
	if err != nil {
		t.log().Warn("doorbell not rung; the sweeper will", "inbox_id", string(id), "error", err)
	}
}

// prove settles a delivery by evidence that a message of ours is in a chat: by its id, else
// by its exact text.
func (t *Tenant) prove(ctx context.Context, chat core.JID, id core.MessageID, text string) error {
	if !chat.IsGroup() {
		return nil
	}
	candidates, err := t.repo.Deliveries().Unproven(ctx, chat, id)
	if err != nil {
		return err
	}
	match := -1
	for i, d := range candidates {
		if id != "" && (d.MessageID == id || d.ClientID == id) {
			match = i
			break
		}
		if match < 0 && text != "" && d.MessageID == "" && sameText(d.Text, text) {
			match = i
		}
	}
	if match < 0 || !candidates[match].State.CanBecome(core.DeliverySent) {
		return nil
	}
	return t.markSent(ctx, candidates[match], id)
}

// sameText compares texts as WhatsApp keeps them.
func sameText(a, b string) bool { return plainText(a) == plainText(b) }

func plainText(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

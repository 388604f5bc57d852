package waha

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// subscribed are the events we want. message.any includes what message tells.
var subscribed = []string{
	"session.status", "message.any", "message.edited", "message.revoked", "message.ack.group",
	"group.v2.join", "group.v2.leave", "group.v2.participants", "group.v2.update",
}

type createBody struct {
	Name   string     `json:"name"`
	Start  bool       `json:"start"` // Connect starts it
	Config configBody `json:"config"`
}

type configBody struct {
	Webhooks []webhookBody `json:"webhooks"`
	// Only NOWEB needs to be asked to keep messages and groups; the others ignore it.
	Noweb  nowebBody       `json:"noweb"`
	Ignore map[string]bool `json:"ignore"`
}

type nowebBody struct {
	Store struct {
		Enabled  bool `json:"enabled"`
		FullSync bool `json:"fullSync"`
	} `json:"store"`
}

type webhookBody struct {
	URL     string            `json:"url"`
	Events  []string          `json:"events"`
	HMAC    map[string]string `json:"hmac"`
	Retries retriesBody       `json:"retries"`
}

type retriesBody struct {
	Policy       string `json:"policy"`
	DelaySeconds int    `json:"delaySeconds"`
	Attempts     int    `json:"attempts"`
}

// Provision implements [gateway.Gateway]. The session is not started: the QR codes of a
// started one would run out before anybody looks.
func (g *Gateway) Provision(ctx context.Context, s gateway.Session, hook gateway.Webhook) (gateway.Provisioned, error) {
	r := request{
		op: "provision", nature: gatewayhttp.Acts, timeout: g.timeouts.Quick,
		method: http.MethodPost, path: "/api/sessions",
	}
	if hook.URL == "" || hook.Secret.IsZero() {
		return gateway.Provisioned{}, r.fail(gateway.KindInvalid, codeWebhook)
	}
	if err := g.checkClientIDs(ctx, s, r.op); err != nil {
		return gateway.Provisioned{}, err
	}
	body := createBody{Name: s.Name, Config: configBody{
		Webhooks: []webhookBody{{
			URL: hook.URL, Events: subscribed,
			HMAC:    map[string]string{"key": signingKey(s.Name, hook.Secret)},
			Retries: retriesBody{Policy: "exponential", DelaySeconds: 2, Attempts: 15},
		}},
		Ignore: map[string]bool{"status": true, "channels": true, "broadcast": true},
	}}
	body.Config.Noweb.Store.Enabled = true
	r.body = body
	var answer struct{ Name string }
	return gateway.Provisioned{}, g.call(ctx, s, r, &answer)
}

// checkClientIDs asks the server whether it takes our message ids, where we rely on it.
func (g *Gateway) checkClientIDs(ctx context.Context, s gateway.Session, op string) error {
	if !g.clientIDs {
		return nil
	}
	r := request{op: op, timeout: g.timeouts.Quick, method: http.MethodGet, path: "/api/version"}
	var answer struct{ Version, Engine string }
	if err := g.call(ctx, s, r, &answer); err != nil {
		return err
	}
	if !takesClientIDs(answer.Version, answer.Engine) {
		return r.fail(gateway.KindInvalid, codeClientIDs)
	}
	return nil
}

// takesClientIDs says whether a version and engine honour ids chosen by the sender.
func takesClientIDs(version, engine string) bool {
	if engine != "GOWS" && engine != "NOWEB" {
		return false
	}
	parts := strings.SplitN(version, ".", 3)
	if len(parts) != 3 {
		return false
	}
	for i, since := range []int{2026, 4, 3} {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n != since {
			return err == nil && n > since
		}
	}
	return true
}

// info is a session as the server shows it.
type info struct {
	Status string
	Me     *struct{ ID, LID, JID string }
}

func (i info) phone() string {
	if i.Me == nil {
		return ""
	}
	return phoneOf(i.Me.ID)
}

func (g *Gateway) info(ctx context.Context, s gateway.Session, op string) (info, error) {
	var answer info
	err := g.call(ctx, s, request{
		op: op, timeout: g.timeouts.Quick, method: http.MethodGet, path: sessionPath(s, ""),
	}, &answer)
	return answer, err
}

// stateOf reads the server's word for how a session stands. FAILED is the end of a session
// that only a new QR code revives: the server itself keeps trying as long as that makes sense.
func stateOf(status string) gateway.State {
	switch status {
	case "WORKING":
		return gateway.StateOpen
	case "STARTING":
		return gateway.StateConnecting
	case "SCAN_QR_CODE", "PASSKEY_REQUIRED", "PASSKEY_CONFIRMATION_REQUIRED":
		return gateway.StatePairing
	case "STOPPED":
		return gateway.StateClosed
	case "FAILED":
		return gateway.StateLoggedOut
	}
	return gateway.StateUnknown
}

// Status implements [gateway.Gateway].
func (g *Gateway) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	i, err := g.info(ctx, s, "status")
	if err != nil {
		return gateway.Status{}, err
	}
	status := gateway.Status{State: stateOf(i.Status)}
	if status.State == gateway.StateOpen {
		status.Phone = i.phone()
	}
	return status, nil
}

// Connect implements [gateway.Gateway]. Starting a session that runs changes nothing, so a
// failed one is started anew, with the credentials it has, if any.
func (g *Gateway) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	var session info
	start := request{op: "connect", timeout: g.timeouts.Quick, method: http.MethodPost, path: sessionPath(s, "/start")}
	if err := g.call(ctx, s, start, &session); err != nil {
		return gateway.Pairing{}, err
	}
	if session.Status == "FAILED" {
		start.path = sessionPath(s, "/restart")
		if err := g.call(ctx, s, start, &session); err != nil {
			return gateway.Pairing{}, err
		}
	}
	if state := stateOf(session.Status); state == gateway.StateOpen {
		return gateway.Pairing{State: state}, nil
	}
	// The server waits a while for a QR code that is not there yet.
	var qr struct{ Value string }
	err := g.call(ctx, s, request{
		op: "connect", timeout: g.timeouts.Quick, method: http.MethodGet,
		path: pathOf(s, "/auth/qr"), query: url.Values{"format": {"raw"}},
	}, &qr)
	var e *gateway.Error
	if errors.As(err, &e) && e.Code == codeStatus {
		// It stands otherwise than when it was started: linked meanwhile, or not ready.
		if session, err = g.info(ctx, s, "connect"); err != nil {
			return gateway.Pairing{}, err
		}
		return gateway.Pairing{State: stateOf(session.Status)}, nil
	}
	if err != nil {
		return gateway.Pairing{}, err
	}
	return gateway.Pairing{State: gateway.StatePairing, QR: qr.Value}, nil
}

// PairingCode implements [gateway.PairingCoder].
func (g *Gateway) PairingCode(ctx context.Context, s gateway.Session, phone string) (string, error) {
	r := request{
		op: "pairing_code", nature: gatewayhttp.Acts, timeout: g.timeouts.Quick, method: http.MethodPost,
		path: pathOf(s, "/auth/request-code"),
		body: map[string]string{"phoneNumber": phone},
	}
	if len(phone) < 8 || len(phone) > 15 || strings.Trim(phone, "0123456789") != "" {
		return "", r.fail(gateway.KindInvalid, codePhone)
	}
	var answer struct{ Code string }
	err := g.call(ctx, s, r, &answer)
	var e *gateway.Error
	if errors.As(err, &e) && (e.Kind == gateway.KindInvalid || e.Kind == gateway.KindNotFound) {
		return "", g.whyNoCode(ctx, s, r, e)
	}
	if err == nil && answer.Code == "" {
		return "", r.fail(gateway.KindTemporary, codeUnreadable)
	}
	return answer.Code, err
}

// whyNoCode replaces a refusal of a pairing code by how the session stands.
func (g *Gateway) whyNoCode(ctx context.Context, s gateway.Session, r request, refusal *gateway.Error) error {
	session, err := g.info(ctx, s, r.op)
	if err != nil {
		return err
	}
	switch stateOf(session.Status) {
	case gateway.StateOpen:
		return r.fail(gateway.KindAlreadyExists, codeStatus)
	case gateway.StatePairing:
		return refusal
	}
	return r.fail(gateway.KindNotConnected, codeStatus)
}

// Delete implements [gateway.Gateway]. The server stops the session and logs it out.
func (g *Gateway) Delete(ctx context.Context, s gateway.Session) error {
	err := g.call(ctx, s, request{
		op: "delete", nature: gatewayhttp.Acts, timeout: g.timeouts.Quick,
		method: http.MethodDelete, path: sessionPath(s, ""),
	}, nil)
	var e *gateway.Error
	if errors.As(err, &e) && e.Kind == gateway.KindNotFound {
		return nil
	}
	return err
}

// phoneOf returns the digits of a person's address by number, "" for any other address.
func phoneOf(id string) string {
	user, ok := strings.CutSuffix(string(canonical(id)), "@s.whatsapp.net")
	if !ok || strings.Trim(user, "0123456789") != "" {
		return ""
	}
	return user
}

// canonical is an address in WhatsApp's own form: the server writes people as "@c.us", and
// which of their devices it was does not matter.
func canonical(id string) core.JID {
	user, server, found := strings.Cut(id, "@")
	if !found {
		return core.JID(id)
	}
	user, _, _ = strings.Cut(user, ":")
	if server == "c.us" {
		server = "s.whatsapp.net"
	}
	return core.JID(user + "@" + server)
}

package evolution

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// The headers that prove a webhook request; the server sends them back as configured.
const (
	headerSecret  = "X-Webhook-Secret"
	headerSession = "X-Instance-Name"
)

// subscribed are the events we want. groups.update is missing because the server never
// delivers it: names of groups are refreshed by listing them.
var subscribed = []string{
	"QRCODE_UPDATED", "CONNECTION_UPDATE", "MESSAGES_UPSERT", "MESSAGES_EDITED", "MESSAGES_UPDATE",
	"MESSAGES_DELETE", "SEND_MESSAGE", "GROUPS_UPSERT", "GROUP_PARTICIPANTS_UPDATE",
	"LOGOUT_INSTANCE", "REMOVE_INSTANCE", "STATUS_INSTANCE",
}

type createBody struct {
	InstanceName    string      `json:"instanceName"`
	Integration     string      `json:"integration"`
	QRCode          bool        `json:"qrcode"` // true would make the server sleep for 5 s
	GroupsIgnore    bool        `json:"groupsIgnore"`
	RejectCall      bool        `json:"rejectCall"`
	ReadMessages    bool        `json:"readMessages"`
	ReadStatus      bool        `json:"readStatus"`
	AlwaysOnline    bool        `json:"alwaysOnline"`
	SyncFullHistory bool        `json:"syncFullHistory"`
	Webhook         webhookBody `json:"webhook"`
}

type webhookBody struct {
	URL      string            `json:"url"`
	ByEvents bool              `json:"byEvents"`
	Base64   bool              `json:"base64"`
	Headers  map[string]string `json:"headers"`
	Events   []string          `json:"events"`
}

// Provision implements [gateway.Gateway]. The server makes the session's key, because one
// chosen by us may be shared by two sessions there.
func (g *Gateway) Provision(ctx context.Context, s gateway.Session, hook gateway.Webhook) (gateway.Provisioned, error) {
	r := request{
		op: "provision", nature: gatewayhttp.Acts, admin: true, timeout: g.timeouts.Quick,
		method: http.MethodPost, path: "/instance/create",
	}
	if hook.URL == "" || !gatewayhttp.ValidKey(hook.Secret.Reveal()) {
		return gateway.Provisioned{}, r.fail(gateway.KindInvalid, codeWebhook, nil)
	}
	r.body = createBody{
		InstanceName: s.Name,
		Integration:  "WHATSAPP-BAILEYS",
		Webhook: webhookBody{
			URL:     hook.URL,
			Headers: map[string]string{headerSecret: hook.Secret.Reveal(), headerSession: s.Name},
			Events:  subscribed,
		},
	}
	var answer struct{ Hash token }
	if err := g.call(ctx, s, r, &answer); err != nil {
		return gateway.Provisioned{}, err
	}
	if answer.Hash.old {
		// It has a session now, without a webhook, and would refuse every text.
		err := g.Delete(ctx, s)
		return gateway.Provisioned{}, r.fail(gateway.KindVersion, codeVersion, err)
	}
	return gateway.Provisioned{Token: core.NewSecret(answer.Hash.text)}, nil
}

// token is the session's key in an answer: a string, or {"apikey": …} in version 1.
type token struct {
	text string
	old  bool
}

// UnmarshalJSON implements json.Unmarshaler; an unknown shape is no token.
func (t *token) UnmarshalJSON(data []byte) error {
	var object struct{ APIKey string }
	if json.Unmarshal(data, &t.text) != nil && json.Unmarshal(data, &object) == nil {
		t.old = object.APIKey != ""
	}
	return nil
}

// Connect implements [gateway.Gateway]. The answer is a union: the state of an open
// session, a QR code, {"count":0} when there is none yet, or a 200 with an error inside.
func (g *Gateway) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	r := request{
		op: "connect", timeout: g.timeouts.Connect,
		method: http.MethodGet, path: "/instance/connect/",
	}
	var answer struct {
		Instance struct{ State string }
		Code     string
		Error    any
	}
	if err := g.call(ctx, s, r, &answer); err != nil {
		return gateway.Pairing{}, err
	}
	switch {
	case answer.Error == true:
		return gateway.Pairing{}, r.fail(gateway.KindTemporary, codeOpaque, nil)
	case answer.Instance.State != "" && answer.Code == "":
		return gateway.Pairing{State: state(answer.Instance.State)}, nil
	}
	return gateway.Pairing{State: gateway.StatePairing, QR: answer.Code}, nil
}

// state reads the server's word for how a session stands; absent while a deletion ends.
func state(word string) gateway.State {
	switch word {
	case "open":
		return gateway.StateOpen
	case "connecting":
		return gateway.StateConnecting
	case "close", "closed", "refused", "":
		return gateway.StateClosed
	}
	return gateway.StateUnknown
}

// Status implements [gateway.Gateway]. The state alone does not tell a session that was
// logged out on the phone from one that is merely down, nor the number; the session's row
// does.
func (g *Gateway) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	status, err := g.connectionState(ctx, s, "status")
	if e, ok := err.(*gateway.Error); ok && e.Kind == gateway.KindNotFound && e.Code != codeNoInstance {
		e.Kind = gateway.KindTemporary // a proxy's 404 says nothing about the session
	}
	if err != nil || status != gateway.StateOpen && status != gateway.StateClosed {
		return gateway.Status{State: status}, err
	}
	details, err := g.details(ctx, s, "status")
	switch {
	case err != nil && ctx.Err() != nil:
		return gateway.Status{}, err
	case err != nil: // the state is known all the same
		return gateway.Status{State: status}, nil
	case status == gateway.StateOpen:
		return gateway.Status{State: status, Phone: phoneOf(details.owner)}, nil
	case needsQR(details.reason):
		return gateway.Status{State: gateway.StateLoggedOut}, nil
	}
	return gateway.Status{State: status}, nil
}

func (g *Gateway) connectionState(ctx context.Context, s gateway.Session, op string) (gateway.State, error) {
	var answer struct {
		Instance struct{ State string }
		State    string // version 1
	}
	err := g.call(ctx, s, request{
		op: op, timeout: g.timeouts.Quick,
		method: http.MethodGet, path: "/instance/connectionState/",
	}, &answer)
	if err != nil {
		return "", err
	}
	if answer.Instance.State == "" {
		return state(answer.State), nil
	}
	return state(answer.Instance.State), nil
}

// needsQR says whether a disconnection code erased the link with the phone.
func needsQR(code int64) bool {
	return code == 401 || code == 402 || code == 403 || code == 406
}

// details are what the list of sessions tells about one.
type details struct {
	owner  string // the linked number's address, "" when never linked
	reason int64  // of the last disconnection, 0 when none
}

func (g *Gateway) details(ctx context.Context, s gateway.Session, op string) (details, error) {
	type row struct {
		Name                    string
		InstanceName            string // version 1
		OwnerJID                string
		Owner                   string // version 1
		DisconnectionReasonCode int64
	}
	var rows []struct {
		row
		Instance row // version 1
	}
	err := g.call(ctx, s, request{
		op: op, timeout: g.timeouts.Quick, method: http.MethodGet,
		path: "/instance/fetchInstances", query: url.Values{"instanceName": {s.Name}},
	}, &rows)
	if err != nil {
		return details{}, err
	}
	for _, r := range rows { // another session may share the key, hence be listed
		if r.Name == s.Name || r.Instance.InstanceName == s.Name {
			return details{owner: r.OwnerJID + r.Instance.Owner, reason: r.DisconnectionReasonCode}, nil
		}
	}
	return details{}, nil
}

// phoneOf returns the digits of a phone's address, "" for any other address.
func phoneOf(jid string) string {
	user, ok := strings.CutSuffix(bareJID(jid), "@s.whatsapp.net")
	if !ok || strings.Trim(user, "0123456789") != "" {
		return ""
	}
	return user
}

// bareJID takes the device suffix off an address.
func bareJID(jid string) string {
	user, server, _ := strings.Cut(jid, "@")
	user, _, _ = strings.Cut(user, ":")
	return user + "@" + server
}

// Restart implements [gateway.Restarter]. The server answers before it reconnects, and says
// "error" in a 200 of a session that is closed.
func (g *Gateway) Restart(ctx context.Context, s gateway.Session) error {
	r := request{
		op: "restart", nature: gatewayhttp.Acts, timeout: g.timeouts.Connect,
		method: http.MethodPost, path: "/instance/restart/",
	}
	var answer struct{ Error any }
	if err := g.call(ctx, s, r, &answer); err != nil {
		return err
	}
	if answer.Error == true {
		return r.fail(gateway.KindNotConnected, codeOpaque, nil)
	}
	return nil
}

// Delete implements [gateway.Gateway]. The server logs an open session out by itself and
// finishes later; its name must not be used again at once.
func (g *Gateway) Delete(ctx context.Context, s gateway.Session) error {
	var answer struct{}
	err := g.call(ctx, s, request{
		op: "delete", nature: gatewayhttp.Acts, admin: true, timeout: g.timeouts.Quick,
		method: http.MethodDelete, path: "/instance/delete/",
	}, &answer)
	var e *gateway.Error
	if errors.As(err, &e) && e.Kind == gateway.KindNotFound {
		return nil
	}
	return err
}

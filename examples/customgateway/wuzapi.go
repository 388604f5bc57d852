package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// wuzapi is the gateway. It keeps nothing but its client, so it is safe for concurrent use.
type wuzapi struct{ client *http.Client }

func newWuzapi(client *http.Client) wuzapi { return wuzapi{gatewayhttp.Client(client)} }

// Step 1: say what the provider can do. The engine chooses its guarantees from it, and the
// kit checks that it is true. wuzapi passes our message id on to WhatsApp, so a doubtful send
// may be repeated; it has no complete store of what it sent, so there is nothing to look up.
func (wuzapi) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{
		Provider: "wuzapi", ClientMessageID: gateway.ClientIDHonoured, SentLookup: gateway.LookupNone, NeedsServer: true,
	}
}

// Step 2: one function makes all calls. gatewayhttp knows whether a failed one may have
// happened; what the provider's own refusals mean is for us to say, in refused below.
type request struct {
	op     string
	nature gatewayhttp.Nature
	method string
	path   string
	body   any
	admin  bool // uses the administration key instead of the session's token
	limit  int64
}

func (r request) call() gatewayhttp.Call {
	return gatewayhttp.Call{Op: r.op, Nature: r.nature, Method: r.method, Limit: r.limit, Timeout: time.Minute}
}

func (r request) fail(kind gateway.Kind, code string) *gateway.Error {
	return r.call().Fail(kind, code, nil)
}

// do makes a call and returns the answer's data, the answer itself where it has no envelope.
func (w wuzapi) do(ctx context.Context, s gateway.Session, r request) (any, error) {
	c := r.call()
	if !core.ValidInstanceName(s.Name) {
		return nil, r.fail(gateway.KindInvalid, "session_name")
	}
	var ok bool
	if c.URL, ok = gatewayhttp.URL(s.ServerURL, r.path, nil); !ok {
		return nil, r.fail(gateway.KindInvalid, gatewayhttp.CodeServerURL)
	}
	if !gatewayhttp.ValidKey(s.ServerKey.Reveal()) {
		return nil, r.fail(gateway.KindAuth, gatewayhttp.CodeKey)
	}
	c.Header = http.Header{"Content-Type": {"application/json"}}
	if r.admin {
		c.Header.Set("Authorization", s.ServerKey.Reveal())
	} else {
		c.Header.Set("token", tokenOf(s))
	}
	if r.method == http.MethodPost {
		var err error
		if c.Body, err = json.Marshal(r.body); err != nil {
			return nil, r.fail(gateway.KindInvalid, "body")
		}
	}
	answer, err := c.Do(ctx, w.client)
	if err != nil {
		return nil, err
	}
	if answer.Status < 200 || answer.Status > 299 {
		return nil, r.refused(answer)
	}
	var value any
	if json.Unmarshal(answer.Data, &value) != nil || value == nil {
		return nil, r.fail(c.Unproven(), "unreadable") // a page in front of the provider
	}
	if o := loosejson.Node(value); o.Has("data") {
		return o["data"], nil
	}
	return value, nil
}

// tokenOf is the session's token. wuzapi lets names repeat but not tokens, so the token is made
// of the name: a name that is taken is refused, and only we can know it.
func tokenOf(s gateway.Session) string {
	return derived(s.ServerKey, "token of "+s.Name)
}

func derived(key core.Secret, purpose string) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// phrases are the ends of wuzapi's error texts that prove that nothing was sent; there are no
// codes. Whatever is not listed proves nothing.
var phrases = []struct {
	text string
	kind gateway.Kind
}{
	{"no session", gateway.KindNotConnected},
	{"the store doesn't contain a device jid", gateway.KindLoggedOut},
	{"websocket not connected", gateway.KindNotConnected},
	{"not connected", gateway.KindNotConnected},
	{"that group does not exist", gateway.KindNotFound},
	{"you're not participating in that group", gateway.KindForbidden},
	{"server returned error 403", gateway.KindForbidden},
	{"server returned error 429", gateway.KindRateLimited},
	{"server returned error 463", gateway.KindRestricted},
	{"server returned error 475", gateway.KindRestricted},
	{"server returned error 479", gateway.KindPermanent},
	{"already paired", gateway.KindAlreadyExists},
}

// Step 3: errors. Class each refusal by what may have happened, and never pass on its text.
func (r request) refused(answer gatewayhttp.Answer) *gateway.Error {
	c := r.call()
	code := "status_" + strconv.Itoa(answer.Status)
	var body struct{ Error string }
	own := json.Unmarshal(answer.Data, &body) == nil && body.Error != ""
	for _, p := range phrases {
		if own && strings.HasSuffix(strings.ToLower(body.Error), p.text) {
			return c.Fail(p.kind, strings.ReplaceAll(p.text, " ", "_"), nil)
		}
	}
	switch {
	case answer.Status == http.StatusTooManyRequests:
		return c.RateLimited(code, answer.Header, time.Now())
	case answer.Status == http.StatusUnauthorized && r.admin:
		return c.Fail(gateway.KindAuth, code, nil)
	case answer.Status == http.StatusUnauthorized:
		return c.Fail(gateway.KindNotFound, code, nil) // nobody has this token
	case answer.Status == http.StatusConflict && r.admin:
		return c.Fail(gateway.KindAlreadyExists, code, nil)
	case own && answer.Status == http.StatusBadRequest:
		return c.Fail(gateway.KindInvalid, code, nil)
	case answer.Status >= 400 && answer.Status < 500 && r.nature == gatewayhttp.Reads && own:
		return c.Fail(gateway.KindInvalid, code, nil)
	}
	return c.Fail(c.Unproven(), code, nil)
}

// Step 4: the lifecycle of a session.

// signingKey signs the session's webhooks; wuzapi wants 32 characters or more.
func signingKey(name string, secret core.Secret) string {
	return derived(secret, "wuzapi webhook of "+name)
}

const events = "Message,Connected,Disconnected,LoggedOut,QR,JoinedGroup,GroupInfo"

func (w wuzapi) Provision(ctx context.Context, s gateway.Session, hook gateway.Webhook) (gateway.Provisioned, error) {
	r := request{op: "provision", nature: gatewayhttp.Acts, method: http.MethodPost, path: "/admin/users", admin: true}
	if hook.URL == "" || hook.Secret.IsZero() {
		return gateway.Provisioned{}, r.fail(gateway.KindInvalid, "webhook")
	}
	r.body = map[string]any{"name": s.Name, "token": tokenOf(s), "webhook": hook.URL, "events": events}
	if _, err := w.do(ctx, s, r); err != nil {
		return gateway.Provisioned{}, err
	}
	_, err := w.do(ctx, s, request{
		op: "provision", nature: gatewayhttp.Acts, method: http.MethodPost, path: "/session/hmac/config",
		body: map[string]any{"hmac_key": signingKey(s.Name, hook.Secret)},
	})
	if err != nil { // a session whose webhooks nobody can prove must not stay
		_ = w.Delete(context.WithoutCancel(ctx), s)
	}
	return gateway.Provisioned{Token: core.NewSecret(tokenOf(s))}, err
}

type status struct {
	state gateway.State
	jid   string
}

// status asks how the session stands. One that is neither connected nor logged in has never
// been linked, or was unlinked: both need a new QR code.
func (w wuzapi) status(ctx context.Context, s gateway.Session, op string) (status, error) {
	data, err := w.do(ctx, s, request{op: op, method: http.MethodGet, path: "/session/status"})
	var e *gateway.Error
	if errors.As(err, &e) && e.Kind == gateway.KindNotConnected {
		return status{state: gateway.StateLoggedOut}, nil // "No session", in older versions
	}
	o := loosejson.Node(data)
	flag := func(names ...string) bool { return o.Flag(names[0]) || o.Flag(names[1]) }
	st := status{state: gateway.StateLoggedOut, jid: o.Text("jid")}
	switch {
	case flag("loggedIn", "LoggedIn"):
		st.state = gateway.StateOpen
	case flag("connected", "Connected"):
		st.state = gateway.StatePairing
	}
	return st, err
}

func (w wuzapi) Status(ctx context.Context, s gateway.Session) (gateway.Status, error) {
	st, err := w.status(ctx, s, "status")
	if err != nil {
		return gateway.Status{}, err
	}
	phone, _, _ := strings.Cut(bare(st.jid), "@s.whatsapp.net")
	if st.state != gateway.StateOpen {
		phone = ""
	}
	return gateway.Status{State: st.state, Phone: phone}, nil
}

func (w wuzapi) Connect(ctx context.Context, s gateway.Session) (gateway.Pairing, error) {
	st, err := w.status(ctx, s, "connect")
	if err != nil || st.state == gateway.StateOpen {
		return gateway.Pairing{State: st.state}, err
	}
	if st.state != gateway.StatePairing {
		if _, err := w.do(ctx, s, request{
			op: "connect", method: http.MethodPost, path: "/session/connect",
			body: map[string]any{"Subscribe": strings.Split(events, ","), "Immediate": true},
		}); err != nil {
			return gateway.Pairing{}, err
		}
	}
	pairing := gateway.Pairing{State: gateway.StatePairing}
	data, err := w.do(ctx, s, request{op: "connect", method: http.MethodGet, path: "/session/qr"})
	if gateway.KindOf(err) == gateway.KindNotConnected {
		return pairing, nil // the code is not there yet and comes as an event
	}
	pairing.QR = readQRCode(loosejson.Node(data).Text("QRCode")) // a picture; the engine wants its text
	return pairing, err
}

// PairingCode is optional: gateways that have it let a tenant link without a camera.
func (w wuzapi) PairingCode(ctx context.Context, s gateway.Session, phone string) (string, error) {
	r := request{
		op: "pairing_code", nature: gatewayhttp.Acts, method: http.MethodPost, path: "/session/pairphone",
		body: map[string]any{"Phone": phone},
	}
	if len(phone) < 8 || len(phone) > 15 || strings.Trim(phone, "0123456789") != "" {
		return "", r.fail(gateway.KindInvalid, "phone")
	}
	data, err := w.do(ctx, s, r)
	return loosejson.Node(data).Text("LinkingCode"), err
}

func (w wuzapi) Delete(ctx context.Context, s gateway.Session) error {
	list, err := w.do(ctx, s, request{op: "delete", method: http.MethodGet, path: "/admin/users", admin: true})
	if err != nil {
		return err
	}
	for _, user := range loosejson.Nodes(list) {
		id := user.Text("id")
		if n, ok := user.Number("id"); ok {
			id = strconv.FormatInt(n, 10)
		}
		if user.Text("token") != tokenOf(s) || id == "" {
			continue
		}
		// Unlinks the phone; refused when it is not linked, which is as good.
		_, _ = w.do(ctx, s, request{op: "delete", nature: gatewayhttp.Acts, method: http.MethodPost, path: "/session/logout"})
		_, err = w.do(ctx, s, request{
			op: "delete", nature: gatewayhttp.Acts, method: http.MethodDelete, path: "/admin/users/" + url.PathEscape(id), admin: true,
		})
	}
	return err
}

func (w wuzapi) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	r := request{op: "groups", method: http.MethodGet, path: "/group/list", limit: 64 << 20}
	st, err := w.status(ctx, s, r.op)
	if err != nil {
		return nil, err
	}
	if st.state != gateway.StateOpen { // wuzapi says 500 and nothing more
		return nil, r.fail(gateway.KindNotConnected, "status")
	}
	data, err := w.do(ctx, s, r)
	groups := []core.Group{}
	for _, g := range loosejson.Nodes(loosejson.Node(data)["Groups"]) {
		jid, parseErr := core.ParseGroupJID(g.Text("JID"))
		if parseErr != nil {
			continue
		}
		people := loosejson.Nodes(g["Participants"])
		admin := false
		for _, p := range people {
			mine := st.jid != "" && (bare(p.Text("JID")) == bare(st.jid) || bare(p.Text("PhoneNumber")) == bare(st.jid))
			admin = admin || mine && (p.Flag("IsAdmin") || p.Flag("IsSuperAdmin"))
		}
		groups = append(groups, core.Group{
			JID: jid, Name: g.Text("Name"), Participants: len(people),
			CanPost: !g.Flag("IsParent") && (!g.Flag("IsAnnounce") || admin),
		})
	}
	return groups, err
}

// bare takes the device off an address.
func bare(jid string) string {
	user, server, _ := strings.Cut(jid, "@")
	user, _, _ = strings.Cut(user, ":")
	return user + "@" + server
}

// Step 5: send, exactly once per call. The engine repeats, or does not.
func (w wuzapi) Send(ctx context.Context, s gateway.Session, m gateway.Outbound) (gateway.Receipt, error) {
	r := request{op: "send", nature: gatewayhttp.Sends, method: http.MethodPost, path: "/chat/send/text"}
	body := map[string]any{"Phone": m.To, "Body": m.Text}
	if m.Media != nil {
		field := map[core.MediaKind]string{core.Image: "Image", core.Video: "Video", core.Document: "Document"}[m.Media.Kind]
		r.path = "/chat/send/" + strings.ToLower(field)
		body = map[string]any{
			"Phone": m.To, "Caption": m.Text, "MimeType": m.Media.MimeType, "FileName": m.Media.FileName,
			field: "data:" + m.Media.MimeType + ";base64," + base64.StdEncoding.EncodeToString(m.Media.Data),
		}
	}
	if !m.To.IsGroup() || m.Media == nil && strings.TrimSpace(m.Text) == "" || r.path == "/chat/send/" {
		return gateway.Receipt{}, r.fail(gateway.KindInvalid, "message")
	}
	if m.ID != "" {
		body["Id"] = m.ID
	}
	r.body = body
	data, err := w.do(ctx, s, r)
	return gateway.Receipt{ID: core.MessageID(loosejson.Node(data).Text("Id"))}, err
}

// Step 6: what comes in. Authenticate proves the sender from the raw bytes: wuzapi signs the
// body as it sends it, form or JSON, with the key Provision gave it.
func (wuzapi) Authenticate(r gateway.Request, session gateway.SessionAuth) error {
	given, err := hex.DecodeString(r.Header.Get("X-Hmac-Signature"))
	if err == nil && session.Name != "" && !session.Secret.IsZero() {
		mac := hmac.New(sha256.New, []byte(signingKey(session.Name, session.Secret)))
		mac.Write(r.Body)
		if hmac.Equal(given, mac.Sum(nil)) {
			return nil
		}
	}
	return &gateway.Error{Op: "authenticate", Kind: gateway.KindAuth}
}

// Decode reads one event. It must take any bytes: only then is it a good neighbour.
func (wuzapi) Decode(r gateway.Request) (gateway.Inbound, error) {
	body, session := r.Body, ""
	if form, err := url.ParseQuery(string(r.Body)); err == nil && form.Get("jsonData") != "" {
		body, session = []byte(form.Get("jsonData")), form.Get("instanceName")
	}
	value, code := loosejson.Parse(body)
	o := loosejson.Node(value)
	if code == "" && o.Text("type") == "" {
		code = "shape"
	}
	if code != "" {
		return gateway.Inbound{}, &gateway.Error{Op: "decode", Kind: gateway.KindInvalid, Code: code}
	}
	if session == "" {
		session = o.Text("instanceName")
	}
	event := decode(o.Text("type"), o)
	if event == nil {
		event = gateway.Ignored{What: "other"}
	}
	return gateway.Inbound{Session: session, Events: []gateway.Event{event}}, nil
}

func decode(kind string, o loosejson.Object) gateway.Event {
	switch event := o.Object("event"); kind {
	case "Message":
		return message(event)
	case "Connected":
		return gateway.Connection{State: gateway.StateOpen}
	case "Disconnected":
		return gateway.Connection{State: gateway.StateConnecting} // it comes back by itself
	case "LoggedOut":
		return gateway.Connection{State: gateway.StateLoggedOut, Reason: core.ReasonLoggedOut}
	case "QR":
		if code := readQRCode(o.Text("qrCodeBase64")); code != "" {
			return gateway.QR{Code: code}
		}
	case "JoinedGroup", "GroupInfo":
		if jid := core.JID(event.Text("JID")); jid.IsGroup() {
			return gateway.GroupsChanged{Chat: jid}
		}
	}
	return nil
}

// message reads what somebody wrote, changed or took back; nil for all other content.
func message(event loosejson.Object) gateway.Event {
	info, content := event.Object("Info"), event.Object("Message")
	key := core.MessageKey{
		Chat: core.JID(info.Text("Chat")), Participant: core.JID(bare(info.Text("Sender"))), ID: core.MessageID(info.Text("ID")),
	}
	if key.Chat == "" || key.ID == "" {
		return nil
	}
	at, _ := time.Parse(time.RFC3339, info.Text("Timestamp"))
	fromMe := info.Flag("IsFromMe")
	if protocol := content.Object("protocolMessage"); protocol != nil {
		key.ID = core.MessageID(protocol.Object("key").Text("ID", "id"))
		switch n, _ := protocol.Number("type"); {
		case key.ID == "":
			return nil
		case n == 14:
			text, _ := read(protocol.Object("editedMessage"))
			return gateway.Edited{Key: key, FromMe: fromMe, Text: text, At: at}
		case n == 0:
			return gateway.Revoked{Key: key, FromMe: fromMe}
		}
		return nil
	}
	text, media := read(content)
	if text == "" && media == nil {
		return nil
	}
	return gateway.Message{Key: key, FromMe: fromMe, Text: text, Media: media, At: at}
}

// read finds the text and the media of a content, in whatever it is wrapped.
func read(content loosejson.Object) (string, *core.Media) {
	for range 8 { // real ones have three wrappers at most
		for _, wrapper := range []string{"ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "documentWithCaptionMessage", "editedMessage"} {
			if inner := content.Object(wrapper).Object("message"); inner != nil {
				content = inner
			}
		}
	}
	for _, kind := range []core.MediaKind{core.Image, core.Video, core.Document} {
		if o := content.Object(string(kind) + "Message"); o != nil {
			handle, _ := json.Marshal(map[string]any{
				"Url": o["URL"], "DirectPath": o["directPath"], "MediaKey": o["mediaKey"], "Mimetype": o["mimetype"],
				"FileEncSHA256": o["fileEncSHA256"], "FileSHA256": o["fileSHA256"], "FileLength": o["fileLength"],
			})
			return o.Text("caption"), &core.Media{Kind: kind, MimeType: o.Text("mimetype"), FileName: o.Text("fileName"), Handle: handle}
		}
	}
	if text := content.Object("extendedTextMessage").Text("text"); text != "" {
		return text, nil
	}
	return content.Text("conversation"), nil
}

// Step 7, optional: fetch the media of a message, by the handle made above.
func (w wuzapi) FetchMedia(ctx context.Context, s gateway.Session, media core.Media, limit int64) (gateway.Media, error) {
	r := request{
		op: "fetch_media", method: http.MethodPost, path: "/chat/download" + string(media.Kind),
		body: json.RawMessage(media.Handle), limit: 4096 + min(limit, 2<<30)/3*4,
	}
	if !json.Valid(media.Handle) || limit <= 0 {
		return gateway.Media{}, r.fail(gateway.KindInvalid, "handle")
	}
	data, err := w.do(ctx, s, r)
	var e *gateway.Error
	if errors.As(err, &e) && (e.Code == gatewayhttp.CodeAnswerTooLarge || e.Kind == gateway.KindInvalid) {
		e.Kind = gateway.KindMediaUnavailable
	}
	if err != nil {
		return gateway.Media{}, err
	}
	_, encoded, _ := strings.Cut(loosejson.Node(data).Text("Data"), ";base64,")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw) == 0 || int64(len(raw)) > limit {
		return gateway.Media{}, r.fail(gateway.KindMediaUnavailable, "data")
	}
	return gateway.Media{Kind: media.Kind, MimeType: media.MimeType, FileName: media.FileName, Data: raw}, nil
}

package fakeevolution

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// The states of an instance.
const (
	stateClose      = "close"
	stateConnecting = "connecting"
	stateOpen       = "open"
)

// instance is one session of the server; everything is guarded by Server.mu.
type instance struct {
	seq                     int
	name, id, token, number string
	created, updated        time.Time
	settings                map[string]any
	hook                    *webhook
	base64                  bool // the hook's flag as it was when the socket opened

	state   string
	qr      *qrCode // the newest, nil when not pairing
	firstQR *qrCode // the first of this pairing
	phone   *fakewhatsapp.Phone
	session *fakewhatsapp.Session
	owner   core.JID
	dead    bool // says open, but the socket is dead
	code    int  // of the last disconnection
	codeAt  time.Time

	deleting  bool
	deletedAt time.Time
	polls     int       // connectionState calls since
	replaces  *instance // the one being deleted whose name this ghost took
	erased    bool      // row and webhook are gone, the memory entry is left

	rows   []*row
	reader *reader // nil while the socket is closed
	before *reader // the last one that was stopped
}

// settle finishes the deletions that are due; s.mu is held.
func (s *Server) settle() {
	due := func(i *instance) bool {
		return i.polls >= s.quirksOf(i).DeletePolls && s.world.Now().Sub(i.deletedAt) >= s.opts.Delays.Delete
	}
	for name, i := range s.instances {
		switch {
		case i.deleting && due(i):
			delete(s.instances, name)
		case i.replaces != nil && due(i.replaces):
			i.replaces, i.erased, i.hook = nil, true, nil
		}
	}
}

func (s *Server) nameTaken(q *request) (answer, bool) {
	old := s.instances[q.name]
	if old == nil || old.deleting && s.quirksOf(old).GhostCreate {
		return answer{}, false
	}
	return fail(http.StatusForbidden, []string{`This name "` + q.name + `" is already in use.`}), true
}

func (s *Server) tokenKnown(key string) bool {
	for _, i := range s.instances {
		if i.token == key {
			return true
		}
	}
	return false
}

func (s *Server) create(q *request) answer {
	raw, given := q.fields["instanceName"]
	name, isText := raw.(string)
	switch {
	case given && !isText:
		return fail(http.StatusInternalServerError, "instanceName.trim is not a function")
	case name == "":
		return schema(`instance requires property "instanceName"`)
	case q.text("integration") != "WHATSAPP-BAILEYS":
		return fail(http.StatusBadRequest, []string{"Invalid integration"})
	}
	now := s.world.Now()
	i := &instance{
		name: name, id: newUUID(), token: q.text("token"), number: q.text("number"),
		created: now, updated: now, settings: defaultSettings(), state: stateClose,
	}
	if i.token == "" {
		i.token = strings.ToUpper(newUUID())
	}
	for k := range i.settings {
		if v, ok := q.fields[k]; ok {
			i.settings[k] = v
		}
	}
	if config, ok := q.fields["webhook"].(map[string]any); ok {
		if config["events"] == nil {
			return fail(http.StatusBadRequest, []string{"Cannot read properties of undefined (reading 'length')"})
		}
		config["enabled"] = true
		hook, wrong, valid := newWebhook(config, i, now)
		if !valid {
			return wrong
		}
		i.hook = hook
	}
	withQR, _ := q.fields["qrcode"].(bool)
	s.mu.Lock()
	if a, taken := s.nameTaken(q); taken { // somebody was faster
		s.mu.Unlock()
		return a
	}
	if old := s.instances[name]; old != nil {
		i.replaces = old
	}
	i.seq = s.nextSeq()
	s.instances[name] = i
	s.emit(i, "instance.create", map[string]any{"instanceName": name, "instanceId": i.id})
	if withQR {
		s.startPairing(i)
	}
	s.broadcast()
	s.mu.Unlock()
	if withQR {
		s.wait(s.opts.Delays.Create)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body := map[string]any{
		"instance": map[string]any{
			"instanceName": name, "instanceId": i.id, "integration": "WHATSAPP-BAILEYS",
			"webhookWaBusiness": nil, "accessTokenWaBusiness": "", "status": i.state,
		},
		"hash": i.token, "webhook": i.hook.summary(), "settings": i.settings,
		"websocket": map[string]any{}, "rabbitmq": map[string]any{}, "nats": map[string]any{}, "sqs": map[string]any{},
	}
	if withQR {
		body["qrcode"] = s.qrObject(i)
	}
	return created(body)
}

func (s *Server) connect(q *request) answer {
	s.mu.Lock()
	i := q.inst
	switch {
	case i.state == stateOpen:
		defer s.mu.Unlock()
		return ok(i.stateObject())
	case i.state == stateConnecting || i.deleting:
		defer s.mu.Unlock()
		return ok(s.qrObject(i))
	}
	if n := q.URL.Query().Get("number"); n != "" {
		i.number = n
	}
	s.startPairing(i)
	s.broadcast()
	s.mu.Unlock()
	s.wait(s.opts.Delays.Connect)
	s.mu.Lock()
	defer s.mu.Unlock()
	return ok(s.qrObject(i))
}

func (s *Server) connectionState(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.inst.deleting {
		q.inst.polls++
	}
	if q.inst.replaces != nil {
		q.inst.replaces.polls++
	}
	return ok(q.inst.stateObject())
}

// stateObject leaves the state out while the instance is being deleted.
func (i *instance) stateObject() map[string]any {
	o := map[string]any{"instanceName": i.name}
	if !i.deleting {
		o["state"] = i.state
	}
	return map[string]any{"instance": o}
}

func (s *Server) restart(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := q.inst
	switch {
	case i.state == stateClose || i.deleting:
		return ok(map[string]any{"error": true, "message": "[object Object]"})
	case i.session == nil:
		return ok(s.qrObject(i))
	}
	answer := ok(i.stateObject()) // the reconnect comes after the answer
	s.goOffline(i, 200)
	s.goOnline(i)
	return answer
}

func (s *Server) logout(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.inst.state == stateClose || q.inst.deleting {
		return fail(http.StatusBadRequest, []string{`The "` + q.name + `" instance is not connected`})
	}
	s.logOut(q.inst, 401)
	return ok(success("Instance logged out"))
}

func (s *Server) delete(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := q.inst
	if i.deleting {
		return fail(http.StatusNotFound, []string{`The "` + q.name + `" instance does not exist`})
	}
	if i.state != stateClose {
		s.logOut(i, 401)
	}
	s.emit(i, "instance.delete", map[string]any{"instanceName": i.name, "instanceId": i.id})
	s.emit(i, "remove.instance", nil)
	i.deleting, i.deletedAt, i.hook = true, s.world.Now(), nil
	s.settle()
	s.broadcast()
	return ok(success("Instance deleted"))
}

func success(message string) map[string]any {
	return map[string]any{"status": "SUCCESS", "error": false, "response": map[string]any{"message": message}}
}

func (s *Server) fetchInstances(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := q.URL.Query()
	name, id, number := query.Get("instanceName"), query.Get("instanceId"), query.Get("number")
	list := []map[string]any{}
	for _, i := range s.sorted() {
		switch {
		case i.erased || i.deleting,
			q.key != s.opts.APIKey && q.key != i.token,
			name != "" && name != i.name,
			id != "" && id != i.id,
			number != "" && (i.phone == nil || number != i.phone.Number()):
			continue
		}
		list = append(list, s.instanceRow(i))
	}
	if len(list) == 0 && name+id != "" && s.instances[name] == nil {
		return fail(http.StatusNotFound, []string{`Instance "` + name + id + `" not found`})
	}
	return ok(list)
}

func (s *Server) instanceRow(i *instance) map[string]any {
	row := map[string]any{
		"id": i.id, "name": i.name, "connectionStatus": i.state, "integration": "WHATSAPP-BAILEYS",
		"ownerJid": nil, "profileName": nil, "profilePicUrl": nil, "number": nil, "businessId": nil,
		"token": i.token, "clientName": "evolution_exchange",
		"disconnectionReasonCode": nil, "disconnectionObject": nil, "disconnectionAt": nil,
		"createdAt": stamp(i.created), "updatedAt": stamp(i.updated),
		"Chatwoot": nil, "Proxy": nil, "Rabbitmq": nil, "Nats": nil, "Sqs": nil, "Websocket": nil,
		"Setting": i.settings, "_count": map[string]any{"Message": len(i.rows), "Contact": 0, "Chat": 0},
	}
	if i.owner != "" {
		row["ownerJid"] = i.owner
	}
	if i.phone != nil {
		row["profileName"] = i.phone.Name()
	}
	if i.number != "" {
		row["number"] = i.number
	}
	if i.code != 0 {
		row["disconnectionReasonCode"], row["disconnectionAt"] = i.code, stamp(i.codeAt)
		row["disconnectionObject"] = disconnectionObject(i.code)
	}
	return row
}

func (s *Server) sorted() []*instance {
	list := make([]*instance, 0, len(s.instances))
	for _, i := range s.instances {
		list = append(list, i)
	}
	slices.SortFunc(list, func(a, b *instance) int { return a.seq - b.seq })
	return list
}

func (s *Server) nextSeq() int {
	s.seq++
	return s.seq
}

var settingNames = []string{"rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory"}

func defaultSettings() map[string]any {
	settings := map[string]any{"msgCall": ""}
	for _, n := range settingNames {
		settings[n] = false
	}
	return settings
}

func (s *Server) setSettings(q *request) answer {
	for _, n := range settingNames {
		if _, ok := q.fields[n].(bool); !ok {
			return schema(`instance requires property "` + n + `"`)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	settings := defaultSettings()
	for k := range settings {
		if v, ok := q.fields[k]; ok {
			settings[k] = v
		}
	}
	q.inst.settings = settings
	return created(map[string]any{"settings": map[string]any{"instanceName": q.name, "settings": settings}})
}

func (s *Server) findSettings(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.inst.erased {
		return ok(nil)
	}
	return ok(q.inst.settings)
}

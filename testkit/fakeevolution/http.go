package fakeevolution

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
)

// Op names a route of the API; faults are aimed at it.
type Op string

// The routes, and OpSend for both ways to send.
const (
	OpCreate          Op = "instance/create"
	OpConnect         Op = "instance/connect"
	OpConnectionState Op = "instance/connectionState"
	OpFetchInstances  Op = "instance/fetchInstances"
	OpRestart         Op = "instance/restart"
	OpLogout          Op = "instance/logout"
	OpDelete          Op = "instance/delete"
	OpSettingsSet     Op = "settings/set"
	OpSettingsFind    Op = "settings/find"
	OpFetchAllGroups  Op = "group/fetchAllGroups"
	OpFindGroupInfos  Op = "group/findGroupInfos"
	OpSendText        Op = "message/sendText"
	OpSendMedia       Op = "message/sendMedia"
	OpFindMessages    Op = "chat/findMessages"
	OpFindStatus      Op = "chat/findStatusMessage"
	OpGetBase64       Op = "chat/getBase64FromMediaMessage"
	OpWebhookSet      Op = "webhook/set"
	OpWebhookFind     Op = "webhook/find"

	OpAny  Op = ""
	OpSend Op = "send"
)

// covers says whether a fault aimed at o hits a call of op.
func (o Op) covers(op Op) bool {
	return o == OpAny || o == op || o == OpSend && (op == OpSendText || op == OpSendMedia)
}

type route struct {
	op     Op
	named  bool // ends in an instance name
	handle func(*request) answer
}

func (s *Server) table() map[string]route {
	named := func(op Op, h func(*request) answer) route { return route{op, true, h} }
	table := map[string]route{}
	for verb, routes := range map[string][]route{
		http.MethodGet: {
			{OpFetchInstances, false, s.fetchInstances},
			named(OpConnect, s.connect),
			named(OpConnectionState, s.connectionState),
			named(OpSettingsFind, s.findSettings),
			named(OpFetchAllGroups, s.fetchAllGroups),
			named(OpFindGroupInfos, s.findGroupInfos),
			named(OpWebhookFind, s.findWebhook),
		},
		http.MethodPost: {
			{OpCreate, false, s.create},
			named(OpRestart, s.restart),
			named(OpSettingsSet, s.setSettings),
			named(OpSendText, s.sendText),
			named(OpSendMedia, s.sendMedia),
			named(OpFindMessages, s.findMessages),
			named(OpFindStatus, s.findStatus),
			named(OpGetBase64, s.getBase64),
			named(OpWebhookSet, s.setWebhook),
		},
		http.MethodDelete: {
			named(OpLogout, s.logout),
			named(OpDelete, s.delete),
		},
	} {
		for _, r := range routes {
			table[verb+" "+string(r.op)] = r
		}
	}
	return table
}

// request is a request on a known route that passed the guards.
type request struct {
	*http.Request
	op   Op
	name string
	inst *instance
	key  string // the key it came with
	body []byte
	// fields is the JSON body, empty when there is none.
	fields map[string]any
	// unstored makes a send leave without a row, an echo and an acknowledgement.
	unstored bool
}

// decode reads a JSON body, whose syntax errors have a text of their own.
func (q *request) decode() (answer, bool) {
	q.fields = map[string]any{}
	if kind, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return answer{}, true
	}
	if len(q.body) == 0 || q.Method == http.MethodGet {
		return answer{}, true
	}
	if err := json.Unmarshal(q.body, &q.fields); err != nil {
		return answer{status: http.StatusBadRequest, body: failure{
			Status: http.StatusBadRequest, Error: "Internal Server Error",
			Response: failureText{"Unexpected token in JSON"},
		}}, false
	}
	return answer{}, true
}

// nameIn is the instance name in a body, "" when there is none.
func nameIn(body []byte) string {
	var b struct{ InstanceName string }
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	return b.InstanceName
}

func (q *request) text(field string) string {
	v, _ := q.fields[field].(string)
	return v
}

// answer is what a route answers.
type answer struct {
	status int
	body   any
	raw    []byte // instead of body
	header http.Header
}

type failure struct {
	Status   int         `json:"status"`
	Error    string      `json:"error"`
	Response failureText `json:"response"`
}

type failureText struct {
	Message any `json:"message"`
}

// fail is the error shape of every route; message has one of five shapes.
func fail(status int, message any) answer {
	return answer{status: status, body: failure{status, http.StatusText(status), failureText{message}}}
}

// schema is the failure of a body that does not fit: an array in an array.
func schema(message string) answer {
	return fail(http.StatusBadRequest, [][]string{{message}})
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

// write sends the answer.
func (a answer) write(w http.ResponseWriter) {
	body := a.raw
	if body == nil {
		var err error
		if body, err = encode(a.body); err != nil {
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

// encode writes JSON as the real server does, with <, > and & as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

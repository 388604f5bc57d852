package fakewaha

import (
	"net/http"
	"net/url"
	"strings"
)

// Op names a route of the API; faults are aimed at it.
type Op string

// The routes, and OpSend for all ways to send.
const (
	OpVersion     Op = "version"
	OpCreate      Op = "sessions/create"
	OpGet         Op = "sessions/get"
	OpDelete      Op = "sessions/delete"
	OpStart       Op = "sessions/start"
	OpStop        Op = "sessions/stop"
	OpRestart     Op = "sessions/restart"
	OpLogout      Op = "sessions/logout"
	OpQR          Op = "auth/qr"
	OpRequestCode Op = "auth/request-code"
	OpGroups      Op = "groups"
	OpMessages    Op = "chats/messages"
	OpMessage     Op = "chats/message"
	OpFile        Op = "files"
	OpNewID       Op = "new-message-id"
	OpSendText    Op = "sendText"
	OpSendImage   Op = "sendImage"
	OpSendVideo   Op = "sendVideo"
	OpSendFile    Op = "sendFile"

	OpAny  Op = ""
	OpSend Op = "send"
)

// covers says whether a fault aimed at o hits a call of op.
func (o Op) covers(op Op) bool {
	return o == OpAny || o == op || o == OpSend && strings.HasPrefix(string(op), "send")
}

type handler func(*request) answer

// match finds the route of a request; nil when there is none.
func (s *Server) match(r *http.Request) (*request, handler) {
	q := &request{Request: r, fields: map[string]any{}}
	parts := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return q, nil
		}
	}
	if len(parts) < 2 || parts[0] != "api" {
		return q, nil
	}
	switch parts = parts[1:]; {
	case len(parts) == 1:
		return s.matchTop(q, r.Method+" "+parts[0])
	case parts[0] == "sessions" && len(parts) <= 3:
		q.name = parts[1]
		return s.matchSession(q, r.Method, parts[2:])
	case parts[0] == "files" && len(parts) == 3 && r.Method == http.MethodGet:
		q.op, q.name, q.id = OpFile, parts[1], parts[2]
		return q, s.file
	}
	q.name = parts[0]
	route := r.Method + " " + strings.Join(parts[1:], "/")
	if len(parts) >= 4 && parts[1] == "chats" && parts[3] == "messages" && r.Method == http.MethodGet {
		q.chat = parts[2]
		switch len(parts) {
		case 4:
			q.op = OpMessages
			return q, s.messages
		case 5:
			q.op, q.id = OpMessage, parts[4]
			return q, s.message
		}
	}
	switch route {
	case "GET auth/qr":
		q.op = OpQR
		return q, s.qr
	case "POST auth/request-code":
		q.op = OpRequestCode
		return q, s.requestCode
	case "GET groups":
		q.op = OpGroups
		return q, s.groups
	case "GET new-message-id":
		q.op = OpNewID
		return q, s.newMessageID
	}
	return q, nil
}

func (s *Server) matchTop(q *request, route string) (*request, handler) {
	switch route {
	case "GET version":
		q.op = OpVersion
		return q, s.version
	case "POST sessions":
		q.op = OpCreate
		return q, s.create
	case "POST sendText":
		q.op = OpSendText
		return q, s.sendText
	case "POST sendImage", "POST sendVideo", "POST sendFile":
		q.op = Op(strings.TrimPrefix(route, "POST "))
		return q, s.sendMedia
	}
	return q, nil
}

func (s *Server) matchSession(q *request, method string, rest []string) (*request, handler) {
	switch route := method + " " + strings.Join(rest, "/"); route {
	case "GET ":
		q.op = OpGet
		return q, s.get
	case "DELETE ":
		q.op = OpDelete
		return q, s.delete
	case "POST start", "POST stop", "POST restart", "POST logout":
		q.op = Op("sessions/" + rest[0])
		return q, s.control
	}
	return q, nil
}

package fakewaha

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// The statuses of a session.
const (
	stopped  = "STOPPED"
	starting = "STARTING"
	scanQR   = "SCAN_QR_CODE"
	working  = "WORKING"
	failed   = "FAILED"
)

// session is one session of the server; everything is guarded by Server.mu.
type session struct {
	name     string
	config   map[string]any
	hooks    []hook
	status   string
	statuses []map[string]any
	qr       string
	code     string // to link by typing
	codeFor  string // the number it was made for
	phone    *fakewhatsapp.Phone
	link     *fakewhatsapp.Session // nil when not linked
	rows     []row
	quiet    context.CancelFunc // ends the reader; nil when none runs
	ended    chan struct{}      // closed when the last reader has ended
}

func (s *Server) version(*request) answer {
	return ok(map[string]any{"version": s.opts.Version, "engine": s.opts.Engine, "tier": "CORE", "browser": nil})
}

func (s *Server) create(q *request) answer {
	name := q.text("name")
	switch {
	case name == "":
		name = "session_" + randomHex(8)
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || len(name) > 54:
		return httpError(http.StatusBadRequest, []string{"name must match /^[a-zA-Z0-9_-]*$/ and be shorter than 54"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[name] != nil {
		return httpError(http.StatusUnprocessableEntity, "Session '"+name+"' already exists. Use PUT to update it.")
	}
	sn := &session{name: name, status: stopped}
	sn.config, _ = q.fields["config"].(map[string]any)
	sn.hooks = hooksOf(sn.config)
	s.sessions[name] = sn
	if start, given := q.fields["start"].(bool); start || !given {
		s.start(sn)
	}
	return created(s.info(sn))
}

func (s *Server) get(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := s.sessions[q.name]
	if sn == nil {
		return httpError(http.StatusNotFound, "Session not found")
	}
	return ok(s.info(sn))
}

// delete is idempotent: a session that is not there is deleted.
func (s *Server) delete(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sn := s.sessions[q.name]; sn != nil {
		s.stop(sn)
		sn.unlink()
		delete(s.sessions, q.name)
	}
	return answer{status: http.StatusOK, raw: []byte{}}
}

func (s *Server) control(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := s.sessions[q.name]
	if sn == nil {
		return httpError(http.StatusNotFound, "Session not found")
	}
	running := sn.status != stopped
	switch q.op {
	case OpStart:
		if !running {
			s.start(sn)
		}
	case OpStop:
		s.stop(sn)
	case OpRestart:
		s.stop(sn)
		s.start(sn)
	case OpLogout:
		s.stop(sn)
		sn.unlink()
		if running {
			s.start(sn)
		}
	}
	return created(s.info(sn))
}

// start runs a session: with credentials it works, without it shows a QR code.
func (s *Server) start(sn *session) {
	s.become(sn, starting)
	if sn.link != nil {
		s.become(sn, working)
		s.listen(sn)
		return
	}
	s.showQR(sn)
}

func (s *Server) showQR(sn *session) {
	part := func(n int) string {
		b := make([]byte, n)
		_, _ = rand.Read(b) // crypto/rand never fails
		return base64.StdEncoding.EncodeToString(b)
	}
	sn.qr = "2@" + strings.Join([]string{part(42), part(32), part(32), part(32)}, ",")
	s.become(sn, scanQR)
}

func (s *Server) stop(sn *session) {
	sn.hush()
	sn.qr, sn.code = "", ""
	if sn.status != stopped {
		s.become(sn, stopped)
	}
}

// unlink erases the credentials.
func (sn *session) unlink() {
	sn.hush()
	if sn.link != nil {
		sn.link.Unlink()
	}
	sn.link, sn.phone, sn.rows = nil, nil, nil
}

// become changes the status and tells of it.
func (s *Server) become(sn *session, status string) {
	sn.status = status
	sn.statuses = append(sn.statuses, map[string]any{"status": status, "timestamp": s.world.Now().UnixMilli()})
	if n := len(sn.statuses); n > 3 {
		sn.statuses = sn.statuses[n-3:]
	}
	s.emit(sn, "session.status", "", map[string]any{
		"name": sn.name, "status": status, "statuses": slices.Clone(sn.statuses), "data": nil,
	})
}

func (s *Server) info(sn *session) map[string]any {
	return map[string]any{
		"name": sn.name, "status": sn.status, "config": sn.config, "me": sn.me(),
		"engine": map[string]any{"engine": s.opts.Engine},
	}
}

// me is the linked account, nil when there is none or the session does not work.
func (sn *session) me() any {
	if sn.phone == nil || sn.status != working {
		return nil
	}
	return map[string]any{
		"id": sn.phone.Number() + "@c.us", "lid": sn.phone.LID(), "pushName": sn.phone.Name(),
		"jid": sn.phone.Number() + ":12@s.whatsapp.net",
	}
}

// running finds a session that runs and works. The real server waits a few seconds for the
// status before it refuses.
func (s *Server) running(q *request, expected string) (sn *session, refusal answer, ok bool) {
	sn = s.sessions[q.name]
	switch {
	case sn == nil || sn.status == stopped:
		return nil, httpError(http.StatusNotFound, fmt.Sprintf(
			"We didn't find a session with name '%[1]s'.\nPlease start it first by using POST /api/sessions/%[1]s/start request", q.name)), false
	case sn.status != expected:
		return nil, answer{status: http.StatusUnprocessableEntity, body: map[string]any{
			"error":   "Session status is not as expected. Try again later or restart the session",
			"session": sn.name, "status": sn.status, "expected": []string{expected},
		}}, false
	}
	return sn, answer{}, true
}

func (s *Server) qr(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn, refusal, valid := s.running(q, scanQR)
	if !valid {
		return refusal
	}
	if q.URL.Query().Get("format") != "raw" {
		return answer{status: http.StatusOK, raw: []byte("\x89PNG\r\n\x1a\n"), header: http.Header{"Content-Type": {"image/png"}}}
	}
	return ok(map[string]any{"value": sn.qr})
}

func (s *Server) requestCode(q *request) answer {
	phone := q.text("phoneNumber")
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := s.sessions[q.name]
	switch {
	case sn == nil || sn.status == stopped:
		_, refusal, _ := s.running(q, scanQR)
		return refusal
	case sn.status != scanQR:
		return httpError(http.StatusUnprocessableEntity, "Can request code only in SCAN_QR_CODE status. The current status is "+sn.status)
	case len(phone) < 7 || strings.Trim(phone, "0123456789") != "":
		return s.exception(q, "2 UNKNOWN: phone number too short")
	}
	code := strings.ToUpper(randomHex(4))
	sn.code, sn.codeFor = code[:4]+"-"+code[4:], phone
	return created(map[string]any{"code": sn.code})
}

func (s *Server) newMessageID(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, refusal, valid := s.running(q, working); !valid {
		return refusal
	}
	return ok(map[string]any{"id": "3EB0" + strings.ToUpper(randomHex(9))})
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

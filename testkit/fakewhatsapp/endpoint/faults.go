package endpoint

import (
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/core"
)

// Fault is how one message of a device goes wrong.
type Fault struct {
	code   int  // of the refusal, 0 for none
	lost   bool // it does not reach the group
	silent bool // it is not acknowledged
	cut    bool // the socket is closed instead
}

// Refuse answers a message with an error code; it does not reach the group.
func Refuse(code int) Fault { return Fault{code: code, lost: true} }

// Silence posts a message and never says so.
func Silence() Fault { return Fault{silent: true} }

// Lose takes a message and does nothing with it.
func Lose() Fault { return Fault{lost: true, silent: true} }

// Cut posts a message and closes the socket instead of saying so.
func Cut() Fault { return Fault{silent: true, cut: true} }

// NextSend has the next messages of a session go wrong, each in its way.
func (s *Server) NextSend(session string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[session] = append(s.faults[session], faults...)
}

func (s *Server) takeFault(session string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.faults[session]
	if len(waiting) == 0 {
		return Fault{}
	}
	s.faults[session] = waiting[1:]
	return waiting[0]
}

// LoginFailure is how the server refuses a device that connects.
type LoginFailure struct {
	Reason int // such as 401, 402, 403, 405, 406, 503
	// Code and Expire belong to 402, the temporary ban.
	Code   int
	Expire time.Duration
}

func (f LoginFailure) node() node {
	n := node{Tag: "failure", Attrs: attrs{"reason": fmt.Sprint(f.Reason)}}
	if f.Code != 0 {
		n.Attrs["code"] = fmt.Sprint(f.Code)
		n.Attrs["expire"] = fmt.Sprint(int(f.Expire / time.Second))
	}
	return n
}

// NextLogin refuses the next log-ins of a session, each in its way.
func (s *Server) NextLogin(session string, failures ...LoginFailure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins[session] = append(s.logins[session], failures...)
}

// SetOffline cuts every connection and refuses new ones, until it is called with false.
func (s *Server) SetOffline(offline bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offline = offline
	if offline {
		s.cutLocked(func(*conn) bool { return true })
	}
}

// Cut closes the session's socket without a word.
func (s *Server) Cut(session string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deviceLocked(session)
	if d == nil || d.conn == nil {
		return ErrUnknownSession
	}
	d.conn.cut()
	return nil
}

// Replace tells the session that another client connected with its keys.
func (s *Server) Replace(session string) error {
	return s.end(session, conflict("replaced", ""))
}

// StreamError ends the session's connection with a code, such as "515" or "503".
func (s *Server) StreamError(session, code string) error {
	return s.end(session, node{Tag: "stream:error", Attrs: attrs{"code": code}})
}

func (s *Server) end(session string, last node) error {
	s.mu.Lock()
	d := s.deviceLocked(session)
	var c *conn
	if d != nil {
		c = d.conn
	}
	s.mu.Unlock()
	if c == nil {
		return ErrUnknownSession
	}
	err := c.send(last)
	c.endSoon()
	return err
}

// LogOut has the owner remove the session on the phone. A device that is connected is told;
// any other learns when it connects.
func (s *Server) LogOut(session string) error {
	s.mu.Lock()
	d := s.deviceLocked(session)
	var c *conn
	if d != nil {
		c = d.conn
	}
	s.mu.Unlock()
	if d == nil {
		return ErrUnknownSession
	}
	s.remove(d)
	if c != nil {
		_ = c.send(conflict("device_removed", "401"))
		c.endSoon()
	}
	return nil
}

// Linked says whether the session is still a device of its phone.
func (s *Server) Linked(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deviceLocked(session) != nil
}

// PostToStatus has a phone post to its status, which is not part of the world, for the
// session's device.
func (s *Server) PostToStatus(session string, author core.JID, words string) error {
	s.mu.Lock()
	d := s.deviceLocked(session)
	s.mu.Unlock()
	p := s.world.Phone(author)
	if d == nil || p == nil {
		return ErrUnknownSession
	}
	st, err := s.encrypted(s.context, d, s.phone(p), outgoing{
		chat: types.StatusBroadcastJID, id: s.nextID(), at: s.world.Now(), message: conversation(words), kind: "text",
	})
	if err != nil {
		return err
	}
	s.enqueue(d, st)
	return nil
}

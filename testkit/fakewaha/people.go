package fakewaha

import (
	"context"
	"errors"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// Errors of the methods that play people.
var (
	// ErrUnknownSession says that the server has no session of that name.
	ErrUnknownSession = errors.New("fakewaha: no such session")
	// ErrNotPairing says that the session shows no QR code, or that nobody asked for a code
	// with this number.
	ErrNotPairing = errors.New("fakewaha: session is not pairing")
	// ErrNotLinked says that the session has no phone.
	ErrNotLinked = errors.New("fakewaha: session is not linked")
)

// Scan plays the person who scans the session's QR code with a phone.
func (s *Server) Scan(name string, phone *fakewhatsapp.Phone) error {
	return s.with(name, func(sn *session) error {
		if sn.status != scanQR {
			return ErrNotPairing
		}
		return s.pair(sn, phone)
	})
}

// EnterCode plays the person who types a pairing code on the phone.
func (s *Server) EnterCode(name string, phone *fakewhatsapp.Phone, code string) error {
	return s.with(name, func(sn *session) error {
		if sn.status != scanQR || code == "" || sn.code != code || sn.codeFor != phone.Number() {
			return ErrNotPairing
		}
		return s.pair(sn, phone)
	})
}

func (s *Server) pair(sn *session, phone *fakewhatsapp.Phone) error {
	link, err := phone.Link(sn.name)
	if err != nil {
		return err
	}
	sn.link, sn.phone, sn.qr, sn.code = link, phone, "", ""
	s.become(sn, starting)
	s.become(sn, working)
	s.listen(sn)
	return nil
}

// RotateQR lets the shown QR code expire; the next one follows.
func (s *Server) RotateQR(name string) error {
	return s.with(name, func(sn *session) error {
		if sn.status != scanQR {
			return ErrNotPairing
		}
		s.showQR(sn)
		return nil
	})
}

// ExpireQR lets the last QR code expire unscanned: the session fails.
func (s *Server) ExpireQR(name string) error {
	return s.with(name, func(sn *session) error {
		if sn.status != scanQR {
			return ErrNotPairing
		}
		sn.qr, sn.code = "", ""
		s.become(sn, failed)
		return nil
	})
}

// LogoutFromPhone plays the person who removes the device in the phone's settings.
func (s *Server) LogoutFromPhone(name string) error {
	return s.with(name, func(sn *session) error {
		if sn.link == nil {
			return ErrNotLinked
		}
		sn.unlink()
		s.become(sn, failed)
		return nil
	})
}

// Status is the session's status, "" when there is none of that name.
func (s *Server) Status(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sn := s.sessions[name]; sn != nil {
		return sn.status
	}
	return ""
}

func (s *Server) with(name string, f func(*session) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn := s.sessions[name]
	if sn == nil {
		return ErrUnknownSession
	}
	return f(sn)
}

// listen turns what the phone's link sees into webhooks until the session stops; s.mu is
// held.
func (s *Server) listen(sn *session) {
	before := sn.ended
	ctx, cancel := context.WithCancel(s.closed)
	link, ended := sn.link, make(chan struct{})
	sn.quiet, sn.ended = cancel, ended
	s.tasks.Go(func() {
		defer close(ended)
		if before != nil {
			<-before // one reader at a time, so that nothing is reordered
		}
		for {
			e, err := link.Next(ctx)
			if err != nil {
				return
			}
			s.mu.Lock()
			if sn.link == link {
				s.receive(sn, e)
			}
			s.mu.Unlock()
		}
	})
}

// hush ends the reader soon; Server.mu is held.
func (sn *session) hush() {
	if sn.quiet != nil {
		sn.quiet()
		sn.quiet = nil
	}
}

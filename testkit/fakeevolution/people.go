package fakeevolution

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// Errors of the methods that play people.
var (
	// ErrUnknownInstance says that the server has no instance of that name.
	ErrUnknownInstance = errors.New("fakeevolution: no such instance")
	// ErrNotPairing says that the instance shows no QR code.
	ErrNotPairing = errors.New("fakeevolution: instance is not pairing")
	// ErrNotLinked says that the instance has no phone.
	ErrNotLinked = errors.New("fakeevolution: instance is not linked")
	// ErrQRExpired says that no instance shows this code any more.
	ErrQRExpired = errors.New("fakeevolution: QR code is expired or unknown")
)

// Instance is an instance as it stands.
type Instance struct {
	Name  string
	ID    string
	State string // "close", "connecting" or "open"
	// QR is the text of the newest QR code, "" when none is shown.
	QR string
	// Phone is the linked phone, nil when there is none.
	Phone *fakewhatsapp.Phone
	// WebhookURL is where events go, "" when none is set.
	WebhookURL string
	// WebhookHeaders go with every event, as whoever set the webhook asked.
	WebhookHeaders map[string]string
}

// Instances lists the instances in the order they were made, without those being deleted.
func (s *Server) Instances() []Instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	list := []Instance{}
	for _, i := range s.sorted() {
		if !i.deleting && !i.erased {
			list = append(list, i.snapshot())
		}
	}
	return list
}

// WaitInstance returns the first instance that matches, waiting for it when it is not
// there yet. The error is that of ctx.
func (s *Server) WaitInstance(ctx context.Context, match func(Instance) bool) (Instance, error) {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		for _, i := range s.Instances() {
			if match(i) {
				return i, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Instance{}, fmt.Errorf("wait for an instance: %w", ctx.Err())
		}
	}
}

func (i *instance) snapshot() Instance {
	snap := Instance{Name: i.name, ID: i.id, State: i.state, Phone: i.phone}
	if i.qr != nil {
		snap.QR = i.qr.code
	}
	if i.hook != nil {
		snap.WebhookURL, snap.WebhookHeaders = i.hook.url, maps.Clone(i.hook.headers)
	}
	return snap
}

// Scan plays the person who scans the newest QR code of an instance with a phone.
func (s *Server) Scan(name string, phone *fakewhatsapp.Phone) error {
	return s.with(name, func(i *instance) error { return s.scan(i, phone) })
}

// ScanCode plays the person who scans the code on a screen. Only the newest code of an
// instance works, else [ErrQRExpired].
func (s *Server) ScanCode(code string, phone *fakewhatsapp.Phone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.instances {
		if i.qr != nil && i.qr.code == code {
			return s.scan(i, phone)
		}
	}
	return ErrQRExpired
}

func (s *Server) scan(i *instance, phone *fakewhatsapp.Phone) error {
	if i.qr == nil || i.deleting || i.erased {
		return ErrNotPairing
	}
	session, err := phone.Link(i.name)
	if err != nil {
		return err
	}
	i.phone, i.session, i.owner, i.qr, i.firstQR, i.code = phone, session, phone.JID(), nil, nil, 0
	s.emitConnection(i, stateConnecting, 200)
	s.goOnline(i)
	return nil
}

// RotateQR lets the shown QR code expire: the next one follows, or the refusal at
// Options.QRLimit.
func (s *Server) RotateQR(name string) error {
	return s.with(name, func(i *instance) error {
		if i.qr == nil {
			return ErrNotPairing
		}
		s.showQR(i)
		return nil
	})
}

// LogoutFromPhone plays the person who removes the device in the phone's settings.
func (s *Server) LogoutFromPhone(name string) error { return s.Disconnect(name, 401) }

// Disconnect closes the socket with a WhatsApp status. The final ones (401, 402, 403, 406)
// log out; after any other the instance says "connecting", keeps trying and needs
// [Server.Recover], and WhatsApp keeps its messages meanwhile. Repeating it is the
// reconnect loop of an unlucky server.
func (s *Server) Disconnect(name string, status int) error {
	return s.with(name, func(i *instance) error {
		if i.session == nil {
			return ErrNotLinked
		}
		switch status {
		case 401, 402, 403, 406:
			s.logOut(i, status)
		default:
			s.goOffline(i, status)
		}
		return nil
	})
}

// Recover lets a disconnected or stalled instance open again and receive what it missed.
func (s *Server) Recover(name string) error {
	return s.with(name, func(i *instance) error {
		if i.session == nil {
			return ErrNotLinked
		}
		s.goOnline(i)
		return nil
	})
}

// Stall kills the socket without anybody noticing: the instance still says open, receives
// nothing, and its sends fail, until [Server.Recover] or a restart.
func (s *Server) Stall(name string) error {
	return s.with(name, func(i *instance) error {
		if i.state != stateOpen {
			return ErrNotLinked
		}
		i.dead = true
		i.stopListening()
		return nil
	})
}

// RestartServer plays a restart of the server's process: webhooks and retries that wait
// are lost, and the linked instances open again.
func (s *Server) RestartServer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.courier.Drop()
	for _, i := range s.sorted() {
		switch {
		case i.session != nil:
			s.goOffline(i, 200)
			s.goOnline(i)
		case i.state == stateConnecting:
			i.state, i.qr, i.firstQR = stateClose, nil, nil
		}
	}
	s.broadcast()
}

// with runs f on an instance that is really there, under the lock.
func (s *Server) with(name string, f func(*instance) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	i := s.instances[name]
	if i == nil {
		return ErrUnknownInstance
	}
	defer s.broadcast()
	return f(i)
}

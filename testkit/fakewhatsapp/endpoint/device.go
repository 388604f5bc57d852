package endpoint

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/libsignal/keys/identity"
	"go.mau.fi/libsignal/keys/prekey"
	"go.mau.fi/libsignal/util/optional"
	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// device is a client that is linked to a phone.
type device struct {
	session  *fakewhatsapp.Session
	phone    *phone
	jid, lid types.JID // with the device's number
	noise    []byte
	identity []byte
	name     string // what the phone shows in its list of linked devices

	ready   chan struct{} // closed when the device has left keys to write to it
	sending sync.Mutex    // orders the queue and what is sent of it

	// guarded by server.mu
	registration uint32
	signed       node
	oneTime      []node
	conn         *conn
	queue        []stanza
	stop         context.CancelFunc
}

// link makes a client that was scanned a device of the phone.
func (s *Server) link(p *phone, session *fakewhatsapp.Session, said hello) (*device, error) {
	pairing := said.payload.GetDevicePairingData()
	name, err := deviceName(pairing.GetDeviceProps())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.numbers[p.phone]++
	number := s.numbers[p.phone]
	s.mu.Unlock()
	d := &device{
		session: session, phone: p, noise: said.static, identity: pairing.GetEIdent(), name: name,
		jid: p.jid, lid: p.lid, ready: make(chan struct{}),
	}
	d.jid.Device, d.lid.Device = number, number
	return d, nil
}

// register lets the device log in, and starts to tell it what happens.
func (s *Server) register(d *device) {
	ctx, stop := context.WithCancel(s.context)
	s.mu.Lock()
	d.stop = stop
	s.devices[d.jid] = d
	s.touchLocked()
	s.mu.Unlock()
	s.running.Go(func() { s.tell(ctx, d) })
}

// remove ends the link: the device can no longer log in.
func (s *Server) remove(d *device) {
	d.session.Unlink()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.devices, d.jid)
	d.stop()
	s.touchLocked()
}

// tell turns what happens in the world into stanzas for the device.
func (s *Server) tell(ctx context.Context, d *device) {
	select {
	case <-d.ready:
	case <-ctx.Done():
		return
	}
	for {
		event, err := d.session.Next(ctx)
		if err != nil {
			return
		}
		for _, st := range s.stanzas(ctx, d, event) {
			s.enqueue(d, st)
		}
	}
}

// preKeys counts the device's one-time keys. WhatsApp would say 0 of a new device, which
// then makes 812 keys; told of 1 it makes 50, and tests take less time.
func (s *Server) preKeys(d *device) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(len(d.oneTime), 1)
}

// takeKeys stores the keys others need to write to the device.
func (s *Server) takeKeys(d *device, n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := content(n.GetChildByTag("registration")); len(b) == 4 {
		d.registration = binary.BigEndian.Uint32(b)
	}
	d.signed = n.GetChildByTag("skey")
	list := n.GetChildByTag("list")
	d.oneTime = append(d.oneTime, list.GetChildren()...)
	select {
	case <-d.ready:
	default:
		close(d.ready)
	}
}

// bundle takes what is needed to write to the device for the first time; a one-time key is
// given once.
func (s *Server) bundle(d *device) (*prekey.Bundle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(d.oneTime) == 0 {
		return nil, fmt.Errorf("device %s has no one-time key left", d.session.Name())
	}
	key := d.oneTime[0]
	d.oneTime = d.oneTime[1:]
	one, err := readKey(key)
	if err != nil {
		return nil, err
	}
	signed, err := readKey(d.signed)
	if err != nil {
		return nil, err
	}
	signature := content(d.signed.GetChildByTag("signature"))
	if len(signature) != 64 || len(d.identity) != 32 {
		return nil, fmt.Errorf("device %s left a malformed key", d.session.Name())
	}
	return prekey.NewBundle(
		d.registration, uint32(d.jid.Device), optional.NewOptionalUint32(one.id), signed.id, one.public, signed.public,
		[64]byte(signature), identity.NewKey(ecc.NewDjbECPublicKey([32]byte(d.identity))),
	), nil
}

// publicKey is a pre-key as it travels.
type publicKey struct {
	id     uint32
	public ecc.ECPublicKeyable
}

func readKey(n node) (publicKey, error) {
	id, value := content(n.GetChildByTag("id")), content(n.GetChildByTag("value"))
	if len(id) != 3 || len(value) != 32 {
		return publicKey{}, fmt.Errorf("a pre-key has %d and %d bytes", len(id), len(value))
	}
	return publicKey{
		id:     binary.BigEndian.Uint32(append([]byte{0}, id...)),
		public: ecc.NewDjbECPublicKey([32]byte(value)),
	}, nil
}

package endpoint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// Errors of the person who links a device.
var (
	// ErrBadQR says that no client shows this QR code now.
	ErrBadQR = errors.New("endpoint: nobody shows this QR code")
	// ErrBadCode says that no client waits for this code with this phone.
	ErrBadCode = errors.New("endpoint: nobody waits for this code with this phone")
)

// qrCodes is how many QR codes a client gets before it must connect again.
const qrCodes = 6

// pairing is what is known of a client that is not linked yet.
type pairing struct {
	refs   []string
	code   *linkCode // when the client asked for one
	linked *device   // once a phone agreed
	signed []byte    // what the phone signed for the client, by its details
}

// greetStranger gives a client that is not linked what its QR codes are made of.
func (c *conn) greetStranger() error {
	c.pairing = &pairing{}
	var refs []node
	for range qrCodes {
		ref := "2@" + c.server.nextID()
		c.pairing.refs = append(c.pairing.refs, ref)
		refs = append(refs, node{Tag: "ref", Content: []byte(ref)})
	}
	return c.send(node{
		Tag:     "iq",
		Attrs:   attrs{"from": types.ServerJID, "type": "set", "id": c.server.nextID(), "xmlns": "md"},
		Content: []node{{Tag: "pair-device", Content: refs}},
	})
}

// deviceName reads the name a client gives itself.
func deviceName(props []byte) (string, error) {
	var p waCompanionReg.DeviceProps
	if err := proto.Unmarshal(props, &p); err != nil {
		return "", fmt.Errorf("endpoint: the client's properties: %w", err)
	}
	return p.GetOs(), nil
}

// DeviceName is the name under which the phone lists the session's device.
func (s *Server) DeviceName(session string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.deviceLocked(session)
	if d == nil {
		return "", ErrUnknownSession
	}
	return d.name, nil
}

// Scan has a phone scan the QR code that a client shows, as session of that name. It
// returns when the phone has agreed; the client still has to log in. It fails with
// [ErrBadQR], or as [fakewhatsapp.Phone.Link] does.
func (s *Server) Scan(p *fakewhatsapp.Phone, session, qr string) error {
	c, secret := s.shows(qr)
	if c == nil {
		return ErrBadQR
	}
	return s.agree(c, s.phone(p), session, secret)
}

// AskPasskey has WhatsApp ask for a passkey after the code was scanned: request is what a
// browser's WebAuthn is given, in JSON. What follows of these steps is not simulated. It
// fails with [ErrBadQR].
func (s *Server) AskPasskey(qr string, request []byte) error {
	c, _ := s.shows(qr)
	if c == nil {
		return ErrBadQR
	}
	return c.send(node{
		Tag:     "notification",
		Attrs:   attrs{"from": types.ServerJID, "type": "passkey_prologue_request", "id": s.nextID()},
		Content: []node{{Tag: "passkey_request_options", Content: request}},
	})
}

// shows finds the client that shows a QR code, and the secret in the code.
func (s *Server) shows(qr string) (*conn, []byte) {
	_, payload, _ := strings.Cut(qr, "#")
	parts := strings.Split(payload, ",")
	if len(parts) < 4 {
		return nil, nil
	}
	identityKey, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, nil
	}
	secret, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil {
		return nil, nil
	}
	return s.stranger(func(c *conn) bool {
		return slices.Contains(c.pairing.refs, parts[0]) &&
			string(c.said.payload.GetDevicePairingData().GetEIdent()) == string(identityKey)
	}), secret
}

// stranger finds a client that is not linked.
func (s *Server) stranger(match func(*conn) bool) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.pairing != nil && c.pairing.linked == nil && match(c) {
			return c
		}
	}
	return nil
}

// agree has the phone sign the client's identity and tells the client, which proves by the
// secret that it is the one on whose screen the QR code or code was.
func (s *Server) agree(c *conn, p *phone, sessionName string, secret []byte) error {
	session, err := p.phone.Link(sessionName)
	if err != nil {
		return err
	}
	d, err := s.link(p, session, c.said)
	if err != nil {
		return err
	}
	details, err := proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID: proto.Uint32(1), Timestamp: proto.Uint64(uint64(s.world.Now().Unix())), KeyIndex: proto.Uint32(1),
	})
	if err != nil {
		return err
	}
	message := concat(whatsmeow.AdvAccountSignaturePrefix, details, d.identity)
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*p.device.IdentityKey.Priv), message)
	signed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentity{
		Details: details, AccountSignatureKey: p.device.IdentityKey.Pub[:], AccountSignature: signature[:],
	})
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	sealed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: signed, HMAC: mac.Sum(nil)})
	if err != nil {
		return err
	}
	s.mu.Lock()
	c.pairing.linked, c.pairing.signed = d, details
	s.mu.Unlock()
	return c.send(node{
		Tag: "iq",
		Attrs: attrs{
			"from": types.ServerJID, "type": "set", "id": s.nextID(), "xmlns": "md", "t": serverTime(s.world.Now()),
		},
		Content: []node{{Tag: "pair-success", Content: []node{
			{Tag: "device-identity", Content: sealed},
			{Tag: "device", Attrs: attrs{"jid": d.jid, "lid": d.lid}},
			{Tag: "platform", Attrs: attrs{"name": "android"}},
		}}},
	})
}

// paired takes the client's own signature, without which others would not write to it, and
// tells it to connect again as a device.
func (c *conn) paired(sign *node) error {
	s := c.server
	s.mu.Lock()
	d, details := c.pairing.linked, c.pairing.signed
	s.mu.Unlock()
	var own waAdv.ADVSignedDeviceIdentity
	child := sign.GetChildByTag("device-identity")
	if err := proto.Unmarshal(content(child), &own); err != nil || d == nil || len(own.GetDeviceSignature()) != 64 {
		return fmt.Errorf("the client's signature is malformed: %w", errors.Join(err, errEnded))
	}
	message := concat(whatsmeow.AdvDeviceSignaturePrefix, details, d.identity, d.phone.device.IdentityKey.Pub[:])
	key := ecc.NewDjbECPublicKey([32]byte(d.identity))
	if !ecc.VerifySignature(key, message, [64]byte(own.GetDeviceSignature())) {
		d.session.Unlink()
		return errors.New("the client's signature is not its own")
	}
	s.register(d)
	return errors.Join(c.send(node{Tag: "stream:error", Attrs: attrs{"code": "515"}}), errEnded)
}

func concat(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

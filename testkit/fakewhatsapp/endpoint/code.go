package endpoint

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"strings"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/gcmutil"
	"go.mau.fi/whatsmeow/util/hkdfutil"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// codeRounds is the cost at which a code protects a key.
const codeRounds = 2 << 16

// linkCode is a link by a code that is typed on the phone.
type linkCode struct {
	phone   types.JID
	ref     []byte
	wrapped []byte // the client's key, protected by the code
	// done gets what the client answered to the phone's key.
	done chan []byte
}

// linkCode takes both halves of the client's side.
func (c *conn) linkCode(n, reg *node) error {
	if c.pairing == nil {
		return c.send(refusal(n, 400, "bad-request"))
	}
	s := c.server
	switch text(reg.Attrs["stage"]) {
	case "companion_hello":
		phone, _ := reg.Attrs["jid"].(types.JID)
		wrapped := content(reg.GetChildByTag("link_code_pairing_wrapped_companion_ephemeral_pub"))
		display := content(reg.GetChildByTag("companion_platform_display"))
		// Known of WhatsApp: the name is "Browser (System)", or the request is refused.
		if len(wrapped) != 80 || !strings.HasSuffix(string(display), ")") {
			return c.send(refusal(n, 400, "bad-request"))
		}
		code := &linkCode{phone: phone, ref: []byte(s.nextID()), wrapped: wrapped, done: make(chan []byte, 1)}
		s.mu.Lock()
		c.pairing.code = code
		s.mu.Unlock()
		return c.send(answer(n, node{Tag: "link_code_companion_reg", Content: []node{
			{Tag: "link_code_pairing_ref", Content: code.ref},
		}}))
	case "companion_finish":
		s.mu.Lock()
		code := c.pairing.code
		s.mu.Unlock()
		if code == nil {
			return c.send(refusal(n, 404, "item-not-found"))
		}
		if err := c.send(answer(n)); err != nil {
			return err
		}
		select {
		case code.done <- content(reg.GetChildByTag("link_code_pairing_wrapped_key_bundle")):
		default:
		}
	}
	return nil
}

// EnterCode has a phone's owner type the code that a client shows, as session of that
// name. It returns when the phone has agreed. It fails with [ErrBadCode], with the error of
// ctx, or as [fakewhatsapp.Phone.Link] does.
func (s *Server) EnterCode(ctx context.Context, p *fakewhatsapp.Phone, session, typed string) error {
	owner := s.phone(p)
	c := s.stranger(func(c *conn) bool { return c.pairing.code != nil && c.pairing.code.phone.User == owner.jid.User })
	if c == nil {
		return ErrBadCode
	}
	s.mu.Lock()
	code := c.pairing.code
	s.mu.Unlock()
	typed = strings.ReplaceAll(typed, "-", "")
	client, err := throughCode(typed, code.wrapped)
	if err != nil {
		return err
	}
	ephemeral := keys.NewKeyPair()
	salt, iv := make([]byte, 32), make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	_, _ = rand.Read(iv)
	wrapped, err := throughCode(typed, concat(salt, iv, ephemeral.Pub[:]))
	if err != nil {
		return err
	}
	if err := c.send(node{
		Tag: "notification", Attrs: attrs{"from": types.ServerJID, "type": "link_code_companion_reg", "id": s.nextID()},
		Content: []node{{Tag: "link_code_companion_reg", Attrs: attrs{"stage": "primary_hello"}, Content: []node{
			{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: concat(salt, iv, wrapped)},
			{Tag: "primary_identity_pub", Content: owner.device.IdentityKey.Pub[:]},
			{Tag: "link_code_pairing_ref", Content: code.ref},
		}}},
	}); err != nil {
		return err
	}
	select {
	case bundle := <-code.done:
		secret, err := codeSecret(bundle, ephemeral, client, owner.device.IdentityKey)
		if err != nil {
			return err
		}
		return s.agree(c, owner, session, secret)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// throughCode covers or uncovers a key that follows a salt and an initialisation vector.
func throughCode(code string, wrapped []byte) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, code, wrapped[:32], codeRounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 32)
	cipher.NewCTR(block, wrapped[32:48]).XORKeyStream(out, wrapped[48:80])
	return out, nil
}

// codeSecret derives what the client proves itself with. Under a wrong code the two sides
// have different secrets, and the bundle does not open.
func codeSecret(bundle []byte, ephemeral *keys.KeyPair, client []byte, identity *keys.KeyPair) ([]byte, error) {
	if len(bundle) < 44 {
		return nil, ErrBadCode
	}
	shared, err := curve25519.X25519(ephemeral.Priv[:], client)
	if err != nil {
		return nil, err
	}
	key := hkdfutil.SHA256(shared, bundle[:32], []byte("link_code_pairing_key_bundle_encryption_key"), 32)
	plain, err := gcmutil.Decrypt(key, bundle[32:44], bundle[44:], nil)
	if err != nil || len(plain) != 96 {
		return nil, ErrBadCode
	}
	identityShared, err := curve25519.X25519(identity.Priv[:], plain[:32])
	if err != nil {
		return nil, err
	}
	return hkdfutil.SHA256(concat(shared, identityShared, plain[64:]), nil, []byte("adv_secret"), 32), nil
}

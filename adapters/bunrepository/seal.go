package bunrepository

import (
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/autopromo-cloud/autopromo/core"
)

// Keyring holds the keys that seal secrets in the database. To rotate, add a key and make
// it current; keep the old one until every row has been written again.
type Keyring struct {
	// Current names the key that seals new values.
	Current string
	// Keys are keys by name: 1 to 64 bytes of name, exactly 32 random bytes of key.
	Keys map[string]core.Secret
}

// sealer seals with XChaCha20-Poly1305, whose nonce is long enough to be drawn at random.
// A sealed value is the length of the key's name, the name, the nonce, the ciphertext.
type sealer struct {
	current string
	keys    map[string]cipher.AEAD
}

func newSealer(ring Keyring) (*sealer, error) {
	s := &sealer{current: ring.Current, keys: make(map[string]cipher.AEAD, len(ring.Keys))}
	for name, key := range ring.Keys {
		if name == "" || len(name) > 64 {
			return nil, errors.New("the name of a key must have 1 to 64 bytes")
		}
		aead, err := chacha20poly1305.NewX([]byte(key.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", name, err)
		}
		s.keys[name] = aead
	}
	if s.keys[ring.Current] == nil {
		return nil, fmt.Errorf("the current key %q is not in the keyring", ring.Current)
	}
	return s, nil
}

// place is where a sealed value lives. It is authenticated with the value, so a value
// moved to another tenant, column or row does not open.
type place struct {
	tenant             core.TenantID
	table, column, row string
}

func (p place) bytes() []byte {
	return []byte(strings.Join([]string{string(p.tenant), p.table, p.column, p.row}, "|"))
}

// seal returns nil for an empty secret: there is nothing to hide.
func (s *sealer) seal(at place, secret core.Secret) ([]byte, error) {
	if secret.IsZero() {
		return nil, nil
	}
	aead := s.keys[s.current]
	out := make([]byte, 0, 1+len(s.current)+aead.NonceSize()+len(secret.Reveal())+aead.Overhead())
	out = append(append(out, byte(len(s.current))), s.current...)
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", at.table, at.column, err)
	}
	return aead.Seal(append(out, nonce...), nonce, []byte(secret.Reveal()), at.bytes()), nil
}

func (s *sealer) open(at place, sealed []byte) (core.Secret, error) {
	if len(sealed) == 0 {
		return core.Secret{}, nil
	}
	fail := func(why string) (core.Secret, error) {
		return core.Secret{}, fmt.Errorf("open %s.%s: %s", at.table, at.column, why)
	}
	n := int(sealed[0])
	if len(sealed) < 1+n {
		return fail("value is cut off")
	}
	name, rest := string(sealed[1:1+n]), sealed[1+n:]
	aead := s.keys[name]
	if aead == nil {
		return fail(fmt.Sprintf("its key %q is not in the keyring", name))
	}
	if len(rest) < aead.NonceSize() {
		return fail("value is cut off")
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], at.bytes())
	if err != nil {
		return fail("it was changed, moved from another row, or sealed with another key of that name")
	}
	return core.NewSecret(string(plain)), nil
}

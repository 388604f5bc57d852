package endpoint

import (
	"context"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/util/keys"
)

// memory keeps what a phone needs of Signal; phone.mu guards it. People here trust whom
// they talk to.
type memory struct {
	*store.NoopStore
	sessions   map[string][]byte
	senderKeys map[string][]byte
	preKeys    map[uint32]*keys.PreKey
	lastPreKey uint32
}

func (m *memory) newPreKey() *keys.PreKey {
	m.lastPreKey++
	k := keys.NewPreKey(m.lastPreKey)
	m.preKeys[k.KeyID] = k
	return k
}

// PutIdentity implements [store.IdentityStore].
func (m *memory) PutIdentity(context.Context, string, [32]byte) error { return nil }

// IsTrustedIdentity implements [store.IdentityStore].
func (m *memory) IsTrustedIdentity(context.Context, string, [32]byte) (bool, error) {
	return true, nil
}

// GetSession implements [store.SessionStore].
func (m *memory) GetSession(_ context.Context, address string) ([]byte, error) {
	return m.sessions[address], nil
}

// HasSession implements [store.SessionStore].
func (m *memory) HasSession(_ context.Context, address string) (bool, error) {
	return m.sessions[address] != nil, nil
}

// PutSession implements [store.SessionStore].
func (m *memory) PutSession(_ context.Context, address string, session []byte) error {
	m.sessions[address] = session
	return nil
}

// GetPreKey implements [store.PreKeyStore].
func (m *memory) GetPreKey(_ context.Context, id uint32) (*keys.PreKey, error) {
	return m.preKeys[id], nil
}

// RemovePreKey implements [store.PreKeyStore].
func (m *memory) RemovePreKey(_ context.Context, id uint32) error {
	delete(m.preKeys, id)
	return nil
}

// PutSenderKey implements [store.SenderKeyStore].
func (m *memory) PutSenderKey(_ context.Context, group, user string, key []byte) error {
	m.senderKeys[group+" "+user] = key
	return nil
}

// GetSenderKey implements [store.SenderKeyStore].
func (m *memory) GetSenderKey(_ context.Context, group, user string) ([]byte, error) {
	return m.senderKeys[group+" "+user], nil
}

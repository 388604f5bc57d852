package endpoint

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/socket"
	"go.mau.fi/whatsmeow/util/keys"
	"golang.org/x/crypto/curve25519"
	"google.golang.org/protobuf/proto"
)

// noise is the responder of Noise_XX_25519_AESGCM_SHA256 as WhatsApp uses it.
type noise struct {
	hash, salt []byte
	key        cipher.AEAD
	count      uint32
}

func newNoise(prologue []byte) (*noise, error) {
	start := []byte(socket.NoiseStartPattern) // as long as a hash, so it is taken as one
	key, err := aesGCM(start)
	if err != nil {
		return nil, err
	}
	n := &noise{hash: start, salt: start, key: key}
	n.authenticate(prologue)
	return n, nil
}

func aesGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce is the counter as the protocol writes it.
func nonce(count uint32) []byte {
	iv := make([]byte, 12)
	binary.BigEndian.PutUint32(iv[8:], count)
	return iv
}

func (n *noise) authenticate(data []byte) {
	sum := sha256.Sum256(append(append([]byte{}, n.hash...), data...))
	n.hash = sum[:]
}

func (n *noise) encrypt(plain []byte) []byte {
	sealed := n.key.Seal(nil, nonce(n.count), plain, n.hash)
	n.count++
	n.authenticate(sealed)
	return sealed
}

func (n *noise) decrypt(sealed []byte) ([]byte, error) {
	plain, err := n.key.Open(nil, nonce(n.count), sealed, n.hash)
	n.count++
	n.authenticate(sealed)
	return plain, err
}

// expand derives two keys from a secret.
func (n *noise) expand(secret []byte) (first, second []byte, err error) {
	both, err := hkdf.Key(sha256.New, secret, n.salt, "", 64)
	if err != nil {
		return nil, nil, err
	}
	return both[:32], both[32:], nil
}

// mix takes the secret shared by two keys into the state.
func (n *noise) mix(private, public []byte) error {
	secret, err := curve25519.X25519(private, public)
	if err != nil {
		return err
	}
	salt, key, err := n.expand(secret)
	if err != nil {
		return err
	}
	n.salt, n.count = salt, 0
	n.key, err = aesGCM(key)
	return err
}

// hello is what a client said of itself in the handshake.
type hello struct {
	static  []byte // its Noise key
	payload *waWa6.ClientPayload
}

// handshake makes the connection secret, and learns who wants what.
func (c *conn) handshake() (hello, error) {
	prologue, err := c.read(len(socket.WAConnHeader))
	if err != nil {
		return hello{}, err
	}
	if string(prologue[:2]) != "WA" {
		return hello{}, fmt.Errorf("the prologue is %x", prologue)
	}
	n, err := newNoise(prologue)
	if err != nil {
		return hello{}, err
	}
	ephemeral := keys.NewKeyPair()
	if err := c.answerHello(n, ephemeral); err != nil {
		return hello{}, err
	}
	return c.finish(n, ephemeral)
}

func (c *conn) answerHello(n *noise, ephemeral *keys.KeyPair) error {
	var in waWa6.HandshakeMessage
	if err := c.readMessage(&in); err != nil {
		return err
	}
	theirs := in.GetClientHello().GetEphemeral()
	n.authenticate(theirs)
	n.authenticate(ephemeral.Pub[:])
	if err := n.mix(ephemeral.Priv[:], theirs); err != nil {
		return err
	}
	static := n.encrypt(c.server.credentials.noise.Pub[:])
	if err := n.mix(c.server.credentials.noise.Priv[:], theirs); err != nil {
		return err
	}
	out, err := proto.Marshal(&waWa6.HandshakeMessage{ServerHello: &waWa6.HandshakeMessage_ServerHello{
		Ephemeral: ephemeral.Pub[:], Static: static, Payload: n.encrypt(c.server.credentials.chain),
	}})
	if err != nil {
		return err
	}
	return c.writeFrame(out)
}

func (c *conn) finish(n *noise, ephemeral *keys.KeyPair) (hello, error) {
	var in waWa6.HandshakeMessage
	if err := c.readMessage(&in); err != nil {
		return hello{}, err
	}
	static, err := n.decrypt(in.GetClientFinish().GetStatic())
	if err != nil {
		return hello{}, fmt.Errorf("the client's key: %w", err)
	}
	if err := n.mix(ephemeral.Priv[:], static); err != nil {
		return hello{}, err
	}
	payload, err := n.decrypt(in.GetClientFinish().GetPayload())
	if err != nil {
		return hello{}, fmt.Errorf("the client's payload: %w", err)
	}
	said := hello{static: static, payload: &waWa6.ClientPayload{}}
	if err := proto.Unmarshal(payload, said.payload); err != nil {
		return hello{}, err
	}
	read, write, err := n.expand(nil)
	if err != nil {
		return hello{}, err
	}
	if c.readKey, err = aesGCM(read); err != nil {
		return hello{}, err
	}
	c.writeKey, err = aesGCM(write)
	return said, err
}

func (c *conn) readMessage(m proto.Message) error {
	frame, err := c.readFrame()
	if err != nil {
		return err
	}
	return proto.Unmarshal(frame, m)
}

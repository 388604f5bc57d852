package endpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"go.mau.fi/libsignal/groups"
	"go.mau.fi/libsignal/protocol"
	"go.mau.fi/libsignal/session"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// phone is the Signal side of a phone of the world. Others are known to it by LID.
type phone struct {
	phone    *fakewhatsapp.Phone
	jid, lid types.JID

	mu     sync.Mutex
	device *store.Device // keys and sessions; all in memory
	memory *memory
	told   map[string]bool // who has the key of a group, by group and device
}

func newPhone(p *fakewhatsapp.Phone) *phone {
	m := &memory{
		NoopStore: &store.NoopStore{Error: errors.New("endpoint: a phone does not keep this")},
		sessions:  map[string][]byte{}, senderKeys: map[string][]byte{}, preKeys: map[uint32]*keys.PreKey{},
	}
	identity := keys.NewKeyPair()
	d := &store.Device{
		NoiseKey: keys.NewKeyPair(), IdentityKey: identity, SignedPreKey: identity.CreateSignedPreKey(1),
		RegistrationID: 1, LIDs: m, Container: m,
	}
	d.SetAllStores(m)
	return &phone{
		phone: p, jid: parseJID(p.JID()), lid: parseJID(p.LID()),
		device: d, memory: m, told: map[string]bool{},
	}
}

var serializer = store.SignalProtobufSerializer

// keyNode is what a device needs to write to the phone for the first time.
func (p *phone) keyNode(asked types.JID) node {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.memory.newPreKey()
	var registration [4]byte
	binary.BigEndian.PutUint32(registration[:], p.device.RegistrationID)
	signed := preKeyNode("skey", p.device.SignedPreKey)
	signed.Content = append(signed.GetChildren(), node{Tag: "signature", Content: p.device.SignedPreKey.Signature[:]})
	return node{Tag: "user", Attrs: attrs{"jid": asked}, Content: []node{
		{Tag: "registration", Content: registration[:]},
		{Tag: "type", Content: []byte{5}},
		{Tag: "identity", Content: p.device.IdentityKey.Pub[:]},
		signed,
		preKeyNode("key", one),
	}}
}

func preKeyNode(tag string, k *keys.PreKey) node {
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], k.KeyID)
	return node{Tag: tag, Content: []node{{Tag: "id", Content: id[1:]}, {Tag: "value", Content: k.Pub[:]}}}
}

// encrypt writes a message to a group for one device: the group's key as well, when the
// device does not have it yet.
func (p *phone) encrypt(ctx context.Context, s *Server, d *device, chat types.JID, m *waE2E.Message) ([]node, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := protocol.NewSenderKeyName(chat.String(), p.lid.SignalAddress())
	builder := groups.NewGroupSessionBuilder(p.device, serializer)
	distribution, err := builder.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	var parts []node
	if told := chat.String() + " " + d.lid.String(); !p.told[told] {
		part, err := p.encryptFor(ctx, s, d, &waE2E.Message{SenderKeyDistributionMessage: &waE2E.SenderKeyDistributionMessage{
			GroupID: proto.String(chat.String()), AxolotlSenderKeyDistributionMessage: distribution.Serialize(),
		}})
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		p.told[told] = true
	}
	plain, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	sealed, err := groups.NewGroupCipher(builder, name, p.device).Encrypt(ctx, pad(plain))
	if err != nil {
		return nil, err
	}
	return append(parts, node{Tag: "enc", Attrs: attrs{"v": "2", "type": "skmsg"}, Content: sealed.SignedSerialize()}), nil
}

// encryptFor writes to one device alone.
func (p *phone) encryptFor(ctx context.Context, s *Server, d *device, m *waE2E.Message) (node, error) {
	address := d.lid.SignalAddress()
	builder := session.NewBuilderFromSignal(p.device, address, serializer)
	if known, err := p.device.ContainsSession(ctx, address); err != nil {
		return node{}, err
	} else if !known {
		bundle, err := s.bundle(d)
		if err != nil {
			return node{}, err
		}
		if err := builder.ProcessBundle(ctx, bundle); err != nil {
			return node{}, err
		}
	}
	plain, err := proto.Marshal(m)
	if err != nil {
		return node{}, err
	}
	sealed, err := session.NewCipher(builder, address).Encrypt(ctx, pad(plain))
	if err != nil {
		return node{}, err
	}
	kind := "msg"
	if sealed.Type() == protocol.PREKEY_TYPE {
		kind = "pkmsg"
	}
	return node{Tag: "enc", Attrs: attrs{"v": "2", "type": kind}, Content: sealed.Serialize()}, nil
}

// learn reads the part of a message that is for this phone alone: a group's key.
func (p *phone) learn(ctx context.Context, d *device, chat types.JID, enc node) error {
	address := d.lid.SignalAddress()
	cipher := session.NewCipher(session.NewBuilderFromSignal(p.device, address, serializer), address)
	var plain []byte
	switch kind := text(enc.Attrs["type"]); kind {
	case "pkmsg":
		m, err := protocol.NewPreKeySignalMessageFromBytes(content(enc), serializer.PreKeySignalMessage, serializer.SignalMessage)
		if err != nil {
			return err
		}
		if plain, err = cipher.DecryptMessage(ctx, m); err != nil {
			return err
		}
	case "msg":
		m, err := protocol.NewSignalMessageFromBytes(content(enc), serializer.SignalMessage)
		if err != nil {
			return err
		}
		if plain, err = cipher.Decrypt(ctx, m); err != nil {
			return err
		}
	default:
		return fmt.Errorf("a part of type %q", kind)
	}
	m, err := unmarshalPadded(plain)
	if err != nil {
		return err
	}
	key, err := protocol.NewSenderKeyDistributionMessageFromBytes(
		m.GetSenderKeyDistributionMessage().GetAxolotlSenderKeyDistributionMessage(), serializer.SenderKeyDistributionMessage)
	if err != nil {
		return err
	}
	name := protocol.NewSenderKeyName(chat.String(), d.lid.SignalAddress())
	return groups.NewGroupSessionBuilder(p.device, serializer).Process(ctx, name, key)
}

// decrypt reads a message a device sent to a group: own is the part for this phone, if
// there is one, and shared the part for everybody.
func (p *phone) decrypt(ctx context.Context, d *device, chat types.JID, own *node, shared node) (*waE2E.Message, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if own != nil {
		if err := p.learn(ctx, d, chat, *own); err != nil {
			return nil, err
		}
	}
	m, err := protocol.NewSenderKeyMessageFromBytes(content(shared), serializer.SenderKeyMessage)
	if err != nil {
		return nil, err
	}
	name := protocol.NewSenderKeyName(chat.String(), d.lid.SignalAddress())
	builder := groups.NewGroupSessionBuilder(p.device, serializer)
	plain, err := groups.NewGroupCipher(builder, name, p.device).Decrypt(ctx, m)
	if err != nil {
		return nil, err
	}
	return unmarshalPadded(plain)
}

// pad hides the length of a message, as WhatsApp's clients do.
func pad(plain []byte) []byte {
	const n = 7
	for range n {
		plain = append(plain, n)
	}
	return plain
}

func unmarshalPadded(plain []byte) (*waE2E.Message, error) {
	if len(plain) == 0 || int(plain[len(plain)-1]) > len(plain) {
		return nil, errors.New("a message without padding")
	}
	m := &waE2E.Message{}
	return m, proto.Unmarshal(plain[:len(plain)-int(plain[len(plain)-1])], m)
}

package endpoint

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// outgoing is a message of a phone for a linked device.
type outgoing struct {
	chat    types.JID
	by      fakewhatsapp.Addressing
	id      string
	at      time.Time
	kind    string // "text" or "media"
	edit    string // how it changes another message, "" when it does not
	message *waE2E.Message
}

// encrypted makes the stanza of a message.
func (s *Server) encrypted(ctx context.Context, d *device, author *phone, o outgoing) (stanza, error) {
	parts, err := author.encrypt(ctx, s, d, o.chat, o.message)
	if err != nil {
		return stanza{}, err
	}
	name, other := author.named(o.by)
	n := node{Tag: "message", Attrs: attrs{
		"from": o.chat, "id": o.id, "t": serverTime(o.at), "type": o.kind, "notify": author.phone.Name(),
		"participant": name, otherName(o.by, "participant"): other,
	}, Content: parts}
	if o.by != "" {
		n.Attrs["addressing_mode"] = string(o.by)
	}
	if o.edit != "" {
		n.Attrs["edit"] = o.edit
	}
	return stanza{class: "message", id: o.id, node: n}, nil
}

// stanzas are what a device is told of an event.
func (s *Server) stanzas(ctx context.Context, d *device, e fakewhatsapp.Event) []stanza {
	o := outgoing{chat: parseJID(e.Group.JID), by: e.Group.Addressing, id: string(e.Post.ID), at: e.At, kind: "text"}
	switch e.Kind {
	case fakewhatsapp.Posted:
		if e.Post.Media != nil {
			o.kind = "media"
		}
		o.message = s.composed(e.Post)
	case fakewhatsapp.Edited:
		o.id, o.edit, o.message = s.nextID(), string(types.EditAttributeMessageEdit), editOf(e)
	case fakewhatsapp.Revoked:
		o.id, o.edit, o.message = s.nextID(), string(types.EditAttributeSenderRevoke), revokeOf(e)
	default:
		return []stanza{s.groupNotification(d, e)}
	}
	author := s.world.Phone(e.Post.Author)
	if author == nil {
		return nil
	}
	st, err := s.encrypted(ctx, d, s.phone(author), o)
	if err != nil {
		return nil // the device has left no key: it cannot be written to
	}
	return []stanza{st}
}

// The codes with which a message is refused. What WhatsApp really answers to a member of an
// announcement group was not observed.
const (
	codeForbidden = 403
	codeNotFound  = 404
	codeMalformed = 479
)

// message takes what a device sends to a group: the phones of the group decrypt it, and if
// any can, it is in the group.
func (s *Server) message(c *conn, n *node) error {
	d, fault := c.device, s.takeFault(c.device.session.Name())
	to, _ := n.Attrs["to"].(types.JID)
	id := core.MessageID(text(n.Attrs["id"]))
	frame := Frame{Session: d.session.Name(), Group: core.JID(to.String()), ID: id}
	code := fault.code
	if !fault.lost {
		code = s.deliver(c, n, to, &frame)
	}
	s.mu.Lock()
	s.frames = append(s.frames, frame)
	s.touchLocked()
	s.mu.Unlock()
	if fault.cut {
		c.cut()
		return errors.New("cut")
	}
	if fault.silent {
		return nil
	}
	ack := node{Tag: "ack", Attrs: attrs{
		"class": "message", "id": string(id), "from": to, "t": serverTime(s.world.Now()),
	}}
	if code != 0 {
		ack.Attrs["error"] = fmt.Sprint(code)
	}
	return c.send(ack)
}

// deliver has the phones read a message and enters it into the ledger. It returns the code
// of the refusal, 0 when it was posted.
func (s *Server) deliver(c *conn, n *node, to types.JID, frame *Frame) int {
	d := c.device
	group := s.world.Group(frame.Group)
	if group == nil {
		return codeNotFound
	}
	if s.repeated(d, n) {
		return 0
	}
	read, unread := s.read(c, n, to, group.Info())
	frame.Unread = unread
	if read == nil {
		return codeMalformed
	}
	m, err := s.received(read)
	if err != nil {
		return codeMalformed
	}
	m.ID = frame.ID
	_, before := s.world.Find(core.MessageKey{Chat: frame.Group, Participant: d.phone.phone.JID(), ID: m.ID})
	post, err := d.session.Post(frame.Group, m)
	switch {
	case errors.Is(err, fakewhatsapp.ErrUnknownGroup):
		return codeNotFound
	case errors.Is(err, fakewhatsapp.ErrNotMember), errors.Is(err, fakewhatsapp.ErrNotAllowed):
		return codeForbidden
	case err != nil:
		return codeMalformed
	}
	if !before {
		s.confirm(d, post, group.Info())
	}
	return 0
}

// repeated says whether these very bytes came before: the client repeats a stanza after it
// lost its connection. Phones have read it and cannot decrypt it twice.
func (s *Server) repeated(d *device, n *node) bool {
	seen := d.jid.String()
	for _, enc := range n.GetChildrenByTag("enc") {
		sum := sha256.Sum256(content(enc))
		seen += string(sum[:])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.seen[seen] = true }()
	return s.seen[seen]
}

// read has each phone of the group decrypt a message; the author's own phone gets it too.
func (s *Server) read(c *conn, n *node, to types.JID, g fakewhatsapp.GroupInfo) (*waE2E.Message, []core.JID) {
	var shared node
	for _, enc := range n.GetChildrenByTag("enc") {
		shared = enc
	}
	own := map[string]node{}
	participants := n.GetChildByTag("participants")
	for _, t := range participants.GetChildren() {
		jid, _ := t.Attrs["jid"].(types.JID)
		own[jid.ToNonAD().String()] = child(&t)
	}
	var read *waE2E.Message
	var unread []core.JID
	for _, p := range s.participants(g) {
		var part *node
		for _, address := range []types.JID{p.jid, p.lid} {
			if enc, ok := own[address.String()]; ok {
				part = &enc
			}
		}
		m, err := p.decrypt(c.ctx, c.device, to, part, shared)
		if err != nil {
			unread = append(unread, p.phone.JID())
			continue
		}
		read = m
	}
	return read, sortedJIDs(unread)
}

// confirm sends the device the receipt of the first other phone that got its message.
func (s *Server) confirm(d *device, post fakewhatsapp.Post, g fakewhatsapp.GroupInfo) {
	for _, m := range g.Members {
		if m.Phone == d.phone.phone {
			continue
		}
		name, other := s.phone(m.Phone).named(g.Addressing)
		s.enqueue(d, stanza{class: "receipt", id: string(post.ID), node: node{Tag: "receipt", Attrs: attrs{
			"id": string(post.ID), "from": parseJID(post.Group), "participant": name,
			otherName(g.Addressing, "participant"): other, "addressing_mode": string(g.Addressing),
			"t": serverTime(post.At),
		}}})
		return
	}
}

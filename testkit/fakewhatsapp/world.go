package fakewhatsapp

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Errors of the simulated WhatsApp.
var (
	// ErrUnknownGroup says that no group has that address.
	ErrUnknownGroup = errors.New("fakewhatsapp: no such group")
	// ErrNotMember says that the phone is not in the group.
	ErrNotMember = errors.New("fakewhatsapp: not a member of the group")
	// ErrNotAllowed says that the group does not let this member do that.
	ErrNotAllowed = errors.New("fakewhatsapp: not allowed in the group")
	// ErrUnknownMessage says that there is no such message, or that it is someone else's.
	ErrUnknownMessage = errors.New("fakewhatsapp: no such message of this phone")
	// ErrEmpty says that a message has neither text nor media.
	ErrEmpty = errors.New("fakewhatsapp: empty message")
	// ErrUnlinked says that the session is no longer a device of its phone.
	ErrUnlinked = errors.New("fakewhatsapp: session is unlinked")
)

// Options shape a [World]; the zero value works.
type Options struct {
	// Now is the world's clock, time.Now when nil.
	Now func() time.Time
	// Seed varies the ids of messages and people. Worlds with one seed that live through
	// the same events give the same ids.
	Seed uint64
}

// World is one simulated WhatsApp. Make it with [New].
type World struct {
	now  func() time.Time
	seed uint64

	mu       sync.Mutex
	serial   uint64
	phones   map[core.JID]*Phone // by phone JID
	groups   map[core.JID]*Group
	order    []*Group            // as created, so that listings are stable
	sessions map[string]*Session // linked ones by name
	devices  map[*Phone][]*Session
	ledger   []*Post
	byKey    map[core.MessageKey]*Post
	changed  chan struct{} // closed and replaced at every post, edit and revoke
}

// New makes an empty world.
func New(opts Options) *World {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &World{
		now:      opts.Now,
		seed:     opts.Seed,
		phones:   map[core.JID]*Phone{},
		groups:   map[core.JID]*Group{},
		sessions: map[string]*Session{},
		devices:  map[*Phone][]*Session{},
		byKey:    map[core.MessageKey]*Post{},
		changed:  make(chan struct{}),
	}
}

// Now reads the world's clock.
func (w *World) Now() time.Time { return w.now() }

// AddPhone adds a phone: its number in digits with country code, and the name people see.
// A number that is not 8 to 15 digits, or that exists already, is an error.
func (w *World) AddPhone(number, name string) (*Phone, error) {
	if len(number) < 8 || len(number) > 15 || strings.Trim(number, "0123456789") != "" {
		return nil, fmt.Errorf("fakewhatsapp: a phone number is 8 to 15 digits")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	jid := core.JID(number + "@s.whatsapp.net")
	if w.phones[jid] != nil {
		return nil, fmt.Errorf("fakewhatsapp: this phone number exists already")
	}
	p := &Phone{world: w, number: number, name: name, jid: jid, lid: core.JID(w.digits(15) + "@lid")}
	w.phones[jid] = p
	return p, nil
}

// Phone finds the phone with a phone JID or a LID, nil when there is none.
func (w *World) Phone(jid core.JID) *Phone {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.phones[jid]; p != nil {
		return p
	}
	for _, p := range w.phones {
		if p.lid == jid {
			return p
		}
	}
	return nil
}

// AddGroup adds a group and tells its members' sessions. A spec without a JID gets one.
func (w *World) AddGroup(spec GroupSpec) (*Group, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if spec.JID == "" {
		spec.JID = core.JID("120363" + w.digits(12) + "@g.us")
	}
	if !spec.JID.IsGroup() {
		return nil, fmt.Errorf("fakewhatsapp: %q is not a group address", spec.JID)
	}
	if w.groups[spec.JID] != nil {
		return nil, fmt.Errorf("fakewhatsapp: group %s exists already", spec.JID)
	}
	for _, p := range slices.Concat(spec.Admins, spec.Members) {
		if p == nil || p.world != w {
			return nil, fmt.Errorf("fakewhatsapp: group %s has a member that is not of this world", spec.JID)
		}
	}
	g := newGroup(w, spec)
	w.groups[spec.JID] = g
	w.order = append(w.order, g)
	for _, m := range g.members {
		w.tell(m.Phone, Event{Kind: Joined, Group: g.info(), At: g.created})
	}
	return g, nil
}

// Group finds the group with this address, nil when there is none.
func (w *World) Group(jid core.JID) *Group {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.groups[jid]
}

// GroupsOf lists the groups a phone is in, in the order they were made.
func (w *World) GroupsOf(p *Phone) []GroupInfo {
	w.mu.Lock()
	defer w.mu.Unlock()
	groups := []GroupInfo{}
	for _, g := range w.order {
		if g.member(p) != nil {
			groups = append(groups, g.info())
		}
	}
	return groups
}

// tell hands an event to every session of a phone.
func (w *World) tell(p *Phone, e Event) {
	for _, s := range w.devices[p] {
		s.push(e)
	}
}

// broadcast wakes everybody who waits for the ledger.
func (w *World) broadcast() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// noise is the world's source of ids: repeatable, and never the same twice.
func (w *World) noise() [32]byte {
	w.serial++
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], w.seed)
	binary.BigEndian.PutUint64(b[8:], w.serial)
	return sha256.Sum256(b[:])
}

func (w *World) digits(n int) string {
	noise := w.noise()
	s := make([]byte, n)
	for i := range s {
		s[i] = '1' + noise[i]%9
	}
	return string(s)
}

// messageID makes an id as WhatsApp does: 20 characters from "3A" on a phone, 22 from
// "3EB0" on a linked device.
func (w *World) messageID(linked bool) core.MessageID {
	noise := w.noise()
	random := strings.ToUpper(hex.EncodeToString(noise[:9]))
	if linked {
		return core.MessageID("3EB0" + random)
	}
	return core.MessageID("3A" + random)
}

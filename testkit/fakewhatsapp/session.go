package fakewhatsapp

import (
	"context"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// EventKind says what a session was told.
type EventKind string

// The kinds of events.
const (
	Posted         EventKind = "posted"
	Edited         EventKind = "edited"
	Revoked        EventKind = "revoked"
	Joined         EventKind = "joined"          // the phone came into a group
	MembersChanged EventKind = "members_changed" // others, or the phone's own rights
	GroupChanged   EventKind = "group_changed"   // subject or announce flag
)

// Action says how members changed.
type Action string

// The actions on members.
const (
	Added    Action = "add"
	Removed  Action = "remove"
	Promoted Action = "promote"
	Demoted  Action = "demote"
)

// Event is what a linked session sees of the world.
type Event struct {
	Kind EventKind
	// Post is the message of Posted, Edited and Revoked.
	Post Post
	// Text is the new text of Edited.
	Text string
	// Group is the group as it stood right after.
	Group GroupInfo
	// Action and Phones belong to MembersChanged.
	Action Action
	Phones []*Phone
	At     time.Time
}

// Session is a linked device of a phone. Events wait in it until [Session.Next] takes
// them, also while the device is away, as WhatsApp keeps them.
type Session struct {
	world *World
	name  string
	phone *Phone

	// guarded by world.mu
	unlinked bool
	queue    []Event
	handling bool
	signal   chan struct{} // closed and replaced when the queue grows or the link ends
}

// Name is the session's name.
func (s *Session) Name() string { return s.name }

// Phone is the phone the session is a device of.
func (s *Session) Phone() *Phone { return s.phone }

// Post writes a message as the phone; see [Phone.Post]. It can also fail with
// [ErrUnlinked].
func (s *Session) Post(group core.JID, m Message) (Post, error) {
	return s.world.post(s.phone, s, group, m)
}

// Groups lists the groups of the phone.
func (s *Session) Groups() []GroupInfo { return s.world.GroupsOf(s.phone) }

// Next returns the next event, waiting for it. It fails with [ErrUnlinked] when the link
// has ended and with the error of ctx as soon as that has ended, even when events wait. A
// session has one reader.
func (s *Session) Next(ctx context.Context) (Event, error) {
	for {
		s.world.mu.Lock()
		if s.handling {
			s.handling = false
			s.wake()
		}
		if s.unlinked {
			s.world.mu.Unlock()
			return Event{}, ErrUnlinked
		}
		if err := ctx.Err(); err != nil {
			s.world.mu.Unlock()
			return Event{}, err
		}
		if len(s.queue) > 0 {
			e := s.queue[0]
			s.queue = s.queue[1:]
			s.handling = true
			s.world.mu.Unlock()
			return e, nil
		}
		signal := s.signal
		s.world.mu.Unlock()
		select {
		case <-signal:
		case <-ctx.Done():
		}
	}
}

// Pending counts the events the reader has not finished with: those waiting, and the one
// last taken until Next is called again.
func (s *Session) Pending() int {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	return s.pending()
}

// WaitDrained returns when Pending is zero or the link has ended, or with the error of ctx.
func (s *Session) WaitDrained(ctx context.Context) error {
	for {
		s.world.mu.Lock()
		done, signal := s.pending() == 0, s.signal
		s.world.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-signal:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Session) pending() int {
	n := len(s.queue)
	if s.handling {
		n++
	}
	return n
}

// Unlink ends the link, as the person does in the phone's settings; doing it again is
// harmless. The name becomes free.
func (s *Session) Unlink() {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.unlinked {
		return
	}
	s.unlinked, s.queue, s.handling = true, nil, false
	delete(w.sessions, s.name)
	w.devices[s.phone] = slices.DeleteFunc(w.devices[s.phone], func(o *Session) bool { return o == s })
	s.wake()
}

func (s *Session) push(e Event) {
	s.queue = append(s.queue, e)
	s.wake()
}

func (s *Session) wake() {
	close(s.signal)
	s.signal = make(chan struct{})
}

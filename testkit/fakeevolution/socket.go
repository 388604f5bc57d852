package fakeevolution

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// goOnline opens the socket of a linked instance; s.mu is held.
func (s *Server) goOnline(i *instance) {
	i.state, i.dead = stateOpen, false
	i.base64 = i.hook != nil && i.hook.base64
	s.emitConnection(i, stateOpen, 200)
	s.listen(i)
}

// goOffline closes the socket and keeps the credentials; s.mu is held.
func (s *Server) goOffline(i *instance, status int) {
	i.stopListening()
	i.state, i.dead = stateConnecting, false
	if status != 200 {
		i.code, i.codeAt = status, s.world.Now()
	}
	// The real server tells of the reconnect, never of the reason.
	s.emitConnection(i, stateConnecting, 200)
}

// logOut closes the socket and erases the credentials; s.mu is held.
func (s *Server) logOut(i *instance, status int) {
	i.stopListening()
	if i.session != nil {
		i.session.Unlink()
	}
	now := s.world.Now()
	i.state, i.session, i.phone, i.qr, i.firstQR, i.dead = stateClose, nil, nil, nil, nil, false
	i.code, i.codeAt, i.updated = status, now, now
	s.emit(i, "status.instance", map[string]any{
		"instance": i.name, "status": "closed", "disconnectionAt": stamp(now),
		"disconnectionReasonCode": status, "disconnectionObject": disconnectionObject(status),
	})
	s.emit(i, "logout.instance", nil)
	s.emitConnection(i, stateClose, status)
	s.broadcast()
}

// disconnectionObject is the error of the socket as a JSON text.
func disconnectionObject(status int) string {
	text, err := json.Marshal(map[string]any{"error": map[string]any{
		"isBoom": true, "output": map[string]any{
			"statusCode": status,
			"payload":    map[string]any{"statusCode": status, "error": http.StatusText(status), "message": "Stream Errored (conflict)"},
		},
	}})
	if err != nil {
		return "" // text and numbers always marshal
	}
	return string(text)
}

func (s *Server) emitConnection(i *instance, state string, status int) {
	data := map[string]any{"instance": i.name, "state": state, "statusReason": status}
	if state == stateOpen {
		data["wuid"] = i.phone.JID()
		data["profileName"] = i.phone.Name()
		data["profilePictureUrl"] = nil
	}
	s.emit(i, "connection.update", data)
}

// reader takes what a session sees, for as long as the socket is open.
type reader struct {
	session *fakewhatsapp.Session
	ctx     context.Context
	stop    context.CancelFunc
	ended   chan struct{}
}

// wait returns when the session has nothing more for the reader, or the reader stopped.
func (r *reader) wait(ctx context.Context) error {
	drained, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	if err := r.session.WaitDrained(drained); err != nil {
		return ctx.Err()
	}
	return nil
}

// readers lists the readers that are at work; s.mu is held.
func (s *Server) readers() []*reader {
	var list []*reader
	for _, i := range s.instances {
		if i.reader != nil {
			list = append(list, i.reader)
		}
	}
	return list
}

// listen turns what the session sees into webhooks until the socket closes; s.mu is held.
func (s *Server) listen(i *instance) {
	i.stopListening()
	if s.closed.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(s.closed)
	r := &reader{session: i.session, ctx: ctx, stop: cancel, ended: make(chan struct{})}
	before := i.before
	i.reader = r
	s.tasks.Go(func() {
		defer close(r.ended)
		if before != nil {
			<-before.ended // one reader at a time, so that nothing is reordered
		}
		for {
			e, err := r.session.Next(ctx)
			if errors.Is(err, fakewhatsapp.ErrUnlinked) {
				s.unlinked(i, r.session)
			}
			if err != nil {
				return
			}
			s.mu.Lock()
			s.receive(i, r.session, e)
			s.broadcast()
			s.mu.Unlock()
		}
	})
}

// unlinked notices that somebody ended the link in the world itself.
func (s *Server) unlinked(i *instance, session *fakewhatsapp.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.session == session {
		s.logOut(i, 401)
	}
}

// stopListening makes the reader end soon; Server.mu is held.
func (i *instance) stopListening() {
	if i.reader != nil {
		i.reader.stop()
		i.before, i.reader = i.reader, nil
	}
}

// receive tells of one event of the world; s.mu is held.
func (s *Server) receive(i *instance, session *fakewhatsapp.Session, e fakewhatsapp.Event) {
	if i.session != session {
		return // logged out meanwhile
	}
	ignored, _ := i.settings["groupsIgnore"].(bool)
	switch e.Kind {
	case fakewhatsapp.Posted:
		if !ignored {
			data := s.upsert(i, e)
			s.store(i, e.Post, data)
			s.emitFor(i, "messages.upsert", e.Post.ID, data)
		}
	case fakewhatsapp.Edited:
		if !ignored {
			s.emitFor(i, "messages.edited", e.Post.ID, s.edited(i, e))
		}
	case fakewhatsapp.Revoked:
		if !ignored {
			event, data := s.revoked(i, e)
			s.emitFor(i, event, e.Post.ID, data)
		}
	case fakewhatsapp.Joined:
		s.emit(i, "groups.upsert", []any{groupObject(e.Group, true)})
	case fakewhatsapp.GroupChanged:
		// The real server emits it too, under a name nobody can subscribe to.
		s.emit(i, "groups.update", []any{map[string]any{
			"id": e.Group.JID, "subject": e.Group.Subject, "announce": e.Group.Announce,
		}})
	case fakewhatsapp.MembersChanged:
		s.emit(i, "group-participants.update", participantsUpdate(e))
	}
}

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// find returns a user by name or by what it shows; s.mu is held.
func (s *standIn) find(fits func(*user) bool) *user {
	for _, u := range s.users {
		if fits(u) {
			return u
		}
	}
	return nil
}

// scan plays the person who scans a code with a phone.
func (s *standIn) scan(code string, phone *fakewhatsapp.Phone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link(s.find(func(u *user) bool { return u.qr == code }), phone)
}

// scanOf plays the person who scans the code that a session shows.
func (s *standIn) scanOf(name string, phone *fakewhatsapp.Phone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link(s.find(func(u *user) bool { return u.name == name && u.qr != "" }), phone)
}

// typed plays the person who types a pairing code.
func (s *standIn) typed(name, code string, phone *fakewhatsapp.Phone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link(s.find(func(u *user) bool { return u.name == name && u.code == code }), phone)
}

func (s *standIn) link(u *user, phone *fakewhatsapp.Phone) error {
	if u == nil {
		return errors.New("nobody shows this code")
	}
	link, err := phone.Link(u.name)
	if err != nil {
		return err
	}
	u.link, u.phone, u.qr, u.code = link, phone, "", ""
	s.tell(u, map[string]any{"type": "Connected", "event": map[string]any{}})
	s.tasks.Go(func() {
		for {
			e, err := link.Next(s.closed)
			if err != nil {
				return
			}
			s.mu.Lock()
			if u.link == link {
				s.receive(u, e)
			}
			s.mu.Unlock()
		}
	})
	return nil
}

// logOut plays the person who removes the device on the phone.
func (s *standIn) logOut(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.find(func(u *user) bool { return u.name == name })
	if u == nil || u.link == nil {
		return errors.New("not linked")
	}
	u.unlink()
	s.tell(u, map[string]any{"type": "LoggedOut", "event": map[string]any{"OnConnect": false, "Reason": 401}})
	return nil
}

// receive tells of an event of the world in whatsmeow's shapes.
func (s *standIn) receive(u *user, e fakewhatsapp.Event) {
	p := e.Post
	info := map[string]any{
		"Chat": p.Group, "IsGroup": true, "IsFromMe": p.Author == u.phone.JID(), "ID": p.ID, "Type": "text",
		"Timestamp": e.At.Format(time.RFC3339), "AddressingMode": e.Group.Addressing,
	}
	if author := s.world.Phone(p.Author); author != nil {
		info["Sender"] = device(address(e.Group, author))
	}
	var content map[string]any
	switch e.Kind {
	case fakewhatsapp.Posted:
		if p.Content == fakewhatsapp.ContentText { // the group's keys come first, under the same id
			s.tell(u, map[string]any{"type": "Message", "event": map[string]any{"Info": info, "Message": map[string]any{
				"senderKeyDistributionMessage": map[string]any{"groupID": p.Group},
			}}})
		}
		content = contentOf(p)
	case fakewhatsapp.Edited, fakewhatsapp.Revoked:
		protocol := map[string]any{"type": 0, "key": map[string]any{"remoteJID": p.Group, "ID": p.ID}}
		if e.Kind == fakewhatsapp.Edited {
			protocol["type"], protocol["editedMessage"] = 14, map[string]any{"conversation": e.Text}
		}
		info["ID"] = "3EB0" + string(p.ID[4:]) + "E"
		content = map[string]any{"protocolMessage": protocol}
	default:
		s.tell(u, map[string]any{"type": "GroupInfo", "event": map[string]any{"JID": e.Group.JID}})
		return
	}
	s.tell(u, map[string]any{"type": "Message", "event": map[string]any{"Info": info, "Message": content}})
}

// device adds the device an author wrote from.
func device(jid core.JID) string {
	at := len(jid)
	for i, c := range jid {
		if c == '@' {
			at = i
		}
	}
	return fmt.Sprintf("%s:3%s", jid[:at], jid[at:])
}

func contentOf(p fakewhatsapp.Post) map[string]any {
	var content map[string]any
	switch {
	case p.Content == fakewhatsapp.ContentSticker:
		content = map[string]any{"stickerMessage": map[string]any{"mimetype": "image/webp"}}
	case p.Media != nil:
		content = map[string]any{string(p.Media.Kind) + "Message": map[string]any{
			"caption": p.Text, "mimetype": p.Media.MimeType, "fileName": p.Media.FileName, "URL": "https://mmg.whatsapp.net/v/" + string(p.ID),
			"directPath": "/v/" + string(p.ID), "mediaKey": "a2V5", "fileSHA256": "c3Vt", "fileEncSHA256": "c3Vt", "fileLength": len(p.Media.Data),
		}}
	case p.Wrap == fakewhatsapp.WrapPreview:
		content = map[string]any{"extendedTextMessage": map[string]any{"text": p.Text, "title": "Loja"}}
	default:
		content = map[string]any{"conversation": p.Text}
	}
	switch p.Wrap {
	case fakewhatsapp.WrapEphemeral:
		return map[string]any{"ephemeralMessage": map[string]any{"message": content}}
	case fakewhatsapp.WrapViewOnce:
		return map[string]any{"viewOnceMessageV2": map[string]any{"message": content}}
	case fakewhatsapp.WrapCaption:
		return map[string]any{"documentWithCaptionMessage": map[string]any{"message": content}}
	}
	return content
}

package fakewaha

import (
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

func (s *Server) groups(q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	sn, refusal, valid := s.running(q, working)
	if !valid {
		return refusal
	}
	query := q.URL.Query()
	list := []any{}
	for _, g := range sn.link.Groups() {
		list = append(list, s.group(g))
	}
	list = list[min(number(query.Get("offset"), 0), len(list)):]
	if query.Has("limit") {
		list = list[:min(number(query.Get("limit"), 0), len(list))]
	}
	return ok(list)
}

// group is a group in the shape of the engine.
func (s *Server) group(g fakewhatsapp.GroupInfo) map[string]any {
	people := []any{}
	for _, m := range g.Members {
		people = append(people, s.participant(g, m))
	}
	switch s.opts.Engine {
	case NOWEB:
		return map[string]any{
			"id": g.JID, "subject": g.Subject, "size": len(g.Members), "announce": g.Announce, "isCommunity": g.Community,
			"isCommunityAnnounce": g.CommunityAnnounce, "addressingMode": g.Addressing, "participants": people,
		}
	case WEBJS:
		return map[string]any{
			"id": map[string]any{"server": "g.us", "_serialized": g.JID}, "name": g.Subject, "isGroup": true,
			"groupMetadata": map[string]any{
				"id": map[string]any{"_serialized": g.JID}, "subject": g.Subject, "announce": g.Announce,
				"isParentGroup": g.Community, "participants": people,
			},
		}
	}
	return map[string]any{
		"JID": g.JID, "Name": g.Subject, "IsAnnounce": g.Announce, "IsParent": g.Community,
		"IsDefaultSubGroup": g.CommunityAnnounce, "LinkedParentJID": g.Parent, "AddressingMode": g.Addressing,
		"ParticipantCount": len(g.Members), "Participants": people,
	}
}

func (s *Server) participant(g fakewhatsapp.GroupInfo, m fakewhatsapp.Member) map[string]any {
	id := address(g, m.Phone)
	switch s.opts.Engine {
	case NOWEB:
		o := map[string]any{"id": id, "admin": nil}
		if g.Addressing == fakewhatsapp.ByLID {
			o["phoneNumber"] = m.Phone.JID()
		}
		switch {
		case m.Owner:
			o["admin"] = "superadmin"
		case m.Admin:
			o["admin"] = "admin"
		}
		return o
	case WEBJS:
		return map[string]any{
			"id": map[string]any{"_serialized": id}, "isAdmin": m.Admin, "isSuperAdmin": m.Owner,
		}
	}
	jid := m.Phone.LID()
	if g.Addressing == fakewhatsapp.ByPhone {
		jid = m.Phone.JID()
	}
	return map[string]any{
		"JID": jid, "PhoneNumber": m.Phone.JID(), "LID": m.Phone.LID(), "IsAdmin": m.Admin, "IsSuperAdmin": m.Owner,
	}
}

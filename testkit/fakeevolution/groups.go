package fakeevolution

import (
	"net/http"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// property is one complaint about a query, the fourth shape of a message.
type property struct {
	Property string `json:"property"`
	Message  string `json:"message"`
}

func (s *Server) fetchAllGroups(q *request) answer {
	var participants bool
	switch q.URL.Query().Get("getParticipants") {
	case "true":
		participants = true
	case "false":
	default:
		return fail(http.StatusBadRequest, []property{{"getParticipants", "The getParticipants parameter needs to be informed in the query"}})
	}
	s.mu.Lock()
	session, online := q.inst.session, q.inst.online()
	s.mu.Unlock()
	switch {
	case session == nil:
		return fail(http.StatusInternalServerError, "Cannot convert undefined or null to object")
	case !online:
		return fail(http.StatusInternalServerError, "Connection Closed")
	}
	groups := session.Groups()
	// The real server asks for each group's picture in turn.
	s.wait(s.opts.Delays.Group * time.Duration(len(groups)))
	list := []any{}
	for _, g := range groups {
		list = append(list, groupObject(g, participants))
	}
	return ok(list)
}

func (s *Server) findGroupInfos(q *request) answer {
	jid := core.JID(q.URL.Query().Get("groupJid"))
	if jid == "" {
		return fail(http.StatusBadRequest, []property{{"groupJid", "The group id needs to be informed in the query"}})
	}
	if !strings.HasSuffix(string(jid), "@g.us") {
		jid += "@g.us"
	}
	s.mu.Lock()
	session, online := q.inst.session, q.inst.online()
	s.mu.Unlock()
	if session == nil || !online {
		return fail(http.StatusNotFound, []string{"Error fetching group", "Error: Connection Closed"})
	}
	for _, g := range session.Groups() {
		if g.JID == jid {
			return ok(groupObject(g, true))
		}
	}
	return fail(http.StatusNotFound, []string{"Error fetching group", "Error: item-not-found"})
}

// online says whether the socket really works.
func (i *instance) online() bool { return i.state == stateOpen && !i.dead && i.session != nil }

// groupObject is a group with the fields it has; absent ones are left out.
func groupObject(g fakewhatsapp.GroupInfo, participants bool) map[string]any {
	o := map[string]any{
		"id": g.JID, "addressingMode": g.Addressing, "subject": g.Subject, "subjectTime": g.Created.Unix(),
		"pictureUrl": nil, "size": len(g.Members), "creation": g.Created.Unix(),
		"restrict": false, "announce": g.Announce,
		"isCommunity": g.Community, "isCommunityAnnounce": g.CommunityAnnounce,
	}
	if g.Parent != "" {
		o["linkedParent"] = g.Parent
	}
	list := []any{}
	for _, m := range g.Members {
		list = append(list, participant(g, m))
		if m.Owner {
			o["owner"], o["subjectOwner"] = address(g, m.Phone), address(g, m.Phone)
		}
	}
	if participants {
		o["participants"] = list
	}
	return o
}

func participant(g fakewhatsapp.GroupInfo, m fakewhatsapp.Member) map[string]any {
	o := map[string]any{"id": address(g, m.Phone), "admin": nil}
	if g.Addressing == fakewhatsapp.ByLID {
		o["phoneNumber"] = m.Phone.JID()
	}
	switch {
	case m.Owner && m.Admin:
		o["admin"] = "superadmin"
	case m.Admin:
		o["admin"] = "admin"
	}
	return o
}

// address is how a phone is named in a group.
func address(g fakewhatsapp.GroupInfo, p *fakewhatsapp.Phone) core.JID {
	if g.Addressing == fakewhatsapp.ByPhone {
		return p.JID()
	}
	return p.LID()
}

// participantsUpdate is the data of group-participants.update.
func participantsUpdate(e fakewhatsapp.Event) map[string]any {
	jids, people := []core.JID{}, []any{}
	for _, p := range e.Phones {
		jids = append(jids, address(e.Group, p))
		people = append(people, map[string]any{"jid": address(e.Group, p), "phoneNumber": p.JID()})
	}
	data := map[string]any{
		"id": e.Group.JID, "participants": jids, "action": e.Action, "participantsData": people,
	}
	for _, m := range e.Group.Members {
		if m.Owner {
			data["author"] = address(e.Group, m.Phone)
		}
	}
	return data
}

package endpoint

import (
	"fmt"

	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/fakewhatsapp"
)

// named is how a phone is called in a group, and its other address.
func (p *phone) named(by fakewhatsapp.Addressing) (name, other types.JID) {
	if by == fakewhatsapp.ByPhone {
		return p.jid, p.lid
	}
	return p.lid, p.jid
}

// otherName is the attribute for the other address, for the attribute of the first.
func otherName(by fakewhatsapp.Addressing, suffixed string) string {
	if by == fakewhatsapp.ByPhone {
		return suffixed + "_lid"
	}
	return suffixed + "_pn"
}

// groupNode describes a group.
func (s *Server) groupNode(g fakewhatsapp.GroupInfo) node {
	created := serverTime(g.Created)
	n := node{Tag: "group", Attrs: attrs{
		"id": parseJID(g.JID).User, "subject": g.Subject, "s_t": created, "creation": created,
		"addressing_mode": string(g.Addressing), "size": fmt.Sprint(len(g.Members)),
	}}
	var parts []node
	for _, m := range g.Members {
		name, other := s.phone(m.Phone).named(g.Addressing)
		a := attrs{"jid": name}
		if g.Addressing == fakewhatsapp.ByPhone {
			a["lid"] = other
		} else {
			a["phone_number"] = other
		}
		switch {
		case m.Owner:
			a["type"] = "superadmin"
			n.Attrs["creator"], n.Attrs["s_o"] = name, name
		case m.Admin:
			a["type"] = "admin"
		}
		parts = append(parts, node{Tag: "participant", Attrs: a})
	}
	if g.Announce {
		parts = append(parts, node{Tag: "announcement"})
	}
	if g.Community {
		parts = append(parts, node{Tag: "parent", Attrs: attrs{"default_membership_approval_mode": "request_required"}})
	}
	if g.CommunityAnnounce {
		parts = append(parts, node{Tag: "default_sub_group"})
	}
	if g.Parent != "" {
		parts = append(parts, node{Tag: "linked_parent", Attrs: attrs{"jid": parseJID(g.Parent)}})
	}
	n.Content = parts
	return n
}

func (s *Server) groupList(d *device) node {
	list := node{Tag: "groups", Content: []node{}}
	for _, g := range d.session.Groups() {
		list.Content = append(list.GetChildren(), s.groupNode(g))
	}
	return list
}

// groupQuery answers for one group, to its members only.
func (s *Server) groupQuery(d *device, n *node) node {
	to, _ := n.Attrs["to"].(types.JID)
	group := s.world.Group(core.JID(to.String()))
	if group == nil {
		return refusal(n, 404, "item-not-found")
	}
	info := group.Info()
	if info.Member(d.phone.phone) == nil {
		return refusal(n, 403, "forbidden")
	}
	return answer(n, s.groupNode(info))
}

// bundles answers with the keys of phones.
func (s *Server) bundles(asked *node) node {
	list := node{Tag: "list", Content: []node{}}
	for _, u := range asked.GetChildren() {
		jid, _ := u.Attrs["jid"].(types.JID)
		p := s.world.Phone(core.JID(jid.ToNonAD().String()))
		if p == nil {
			continue
		}
		list.Content = append(list.GetChildren(), s.phone(p).keyNode(jid))
	}
	return list
}

// groupNotification tells a device what changed in a group.
func (s *Server) groupNotification(d *device, e fakewhatsapp.Event) stanza {
	id := s.nextID()
	n := node{Tag: "notification", Attrs: attrs{
		"id": id, "type": "w:gp2", "from": parseJID(e.Group.JID), "t": serverTime(e.At),
		"addressing_mode": string(e.Group.Addressing),
	}}
	if len(e.Group.Members) > 0 { // it is the owner who changes things here
		name, other := s.phone(e.Group.Members[0].Phone).named(e.Group.Addressing)
		n.Attrs["participant"], n.Attrs[otherName(e.Group.Addressing, "participant")] = name, other
	}
	switch e.Kind {
	case fakewhatsapp.Joined:
		n.Content = []node{{Tag: "create", Attrs: attrs{"type": "new"}, Content: []node{s.groupNode(e.Group)}}}
	case fakewhatsapp.MembersChanged:
		var who []node
		for _, p := range e.Phones {
			name, _ := s.phone(p).named(e.Group.Addressing)
			who = append(who, node{Tag: "participant", Attrs: attrs{"jid": name}})
		}
		n.Content = []node{{Tag: string(e.Action), Attrs: attrs{"prev_v_id": "1", "v_id": "2"}, Content: who}}
	default:
		announce := "not_announcement"
		if e.Group.Announce {
			announce = "announcement"
		}
		n.Content = []node{
			{Tag: "subject", Attrs: attrs{"subject": e.Group.Subject, "s_t": serverTime(e.At)}},
			{Tag: announce, Attrs: attrs{"v_id": "3"}},
		}
	}
	return stanza{class: "notification", id: id, node: n}
}

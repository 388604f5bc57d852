package fakewhatsapp

import (
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Addressing is how members of a group are named to each other.
type Addressing string

// The addressings of a group.
const (
	ByLID   Addressing = "lid" // the default, as WhatsApp makes groups today
	ByPhone Addressing = "pn"
)

// GroupSpec describes a group to add.
type GroupSpec struct {
	// JID is the address, such as "120363000000000001@g.us"; made when empty.
	JID     core.JID
	Subject string
	Members []*Phone
	// Admins are members too; the first is the owner.
	Admins []*Phone
	// Announce lets only admins post.
	Announce bool
	// Community marks the parent of a community, where nobody posts;
	// CommunityAnnounce its announcement group; Parent the community a group belongs to.
	Community         bool
	CommunityAnnounce bool
	Parent            core.JID
	// Addressing is ByLID when empty.
	Addressing Addressing
}

// Member is a phone in a group.
type Member struct {
	Phone *Phone
	Admin bool
	Owner bool
}

// GroupInfo is a group as it stands at one moment.
type GroupInfo struct {
	JID               core.JID
	Subject           string
	Announce          bool
	Community         bool
	CommunityAnnounce bool
	Parent            core.JID
	Addressing        Addressing
	Members           []Member
	Created           time.Time
}

// Member returns the phone's membership, nil when it is not in the group.
func (g GroupInfo) Member(p *Phone) *Member {
	for i := range g.Members {
		if g.Members[i].Phone == p {
			return &g.Members[i]
		}
	}
	return nil
}

// Group is a group of a [World].
type Group struct {
	world   *World
	jid     core.JID
	created time.Time

	// guarded by world.mu
	spec    GroupSpec // Members and Admins unused
	members []Member
}

func newGroup(w *World, spec GroupSpec) *Group {
	if spec.Addressing == "" {
		spec.Addressing = ByLID
	}
	g := &Group{world: w, jid: spec.JID, created: w.now(), spec: spec}
	for i, p := range spec.Admins {
		g.members = append(g.members, Member{Phone: p, Admin: true, Owner: i == 0})
	}
	for _, p := range spec.Members {
		if g.member(p) == nil {
			g.members = append(g.members, Member{Phone: p})
		}
	}
	return g
}

// JID is the group's address.
func (g *Group) JID() core.JID { return g.jid }

// Info returns the group as it stands.
func (g *Group) Info() GroupInfo {
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	return g.info()
}

// Rename changes the subject.
func (g *Group) Rename(subject string) {
	g.change(func() { g.spec.Subject = subject })
}

// SetAnnounce says whether only admins may post.
func (g *Group) SetAnnounce(on bool) {
	g.change(func() { g.spec.Announce = on })
}

// Add puts phones into the group; members stay as they are.
func (g *Group) Add(phones ...*Phone) {
	g.membership(Added, phones, func(p *Phone) bool {
		if g.member(p) != nil {
			return false
		}
		g.members = append(g.members, Member{Phone: p})
		return true
	})
}

// Remove takes phones out of the group.
func (g *Group) Remove(phones ...*Phone) {
	g.membership(Removed, phones, func(p *Phone) bool {
		n := len(g.members)
		g.members = slices.DeleteFunc(g.members, func(m Member) bool { return m.Phone == p })
		return len(g.members) < n
	})
}

// Promote makes members admins.
func (g *Group) Promote(phones ...*Phone) { g.setAdmin(Promoted, true, phones) }

// Demote takes the admin right from members.
func (g *Group) Demote(phones ...*Phone) { g.setAdmin(Demoted, false, phones) }

func (g *Group) setAdmin(action Action, admin bool, phones []*Phone) {
	g.membership(action, phones, func(p *Phone) bool {
		m := g.member(p)
		if m == nil || m.Admin == admin {
			return false
		}
		m.Admin = admin
		return true
	})
}

// membership applies a change to each phone and tells everybody concerned once: members
// before and after, so that a removed phone hears of its removal.
func (g *Group) membership(action Action, phones []*Phone, apply func(*Phone) bool) {
	w := g.world
	w.mu.Lock()
	defer w.mu.Unlock()
	concerned := map[*Phone]bool{}
	for _, m := range g.members {
		concerned[m.Phone] = true
	}
	var changed []*Phone
	for _, p := range phones {
		if apply(p) {
			changed = append(changed, p)
			concerned[p] = true
		}
	}
	if len(changed) == 0 {
		return
	}
	for p := range concerned {
		if action == Added && slices.Contains(changed, p) {
			w.tell(p, Event{Kind: Joined, Group: g.info(), At: w.now()})
			continue
		}
		w.tell(p, Event{Kind: MembersChanged, Group: g.info(), Action: action, Phones: changed, At: w.now()})
	}
}

func (g *Group) change(apply func()) {
	g.world.mu.Lock()
	defer g.world.mu.Unlock()
	apply()
	for _, m := range g.members {
		g.world.tell(m.Phone, Event{Kind: GroupChanged, Group: g.info(), At: g.world.now()})
	}
}

func (g *Group) member(p *Phone) *Member {
	for i := range g.members {
		if g.members[i].Phone == p {
			return &g.members[i]
		}
	}
	return nil
}

func (g *Group) info() GroupInfo {
	return GroupInfo{
		JID: g.jid, Subject: g.spec.Subject, Announce: g.spec.Announce,
		Community: g.spec.Community, CommunityAnnounce: g.spec.CommunityAnnounce,
		Parent: g.spec.Parent, Addressing: g.spec.Addressing,
		Members: slices.Clone(g.members), Created: g.created,
	}
}

package gatewaytest

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func groupCases() []Case {
	return []Case{
		{Name: "NoGroupsIsAnEmptyList", Run: noGroups},
		{Name: "GroupsAreExact", Run: groupsAreExact},
		{Name: "GroupsOfAnUnlinkedSession", Run: groupsOfAnUnlinkedSession},
	}
}

func noGroups(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	groups, err := h.Gateway.Groups(r.ctx, r.open("conf-lonely"))
	if err != nil || groups == nil || len(groups) != 0 {
		r.Errorf("a number in no group gave %d groups (nil: %v), error %v; it must be an empty list and no error", len(groups), groups == nil, err)
	}
}

func groupsAreExact(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-groups")
	type expected struct {
		spec    Group
		canPost bool
		why     string
	}
	want := map[core.JID]expected{}
	for _, e := range []expected{
		{Group{Name: "Ofertas 🔥 <b>\"VIP\"</b>"}, true, "everybody posts in an ordinary group"},
		{Group{Name: "نص عربي ‏- משהו"}, true, "names come in every script"},
		{Group{Name: "Avisos", Announce: true}, false, "only administrators post in an announcement group"},
		{Group{Name: "Avisos nossos", Announce: true, Admin: true}, true, "an administrator posts in an announcement group, however its address is written"},
		{Group{Name: "Comunidade", Parent: true, Admin: true}, false, "nobody posts in the parent of a community"},
	} {
		want[r.group(s.Name, e.spec)] = e
	}
	groups, err := h.Gateway.Groups(r.ctx, s)
	if err != nil {
		r.Fatalf("Groups failed: %v", err)
	}
	if len(groups) != len(want) {
		r.Errorf("Groups lists %d groups, the number is in %d", len(groups), len(want))
	}
	for _, g := range groups {
		e, ok := want[g.JID]
		switch {
		case !ok:
			r.Errorf("Groups lists %q, which the number is not in or which is written in another form than the provider's own", g.JID)
		case g.Name != e.spec.Name:
			r.Errorf("the name of a group came as %q, it is %q; names are shown to people and must be exact", g.Name, e.spec.Name)
		case g.CanPost != e.canPost:
			r.Errorf("CanPost of the group %q is %v: %s", g.Name, g.CanPost, e.why)
		case g.Participants < 2:
			r.Errorf("the group %q has 2 participants or more, not %d", g.Name, g.Participants)
		}
	}
}

func groupsOfAnUnlinkedSession(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	_, err := h.Gateway.Groups(r.ctx, r.provisioned("conf-unlinked"))
	r.wantKind(err, "without a phone there is no list; an empty one would look like a number that left all its groups",
		gateway.KindNotConnected, gateway.KindLoggedOut)
}

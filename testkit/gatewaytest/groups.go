package gatewaytest

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

func groupCases() []Case {
	phones := []Need{NeedPhones}
	return []Case{
		{Name: "NoGroupsIsAnEmptyList", Needs: phones, Run: noGroups},
		{Name: "GroupsAreExact", Needs: phones, Run: groupsAreExact},
		{Name: "HostileGroupNamesAreExact", Needs: phones, Run: hostileGroupNames},
		{Name: "ManyGroupsAreAllListed", Needs: phones, Run: manyGroups},
		{Name: "GroupsOfAnUnlinkedSession", Run: groupsOfAnUnlinkedSession},
	}
}

func hostileGroupNames(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-names")
	want := map[core.JID]string{}
	for _, name := range []string{
		"", " ", "null", "<script>alert(1)</script>", "'; DROP TABLE groups; --", "a\nb\tc", `back\slash "quotes"`, "\u202egnirts\u202c",
		"👨‍👩‍👧‍👦🏳️‍🌈", strings.Repeat("ç", 100), "%s %d %!v", "../../etc/passwd", "{{.Secret}}", "0", "true",
	} {
		want[r.group(s.Name, Group{Name: name})] = name
	}
	groups, err := h.Gateway.Groups(r.ctx, s)
	if err != nil || len(groups) != len(want) {
		r.Fatalf("Groups lists %d of %d groups, error %v", len(groups), len(want), err)
	}
	for _, g := range groups {
		if name, ok := want[g.JID]; !ok || g.Name != name {
			r.Errorf("the name of a group came as %q, it is %q; whoever makes a group chooses its name, and it must pass as it is", g.Name, name)
		}
	}
}

func manyGroups(tb testing.TB, h Harness) {
	r := newRun(tb, h)
	s := r.open("conf-many")
	const n = 230 // more than two pages of any provider that has pages
	for i := range n {
		r.group(s.Name, Group{Name: "Grupo " + strconv.Itoa(i)})
	}
	var order []core.JID
	for range 2 {
		groups, err := h.Gateway.Groups(r.ctx, s)
		if err != nil {
			r.Fatalf("Groups failed: %v", err)
		}
		var jids []core.JID
		seen := map[core.JID]bool{}
		for _, g := range groups {
			jids = append(jids, g.JID)
			seen[g.JID] = true
		}
		if len(seen) != n || len(jids) != n {
			r.Fatalf("Groups lists %d groups, %d of them different; the number is in %d", len(jids), len(seen), n)
		}
		if order != nil && !slices.Equal(order, jids) {
			r.Error("two listings gave two orders; a person chooses from the list")
		}
		order = jids
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

package console

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
	"unicode"

	"github.com/autopromo-cloud/autopromo/core"
)

// Group is one WhatsApp group in its roles.
type Group struct {
	JID         core.JID
	Name        string
	Source      *core.Source
	Destination *core.Destination
}

// Groups is the page of the tenant's groups.
type Groups struct {
	All       []Group
	Query     string
	Show      string // "", "source", "destination"
	Connected bool
}

// MergeGroups lists each group once, those in use first, then by name.
func MergeGroups(sources []core.Source, destinations []core.Destination) []Group {
	byJID := map[core.JID]*Group{}
	group := func(jid core.JID) *Group {
		if byJID[jid] == nil {
			byJID[jid] = &Group{JID: jid}
		}
		return byJID[jid]
	}
	for _, s := range sources {
		g := group(s.JID)
		g.Source, g.Name = &s, cmp.Or(s.Name, s.Label)
	}
	for _, d := range destinations {
		g := group(d.JID)
		g.Destination, g.Name = &d, cmp.Or(g.Name, d.Label)
	}
	all := make([]Group, 0, len(byJID))
	for _, g := range byJID {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(fold(a.name()), fold(b.name())), cmp.Compare(a.JID, b.JID))
	})
	return all
}

func (g Group) reads() bool { return g.Source != nil && g.Source.Active }
func (g Group) posts() bool { return g.Destination != nil && g.Destination.Active }

func (g Group) rank() int {
	switch {
	case g.reads():
		return 2
	case g.posts():
		return 1
	}
	return 0
}

func (g Group) name() string { return cmp.Or(g.Name, string(g.JID)) }

// readOnly says that the tenant's number may not post there.
func (g Group) readOnly() bool { return g.Source != nil && g.Source.ReadOnly }

// visible are the groups that the filters leave.
func (p Groups) visible() []Group {
	return slices.DeleteFunc(slices.Clone(p.All), func(g Group) bool {
		return p.Show == "source" && !g.reads() || p.Show == "destination" && !g.posts() ||
			!strings.Contains(fold(g.name()), fold(p.Query))
	})
}

func (p Groups) count(in func(Group) bool) (n int) {
	for _, g := range p.All {
		if in(g) {
			n++
		}
	}
	return n
}

// fold writes text as searches compare it: without case and accents.
func fold(text string) string {
	folded, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), strings.ToLower(text))
	if err != nil {
		return strings.ToLower(text)
	}
	return folded
}

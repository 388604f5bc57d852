package evolution

import (
	"context"
	"net/http"
	"net/url"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

type groupRow struct {
	ID                  string
	Subject             string
	Size                int
	Announce            bool
	IsCommunity         bool
	IsCommunityAnnounce bool
	Participants        []participantRow
}

type participantRow struct {
	ID          string // a phone's address or an "@lid"
	PhoneNumber string // beside a lid, when known
	Admin       string // "", "admin" or "superadmin"
}

// Groups implements [gateway.Gateway]. The participants are asked for because only they
// tell whether we may post to an announcement group. The server asks WhatsApp once per
// group, so this is slow.
func (g *Gateway) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	// Without our own address announcement groups count as closed to us, the safe side.
	self, err := g.details(ctx, s, "groups")
	if gateway.KindOf(err) == gateway.KindAuth || gateway.KindOf(err) == gateway.KindNotFound || ctx.Err() != nil && err != nil {
		return nil, err
	}
	var rows []groupRow
	err = g.call(ctx, s, request{
		op: "groups", timeout: g.timeouts.Groups, limit: groupsLimit, method: http.MethodGet,
		path: "/group/fetchAllGroups/", query: url.Values{"getParticipants": {"true"}},
	}, &rows)
	if err != nil {
		return nil, err
	}
	groups := make([]core.Group, 0, len(rows))
	for _, row := range rows {
		jid, err := core.ParseGroupJID(row.ID)
		if err != nil {
			continue
		}
		groups = append(groups, core.Group{
			JID:          jid,
			Name:         row.Subject,
			Participants: max(row.Size, len(row.Participants)),
			CanPost:      row.canPost(self.owner),
		})
	}
	return groups, nil
}

// canPost says whether the number with the address owner may post. The parent of a
// community is no chat at all; its announcement group is one.
func (row groupRow) canPost(owner string) bool {
	if row.IsCommunity && !row.IsCommunityAnnounce {
		return false
	}
	if !row.Announce {
		return true
	}
	if owner == "" {
		return false
	}
	owner = bareJID(owner)
	for _, p := range row.Participants {
		if bareJID(p.ID) == owner || p.PhoneNumber != "" && bareJID(p.PhoneNumber) == owner {
			return p.Admin == "admin" || p.Admin == "superadmin"
		}
	}
	return false
}

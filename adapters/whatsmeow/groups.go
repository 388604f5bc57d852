package whatsmeow

import (
	"context"

	"go.mau.fi/whatsmeow/types"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Groups implements [gateway.Gateway]: one question for all groups with their members.
func (g *Gateway) Groups(ctx context.Context, session gateway.Session) ([]core.Group, error) {
	const op = "groups"
	s, err := g.stream(ctx, op, session.Name)
	if err != nil {
		return nil, err
	}
	c, notOpen := s.open(op)
	if notOpen != nil {
		return nil, notOpen
	}
	ctx, cancel := context.WithTimeout(ctx, g.options.Timeouts.Groups)
	defer cancel()
	infos, err := c.client.GetJoinedGroups(ctx)
	if err != nil {
		return nil, failAsked(op, err)
	}
	groups := make([]core.Group, 0, len(infos))
	for _, info := range infos {
		groups = append(groups, c.group(info))
	}
	return groups, nil
}

func (c *connection) group(info *types.GroupInfo) core.Group {
	admin := false
	for _, p := range info.Participants {
		admin = admin || p.IsAdmin && c.isMe(p)
	}
	return core.Group{
		JID: core.JID(info.JID.String()), Name: info.Name,
		Participants: max(len(info.Participants), info.ParticipantCount),
		CanPost:      !info.IsParent && !info.Suspended && (!info.IsAnnounce || admin),
	}
}

// isMe says whether a member is the session's phone. Members are named by number or by LID,
// and the other of the two may be missing.
func (c *connection) isMe(p types.GroupParticipant) bool {
	for _, address := range []types.JID{p.JID, p.PhoneNumber, p.LID} {
		if c.isMine(address) {
			return true
		}
	}
	return false
}

// isMine says whether an address is one of the session's own.
func (c *connection) isMine(address types.JID) bool {
	if address.User == "" {
		return false
	}
	return address.ToNonAD() == c.me.ToNonAD() || address.ToNonAD() == c.lid.ToNonAD()
}

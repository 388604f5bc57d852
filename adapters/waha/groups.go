package waha

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/loosejson"
)

// A list of groups is read in pages, up to a bound no account reaches.
const (
	groupPageSize = 100
	groupPages    = 100
)

// Groups implements [gateway.Gateway]. Participants are asked for, because only they tell
// whether we may post to an announcement group.
func (g *Gateway) Groups(ctx context.Context, s gateway.Session) ([]core.Group, error) {
	session, err := g.info(ctx, s, "groups")
	if err != nil {
		return nil, err
	}
	r := request{
		op: "groups", timeout: g.timeouts.Groups, limit: groupsLimit, method: http.MethodGet, path: pathOf(s, "/groups"),
	}
	if stateOf(session.Status) != gateway.StateOpen {
		return nil, r.fail(notWorking(session.Status), codeStatus)
	}
	groups, seen := []core.Group{}, map[core.JID]bool{}
	for page := range groupPages {
		r.query = url.Values{
			"limit": {strconv.Itoa(groupPageSize)}, "offset": {strconv.Itoa(page * groupPageSize)},
			"sortBy": {"id"}, "sortOrder": {"asc"},
		}
		var answer any
		if err := g.call(ctx, s, r, &answer); err != nil {
			return nil, g.whyNotSent(ctx, s, err)
		}
		rows, fresh := listed(answer), 0
		for _, row := range rows {
			group, ok := groupOf(row, session)
			if ok && !seen[group.JID] {
				seen[group.JID], fresh = true, fresh+1
				groups = append(groups, group)
			}
		}
		// An engine that ignores the paging repeats itself.
		if len(rows) < groupPageSize || fresh == 0 {
			break
		}
	}
	return groups, nil
}

// listed is a list of groups: an array, or in older versions an object by id.
func listed(answer any) []loosejson.Object {
	if list, ok := answer.([]any); ok {
		return loosejson.Nodes(list)
	}
	var rows []loosejson.Object
	for _, row := range loosejson.Node(answer) {
		rows = append(rows, loosejson.Nodes(row)...)
	}
	return rows
}

// groupOf reads a group in the shape of any engine: GOWS has whatsmeow's field names, NOWEB
// Baileys', WEBJS WhatsApp Web's with most of it in groupMetadata.
func groupOf(row loosejson.Object, self info) (core.Group, bool) {
	meta := row.Object("groupMetadata")
	if meta == nil {
		meta = row
	}
	id := row.Text("JID", "id")
	if id == "" {
		id = row.Object("id").Text("_serialized")
	}
	jid, err := core.ParseGroupJID(id)
	if err != nil {
		return core.Group{}, false
	}
	people := loosejson.Nodes(first(meta, "Participants", "participants"))
	size, _ := row.Number("size")
	return core.Group{
		JID: jid, Name: row.Text("Name", "subject", "name"), Participants: max(len(people), int(size)),
		CanPost: canPost(meta, people, self),
	}, true
}

func first(o loosejson.Object, keys ...string) any {
	for _, key := range keys {
		if o.Has(key) {
			return o[key]
		}
	}
	return nil
}

// canPost says whether we may post. The parent of a community is no chat at all; its
// announcement group is one.
func canPost(meta loosejson.Object, people []loosejson.Object, self info) bool {
	parent := meta.Flag("IsParent") || meta.Flag("isParentGroup") || meta.Flag("isCommunity") && !meta.Flag("isCommunityAnnounce")
	if parent {
		return false
	}
	if !meta.Flag("IsAnnounce") && !meta.Flag("announce") {
		return true
	}
	if self.Me == nil {
		return false
	}
	for _, p := range people {
		for _, key := range []string{"JID", "PhoneNumber", "LID", "id", "jid", "lid", "phoneNumber"} {
			address := p.Text(key)
			if address == "" {
				address = p.Object(key).Text("_serialized")
			}
			if address == "" || canonical(address) != canonical(self.Me.ID) && canonical(address) != canonical(self.Me.LID) {
				continue
			}
			role := p.Text("admin", "role")
			return p.Flag("IsAdmin") || p.Flag("IsSuperAdmin") || p.Flag("isAdmin") || p.Flag("isSuperAdmin") ||
				role == "admin" || role == "superadmin"
		}
	}
	return false
}

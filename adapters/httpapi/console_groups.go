package httpapi

import (
	"net/http"
	"slices"

	"github.com/autopromo-cloud/autopromo/adapters/httpapi/internal/console"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

func (v *visit) showGroups() error {
	sources, err := v.tenant.Sources(v.ctx)
	if err != nil {
		return err
	}
	destinations, err := v.tenant.Destinations(v.ctx)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, v.view.Groups(console.Groups{
		All: console.MergeGroups(sources, destinations), Query: v.Query("q"), Show: v.Query("show"),
		Connected: v.view.Status == core.InstanceConnected,
	}))
}

func (v *visit) discoverGroups() error {
	_, err := v.tenant.DiscoverGroups(v.ctx)
	return v.act(err, "/groups", "discovered")
}

// changeGroup gives a group a role or takes one away.
func (v *visit) changeGroup() error {
	back := localPath(v.field("back"))
	if back == "/" {
		back = "/groups"
	}
	group := engine.NewGroup{JID: v.field("jid"), Label: v.field("name")}
	switch v.field("action") {
	case "watch":
		return v.act(v.watch(group), back, "watching")
	case "unwatch":
		return v.act(v.watchNoMore(group), back, "watching_no_more")
	case "post":
		return v.act(v.postTo(group, true), back, "posting")
	case "unpost":
		return v.act(v.postTo(group, false), back, "posting_no_more")
	}
	return core.InvalidField("action", core.ReasonInvalidField, "action")
}

func (v *visit) watch(g engine.NewGroup) error {
	source, known, err := v.source(g)
	if err != nil || !known {
		if err == nil {
			_, err = v.tenant.AddSource(v.ctx, g)
		}
		return err
	}
	on := true
	_, err = v.tenant.ChangeSource(v.ctx, source.ID, engine.GroupChange{Active: &on})
	return err
}

func (v *visit) watchNoMore(g engine.NewGroup) error {
	source, known, err := v.source(g)
	if err != nil || !known {
		return err
	}
	off := false
	_, err = v.tenant.ChangeSource(v.ctx, source.ID, engine.GroupChange{Active: &off})
	return err
}

func (v *visit) source(g engine.NewGroup) (core.Source, bool, error) {
	all, err := v.tenant.Sources(v.ctx)
	i := slices.IndexFunc(all, func(s core.Source) bool { return string(s.JID) == g.JID })
	if err != nil || i < 0 {
		return core.Source{}, false, err
	}
	return all[i], true, nil
}

func (v *visit) postTo(g engine.NewGroup, on bool) error {
	all, err := v.tenant.Destinations(v.ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(d core.Destination) bool { return string(d.JID) == g.JID })
	switch {
	case i >= 0:
		_, err = v.tenant.ChangeDestination(v.ctx, all[i].ID, engine.GroupChange{Active: &on})
	case on:
		_, err = v.tenant.AddDestination(v.ctx, g)
	}
	return err
}

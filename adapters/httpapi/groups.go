package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

// platform is the only one there is; the original product's API names it in every group.
const platform = "whatsapp"

type sourceResponse struct {
	ID           string    `json:"id"`
	UserID       string    `json:"user_id"`
	Platform     string    `json:"platform" enum:"whatsapp"`
	GroupID      string    `json:"source_group_id" example:"120363000000000001@g.us" doc:"The group's address in WhatsApp"`
	Label        *string   `json:"label" doc:"The tenant's own name for it"`
	GroupName    *string   `json:"group_name" doc:"The name discovery last saw"`
	Participants int       `json:"participant_count" doc:"Members, as discovery last saw them"`
	RequireWords []string  `json:"require_words" nullable:"false" doc:"When not empty, a message of this group needs one of them"`
	BlockWords   []string  `json:"block_words" nullable:"false" doc:"A message of this group with one of them is held"`
	IsActive     bool      `json:"is_active" doc:"Offers of inactive sources are ignored"`
	CreatedAt    time.Time `json:"created_at"`
}

type destinationResponse struct {
	ID            string    `json:"id"`
	UserID        string    `json:"user_id"`
	Platform      string    `json:"platform" enum:"whatsapp"`
	GroupID       string    `json:"destination_group_id" example:"120363000000000002@g.us" doc:"The group's address in WhatsApp"`
	Label         *string   `json:"label" doc:"The tenant's own name for it"`
	SubID         string    `json:"sub_id" example:"g0a1b2c3d" doc:"Names this group in programmes' reports when sub_ids is on"`
	IsActive      bool      `json:"is_active" doc:"Nothing goes to inactive destinations"`
	Problem       *string   `json:"problem" doc:"Why it was switched off by itself, for programs"`
	ProblemDetail *string   `json:"problem_detail" doc:"The same for people"`
	CreatedAt     time.Time `json:"created_at"`
}

type discoveredResponse struct {
	ID           string     `json:"id" doc:"The source's id, for PATCH /groups/source/{id}"`
	GroupID      string     `json:"source_group_id" doc:"The group's address in WhatsApp; also for destination_group_id"`
	GroupName    string     `json:"group_name"`
	Participants int        `json:"participant_count" doc:"Members"`
	Platform     string     `json:"platform" enum:"whatsapp"`
	IsActive     bool       `json:"is_active" doc:"Whether it is watched"`
	Discovered   bool       `json:"auto_discovered" doc:"Stored by discovery, not added by hand"`
	DiscoveredAt *time.Time `json:"discovered_at" doc:"When discovery found it"`
}

type newSource struct {
	Platform string  `json:"platform,omitempty" doc:"whatsapp, or nothing"`
	GroupID  string  `json:"source_group_id" example:"120363000000000001@g.us" doc:"The group's address in WhatsApp"`
	Label    *string `json:"label,omitempty" maxLength:"200" doc:"The tenant's own name for it"`
	IsActive *bool   `json:"is_active,omitempty" doc:"Default true"`
}

type newDestination struct {
	Platform string  `json:"platform,omitempty" doc:"whatsapp, or nothing"`
	GroupID  string  `json:"destination_group_id" example:"120363000000000002@g.us" doc:"The group's address in WhatsApp"`
	Label    *string `json:"label,omitempty" maxLength:"200" doc:"The tenant's own name for it"`
	IsActive *bool   `json:"is_active,omitempty" doc:"Default true"`
}

// groupChange changes what it names; null changes nothing.
type groupChange struct {
	Label    *string `json:"label,omitempty" maxLength:"200" doc:"The tenant's own name for it; missing or null stays"`
	IsActive *bool   `json:"is_active,omitempty" doc:"Missing or null stays"`
}

// sourceChangeInput changes a source, which has rules of its own.
type sourceChangeInput struct {
	ID   string `path:"id" doc:"The id, a UUID"`
	Body struct {
		Label        *string   `json:"label,omitempty" maxLength:"200" doc:"The tenant's own name for it; missing or null stays"`
		IsActive     *bool     `json:"is_active,omitempty" doc:"Missing or null stays"`
		RequireWords *[]string `json:"require_words,omitempty" maxItems:"100" doc:"Replaces the list; missing or null stays"`
		BlockWords   *[]string `json:"block_words,omitempty" maxItems:"100" doc:"Replaces the list; missing or null stays"`
	} `nameHint:"SourceChange"`
}

type groupChangeInput struct {
	ID   string `path:"id" doc:"The id, a UUID"`
	Body groupChange
}

func (s *server) registerGroups() {
	const needs = " It needs a connected WhatsApp (400 with code not_connected otherwise)."
	handle(s, operation{
		method: http.MethodGet, path: "/groups/source", id: "list-sources", tag: "groups",
		summary: "List the groups I watch", description: "All of them, active or not, sorted by name.",
	}, listSources)
	handle(s, operation{
		method: http.MethodPost, path: "/groups/source", id: "add-source", tag: "groups", status: http.StatusCreated,
		summary:     "Watch a group",
		description: "Offers of this group are reposted from now on. A group cannot be a source and a destination at once." + needs,
		errors:      []int{http.StatusBadRequest, http.StatusConflict},
	}, addSource)
	handle(s, operation{
		method: http.MethodPatch, path: "/groups/source/{id}", id: "change-source", tag: "groups",
		summary: "Change a group I watch", description: "Changes its label or word rules, or switches it on or off.",
		errors: []int{http.StatusBadRequest, http.StatusNotFound},
	}, changeSource)
	handle(s, operation{
		method: http.MethodDelete, path: "/groups/source/{id}", id: "remove-source", tag: "groups",
		summary: "Stop watching a group", description: "What already came from it stays.",
		errors: []int{http.StatusNotFound},
	}, removeSource)
	handle(s, operation{
		method: http.MethodGet, path: "/groups/destination", id: "list-destinations", tag: "groups",
		summary: "List the groups I post to", description: "All of them, active or not, sorted by label.",
	}, listDestinations)
	handle(s, operation{
		method: http.MethodPost, path: "/groups/destination", id: "add-destination", tag: "groups", status: http.StatusCreated,
		summary:     "Post to a group",
		description: "New offers go to this group too. A group cannot be a source and a destination at once." + needs,
		errors:      []int{http.StatusBadRequest, http.StatusConflict},
	}, addDestination)
	handle(s, operation{
		method: http.MethodPatch, path: "/groups/destination/{id}", id: "change-destination", tag: "groups",
		summary:     "Change a group I post to",
		description: "Changes its label, or switches it on or off. Switching it on forgets the problem that switched it off.",
		errors:      []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
	}, changeDestination)
	handle(s, operation{
		method: http.MethodDelete, path: "/groups/destination/{id}", id: "remove-destination", tag: "groups",
		summary: "Stop posting to a group", description: "What still waits for it is cancelled.",
		errors: []int{http.StatusNotFound},
	}, removeDestination)
}

func sourceOf(c caller, s core.Source) sourceResponse {
	return sourceResponse{
		ID: string(s.ID), UserID: string(c.account.ID), Platform: platform, GroupID: string(s.JID),
		Label: optional(s.Label), GroupName: optional(s.Name), Participants: s.Participants,
		RequireWords: append([]string{}, s.Words.Require...), BlockWords: append([]string{}, s.Words.Block...),
		IsActive: s.Active, CreatedAt: s.CreatedAt,
	}
}

func destinationOf(c caller, d core.Destination) destinationResponse {
	out := destinationResponse{
		ID: string(d.ID), UserID: string(c.account.ID), Platform: platform, GroupID: string(d.JID),
		Label: optional(d.Label), SubID: core.GroupSubID(d.ID), IsActive: d.Active, CreatedAt: d.CreatedAt,
	}
	if d.Problem != "" {
		out.Problem, out.ProblemDetail = optional(string(d.Problem)), optional(d.Problem.Sentence(c.language, ""))
	}
	return out
}

// newGroup checks what both kinds of group share.
func newGroup(on, jid string, label *string, active *bool) (engine.NewGroup, error) {
	if on != "" && on != platform {
		return engine.NewGroup{}, core.InvalidField("platform", core.ReasonPlatform, "")
	}
	g := engine.NewGroup{JID: jid, Inactive: active != nil && !*active}
	if label != nil {
		g.Label = *label
	}
	return g, nil
}

func listSources(ctx context.Context, c caller, _ *none) ([]sourceResponse, error) {
	sources, err := c.Sources(ctx)
	return each(sources, func(s core.Source) sourceResponse { return sourceOf(c, s) }), err
}

func addSource(ctx context.Context, c caller, in *struct{ Body newSource }) (sourceResponse, error) {
	g, err := newGroup(in.Body.Platform, in.Body.GroupID, in.Body.Label, in.Body.IsActive)
	if err != nil {
		return sourceResponse{}, err
	}
	source, err := c.AddSource(ctx, g)
	return sourceOf(c, source), err
}

func changeSource(ctx context.Context, c caller, in *sourceChangeInput) (sourceResponse, error) {
	id, err := parseID[core.SourceID](in.ID)
	if err != nil {
		return sourceResponse{}, err
	}
	source, err := c.ChangeSource(ctx, id, engine.GroupChange{
		Label: in.Body.Label, Active: in.Body.IsActive, Require: in.Body.RequireWords, Block: in.Body.BlockWords,
	})
	return sourceOf(c, source), err
}

func removeSource(ctx context.Context, c caller, in *idInput) (none, error) {
	id, err := parseID[core.SourceID](in.ID)
	if err != nil {
		return none{}, err
	}
	return none{}, c.RemoveSource(ctx, id)
}

func listDestinations(ctx context.Context, c caller, _ *none) ([]destinationResponse, error) {
	destinations, err := c.Destinations(ctx)
	return each(destinations, func(d core.Destination) destinationResponse { return destinationOf(c, d) }), err
}

func addDestination(ctx context.Context, c caller, in *struct{ Body newDestination }) (destinationResponse, error) {
	g, err := newGroup(in.Body.Platform, in.Body.GroupID, in.Body.Label, in.Body.IsActive)
	if err != nil {
		return destinationResponse{}, err
	}
	destination, err := c.AddDestination(ctx, g)
	return destinationOf(c, destination), err
}

func changeDestination(ctx context.Context, c caller, in *groupChangeInput) (destinationResponse, error) {
	id, err := parseID[core.DestinationID](in.ID)
	if err != nil {
		return destinationResponse{}, err
	}
	destination, err := c.ChangeDestination(ctx, id, engine.GroupChange{Label: in.Body.Label, Active: in.Body.IsActive})
	return destinationOf(c, destination), err
}

func removeDestination(ctx context.Context, c caller, in *idInput) (none, error) {
	id, err := parseID[core.DestinationID](in.ID)
	if err != nil {
		return none{}, err
	}
	return none{}, c.RemoveDestination(ctx, id)
}

func discoverGroups(ctx context.Context, c caller, _ *none) ([]discoveredResponse, error) {
	sources, err := c.DiscoverGroups(ctx)
	return each(sources, func(s core.Source) discoveredResponse {
		return discoveredResponse{
			ID: string(s.ID), GroupID: string(s.JID), GroupName: s.Name, Participants: s.Participants,
			Platform: platform, IsActive: s.Active, Discovered: s.Discovered, DiscoveredAt: optionalTime(s.DiscoveredAt),
		}
	}), err
}

// each maps a list; the result is never null on the wire.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, item := range list {
		out[i] = f(item)
	}
	return out
}

package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
)

// NewGroup names a group to watch or to post to.
type NewGroup struct {
	JID   string
	Label string
	// Inactive groups are only noted; the zero value is switched on at once.
	Inactive bool
}

// GroupChange changes what is not nil.
type GroupChange struct {
	Label  *string
	Active *bool
	// Require and Block replace the word rules of a source; destinations have none.
	Require, Block *[]string
}

const maxLabel = 200 // characters

func checkLabel(label string) error {
	if utf8.RuneCountInString(label) > maxLabel {
		return core.InvalidField("label", core.ReasonOutOfRange, "label (0–200)")
	}
	return nil
}

// DiscoverGroups asks the provider for the groups of the number and stores new ones as
// inactive sources, so that the tenant can switch them on. It returns exactly the groups
// the provider listed, at most half a minute ago. It can take minutes on accounts with
// hundreds of groups; CodeUnavailable with ReasonNoAnswerYet says that it goes on, and that
// asking again finds the answer.
func (t *Tenant) DiscoverGroups(ctx context.Context) ([]core.Source, error) {
	inst, err := t.connected(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := t.e.gateway(inst); err != nil {
		return nil, err
	}
	answer, err := t.call(ctx, inst, callGroups, "", groupsFresh)
	if err != nil {
		return nil, t.callError(inst, err)
	}
	var listed []core.Group
	if err := json.Unmarshal([]byte(answer), &listed); err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	now := t.e.now()
	sources := make([]core.Source, 0, len(listed))
	for _, g := range listed {
		if !g.JID.IsGroup() {
			continue
		}
		id, err := t.e.newID()
		if err != nil {
			return nil, err
		}
		sources = append(sources, core.Source{
			ID: core.SourceID(id), InstanceID: inst.ID, JID: g.JID, Label: g.Name, Name: g.Name,
			Participants: g.Participants, ReadOnly: !g.CanPost, Discovered: true, DiscoveredAt: now, CreatedAt: now,
		})
	}
	return t.repo.Sources().Discovered(ctx, sources)
}

// Sources lists the groups the tenant knows as sources, active or not.
func (t *Tenant) Sources(ctx context.Context) ([]core.Source, error) {
	return t.repo.Sources().List(ctx)
}

// AddSource starts watching a group. It needs a connected instance (CodePrecondition,
// ReasonNotConnected). A group that discovery found and nobody switched on yet is switched
// on; any other known one is ReasonGroupExists, an active destination
// ReasonGroupIsDestination.
func (t *Tenant) AddSource(ctx context.Context, g NewGroup) (core.Source, error) {
	inst, jid, err := t.newGroup(ctx, g, "source_group_id")
	if err != nil {
		return core.Source{}, err
	}
	if !g.Inactive {
		if err := t.notDestination(ctx, jid); err != nil {
			return core.Source{}, err
		}
	}
	id, err := t.e.newID()
	if err != nil {
		return core.Source{}, err
	}
	s := core.Source{
		ID: core.SourceID(id), InstanceID: inst.ID, JID: jid, Label: g.Label, Active: !g.Inactive, CreatedAt: t.e.now(),
	}
	err = t.repo.Sources().Create(ctx, s)
	if core.CodeOf(err) != core.CodeConflict {
		return s, err
	}
	known, err := t.repo.Sources().List(ctx)
	if err != nil {
		return core.Source{}, err
	}
	exists := &core.Error{Code: core.CodeConflict, Reason: core.ReasonGroupExists, Field: "source_group_id"}
	for _, k := range known {
		if k.JID != jid || !k.Discovered {
			continue
		}
		return t.repo.Sources().Update(ctx, k.ID, func(k *core.Source) error {
			if k.Active {
				return exists
			}
			k.Active = !g.Inactive
			if g.Label != "" {
				k.Label = g.Label
			}
			return nil
		})
	}
	return core.Source{}, exists
}

// ChangeSource changes label, activity and word rules of a source.
func (t *Tenant) ChangeSource(ctx context.Context, id core.SourceID, c GroupChange) (core.Source, error) {
	if c.Label != nil {
		if err := checkLabel(*c.Label); err != nil {
			return core.Source{}, err
		}
	}
	if c.Active != nil && *c.Active {
		known, err := t.repo.Sources().List(ctx)
		if err != nil {
			return core.Source{}, err
		}
		for _, k := range known {
			if k.ID == id {
				if err := t.notDestination(ctx, k.JID); err != nil {
					return core.Source{}, err
				}
			}
		}
	}
	return t.repo.Sources().Update(ctx, id, func(s *core.Source) error {
		if c.Require != nil {
			s.Words.Require = *c.Require
		}
		if c.Block != nil {
			s.Words.Block = *c.Block
		}
		if err := s.Words.Validate(); err != nil {
			return err
		}
		if c.Label != nil {
			s.Label = *c.Label
		}
		if c.Active != nil {
			s.Active = *c.Active
		}
		return nil
	})
}

// RemoveSource stops watching a group; what already came from it stays.
func (t *Tenant) RemoveSource(ctx context.Context, id core.SourceID) error {
	return t.repo.Sources().Delete(ctx, id)
}

// Destinations lists the groups the tenant posts to, active or not.
func (t *Tenant) Destinations(ctx context.Context) ([]core.Destination, error) {
	return t.repo.Destinations().List(ctx)
}

// AddDestination starts posting to a group, under the same conditions as AddSource and as
// long as the operator's limit allows (CodePrecondition, ReasonDestinationLimit).
func (t *Tenant) AddDestination(ctx context.Context, g NewGroup) (core.Destination, error) {
	inst, jid, err := t.newGroup(ctx, g, "destination_group_id")
	if err != nil {
		return core.Destination{}, err
	}
	if !g.Inactive {
		if err := t.notSource(ctx, jid); err != nil {
			return core.Destination{}, err
		}
		if err := t.mayPost(ctx, ""); err != nil {
			return core.Destination{}, err
		}
	}
	id, err := t.e.newID()
	if err != nil {
		return core.Destination{}, err
	}
	d := core.Destination{
		ID: core.DestinationID(id), InstanceID: inst.ID, JID: jid, Label: g.Label, Active: !g.Inactive, CreatedAt: t.e.now(),
	}
	err = t.repo.Destinations().Create(ctx, d)
	if core.CodeOf(err) == core.CodeConflict {
		return core.Destination{}, &core.Error{
			Code: core.CodeConflict, Reason: core.ReasonGroupExists, Field: "destination_group_id",
		}
	}
	return d, err
}

// ChangeDestination changes label and activity of a destination. Switching one on forgets
// the problem that switched it off.
func (t *Tenant) ChangeDestination(ctx context.Context, id core.DestinationID, c GroupChange) (core.Destination, error) {
	if c.Label != nil {
		if err := checkLabel(*c.Label); err != nil {
			return core.Destination{}, err
		}
	}
	if c.Active != nil && *c.Active {
		d, err := t.repo.Destinations().Get(ctx, id)
		if err != nil {
			return core.Destination{}, err
		}
		if err := t.notSource(ctx, d.JID); err != nil {
			return core.Destination{}, err
		}
		if err := t.mayPost(ctx, id); err != nil {
			return core.Destination{}, err
		}
	}
	return t.repo.Destinations().Update(ctx, id, func(d *core.Destination) error {
		if c.Label != nil {
			d.Label = *c.Label
		}
		if c.Active != nil {
			d.Active = *c.Active
			if d.Active {
				d.Problem = ""
			}
		}
		return nil
	})
}

// RemoveDestination stops posting to a group and cancels what still waits for it.
func (t *Tenant) RemoveDestination(ctx context.Context, id core.DestinationID) error {
	return t.repo.Destinations().Delete(ctx, id)
}

func (t *Tenant) newGroup(ctx context.Context, g NewGroup, field string) (core.Instance, core.JID, error) {
	jid, err := core.ParseGroupJID(g.JID)
	if err != nil {
		return core.Instance{}, "", core.InvalidField(field, core.ReasonNotAGroup, "")
	}
	if err := checkLabel(g.Label); err != nil {
		return core.Instance{}, "", err
	}
	inst, err := t.connected(ctx)
	return inst, jid, err
}

// notDestination and notSource keep a tenant from feeding a group with its own posts.
func (t *Tenant) notDestination(ctx context.Context, jid core.JID) error {
	all, err := t.repo.Destinations().List(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.JID == jid && d.Active {
			return core.InvalidField("source_group_id", core.ReasonGroupIsDestination, "")
		}
	}
	return nil
}

func (t *Tenant) notSource(ctx context.Context, jid core.JID) error {
	switch _, err := t.repo.Sources().Active(ctx, jid); core.CodeOf(err) {
	case "":
		return core.InvalidField("destination_group_id", core.ReasonGroupIsSource, "")
	case core.CodeNotFound:
		return nil
	default:
		return err
	}
}

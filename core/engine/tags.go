package engine

import (
	"context"
	"maps"

	"github.com/autopromo-cloud/autopromo/core"
)

// TagInput is an affiliate identity as a tenant types it.
type TagInput struct {
	Store       string
	Marketplace string // "" takes the store's default
	// Code stands for the store's main field; Fields gives any field by name.
	Code   string
	Fields map[string]string
}

// Tags lists the tenant's affiliate identities.
func (t *Tenant) Tags(ctx context.Context) ([]core.Tag, error) { return t.repo.Tags().List(ctx) }

// AddTag stores an identity at a store. What the store's rule does not accept is
// CodeInvalid with the field to blame; a second tag for the same store and marketplace is
// CodeConflict with ReasonTagExists.
func (t *Tenant) AddTag(ctx context.Context, in TagInput) (core.Tag, error) {
	tag, err := t.checkTag(in)
	if err != nil {
		return core.Tag{}, err
	}
	id, err := t.e.newID()
	if err != nil {
		return core.Tag{}, err
	}
	tag.ID, tag.CreatedAt, tag.UpdatedAt = core.TagID(id), t.e.now(), t.e.now()
	err = t.repo.Tags().Create(ctx, tag)
	return tag, tagConflict(err)
}

// ChangeTag replaces the fields of a tag; a secret one that is left out stays. Store and marketplace are kept when the input
// names none. Offers already written keep the old tag and are cancelled by the proof
// before sending.
func (t *Tenant) ChangeTag(ctx context.Context, id core.TagID, in TagInput) (core.Tag, error) {
	tag, err := t.repo.Tags().Update(ctx, id, func(old *core.Tag) error {
		if in.Store == "" {
			in.Store = old.Store
		}
		if in.Marketplace == "" && in.Store == old.Store {
			in.Marketplace = old.Marketplace
		}
		next, err := t.checkTag(t.keepSecrets(in, *old))
		if err != nil {
			return err
		}
		old.Store, old.Marketplace, old.Fields, old.UpdatedAt = next.Store, next.Marketplace, next.Fields, t.e.now()
		return nil
	})
	return tag, tagConflict(err)
}

// keepSecrets fills in the secret fields that the input leaves out: nobody can read them
// to type them again. An empty value removes one.
func (t *Tenant) keepSecrets(in TagInput, old core.Tag) TagInput {
	store, ok := t.e.deps.Stores.Store(in.Store)
	if !ok || in.Store != old.Store {
		return in
	}
	fields := maps.Clone(in.Fields)
	if fields == nil {
		fields = map[string]string{}
	}
	for _, f := range store.Fields() {
		if _, given := in.Fields[f.Name]; f.Secret && !given && old.Fields[f.Name] != "" {
			fields[f.Name] = old.Fields[f.Name]
		}
	}
	in.Fields = fields
	return in
}

// RemoveTag forgets an identity. What still waits with it is cancelled by the proof before
// sending.
func (t *Tenant) RemoveTag(ctx context.Context, id core.TagID) error {
	return t.repo.Tags().Delete(ctx, id)
}

// CheckTagField judges one field of a tag by itself, as a form does before all is typed. The
// error is that of AddTag for a tag whose other fields are well formed.
func (e *Engine) CheckTagField(store, marketplace, field, value string) error {
	s, ok := e.deps.Stores.Store(store)
	if !ok {
		return core.InvalidField("store_slug", core.ReasonUnknownStore, store)
	}
	tag := core.Tag{Store: store, Marketplace: marketplace, Fields: map[string]string{}}
	for _, f := range s.Fields() {
		tag.Fields[f.Name] = f.Example
	}
	tag.Fields[field] = value
	_, err := e.deps.Stores.CheckTag(tag)
	return err
}

func (t *Tenant) checkTag(in TagInput) (core.Tag, error) {
	tag := core.Tag{Store: in.Store, Marketplace: in.Marketplace, Fields: maps.Clone(in.Fields)}
	store, ok := t.e.deps.Stores.Store(in.Store)
	if ok && in.Code != "" {
		if tag.Fields == nil {
			tag.Fields = map[string]string{}
		}
		for _, f := range store.Fields() {
			if f.Main {
				tag.Fields[f.Name] = in.Code
			}
		}
	}
	return t.e.deps.Stores.CheckTag(tag)
}

func tagConflict(err error) error {
	if core.CodeOf(err) == core.CodeConflict {
		return &core.Error{Code: core.CodeConflict, Reason: core.ReasonTagExists, Field: "store_slug"}
	}
	return err
}

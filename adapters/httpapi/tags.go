package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/engine"
)

type tagResponse struct {
	ID          string            `json:"id"`
	UserID      string            `json:"user_id"`
	StoreSlug   string            `json:"store_slug" example:"amazon"`
	Marketplace *string           `json:"marketplace" example:"amazon.com.br"`
	TagCode     *string           `json:"tag_code" doc:"The store's main field" example:"minhaloja-20"`
	Fields      map[string]string `json:"fields" doc:"Every field but the secret ones"`
	CreatedAt   time.Time         `json:"created_at"`
}

type tagRequest struct {
	StoreSlug   string            `json:"store_slug" maxLength:"64" example:"amazon"`
	Marketplace string            `json:"marketplace,omitempty" maxLength:"64" doc:"Default: the store's first" example:"amazon.com.br"`
	TagCode     string            `json:"tag_code,omitempty" maxLength:"512" doc:"The store's main field"`
	Fields      map[string]string `json:"fields,omitempty" doc:"Any field by name, see GET /stores"`
}

type tagChangeInput struct {
	ID   string `path:"id" doc:"The id, a UUID"`
	Body struct {
		StoreSlug   string            `json:"store_slug,omitempty" maxLength:"64" doc:"Default: as it is"`
		Marketplace string            `json:"marketplace,omitempty" maxLength:"64" doc:"Default: as it is"`
		TagCode     string            `json:"tag_code,omitempty" maxLength:"512" doc:"The store's main field"`
		Fields      map[string]string `json:"fields,omitempty" doc:"Every field of the tag; what is left out is removed, but for secret ones, which stay"`
	} `nameHint:"TagChange"`
}

type storeResponse struct {
	Slug         string          `json:"slug" example:"mercadolivre"`
	Name         string          `json:"name" example:"Mercado Livre"`
	Marketplaces []string        `json:"marketplaces" nullable:"false" doc:"Domains that pay separately, the default first"`
	Network      bool            `json:"network" doc:"Pays for other merchants' pages: a tag per merchant, whose domain is its marketplace"`
	Fields       []fieldResponse `json:"fields" nullable:"false" doc:"Empty for a store that only networks pay for"`
}

type fieldResponse struct {
	Name     string `json:"name" example:"matt_word"`
	Main     bool   `json:"main" doc:"tag_code stands for this field"`
	Required bool   `json:"required" doc:"Without it a tag is refused"`
	Secret   bool   `json:"secret" doc:"Write-only: no answer shows it"`
	Example  string `json:"example" doc:"A made-up value of the right form"`
	Help     string `json:"help" doc:"Where to find the value"`
}

func (s *server) registerTags() {
	handle(s, operation{
		method: http.MethodGet, path: "/affiliate-tags", id: "list-tags", tag: "tags",
		summary: "List my affiliate tags", description: "One per store, and per marketplace where the programme pays per country.",
	}, s.listTags)
	handle(s, operation{
		method: http.MethodPost, path: "/affiliate-tags", id: "add-tag", tag: "tags", status: http.StatusCreated,
		summary: "Add an affiliate tag",
		description: "tag_code is enough for a store with one field; others take fields. A second tag for the same store " +
			"and marketplace is 409.",
		errors: []int{http.StatusBadRequest, http.StatusConflict},
	}, s.addTag)
	handle(s, operation{
		method: http.MethodPut, path: "/affiliate-tags/{id}", id: "change-tag", tag: "tags",
		summary:     "Replace an affiliate tag",
		description: "Replaces the fields. What waits with the old tag is not sent.",
		errors:      []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
	}, s.changeTag)
	handle(s, operation{
		method: http.MethodDelete, path: "/affiliate-tags/{id}", id: "remove-tag", tag: "tags",
		summary: "Remove an affiliate tag", description: "What waits with it is not sent; new offers of the store are held.",
		errors: []int{http.StatusNotFound},
	}, s.removeTag)
	handle(s, operation{
		method: http.MethodGet, path: "/stores", id: "list-stores", tag: "tags",
		summary: "List the stores", description: "The stores links can be rewritten for, and which fields a tag of each needs.",
	}, s.listStores)
}

// tagOf shows a tag without its secret fields. Of a store we do not know nothing is shown,
// because nobody can say what is secret.
func (s *server) tagOf(c caller, t core.Tag) tagResponse {
	out := tagResponse{
		ID: string(t.ID), UserID: string(c.account.ID), StoreSlug: t.Store, Marketplace: optional(t.Marketplace),
		Fields: map[string]string{}, CreatedAt: t.CreatedAt,
	}
	store, ok := s.stores[t.Store]
	if !ok {
		return out
	}
	for _, f := range store.Fields() {
		value, has := t.Fields[f.Name]
		if !has || f.Secret {
			continue
		}
		out.Fields[f.Name] = value
		if f.Main {
			out.TagCode = optional(value)
		}
	}
	return out
}

func (s *server) listTags(ctx context.Context, c caller, _ *none) ([]tagResponse, error) {
	tags, err := c.Tags(ctx)
	return each(tags, func(t core.Tag) tagResponse { return s.tagOf(c, t) }), err
}

func (s *server) addTag(ctx context.Context, c caller, in *struct{ Body tagRequest }) (tagResponse, error) {
	tag, err := c.AddTag(ctx, engine.TagInput{
		Store: in.Body.StoreSlug, Marketplace: in.Body.Marketplace, Code: in.Body.TagCode, Fields: in.Body.Fields,
	})
	return s.tagOf(c, tag), err
}

func (s *server) changeTag(ctx context.Context, c caller, in *tagChangeInput) (tagResponse, error) {
	id, err := parseID[core.TagID](in.ID)
	if err != nil {
		return tagResponse{}, err
	}
	tag, err := c.ChangeTag(ctx, id, engine.TagInput{
		Store: in.Body.StoreSlug, Marketplace: in.Body.Marketplace, Code: in.Body.TagCode, Fields: in.Body.Fields,
	})
	return s.tagOf(c, tag), err
}

func (s *server) removeTag(ctx context.Context, c caller, in *idInput) (none, error) {
	id, err := parseID[core.TagID](in.ID)
	if err != nil {
		return none{}, err
	}
	return none{}, c.RemoveTag(ctx, id)
}

func (s *server) listStores(_ context.Context, c caller, _ *none) ([]storeResponse, error) {
	stores := slices.DeleteFunc(s.engine.Stores(), func(store affiliate.Store) bool { return !affiliate.Convertible(store) })
	return each(stores, func(store affiliate.Store) storeResponse {
		_, network := store.(affiliate.Network)
		return storeResponse{
			Network: network, Slug: store.Slug(), Name: store.Name(), Marketplaces: append([]string{}, store.Marketplaces()...),
			Fields: each(store.Fields(), func(f affiliate.Field) fieldResponse {
				return fieldResponse{
					Name: f.Name, Main: f.Main, Required: f.Required, Secret: f.Secret,
					Example: f.Example, Help: f.Help[c.language],
				}
			}),
		}
	}), nil
}

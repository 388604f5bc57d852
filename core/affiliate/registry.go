package affiliate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Registry holds the stores in use. It never changes and is safe for concurrent use.
type Registry struct {
	stores []Store
}

// NewRegistry returns a registry of stores. A slug used twice, or a store without exactly
// one main field, is an error.
func NewRegistry(stores ...Store) (*Registry, error) {
	seen := make(map[string]bool, len(stores))
	for _, s := range stores {
		if s == nil || s.Slug() == "" {
			return nil, fmt.Errorf("affiliate: a store without a slug")
		}
		if seen[s.Slug()] {
			return nil, fmt.Errorf("affiliate: store %s is there twice", s.Slug())
		}
		seen[s.Slug()] = true
		main := 0
		for _, f := range s.Fields() {
			if f.Main {
				main++
			}
		}
		if main != 1 {
			return nil, fmt.Errorf("affiliate: store %s has %d main fields, want 1", s.Slug(), main)
		}
	}
	return &Registry{stores: slices.Clone(stores)}, nil
}

// Builtin returns the stores that come with the package, in a fixed order.
func Builtin() []Store {
	return []Store{Amazon{}, Shopee{}, MercadoLivre{}, Magalu{}}
}

// Stores returns the stores in the order they were registered.
func (r *Registry) Stores() []Store { return slices.Clone(r.stores) }

// Store returns the store with this slug.
func (r *Registry) Store(slug string) (Store, bool) {
	for _, s := range r.stores {
		if s.Slug() == slug {
			return s, true
		}
	}
	return nil, false
}

// Classify says what link leads to. It never fails: what cannot be trusted is [Refused]
// and what no store claims is [Unknown], each with a hold. Redirect wrappers that show
// their target are taken off first.
func (r *Registry) Classify(link string) Target {
	if address, ok := strings.CutPrefix(link, "mailto:"); ok {
		// Somebody's address, to be treated as their channel. Its name stays out of reasons.
		host := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
		return Target{Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: host}}
	}
	u, err := Parse(link)
	for layer := 0; err == nil; layer++ {
		inner, wrapped := unwrap(u)
		if !wrapped {
			return r.classify(u)
		}
		if layer == maxLayers {
			break
		}
		u, err = Parse(inner)
	}
	return refuse("", core.ReasonLinkDeceptive, u.Host)
}

func (r *Registry) classify(u URL) Target {
	if u.Port != "" {
		// No store sells on a port of its own; an odd port on a store's name is a trick.
		return refuse("", core.ReasonLinkDeceptive, u.Host)
	}
	if _, t, ok := r.claim(u); ok {
		return t
	}
	switch {
	case isShortener(u.Host) && u.Path != "" && u.Path != "/":
		u.Scheme, u.Fragment = "https", ""
		return Target{Kind: Short, URL: u.String()}
	case isForeignChannel(u.Host):
		return Target{Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: u.Host}}
	}
	return Target{Kind: Unknown, Hold: core.Hold{Reason: core.ReasonLinkUnknownStore, Detail: u.Host}}
}

func (r *Registry) claim(u URL) (Store, Target, bool) {
	for _, s := range r.stores {
		if t, ok := s.Classify(u); ok {
			return s, t, true
		}
	}
	return nil, Target{}, false
}

// Rewrite returns the link to t with the one of tags that belongs to t's store and
// marketplace. The error is a *core.Error: [core.ReasonNoTag] when there is no such tag,
// otherwise the reason t cannot carry one.
func (r *Registry) Rewrite(t Target, tags []core.Tag) (string, error) {
	if t.Kind != Product && t.Kind != Page {
		return "", cannotCarry(t)
	}
	s, ok := r.Store(t.Store)
	if !ok {
		return "", core.NewError(core.CodePrecondition, core.ReasonLinkUnknownStore, t.Store)
	}
	tag, ok := r.tagFor(s, t.Marketplace, tags)
	if !ok {
		detail := s.Name()
		if markets := s.Marketplaces(); len(markets) > 0 && t.Marketplace != markets[0] {
			detail += " (" + t.Marketplace + ")"
		}
		return "", core.NewError(core.CodePrecondition, core.ReasonNoTag, detail)
	}
	return s.Rewrite(t, tag)
}

// Verify proves that link, as it will be posted, carries the tenant's tag and no other
// identity. Short links, wrappers and unknown stores cannot be proven. The error is a
// *core.Error with [core.ReasonNotProven] and the host as detail.
func (r *Registry) Verify(link string, tags []core.Tag) error {
	u, err := Parse(link)
	if err != nil {
		return notProven("", err)
	}
	s, t, ok := r.claim(u)
	if !ok || t.Kind != Product && t.Kind != Page {
		return notProven(u.Host, nil)
	}
	tag, ok := r.tagFor(s, t.Marketplace, tags)
	if !ok {
		return notProven(u.Host, nil)
	}
	if err := s.Verify(u, tag); err != nil {
		return notProven(u.Host, err)
	}
	return nil
}

// tagFor finds the well-formed tag of a store and marketplace. A malformed one counts as
// none: a value with "&" in it could smuggle a second identity through a comparison.
func (r *Registry) tagFor(s Store, marketplace string, tags []core.Tag) (core.Tag, bool) {
	for _, tag := range tags {
		if tag.Store != s.Slug() {
			continue
		}
		checked, err := r.CheckTag(tag)
		if err == nil && checked.Marketplace == marketplace {
			return checked, true
		}
	}
	return core.Tag{}, false
}

func notProven(host string, cause error) error {
	return &core.Error{Code: core.CodePrecondition, Reason: core.ReasonNotProven, Detail: host, Err: cause}
}

// cannotCarry is the error of a target that is neither a product nor a page.
func cannotCarry(t Target) error {
	if t.Kind == Short {
		host := ""
		if u, err := Parse(t.URL); err == nil {
			host = u.Host
		}
		return core.NewError(core.CodePrecondition, core.ReasonLinkUnresolved, host)
	}
	if t.Hold.Reason == "" {
		return core.NewError(core.CodePrecondition, core.ReasonLinkUnknownStore, t.Store)
	}
	return core.NewError(core.CodePrecondition, t.Hold.Reason, t.Hold.Detail)
}

// refuse returns a Refused target of a store ("" for none).
func refuse(store string, reason core.Reason, host string) Target {
	return Target{Kind: Refused, Store: store, Hold: core.Hold{Reason: reason, Detail: host}}
}

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
	bySlug map[string]Store
	byHost map[string]Store
}

// NewRegistry returns a registry of stores. A slug or host used twice, or a store with
// fields of which not exactly one is the main one, is an error.
func NewRegistry(stores ...Store) (*Registry, error) {
	r := &Registry{stores: slices.Clone(stores), bySlug: map[string]Store{}, byHost: map[string]Store{}}
	for _, s := range stores {
		if s == nil || s.Slug() == "" {
			return nil, fmt.Errorf("affiliate: a store without a slug")
		}
		if _, taken := r.bySlug[s.Slug()]; taken {
			return nil, fmt.Errorf("affiliate: store %s is there twice", s.Slug())
		}
		r.bySlug[s.Slug()] = s
		for _, host := range s.Hosts() {
			if other, taken := r.byHost[host]; taken {
				return nil, fmt.Errorf("affiliate: %s and %s both list the host %s", other.Slug(), s.Slug(), host)
			}
			r.byHost[host] = s
		}
		main := 0
		for _, f := range s.Fields() {
			if f.Main {
				main++
			}
		}
		if main != 1 && len(s.Fields()) > 0 {
			return nil, fmt.Errorf("affiliate: store %s has %d main fields, want 1", s.Slug(), main)
		}
	}
	return r, nil
}

// Builtin returns the stores that come with the package, in a fixed order. Where a tenant
// has tags of several networks for one merchant, the first of them is paid.
func Builtin() []Store {
	stores := []Store{
		Amazon{}, Shopee{}, MercadoLivre{}, Magalu{}, AliExpress{}, Natura{}, Netshoes{}, Shein{}, KaBuM{},
		Awin{}, Rakuten{}, CJ{}, Impact{}, Admitad{}, Lomadee{}, Tradedoubler{}, Template{},
	}
	return slices.Concat(stores, Merchants(), Unconvertibles(), []Store{Promoters{}})
}

// Stores returns the stores in the order they were registered.
func (r *Registry) Stores() []Store { return slices.Clone(r.stores) }

// Store returns the store with this slug.
func (r *Registry) Store(slug string) (Store, bool) {
	s, ok := r.bySlug[slug]
	return s, ok
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
		if u.Port != "" {
			// No store sells on a port of its own; an odd port on a store's name is a trick.
			break
		}
		s := r.at(u.Host)
		inner, wrapped := destination(s, u)
		if !wrapped {
			return r.classify(s, u)
		}
		if layer == maxLayers {
			break
		}
		u, err = Parse(inner)
	}
	return refuse("", core.ReasonLinkDeceptive, u.Host)
}

// destination is what a redirector shows as its target: a network's link, or a general
// wrapper.
func destination(s Store, u URL) (target string, ok bool) {
	if n, isNetwork := s.(Network); isNetwork {
		return n.Unwrap(u)
	}
	return unwrap(u)
}

// at finds the store that lists host, or the nearest domain above it.
func (r *Registry) at(host string) Store {
	for {
		if s, ok := r.byHost[host]; ok {
			return s
		}
		i := strings.IndexByte(host, '.')
		if i < 0 {
			return nil
		}
		host = host[i+1:]
	}
}

func (r *Registry) classify(s Store, u URL) Target {
	if s != nil {
		if t, ok := s.Classify(u); ok {
			return t
		}
	}
	switch {
	case isShortener(u.Host) && u.Path != "" && u.Path != "/":
		u.Scheme, u.Fragment = "https", ""
		return Target{Kind: Short, URL: u.String()}
	case isForeignChannel(u.Host):
		return Target{Kind: Foreign, Hold: core.Hold{Reason: core.ReasonLinkForeignChannel, Detail: u.Host}}
	}
	site := strings.TrimPrefix(u.Host, "www.")
	t := Target{Kind: Unknown, Hold: core.Hold{Reason: core.ReasonLinkUnknownStore, Detail: site}}
	if path := strings.TrimSuffix(u.Path, "/"); path != "" {
		t.ProductKey = site + ":" + path
	}
	u.Scheme, u.Fragment = "https", ""
	t.URL = u.String()
	return t
}

// Rewrite returns the link to t with the one of tags that pays for it. It is
// [Identity.Rewrite] for a single link.
func (r *Registry) Rewrite(t Target, tags []core.Tag) (string, error) {
	return r.Identity(tags).Rewrite(t, core.SubID{})
}

// Verify proves that link carries the identity of tags and no other. It is
// [Identity.Verify] for a single link.
func (r *Registry) Verify(link string, tags []core.Tag) error {
	return r.Identity(tags).Verify(link, core.SubID{})
}

// cannotCarry is the error of a target that nobody's tag can be put on.
func cannotCarry(t Target) error {
	switch {
	case t.Kind == Short || t.Kind == Showcase:
		host := ""
		if u, err := Parse(t.URL); err == nil {
			host = u.Host
		}
		reason := core.ReasonLinkUnresolved
		if t.Kind == Showcase {
			reason = core.ReasonLinkShowcase
		}
		return core.NewError(core.CodePrecondition, reason, host)
	case t.Hold.Reason == "":
		return core.NewError(core.CodePrecondition, core.ReasonLinkUnknownStore, t.Store)
	}
	return core.NewError(core.CodePrecondition, t.Hold.Reason, t.Hold.Detail)
}

// refuse returns a Refused target of a store ("" for none).
func refuse(store string, reason core.Reason, host string) Target {
	return Target{Kind: Refused, Store: store, Hold: core.Hold{Reason: reason, Detail: host}}
}

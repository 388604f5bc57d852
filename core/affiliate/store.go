// Package affiliate is the link engine: it tells whose a link is, rewrites it to carry a
// tenant's identity, and proves that a link carries it and nobody else's.
//
// Each store is one [Store] in a file of its own. A [Registry] holds the stores in use;
// [Builtin] lists ours, and anyone can add their own:
//
//	registry, err := affiliate.NewRegistry(append(affiliate.Builtin(), myStore{})...)
//
// Everything here is pure: no network, no clock. A short link is classified as [Short] and
// has to be resolved by the caller.
//
// The package fails closed. A link that no store claims, that cannot be parsed in exactly
// one way, or whose tag is missing has a hold reason and never a rewritten form.
package affiliate

import (
	"github.com/autopromo-cloud/autopromo/core"
)

// Store is the rule of one merchant. Implementations are stateless and safe for
// concurrent use.
type Store interface {
	// Slug names the store on the wire and in tables, such as "mercadolivre". It never
	// changes.
	Slug() string
	// Name is shown to people, such as "Mercado Livre".
	Name() string
	// Fields are the parts of the tenant's identity at this store. Exactly one is Main.
	Fields() []Field
	// Marketplaces lists the domains that pay separately, the default first; nil for a
	// store with one programme.
	Marketplaces() []string
	// Classify says what u is. ok=false means that u is not this store's.
	Classify(u URL) (t Target, ok bool)
	// Rewrite returns the link to t that carries tag. It builds the link from scratch
	// wherever a canonical form exists. The error is a *core.Error whose reason says why t
	// cannot carry it.
	Rewrite(t Target, tag core.Tag) (string, error)
	// Verify proves from u alone that it belongs to tag and that no other identity is in
	// it: query, path, fragment, nested target, encoded forms. It shares no code with
	// Rewrite. Any error means not proven.
	Verify(u URL, tag core.Tag) error
}

// Field is one part of a tag.
type Field struct {
	// Name is the field's name on the wire, such as "matt_word".
	Name string
	// Main marks the field that "tag_code" stands for.
	Main bool
	// Required fields must be given.
	Required bool
	// Secret fields are write-only: no answer shows them.
	Secret bool
	// Check says whether a value is well formed; a nil Check accepts 1 to 64 letters,
	// digits, "-", "_" and ".".
	Check func(value string) bool
	// Example is a well-formed value, for forms and error sentences.
	Example string
	// Help says where a marketer finds the value, per language.
	Help map[core.Language]string
}

// Kind is what a link leads to.
type Kind string

// The kinds of link.
const (
	// Product is one product whose link can carry a tag.
	Product Kind = "product"
	// Page is another page of a store whose link can carry a tag.
	Page Kind = "page"
	// Short hides its target and owner; it has to be resolved first.
	Short Kind = "short"
	// Foreign is an invite, a channel or a profile: nothing to sell, its line can be
	// removed.
	Foreign Kind = "foreign"
	// Refused is a store's page, or a link, that must not go out; Hold says why.
	Refused Kind = "refused"
	// Unknown is a link no store claims.
	Unknown Kind = "unknown"
)

// Target is what a link leads to, without anybody's identity.
type Target struct {
	Kind  Kind
	Store string // slug, "" when no store claims the link
	// Marketplace is the domain whose programme pays, "" for stores with one programme.
	Marketplace string
	// ProductKey identifies the product for deduplication, such as
	// "shopee:458071934.26778686208"; "" when there is no product.
	ProductKey string
	// URL is the canonical address free of identity; for Short the link to resolve.
	URL string
	// Hold says why a Foreign, Refused or Unknown link cannot be rewritten.
	Hold core.Hold
}

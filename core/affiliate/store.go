// Package affiliate is the link engine: it tells whose a link is, rewrites it to carry a
// tenant's identity, and proves that a link carries it and nobody else's.
//
// Each store is one [Store] in a file of its own. A [Registry] holds the stores in use;
// [Builtin] lists ours, and anyone can add their own:
//
//	registry, err := affiliate.NewRegistry(append(affiliate.Builtin(), myStore{})...)
//
// [Registry.Identity] binds it to one tenant's tags; what it rewrites, and what it proves,
// is that tenant's alone:
//
//	identity := registry.Identity(tags)
//	link, err := identity.Rewrite(registry.Classify(url), core.SubID{})
//	err = identity.Verify(link, core.SubID{})
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
	// Hosts lists the domains, each with everything below it, whose links Classify is asked
	// about. No two stores of a registry list the same one; the longest match decides.
	Hosts() []string
	// Fields are the parts of the tenant's identity at this store. Exactly one is Main. A
	// store without fields has no programme of its own: a [Network] pays for its products.
	Fields() []Field
	// Marketplaces lists the domains that pay separately, the default first; nil for a
	// store with one programme. For a [Network] they are the merchants' domains it knows,
	// and tags may name others.
	Marketplaces() []string
	// Classify says what u, which lies within Hosts, is. ok=false leaves it unknown.
	Classify(u URL) (t Target, ok bool)
	// Rewrite returns the link to t that carries tag, and sub where the programme has a
	// place for it. It builds the link from scratch wherever a canonical form exists. The
	// error is a *core.Error whose reason says why t cannot carry it.
	Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error)
	// Verify proves from u alone that it belongs to tag and that no other identity is in
	// it: query, path, fragment, nested target, encoded forms. A sub-id in it must be
	// exactly sub; none is fine too. Verify shares no code with Rewrite. Any error means not
	// proven.
	Verify(u URL, tag core.Tag, sub core.SubID) error
}

// Network is a Store that pays for other merchants' pages. Each of its tags is for one
// merchant, whose domain is the tag's Marketplace; Rewrite gets targets within that domain,
// also of kind [Unknown], and Verify must prove that the destination lies within it.
type Network interface {
	Store
	// Unwrap returns the destination that one of the network's own links shows. ok=false
	// means that u shows none; then Classify decides.
	Unwrap(u URL) (destination string, ok bool)
}

// Minter is a Store whose API makes links for tenants who give their credentials for it.
// Such a link shows nothing: that the API made it for the tenant is recorded, and the
// record is its proof (see [Identity.VerifyMinted]).
type Minter interface {
	Store
	// CanMint says whether tag holds the credentials.
	CanMint(tag core.Tag) bool
	// Minted says whether u has exactly the form of a link that the API makes.
	Minted(u URL) bool
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
	// Showcase is another affiliate's page that features one product; it has to be opened
	// to learn which.
	Showcase Kind = "showcase"
	// Foreign is an invite, a channel or a profile: nothing to sell, its line can be
	// removed.
	Foreign Kind = "foreign"
	// Refused is a store's page, or a link, that must not go out; Hold says why.
	Refused Kind = "refused"
	// Unknown is a link no store claims. A tag of a [Network] for its domain can pay for it.
	Unknown Kind = "unknown"
)

// Target is what a link leads to, without anybody's identity.
type Target struct {
	Kind  Kind
	Store string // slug, "" when no store claims the link
	// Marketplace is the domain whose programme pays, "" for stores with one programme.
	Marketplace string
	// ProductKey identifies the product for deduplication, such as
	// "shopee:458071934.26778686208"; "" when there is no product. For Unknown it is the
	// address without query.
	ProductKey string
	// URL is the canonical address free of identity; for Short and Showcase the link to
	// open; for Unknown the address as it stood, of which a [Network] takes the path alone.
	URL string
	// MintOnly marks a Page that only the store's API can link to.
	MintOnly bool
	// Hold says why a Showcase, Foreign, Refused or Unknown link cannot be rewritten.
	Hold core.Hold
}

package affiliate

import (
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Identity is one tenant's identity at every store: their tags, checked once. It never
// changes and is safe for concurrent use.
type Identity struct {
	registry *Registry
	// direct are the tags of stores, networks those of networks; both in the registry's order.
	direct, networks []Payer
}

// Payer is a tag together with the store or network whose programme it belongs to.
type Payer struct {
	Store Store
	Tag   core.Tag
}

// Identity binds the stores to a tenant's tags. A malformed tag counts as none: a value
// with "&" in it could smuggle a second identity through a comparison.
func (r *Registry) Identity(tags []core.Tag) *Identity {
	i := &Identity{registry: r}
	for _, s := range r.stores {
		_, network := s.(Network)
		for _, tag := range tags {
			if tag.Store != s.Slug() {
				continue
			}
			checked, err := r.CheckTag(tag)
			switch {
			case err != nil:
			case network:
				i.networks = append(i.networks, Payer{Store: s, Tag: checked})
			default:
				i.direct = append(i.direct, Payer{Store: s, Tag: checked})
			}
		}
	}
	return i
}

// Payer returns whose programme pays for t: that of its own store, else of the network with
// a tag for its domain. The tag that names the domain most closely is paid, that for
// "outlet.loja.com.br" before that for "loja.com.br"; among equals the one whose network
// comes first in the registry. The error is a *core.Error: [core.ReasonNoTag] when
// the tenant has no such tag, otherwise the reason t cannot carry one.
func (i *Identity) Payer(t Target) (Payer, error) {
	p, err := i.payer(&t)
	if err != nil {
		return Payer{}, err
	}
	return *p, nil
}

func (i *Identity) payer(t *Target) (*Payer, error) {
	switch t.Kind {
	case Product, Page:
		for n := range i.direct {
			if p := &i.direct[n]; p.Tag.Store == t.Store && p.Tag.Marketplace == t.Marketplace {
				return p, nil
			}
		}
	case Unknown:
	default:
		return nil, cannotCarry(*t)
	}
	if p := i.network(t); p != nil {
		return p, nil
	}
	if t.Kind == Unknown {
		return nil, cannotCarry(*t)
	}
	s, ok := i.registry.Store(t.Store)
	if !ok {
		return nil, core.NewError(core.CodePrecondition, core.ReasonLinkUnknownStore, t.Store)
	}
	detail := s.Name()
	if markets := s.Marketplaces(); len(markets) > 0 && t.Marketplace != markets[0] {
		detail += " (" + t.Marketplace + ")"
	}
	return nil, core.NewError(core.CodePrecondition, core.ReasonNoTag, detail)
}

// network finds the tag of a network for t's domain.
func (i *Identity) network(t *Target) *Payer {
	if len(i.networks) == 0 || t.MintOnly {
		return nil
	}
	u, err := Parse(t.URL)
	if err != nil {
		return nil
	}
	var closest *Payer
	for n := range i.networks {
		p := &i.networks[n]
		if hostWithin(u.Host, p.Tag.Marketplace) &&
			(closest == nil || len(p.Tag.Marketplace) > len(closest.Tag.Marketplace)) {
			closest = p
		}
	}
	return closest
}

// Rewrite returns the link to t that carries the tenant's identity, and sub where the
// programme has a place for it. The error is that of [Identity.Payer] or of the store.
func (i *Identity) Rewrite(t Target, sub core.SubID) (string, error) {
	p, err := i.payer(&t)
	if err != nil {
		return "", err
	}
	return p.Store.Rewrite(t, p.Tag, plainSubID(sub))
}

// Verify proves that link, as it will be posted, carries the tenant's identity and no
// other. A sub-id in it must be exactly sub. Short links, wrappers and unknown stores cannot
// be proven. The error is a *core.Error with [core.ReasonNotProven] and the host as detail.
func (i *Identity) Verify(link string, sub core.SubID) error {
	u, err := Parse(link)
	if err != nil {
		return notProven("", err)
	}
	sub = plainSubID(sub)
	for _, payers := range [...][]Payer{i.direct, i.networks} {
		for n := range payers {
			if p := &payers[n]; p.Store.Verify(u, p.Tag, sub) == nil {
				return nil
			}
		}
	}
	return notProven(u.Host, nil)
}

// plainSubID returns sub, or none when a part of it is no plain word: like a malformed tag
// it could smuggle an identity in.
func plainSubID(sub core.SubID) core.SubID {
	if !allBytes(sub.Group, 1, 32, isAlnum) || !allBytes(sub.Offer, 1, 32, isAlnum) {
		return core.SubID{}
	}
	return sub
}

// VerifyMinted proves that link is the one a store's API made for this tenant with the tag
// they have today, as m records. Only the tenant's own records may be given. The error is
// that of [Identity.Verify].
func (i *Identity) VerifyMinted(link string, m core.MintedLink, sub core.SubID) error {
	u, err := Parse(link)
	if err != nil {
		return notProven("", err)
	}
	if link != m.Link || m.SubID != sub && m.SubID != (core.SubID{}) {
		return notProven(u.Host, nil)
	}
	for _, p := range i.direct {
		minter, ok := p.Store.(Minter)
		if ok && m.Store == p.Tag.Store && minter.Minted(u) && minter.CanMint(p.Tag) && m.TagPrint == p.Tag.Print() {
			return nil
		}
	}
	return notProven(u.Host, nil)
}

// MayBeMinted says whether link has the form of one that some store's API makes, so that a
// record of it is worth looking for.
func (i *Identity) MayBeMinted(link string) bool {
	u, err := Parse(link)
	if err != nil {
		return false
	}
	for _, p := range i.direct {
		if minter, ok := p.Store.(Minter); ok && minter.Minted(u) {
			return true
		}
	}
	return false
}

func notProven(host string, cause error) error {
	return &core.Error{Code: core.CodePrecondition, Reason: core.ReasonNotProven, Detail: strings.TrimPrefix(host, "www."), Err: cause}
}

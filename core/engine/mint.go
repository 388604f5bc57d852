package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// mintTimeout bounds one call to a store's API: a message has several links, and the form
// without the API is as good for most.
const mintTimeout = 8 * time.Second

// link makes the tenant's link to a target: the one a store's API makes where the tenant
// has credentials, else the one that can be written without it. The hold says why there is
// none and retry that there may be one later.
func (t *Tenant) link(ctx context.Context, p *plan, payer affiliate.Payer, target affiliate.Target, sub core.SubID) (link string, hold *core.Hold, retry bool) {
	written, err := payer.Store.Rewrite(target, payer.Tag, sub)
	minted, mintErr := t.mint(ctx, p, payer, target, sub)
	switch {
	case minted != "":
		return minted, nil, false
	case err == nil:
		return written, nil, false
	case mintErr != nil:
		return "", &core.Hold{Reason: core.ReasonMintFailed, Detail: payer.Store.Name()}, !errors.Is(mintErr, links.ErrRefused)
	}
	h := holdOf(err)
	return "", &h, false
}

// mint has the store's API make a link and records it; "" without an error means that
// there is no API for this tag. A link made before for the same target, tag and sub-id is
// used again.
func (t *Tenant) mint(ctx context.Context, p *plan, payer affiliate.Payer, target affiliate.Target, sub core.SubID) (string, error) {
	store, ok := payer.Store.(affiliate.Minter)
	slug := payer.Tag.Store
	api := t.e.minters[slug]
	if !ok || api == nil || !store.CanMint(payer.Tag) {
		return "", nil
	}
	print := payer.Tag.Print()
	if known, err := t.repo.MintedLinks().Find(ctx, slug, target.URL, print, sub); err == nil {
		return known.Link, nil
	} else if core.CodeOf(err) != core.CodeNotFound {
		return "", err
	}
	if err := cmp.Or(p.refused[slug], p.refused[target.URL]); err != nil {
		return "", err
	}
	callCtx, cancel := context.WithTimeout(ctx, min(mintTimeout, time.Until(p.until)))
	defer cancel()
	link, err := api.Mint(callCtx, links.MintRequest{Target: target.URL, Tag: payer.Tag, SubID: sub})
	if err == nil {
		if u, parseErr := affiliate.Parse(link); parseErr != nil || u.String() != link || !store.Minted(u) {
			err = fmt.Errorf("the answer is no link of %s", slug)
		}
	}
	if err == nil {
		err = t.record(ctx, core.MintedLink{
			Link: link, Store: slug, Target: target.URL, TagPrint: print, SubID: sub,
			ProductKey: target.ProductKey, CreatedAt: t.e.now(),
		})
	}
	if err != nil {
		if errors.Is(err, links.ErrRefused) {
			p.refused[target.URL] = err
		} else {
			p.refused[slug] = err // its other links would only wait as long
		}
		t.log().Warn("the store's API made no link", "store", slug, "error", err)
		return "", err
	}
	return link, nil
}

// record stores whose a link is. One that the API gives whatever the sub-id bears none:
// recorded under one group's it would be no proof in the others.
func (t *Tenant) record(ctx context.Context, m core.MintedLink) error {
	known, err := t.repo.MintedLinks().Get(ctx, m.Link)
	if err != nil && core.CodeOf(err) != core.CodeNotFound {
		return err
	}
	if err == nil && known.SubID != m.SubID {
		m.SubID = core.SubID{}
	}
	return t.repo.MintedLinks().Save(ctx, m)
}

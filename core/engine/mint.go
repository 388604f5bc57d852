package engine

import (
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
func (t *Tenant) link(ctx context.Context, pl *plan, p affiliate.Payer, target affiliate.Target, sub core.SubID) (link string, hold *core.Hold, retry bool) {
	written, err := p.Store.Rewrite(target, p.Tag, sub)
	minted, mintErr := t.mint(ctx, pl, p, target, sub)
	switch {
	case minted != "":
		return minted, nil, false
	case err == nil:
		return written, nil, false
	case mintErr != nil:
		return "", &core.Hold{Reason: core.ReasonMintFailed, Detail: p.Store.Name()}, !errors.Is(mintErr, links.ErrRefused)
	}
	h := holdOf(err)
	return "", &h, false
}

// mint has the store's API make a link and records it; "" without an error means that
// there is no API for this tag. A link made before for the same target, tag and sub-id is
// used again.
func (t *Tenant) mint(ctx context.Context, pl *plan, p affiliate.Payer, target affiliate.Target, sub core.SubID) (string, error) {
	store, ok := p.Store.(affiliate.Minter)
	api := t.e.minters[p.Tag.Store]
	if !ok || api == nil || !store.CanMint(p.Tag) {
		return "", nil
	}
	print := p.Tag.Print()
	if known, err := t.repo.MintedLinks().Find(ctx, p.Tag.Store, target.URL, print, sub); err == nil {
		return known.Link, nil
	} else if core.CodeOf(err) != core.CodeNotFound {
		return "", err
	}
	if pl.apiDown != nil {
		return "", pl.apiDown
	}
	callCtx, cancel := context.WithTimeout(ctx, mintTimeout)
	defer cancel()
	link, err := api.Mint(callCtx, links.MintRequest{Target: target.URL, Tag: p.Tag, SubID: sub})
	if err == nil {
		if u, parseErr := affiliate.Parse(link); parseErr != nil || u.String() != link || !store.Minted(u) {
			err = fmt.Errorf("the answer is no link of %s", p.Tag.Store)
		}
	}
	if err == nil {
		err = t.repo.MintedLinks().Save(ctx, core.MintedLink{
			Link: link, Store: p.Tag.Store, Target: target.URL, TagPrint: print, SubID: sub,
			ProductKey: target.ProductKey, CreatedAt: t.e.now(),
		})
	}
	if err != nil {
		if !errors.Is(err, links.ErrRefused) {
			pl.apiDown = err // its other links would only wait as long
		}
		t.log().Warn("the store's API made no link", "store", p.Tag.Store, "error", err)
		return "", err
	}
	return link, nil
}

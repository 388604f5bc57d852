package engine

import (
	"context"
	"errors"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/extract"
)

// proof checks a final text independently of how it was made: every link in it must carry
// the tenant's identity and no other. It returns why not, or nil; the error says that
// nothing could be found out.
func (t *Tenant) proof(ctx context.Context, text string, identity *affiliate.Identity, sub core.SubID) (*core.Hold, error) {
	final := extract.Links(text)
	if len(final) == 0 {
		return &core.Hold{Reason: core.ReasonNoLink}, nil
	}
	last := 0
	for _, l := range final {
		err := identity.Verify(l.URL, sub)
		if err != nil && identity.MayBeMinted(l.URL) {
			record, findErr := t.repo.MintedLinks().Get(ctx, l.URL)
			switch {
			case findErr == nil:
				err = identity.VerifyMinted(l.URL, record, sub)
			case !errors.Is(findErr, core.ErrNotFound):
				return nil, findErr
			}
		}
		if err != nil {
			return &core.Hold{Reason: core.ReasonNotProven, Detail: holdOf(err).Detail}, nil
		}
		if affiliate.NamesIdentity(text[last:l.Start]) {
			return &core.Hold{Reason: core.ReasonNotProven}, nil
		}
		last = l.End
	}
	if affiliate.NamesIdentity(text[last:]) {
		return &core.Hold{Reason: core.ReasonNotProven}, nil
	}
	return nil, nil
}

// holdOf is the hold an error of the link engine stands for.
func holdOf(err error) core.Hold {
	var ce *core.Error
	if errors.As(err, &ce) && ce.Reason != "" {
		return core.Hold{Reason: ce.Reason, Detail: ce.Detail}
	}
	return core.Hold{Reason: core.ReasonNotProven}
}

package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

const (
	nameTries     = 3           // other names to try when one is taken
	provisionTime = time.Minute // a session being made is not there to be asked about
)

// claimInstance makes next the tenant's instance before the provider is called, so that no
// session exists at a provider that we do not know of. It returns the session next
// replaces, if any.
func (t *Tenant) claimInstance(ctx context.Context, next *core.Instance) (*core.Instance, error) {
	already := core.NewError(core.CodeConflict, core.ReasonAlreadyConnected, "")
	next.Name = core.InstanceName(t.id, "")
	err := t.repo.Instance().Create(ctx, *next)
	if core.CodeOf(err) != core.CodeConflict {
		return nil, err
	}
	var old core.Instance
	stored, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Status != core.InstanceDisconnected {
			return already
		}
		old = *i
		session := *next
		session.ID, session.CreatedAt = i.ID, i.CreatedAt
		session.PhoneNumber, session.LinkedAt = i.PhoneNumber, i.LinkedAt
		session.Generation = i.Generation + 1
		session.Name = core.InstanceName(t.id, nameSuffix())
		*i = session
		return nil
	})
	if err != nil {
		return nil, err
	}
	*next = stored
	return &old, nil
}

// nameSuffix makes a re-created session's name new: providers delete asynchronously, and a
// name used again too soon can name a ghost.
func nameSuffix() string { return strings.ToLower(rand.Text()[:6]) }

// errReplaced ends a Connect whose session was disconnected or replaced while the provider
// was making it.
var errReplaced = core.NewError(core.CodeConflict, core.ReasonConflict, "")

// provision creates the session at the provider under a free name, with its webhook. The
// tenant may disconnect, and even connect again, while the provider is slow: whatever is
// stored here is stored only while the session is still the tenant's.
func (t *Tenant) provision(ctx context.Context, gw gateway.Gateway, inst *core.Instance) error {
	var err error
	stored := inst.Name
	ours := func(ctx context.Context, change func(*core.Instance)) error {
		now, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
			if i.Name != stored || i.Status == core.InstanceDisconnected {
				return errReplaced
			}
			change(i)
			return nil
		})
		if err == nil {
			*inst, stored = now, now.Name
		}
		return err
	}
	for range nameTries {
		token, secret := newSecret(), newSecret()
		name := inst.Name
		if err := ours(ctx, func(i *core.Instance) {
			i.Name, i.WebhookHash, i.WebhookSecret = name, hashToken(token.Reveal()), secret
			i.Provisioned = true // from here on it may exist, whatever becomes of us
		}); err != nil {
			return err
		}
		hook := gateway.Webhook{
			URL: strings.TrimRight(t.e.config.PublicURL, "/") + "/hooks/" + string(inst.Provider) +
				"/" + token.Reveal(),
			Secret: secret,
		}
		var made gateway.Provisioned
		made, err = gw.Provision(ctx, t.e.session(*inst), hook)
		if gateway.KindOf(err) == gateway.KindAlreadyExists {
			inst.Name = core.InstanceName(t.id, nameSuffix())
			continue
		}
		if err != nil {
			break
		}
		ctx := context.WithoutCancel(ctx)
		err = ours(ctx, func(i *core.Instance) {
			i.Token, i.CheckedAt = made.Token, t.e.now().Add(checkConnecting-checkConnected)
		})
		if errors.Is(err, errReplaced) {
			inst.Token = made.Token
			t.cleanUp(ctx, *inst) // nobody else knows of it
		}
		return err
	}
	t.log().Warn("the provider did not create the session", "provider", inst.Provider, "error", err,
		"why", providerReason(err).Sentence(core.English, ""))
	if err := ours(context.WithoutCancel(ctx), func(i *core.Instance) {
		i.Closed(providerReason(err), t.e.now())
		// An unknown outcome may have made a session: it is cleaned up on the next connect.
		i.Provisioned = gateway.KindOf(err) == gateway.KindUnknown
		i.WebhookHash = ""
	}); err != nil {
		return err
	}
	return providerError(err)
}

package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

const (
	qrPoll          = 100 * time.Millisecond // how often Connect looks for a QR code
	qrFresh         = 40 * time.Second       // WhatsApp replaces a code after 20 to 60 s
	statusTimeout   = 5 * time.Second
	removalWait     = 15 * time.Second // how long Disconnect waits for the session's host
	statusFresh     = 10 * time.Second // how old a status may be that a person asked for
	checkConnected  = 5 * time.Minute  // how often a healthy session is checked
	checkConnecting = 15 * time.Second // how often one that is coming up is checked
	closedGrace     = 10 * time.Minute // how long a session may be down before a person is asked
)

// ConnectRequest says through which provider a tenant connects.
type ConnectRequest struct {
	// Provider defaults to the engine's first gateway, with a ServerURL to the first that
	// speaks to servers.
	Provider core.Provider
	// ServerURL and ServerKey default to the operator's provider, if there is one.
	ServerURL string
	ServerKey core.Secret
}

// Connect creates the tenant's WhatsApp session and returns it with its first QR code, or
// without one when the provider has not made it within Config.QRWait; [Tenant.QRCode] has
// it later. A tenant that is connected or connecting gets CodeConflict with
// ReasonAlreadyConnected. A provider that refuses leaves the instance disconnected.
func (t *Tenant) Connect(ctx context.Context, r ConnectRequest) (core.Instance, error) {
	next, gw, err := t.newSession(r)
	if err != nil {
		return core.Instance{}, err
	}
	old, err := t.claimInstance(ctx, &next)
	if err != nil {
		return core.Instance{}, err
	}
	if old != nil && old.Provisioned {
		t.cleanUp(ctx, *old)
	}
	if err := t.provision(ctx, gw, &next); err != nil {
		return core.Instance{}, err
	}
	return t.firstQRCode(ctx, gw, next)
}

// newSession is the instance as it will be, under a name of its own and with new secrets.
func (t *Tenant) newSession(r ConnectRequest) (core.Instance, gateway.Gateway, error) {
	e := t.e
	if r.Provider == "" {
		r.Provider = e.defaultProvider(r.ServerURL != "")
	}
	gw := e.gateways[r.Provider]
	if gw == nil {
		return core.Instance{}, nil, core.InvalidField("provider", core.ReasonUnknownProvider, string(r.Provider))
	}
	if !gw.Capabilities().NeedsServer {
		r.ServerURL, r.ServerKey = "", core.Secret{}
	} else {
		switch {
		case r.ServerURL != "":
			var err error
			if r.ServerURL, err = e.config.CheckServer(r.ServerURL); err != nil {
				return core.Instance{}, nil, err
			}
			// A key belongs to the address it was given with: the operator's own key must
			// never travel to an address a tenant typed.
			if r.ServerKey.IsZero() {
				return core.Instance{}, nil, core.InvalidField("api_key", core.ReasonProviderRequired, "")
			}
		case e.config.Servers[r.Provider].URL == "" || !r.ServerKey.IsZero():
			return core.Instance{}, nil, core.InvalidField("api_url", core.ReasonProviderRequired, "")
		}
	}
	id, err := e.newID()
	if err != nil {
		return core.Instance{}, nil, err
	}
	now := e.now()
	return core.Instance{
		ID: core.InstanceID(id), Provider: r.Provider, ServerURL: r.ServerURL, ServerKey: r.ServerKey,
		Status: core.InstanceConnecting, CreatedAt: now, UpdatedAt: now, CheckedAt: now.Add(provisionTime),
	}, gw, nil
}

// defaultProvider is the first on offer; of those with servers when the tenant brings one.
func (e *Engine) defaultProvider(withServer bool) core.Provider {
	for _, g := range e.deps.Gateways {
		if c := g.Capabilities(); c.NeedsServer || !withServer {
			return c.Provider
		}
	}
	return e.deps.Gateways[0].Capabilities().Provider
}

// firstQRCode asks for pairing and waits for a QR code from the answer or from a webhook,
// whichever comes first; the webhook may have reached another process.
func (t *Tenant) firstQRCode(ctx context.Context, gw gateway.Gateway, inst core.Instance) (core.Instance, error) {
	ctx, cancel := context.WithTimeout(ctx, t.e.config.QRWait)
	defer cancel()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		if err := t.askQRCode(ctx, gw, inst); err != nil && ctx.Err() == nil {
			t.log().Warn("no QR code from the provider's answer", "error", err)
		}
	}()
	defer func() { cancel(); <-asked }()
	tick := time.NewTicker(qrPoll)
	defer tick.Stop()
	for {
		stored, err := t.repo.Instance().Get(context.WithoutCancel(ctx))
		if err != nil {
			return core.Instance{}, err
		}
		if stored.Name != inst.Name || stored.QRCode != "" || stored.Reason != "" || stored.Status != core.InstanceConnecting {
			return stored, nil
		}
		select {
		case <-ctx.Done():
			return stored, nil
		case <-tick.C:
		}
	}
}

// askQRCode has the provider asked for pairing.
func (t *Tenant) askQRCode(ctx context.Context, gw gateway.Gateway, inst core.Instance) error {
	if _, streams := t.e.streamer(inst); streams {
		_, err := t.call(ctx, inst, callConnect, "", 0)
		return err
	}
	return t.askProvider(ctx, gw, inst)
}

// askProvider asks the provider for pairing and stores what it says at once.
func (t *Tenant) askProvider(ctx context.Context, gw gateway.Gateway, inst core.Instance) error {
	pairing, err := gw.Connect(ctx, t.e.session(inst))
	if err != nil {
		return err
	}
	_, err = t.repo.Instance().Update(context.WithoutCancel(ctx), func(i *core.Instance) error {
		if !speaksFor(*i, inst.Name) {
			return nil
		}
		if pairing.State == gateway.StateOpen {
			i.Opened("", t.e.now())
		}
		// A provider may answer with the code we already have, perhaps expired: showing it
		// again as new would hide that.
		if pairing.QR != i.QRCode {
			i.ShowQRCode(pairing.QR, t.e.now())
		}
		return nil
	})
	return err
}

// QRCode returns the instance with a QR code to scan, asking the provider for a new one
// when the stored one is old. ReasonNoQRCode (CodePrecondition) says that there is none
// yet, ReasonAlreadyConnected (CodeConflict) that none is needed.
func (t *Tenant) QRCode(ctx context.Context) (core.Instance, error) {
	inst, err := t.instance(ctx)
	if err != nil {
		return core.Instance{}, err
	}
	switch inst.Status {
	case core.InstanceConnected:
		return core.Instance{}, core.NewError(core.CodeConflict, core.ReasonAlreadyConnected, "")
	case core.InstanceDisconnected:
		return core.Instance{}, core.NewError(core.CodePrecondition, core.ReasonNotConnected, "")
	}
	if inst.QRCode == "" || t.e.now().Sub(inst.QRCodeAt) > qrFresh {
		gw, err := t.e.gateway(inst)
		if err != nil {
			return core.Instance{}, err
		}
		if err := t.askQRCode(ctx, gw, inst); err != nil && inst.QRCode == "" {
			return core.Instance{}, t.callError(inst, err)
		}
		if inst, err = t.instance(ctx); err != nil {
			return core.Instance{}, err
		}
	}
	if inst.QRCode == "" {
		return core.Instance{}, core.NewError(core.CodePrecondition, core.ReasonNoQRCode, "")
	}
	return inst, nil
}

// Instance returns the tenant's WhatsApp session, asking the provider when what we know is
// not fresh. ReasonNoInstance (CodeNotFound) says that none was ever connected. A provider
// that does not answer leaves the last known status.
func (t *Tenant) Instance(ctx context.Context) (core.Instance, error) {
	inst, err := t.instance(ctx)
	if err != nil || inst.Status == core.InstanceDisconnected || t.e.now().Sub(inst.CheckedAt) < statusFresh {
		return inst, err
	}
	inst, _ = t.check(ctx, inst)
	return inst, nil
}

// LastInstance is Instance as last known, without asking anybody.
func (t *Tenant) LastInstance(ctx context.Context) (core.Instance, error) { return t.instance(ctx) }

// Disconnect ends the tenant's WhatsApp session. It always succeeds on our side: from here
// on nothing is sent or accepted. The result has Provisioned set when the provider could
// not be told; calling Disconnect again tries that once more.
func (t *Tenant) Disconnect(ctx context.Context) (core.Instance, error) {
	if _, err := t.instance(ctx); err != nil {
		return core.Instance{}, err
	}
	inst, err := t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		i.Closed("", t.e.now())
		i.WebhookHash = "" // from now on nobody can speak for this session
		return nil
	})
	if err != nil || !inst.Provisioned {
		return inst, err
	}
	if _, streams := t.e.streamer(inst); streams {
		return t.awaitRemoval(ctx, inst)
	}
	if !t.cleanUp(ctx, inst) {
		return inst, nil
	}
	return t.repo.Instance().Update(ctx, func(i *core.Instance) error {
		if i.Name == inst.Name {
			i.Provisioned = false
		}
		return nil
	})
}

// awaitRemoval has the session's host remove it, and waits a little for that. Where nobody
// hosts it, the next host does.
func (t *Tenant) awaitRemoval(ctx context.Context, inst core.Instance) (core.Instance, error) {
	asked := repository.Call{Op: callDisconnect, Session: inst.Name, AskedAt: t.e.now()}
	if _, err := t.repo.Hosting().Ask(ctx, asked, asked.AskedAt, asked.AskedAt); err != nil {
		return inst, err
	}
	t.e.hosting.ring(t.id)
	wait, cancel := context.WithTimeout(ctx, removalWait)
	defer cancel()
	tick := time.NewTicker(callPoll)
	defer tick.Stop()
	for {
		stored, err := t.repo.Instance().Get(ctx)
		if err != nil || stored.Name != inst.Name || !stored.Provisioned {
			return stored, err
		}
		select {
		case <-wait.Done():
			return stored, nil
		case <-tick.C:
		}
	}
}

// cleanUp removes a session at its provider and says whether that is certain.
func (t *Tenant) cleanUp(ctx context.Context, inst core.Instance) bool {
	gw, err := t.e.gateway(inst)
	if err == nil {
		err = gw.Delete(ctx, t.e.session(inst))
	}
	if err != nil {
		t.log().Warn("the old session could not be removed at the provider", "provider", inst.Provider, "error", err)
	}
	return err == nil
}

// instance reads the instance, with the reason a tenant without one shall see.
func (t *Tenant) instance(ctx context.Context) (core.Instance, error) {
	inst, err := t.repo.Instance().Get(ctx)
	if core.CodeOf(err) == core.CodeNotFound {
		return core.Instance{}, core.NewError(core.CodeNotFound, core.ReasonNoInstance, "")
	}
	return inst, err
}

// connected is instance for use cases that need an open session (the original product's
// gatekeeper).
func (t *Tenant) connected(ctx context.Context) (core.Instance, error) {
	inst, err := t.Instance(ctx)
	if core.CodeOf(err) == core.CodeNotFound || err == nil && inst.Status != core.InstanceConnected {
		return core.Instance{}, core.NewError(core.CodePrecondition, core.ReasonNotConnected, "")
	}
	return inst, err
}

// gateway is the adapter of an instance; one this server was started without is
// CodePrecondition with ReasonUnknownProvider.
func (e *Engine) gateway(i core.Instance) (gateway.Gateway, error) {
	if gw := e.gateways[i.Provider]; gw != nil {
		return gw, nil
	}
	return nil, core.NewError(core.CodePrecondition, core.ReasonUnknownProvider, string(i.Provider))
}

// session is the provider's view of an instance. The operator's own address and key are
// filled in here and never stored with a tenant.
func (e *Engine) session(i core.Instance) gateway.Session {
	s := gateway.Session{Name: i.Name, ServerURL: i.ServerURL, ServerKey: i.ServerKey, Token: i.Token}
	if own := e.config.Servers[i.Provider]; s.ServerURL == "" {
		s.ServerURL, s.ServerKey = own.URL, own.Key
	}
	return s
}

// hashToken is the stored form of a webhook URL token.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// providerReason says to a person why the provider did not do it.
func providerReason(err error) core.Reason {
	switch gateway.KindOf(err) {
	case gateway.KindAuth:
		return core.ReasonProviderAuth
	case gateway.KindVersion:
		return core.ReasonProviderVersion
	case gateway.KindLicense:
		return core.ReasonProviderLicense
	case gateway.KindRateLimited, gateway.KindRestricted:
		return core.ReasonProviderBusy
	case gateway.KindTemporary, gateway.KindUnknown:
		return core.ReasonProviderUnreachable
	case gateway.KindNotConnected, gateway.KindLoggedOut:
		return core.ReasonNotConnected
	}
	return core.ReasonProviderRefused
}

// providerError is a failed call to the provider as the tenant sees it.
func providerError(err error) error {
	code, kind := core.CodePrecondition, gateway.KindOf(err)
	switch kind {
	case gateway.KindTemporary, gateway.KindUnknown:
		code = core.CodeUnavailable
	case gateway.KindRateLimited, gateway.KindRestricted:
		code = core.CodeRateLimited
	}
	return &core.Error{Code: code, Reason: providerReason(err), Detail: string(kind), Err: err}
}

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Calls to a provider that take long, or that only a session's host can make, go through the
// database: whoever wants the answer stores the question, unless somebody has, and waits for
// the answer to be stored.

const (
	callPoll     = 50 * time.Millisecond
	callPatience = 20 * time.Second  // how long a call is waited for, and for whom it asks anew
	groupsWait   = 150 * time.Second // how long the list of groups is waited for
	groupsAnew   = 45 * time.Second  // and for whom it asks anew: whoever made it may have died
	groupsFresh  = 30 * time.Second  // how old a list of groups may be
	codeFresh    = 2 * time.Minute   // how long WhatsApp takes a pairing code
)

// The calls.
const (
	callConnect    = "connect"
	callGroups     = "groups"
	callCode       = "pairing_code"
	callDisconnect = "disconnect"
)

// wait is how long an answer is waited for.
func wait(op string) time.Duration {
	if op == callGroups {
		return groupsWait
	}
	return callPatience
}

// anew is when a call without an answer is made again for whoever asks then.
func anew(op string) time.Duration {
	if op == callGroups {
		return groupsAnew
	}
	return callPatience
}

// call has a call made and returns its answer, which may be up to fresh old. Where the
// session lives at a server this process makes it; it goes on when ctx ends, for the next
// one who asks.
func (t *Tenant) call(ctx context.Context, inst core.Instance, op, argument string, fresh time.Duration) (string, error) {
	asked := repository.Call{Op: op, Session: inst.Name, Argument: argument, AskedAt: t.e.now()}
	c, err := t.repo.Hosting().Ask(ctx, asked, asked.AskedAt.Add(-anew(op)), asked.AskedAt.Add(-fresh))
	if err != nil {
		return "", err
	}
	if _, streams := t.e.streamer(inst); streams {
		t.e.hosting.ring(t.id)
	} else if c.AskedAt.Equal(asked.AskedAt) && c.AnsweredAt.IsZero() {
		go t.answer(context.WithoutCancel(ctx), inst, c)
	}
	ctx, cancel := context.WithTimeout(ctx, wait(op))
	defer cancel()
	tick := time.NewTicker(callPoll)
	defer tick.Stop()
	for c.AnsweredAt.IsZero() {
		select {
		case <-ctx.Done():
			return "", core.NewError(core.CodeUnavailable, core.ReasonNoAnswerYet, "")
		case <-tick.C:
		}
		calls, err := t.repo.Hosting().Calls(ctx)
		if err != nil && ctx.Err() == nil {
			return "", err
		}
		for _, stored := range calls {
			switch {
			case stored.Op != op:
			case stored.Session != inst.Name || stored.Argument != argument:
				return "", errReplaced
			default:
				c = stored // perhaps asked anew by somebody else
			}
		}
	}
	if c.Fault != "" {
		return "", &gateway.Error{Kind: gateway.Kind(c.Fault), Op: op}
	}
	return c.Answer, nil
}

// answer makes a call and stores what came of it.
func (t *Tenant) answer(ctx context.Context, inst core.Instance, c repository.Call) {
	call, cancel := context.WithTimeout(ctx, wait(c.Op))
	defer cancel()
	answer, err := t.perform(call, inst, c)
	c.AnsweredAt, c.Answer = t.e.now(), answer
	if err != nil {
		t.log().Warn("the provider did not answer as hoped", "call", c.Op, "error", err)
		c.Fault = string(gateway.KindOf(err))
	}
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := ignoreConflict(t.repo.Hosting().Answer(ctx, c)); err != nil && core.CodeOf(err) != core.CodeNotFound {
		t.log().Warn("an answer of the provider was not stored", "call", c.Op, "error", err)
	}
}

// perform makes a call. A stream that has only just begun is given time to come up.
func (t *Tenant) perform(ctx context.Context, inst core.Instance, c repository.Call) (answer string, err error) {
	_, streams := t.e.streamer(inst)
	for {
		answer, err = t.make(ctx, inst, c)
		if !streams || gateway.KindOf(err) != gateway.KindNotConnected || t.e.now().Sub(c.AskedAt) > callPatience/2 {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, err
		case <-time.After(callPoll):
		}
	}
}

func (t *Tenant) make(ctx context.Context, inst core.Instance, c repository.Call) (string, error) {
	gw, err := t.e.gateway(inst)
	if err != nil || c.Session != inst.Name {
		return "", &gateway.Error{Kind: gateway.KindNotFound, Op: c.Op, Err: err}
	}
	switch c.Op {
	case callConnect:
		return "", t.askProvider(ctx, gw, inst)
	case callGroups:
		groups, err := gw.Groups(ctx, t.e.session(inst))
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(groups)
		return string(text), err
	case callCode:
		coder, ok := gw.(gateway.PairingCoder)
		if !ok {
			return "", &gateway.Error{Kind: gateway.KindPermanent, Op: c.Op}
		}
		return coder.PairingCode(ctx, t.e.session(inst), c.Argument)
	}
	return "", nil // the instance says it all
}

// hearCalls rings the sessions hosted here that somebody calls.
func (e *Engine) hearCalls(ctx context.Context) {
	ids, err := e.deps.Repository.Queue().Called(ctx, e.holder, sweepBatch)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("looking for calls to sessions failed", "error", err)
		}
		return
	}
	for _, id := range ids {
		e.hosting.ring(id)
	}
}

// answering answers calls to a hosted session, one of each kind at a time.
type answering struct {
	sync.WaitGroup
	t   *Tenant
	ctx context.Context
	// pairAgain asks for another try at pairing where WhatsApp could not be reached.
	pairAgain bool

	mu   sync.Mutex
	busy map[string]bool
}

func (t *Tenant) answering(ctx context.Context) *answering {
	return &answering{t: t, ctx: ctx, busy: map[string]bool{}}
}

// look answers what waits, and tries to pair again when it is time.
func (a *answering) look(inst core.Instance) {
	calls, err := a.t.repo.Hosting().Calls(a.ctx)
	if err != nil {
		return
	}
	for _, c := range calls {
		if c.AnsweredAt.IsZero() {
			a.start(c.Op, func() { a.t.answer(a.ctx, inst, c) })
		}
	}
	again := a.pairAgain && inst.Status == core.InstanceConnecting && inst.Reason == core.ReasonWhatsAppUnreachable && inst.QRCode == ""
	if a.pairAgain = false; again {
		a.start(callConnect, func() {
			ctx, cancel := context.WithTimeout(a.ctx, callPatience)
			defer cancel()
			if gw, err := a.t.e.gateway(inst); err == nil {
				_ = a.t.askProvider(ctx, gw, inst) // its failure is an event too
			}
		})
	}
}

func (a *answering) start(op string, do func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy[op] {
		return
	}
	a.busy[op] = true
	a.Go(func() {
		defer func() {
			a.mu.Lock()
			defer a.mu.Unlock()
			delete(a.busy, op)
		}()
		do()
	})
}

// PairingCode asks for a code that links the phone with this number when it is typed on it.
// It needs a session that is waiting to be linked: [Tenant.Connect] first.
// ReasonAlreadyConnected (CodeConflict) says that one is linked, ReasonNoPairingCode
// (CodePrecondition) that the provider only takes QR codes.
func (t *Tenant) PairingCode(ctx context.Context, phone string) (string, error) {
	number := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" +()-.", r) {
			return -1
		}
		return r
	}, phone)
	if len(number) < 8 || len(number) > 15 || number[0] == '0' || strings.Trim(number, "0123456789") != "" {
		return "", core.InvalidField("phone", core.ReasonPhone, "")
	}
	inst, err := t.instance(ctx)
	switch {
	case err != nil:
		return "", err
	case inst.Status == core.InstanceConnected:
		return "", core.NewError(core.CodeConflict, core.ReasonAlreadyConnected, "")
	case inst.Status == core.InstanceDisconnected:
		return "", core.NewError(core.CodePrecondition, core.ReasonNotConnected, "")
	}
	gw, err := t.e.gateway(inst)
	if err != nil {
		return "", err
	}
	if _, ok := gw.(gateway.PairingCoder); !ok {
		return "", core.NewError(core.CodePrecondition, core.ReasonNoPairingCode, string(inst.Provider))
	}
	code, err := t.call(ctx, inst, callCode, number, codeFresh)
	switch gateway.KindOf(err) {
	case "":
		return code, nil
	case gateway.KindAlreadyExists:
		return "", core.NewError(core.CodeConflict, core.ReasonAlreadyConnected, "")
	case gateway.KindInvalid:
		return "", core.InvalidField("phone", core.ReasonPhone, "")
	}
	return "", t.callError(inst, err)
}

// LastPairingCode is the code that PairingCode gave last, "" when there is none that still
// links.
func (t *Tenant) LastPairingCode(ctx context.Context) (string, error) {
	inst, err := t.instance(ctx)
	if err != nil || inst.Status != core.InstanceConnecting {
		return "", err
	}
	calls, err := t.repo.Hosting().Calls(ctx)
	for _, c := range calls {
		if c.Op == callCode && c.Session == inst.Name && c.Fault == "" && t.e.now().Sub(c.AnsweredAt) < codeFresh {
			return c.Answer, nil
		}
	}
	return "", err
}

// callError is a failed call as the tenant sees it.
func (t *Tenant) callError(inst core.Instance, err error) error {
	var ge *gateway.Error
	if !errors.As(err, &ge) {
		return err
	}
	if _, streams := t.e.streamer(inst); streams && ge.Kind == gateway.KindTemporary {
		return &core.Error{Code: core.CodeUnavailable, Reason: core.ReasonWhatsAppUnreachable, Err: err}
	}
	return providerError(err)
}

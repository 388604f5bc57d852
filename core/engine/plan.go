package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/compose"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/ports/links"
)

// Preview is what would happen to a text.
type Preview struct {
	Outcome string // "post" or "hold"
	Text    string // what would be posted, "" when held
	Reasons []core.Hold
	Links   []core.Link
	Price   core.Price
	Coupons []string
}

// Preview shows what would happen to a text now, without storing or sending anything. Short
// links are resolved.
func (t *Tenant) Preview(ctx context.Context, text string) (Preview, error) {
	if len(text) > core.MaxTextBytes {
		return Preview{}, core.InvalidField("text", core.ReasonTooLong, "")
	}
	tenant, err := t.Get(ctx)
	if err != nil {
		return Preview{}, err
	}
	tags, err := t.repo.Tags().List(ctx)
	if err != nil {
		return Preview{}, err
	}
	p := t.e.plan(ctx, tenant.Settings, tags, text)
	preview := Preview{Outcome: "post", Text: p.text, Reasons: p.holds, Links: p.links, Price: p.facts.Price, Coupons: p.facts.Coupons}
	if len(p.links) == 0 {
		preview.Reasons = append(preview.Reasons, core.Hold{Reason: core.ReasonNoLink})
	}
	if len(preview.Reasons) > 0 {
		preview.Outcome, preview.Text = "hold", ""
	}
	return preview, nil
}

// plan is a text judged and rewritten for one tenant.
type plan struct {
	text       string // proven text, "" when held
	links      []core.Link
	facts      extract.Facts
	store      string // of the main product
	productKey string
	holds      []core.Hold
	sells      bool // some link leads to something other than an invite
	retry      bool // a short link may open later
}

// maxLinks is how many links a promotion may hold, which is far more than any does: each
// short one costs a network call.
const maxLinks = 100

// plan finds every link of a text, decides on each, and proves the result. It fails closed:
// any doubt is a hold, and only a plan without holds has a text.
func (e *Engine) plan(ctx context.Context, s core.Settings, tags []core.Tag, text string) plan {
	text = extract.Unglue(text)
	p := plan{facts: extract.Offer(text)}
	if p.facts.SoldOut {
		p.hold(core.ReasonSoldOut, "")
	}
	found := extract.Links(text)
	if len(found) > maxLinks {
		p.sells = true
		p.hold(core.ReasonTooLong, "")
		return p
	}
	edits := make([]compose.Edit, 0, len(found))
	decided := map[string]core.Link{}
	for _, f := range found {
		l, seen := decided[f.URL]
		if !seen {
			l = e.decide(ctx, &p, s, tags, f.URL)
			decided[f.URL] = l
			p.links = append(p.links, l)
		}
		switch l.Action {
		case core.LinkRewritten, core.LinkKept:
			edits = append(edits, compose.Edit{Start: f.Start, End: f.End, Text: l.Final})
		case core.LinkDropped:
			edits = append(edits, compose.Edit{Start: f.Start, End: f.End, DropLine: true})
		}
	}
	if len(found) == 0 || len(p.holds) > 0 || !p.sells {
		return p
	}
	final, err := compose.Apply(text, edits)
	if err == nil && slices.ContainsFunc(edits, dropsLine) && !sameFacts(extract.Offer(final), p.facts) {
		// A price or coupon stands on the line of an invite: only the invite goes.
		for i := range edits {
			edits[i].DropLine = false
		}
		final, err = compose.Apply(text, edits)
	}
	if err != nil {
		p.hold(core.ReasonNotProven, "")
		return p
	}
	if hold := e.proof(final, tags); hold != nil {
		p.hold(hold.Reason, hold.Detail)
		return p
	}
	p.text = final
	return p
}

func dropsLine(e compose.Edit) bool { return e.DropLine }

func sameFacts(a, b extract.Facts) bool {
	return a.Price == b.Price && slices.Equal(a.Coupons, b.Coupons)
}

func (p *plan) hold(r core.Reason, detail string) {
	h := core.Hold{Reason: r, Detail: detail}
	if !slices.Contains(p.holds, h) {
		p.holds = append(p.holds, h)
	}
}

// decide settles one link and notes in the plan what it means for the whole.
func (e *Engine) decide(ctx context.Context, p *plan, s core.Settings, tags []core.Tag, url string) core.Link {
	l := core.Link{Original: url}
	target := e.deps.Stores.Classify(url)
	if target.Kind == affiliate.Short {
		opened, hold, retry := e.open(ctx, target)
		if hold != nil {
			p.sells, p.retry = true, p.retry || retry
			return p.held(l, *hold)
		}
		target = opened
	}
	l.Store, l.ProductKey = target.Store, target.ProductKey
	switch target.Kind {
	case affiliate.Foreign:
		if s.ForeignLinks == core.HoldForeignLinks {
			return p.held(l, target.Hold)
		}
		l.Action, l.Hold = core.LinkDropped, target.Hold
		return l
	case affiliate.Product, affiliate.Page:
		p.sells = true
		if slices.Contains(s.BlockedStores, target.Store) {
			return p.held(l, core.Hold{Reason: core.ReasonStoreBlocked, Detail: e.storeName(target.Store)})
		}
		final, err := e.deps.Stores.Rewrite(target, tags)
		if err != nil {
			return p.held(l, holdOf(err))
		}
		l.Final, l.Action = final, core.LinkRewritten
		if final == url {
			l.Action = core.LinkKept
		}
		if p.productKey == "" {
			p.store, p.productKey = target.Store, target.ProductKey
		}
		return l
	default:
		p.sells = true
		return p.held(l, target.Hold)
	}
}

func (p *plan) held(l core.Link, h core.Hold) core.Link {
	if h.Reason == "" {
		h.Reason = core.ReasonNotProven
	}
	p.hold(h.Reason, h.Detail)
	l.Action, l.Hold, l.Final = core.LinkHeld, h, ""
	return l
}

// open resolves a short link to the first target somebody claims.
func (e *Engine) open(ctx context.Context, t affiliate.Target) (affiliate.Target, *core.Hold, bool) {
	host := ""
	if u, err := affiliate.Parse(t.URL); err == nil {
		host = u.Host
	}
	final, err := e.deps.Resolver.Resolve(ctx, t.URL, func(hop string) bool {
		kind := e.deps.Stores.Classify(hop).Kind
		return kind != affiliate.Short && kind != affiliate.Unknown
	})
	if errors.Is(err, links.ErrDead) {
		return t, &core.Hold{Reason: core.ReasonLinkDead, Detail: host}, false
	}
	if err != nil {
		e.log.Debug("short link not opened", "host", host, "error", err)
		return t, &core.Hold{Reason: core.ReasonLinkUnresolved, Detail: host}, true
	}
	return e.deps.Stores.Classify(final), nil, false
}

// proof checks a final text independently of how it was made: every link in it must carry
// the tenant's identity and no other. It returns why not, or nil.
func (e *Engine) proof(text string, tags []core.Tag) *core.Hold {
	final := extract.Links(text)
	if len(final) == 0 {
		return &core.Hold{Reason: core.ReasonNoLink}
	}
	last := 0
	for _, l := range final {
		if err := e.deps.Stores.Verify(l.URL, tags); err != nil {
			h := holdOf(err)
			return &core.Hold{Reason: core.ReasonNotProven, Detail: h.Detail}
		}
		if e.namesIdentity(text[last:l.Start]) {
			return &core.Hold{Reason: core.ReasonNotProven}
		}
		last = l.End
	}
	if e.namesIdentity(text[last:]) {
		return &core.Hold{Reason: core.ReasonNotProven}
	}
	return nil
}

// namesIdentity says whether plain text holds a store's tag as a parameter: what a line end
// or a space inside somebody's link leaves behind ("tag=rival-20").
func (e *Engine) namesIdentity(text string) bool {
	if strings.IndexByte(text, '=') < 0 {
		return false
	}
	names := map[string]bool{}
	for _, s := range e.deps.Stores.Stores() {
		for _, f := range s.Fields() {
			names[f.Name] = true
		}
	}
	pairs := strings.Split(strings.ToLower(text), "=")
	for i, before := range pairs[:len(pairs)-1] {
		name := before[strings.LastIndexFunc(before, notInName)+1:]
		if names[name] && pairs[i+1] != "" && !notInName(rune(pairs[i+1][0])) {
			return true
		}
	}
	return false
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
}

func (e *Engine) storeName(slug string) string {
	if s, ok := e.deps.Stores.Store(slug); ok {
		return s.Name()
	}
	return slug
}

// holdOf is the hold an error of the link engine stands for.
func holdOf(err error) core.Hold {
	var ce *core.Error
	if errors.As(err, &ce) && ce.Reason != "" {
		return core.Hold{Reason: ce.Reason, Detail: ce.Detail}
	}
	return core.Hold{Reason: core.ReasonNotProven}
}

package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/core/affiliate"
	"github.com/autopromo-cloud/autopromo/core/compose"
	"github.com/autopromo-cloud/autopromo/core/extract"
	"github.com/autopromo-cloud/autopromo/core/policy"
)

// Preview is what would happen to a text.
type Preview struct {
	Outcome string // "post" or "hold"
	Text    string // what would be posted, "" when held
	Reasons []core.Hold
	Links   []core.Link
	core.Facts
}

// Preview shows what would happen to a text now, without storing or sending anything. Short
// links are resolved. The rules of a single source group do not count, and no link is
// marked with a sub-id.
func (t *Tenant) Preview(ctx context.Context, text string) (Preview, error) {
	if len(text) > core.MaxTextBytes {
		return Preview{}, core.InvalidField("text", core.ReasonTooLong, "")
	}
	v, err := t.look(ctx)
	if err != nil {
		return Preview{}, err
	}
	p, err := t.plan(ctx, v, core.Source{}, text, true)
	if err != nil {
		return Preview{}, err
	}
	if !p.sells {
		p.hold(core.Hold{Reason: p.sellsNothing()})
	}
	final, err := t.write(ctx, p, core.SubID{})
	if err != nil {
		return Preview{}, err
	}
	preview := Preview{Outcome: "post", Text: final, Reasons: p.holds, Links: p.links, Facts: p.facts}
	if len(p.holds) > 0 {
		preview.Outcome, preview.Text = "hold", ""
	}
	return preview, nil
}

// plan is a text judged for one tenant, ready to be written once per destination.
type plan struct {
	identity *affiliate.Identity
	text     string
	found    []extract.Link
	// links are the decisions, in order of appearance; targets and payers go with those
	// that convert.
	links   []core.Link
	targets []affiliate.Target
	payers  []affiliate.Payer
	clutter []extract.Span
	facts   core.Facts
	// store and productKey are those of the main product.
	store      string
	productKey string
	sells      bool // some link leads to something other than an invite
	holds      []core.Hold
	passing    []core.Hold // those a later try may not meet: a link may open, or be made, then
	// until is when waiting for other people's servers ends, refused what their APIs will
	// not do for this text: by store when it failed, by target when it said no.
	until     time.Time
	refused   map[string]error
	strangers *strangers
}

// maxLinks is how many links a promotion may hold, which is far more than any does: each
// short one costs a network call.
const maxLinks = 100

func (p *plan) hold(h core.Hold) {
	if h.Reason == "" {
		h.Reason = core.ReasonNotProven
	}
	if !slices.Contains(p.holds, h) {
		p.holds = append(p.holds, h)
	}
}

// waits says whether nothing but what may pass holds the text back.
func (p *plan) waits() bool {
	lasts := func(h core.Hold) bool { return !slices.Contains(p.passing, h) }
	return len(p.holds) > 0 && !slices.ContainsFunc(p.holds, lasts)
}

// sellsNothing is why a text is no offer.
func (p *plan) sellsNothing() core.Reason {
	if len(p.links) > 0 {
		return core.ReasonLinkForeignChannel
	}
	return core.ReasonNoLink
}

// plan finds every link of a text and decides on each. It fails closed: any doubt is a
// hold. The last try no longer waits for links that do not open.
func (t *Tenant) plan(ctx context.Context, v view, source core.Source, text string, last bool) (*plan, error) {
	s := v.tenant.Settings
	p := &plan{
		identity: t.e.deps.Stores.Identity(v.tags), text: extract.Unglue(text), refused: map[string]error{},
		strangers: newStrangers(v.tags),
	}
	ctx, cancel := context.WithTimeout(ctx, planTimeout)
	defer cancel()
	p.until, _ = ctx.Deadline()
	p.facts = extract.Offer(p.text)
	if p.facts.SoldOut {
		p.hold(core.Hold{Reason: core.ReasonSoldOut})
	}
	if p.found = extract.Links(p.text); len(p.found) > maxLinks {
		p.sells = true
		p.hold(core.Hold{Reason: core.ReasonTooLong})
		return p, nil
	}
	p.holdTorn()
	var held []core.Hold // of single links
	for _, f := range p.found {
		if p.decision(f.URL) >= 0 {
			continue
		}
		p.strangers.note(f.URL)
		l, target, payer := t.decide(ctx, p, s, f.URL)
		p.links, p.targets, p.payers = append(p.links, l), append(p.targets, target), append(p.payers, payer)
		if l.Action == core.LinkHeld {
			held = append(held, l.Hold)
		}
	}
	if s.PartialLinks == core.DropPartial {
		held = p.dropHeld(held, last)
	}
	for _, h := range held {
		p.hold(h)
	}
	p.judge(s, source)
	for _, c := range extract.Clutter(p.text) {
		if c.Kind == extract.Repeated && s.CleanRepeats || c.Kind == extract.Invitation && s.ForeignLinks == core.DropForeignLinks {
			p.clutter = append(p.clutter, c)
		}
	}
	return p, nil
}

// holdTorn holds the text when the rest of a link stands in it, behind the link.
func (p *plan) holdTorn() {
	for i, f := range p.found {
		end := len(p.text)
		if i+1 < len(p.found) {
			end = p.found[i+1].Start
		}
		if affiliate.Torn(f.URL, p.text[f.End:end]) {
			p.sells = true
			p.hold(core.Hold{Reason: core.ReasonLinkTorn, Detail: hostOf(f.URL)})
		}
	}
}

// decision is the index of the decision about a link, -1 while there is none.
func (p *plan) decision(url string) int {
	return slices.IndexFunc(p.links, func(l core.Link) bool { return l.Original == url })
}

// decide settles one link and notes in the plan what it means for the whole.
func (t *Tenant) decide(ctx context.Context, p *plan, s core.Settings, url string) (core.Link, affiliate.Target, affiliate.Payer) {
	l := core.Link{Original: url}
	held := func(h core.Hold) (core.Link, affiliate.Target, affiliate.Payer) {
		if h.Reason == "" {
			h.Reason = core.ReasonNotProven
		}
		l.Action, l.Hold = core.LinkHeld, h
		return l, affiliate.Target{}, affiliate.Payer{}
	}
	target := t.e.deps.Stores.Classify(url)
	if target.Kind == affiliate.Short || target.Kind == affiliate.Showcase {
		opened, hold, retry := t.e.open(ctx, p, target)
		if hold != nil {
			p.sells = true
			if retry {
				p.passing = append(p.passing, *hold)
			}
			return held(*hold)
		}
		target = opened
	}
	l.Store, l.ProductKey = target.Store, target.ProductKey
	if target.Kind == affiliate.Foreign {
		if s.ForeignLinks == core.HoldForeignLinks {
			return held(target.Hold)
		}
		l.Action, l.Hold = core.LinkDropped, target.Hold
		return l, affiliate.Target{}, affiliate.Payer{}
	}
	p.sells = true
	payer, err := p.identity.Payer(target)
	if target.Kind == affiliate.Unknown {
		l.Store = hostOf(target.URL)
		if err != nil && p.identity.Verify(url, core.SubID{}) == nil {
			// The tenant's own link, through a tracking host that no store lists.
			l.Final, l.Action = url, core.LinkKept
			return l, affiliate.Target{}, affiliate.Payer{}
		}
	}
	if hold, keep := policy.Store(s, l.Store, hostOf(target.URL), t.e.storeName(l.Store)); keep && err == nil {
		return held(hold)
	}
	if err != nil {
		return held(holdOf(err))
	}
	link, hold, retry := t.link(ctx, p, payer, target, core.SubID{})
	if hold != nil {
		if retry {
			p.passing = append(p.passing, *hold)
		}
		return held(*hold)
	}
	l.Final, l.Action = link, core.LinkRewritten
	if link == url {
		l.Action = core.LinkKept
	}
	if p.productKey == "" {
		p.store, p.productKey = l.Store, target.ProductKey
	}
	return l, target, payer
}

// dropHeld turns links that do not convert into dropped ones, if some other converts. A
// deceptive link still holds everything: who writes one is not to be reposted; and before
// the last try a link that may convert later holds too. It returns the holds that stay.
func (p *plan) dropHeld(held []core.Hold, last bool) []core.Hold {
	converts := func(l core.Link) bool { return l.Action == core.LinkRewritten || l.Action == core.LinkKept }
	deceives := func(h core.Hold) bool { return h.Reason == core.ReasonLinkDeceptive }
	stays := func(h core.Hold) bool { return !last && slices.Contains(p.passing, h) }
	if slices.ContainsFunc(held, deceives) || !slices.ContainsFunc(held, stays) && !slices.ContainsFunc(p.links, converts) {
		return held
	}
	for i := range p.links {
		if l := &p.links[i]; l.Action == core.LinkHeld && !stays(l.Hold) {
			l.Action = core.LinkDropped
		}
	}
	return slices.DeleteFunc(held, func(h core.Hold) bool { return !stays(h) })
}

// judge applies the tenant's rules to the message as a whole.
func (p *plan) judge(s core.Settings, source core.Source) {
	has := func(rules []string) (string, bool) { return extract.Word(p.text, rules) }
	if hold, keep := policy.Words(has, s.Words, source.Words); keep {
		p.hold(hold)
	}
	if hold, keep := policy.Value(s, p.facts); keep {
		p.hold(hold)
	}
	for _, coupon := range p.facts.Coupons {
		if p.strangers.hasCoupon(coupon, source) {
			p.hold(core.Hold{Reason: core.ReasonForeignCoupon, Detail: coupon})
		}
	}
	if p.productKey == "" && p.facts.CouponOnly {
		// A coupon is its own product: the same one through another link is no news.
		codes := slices.Sorted(slices.Values(p.facts.Coupons))
		p.productKey = strings.Join(append([]string{"coupon", p.store}, codes...), ":")
	}
}

// write returns the text for one place: with links marked by sub, and proven. Why it cannot
// is held in the plan, and the text is "" then.
func (t *Tenant) write(ctx context.Context, p *plan, sub core.SubID) (string, error) {
	if len(p.found) == 0 || len(p.holds) > 0 || !p.sells {
		return "", nil
	}
	edits := make([]compose.Edit, 0, len(p.found)+len(p.clutter))
	for _, f := range p.found {
		i := p.decision(f.URL)
		switch l := p.links[i]; l.Action {
		case core.LinkRewritten, core.LinkKept:
			final := l.Final
			if sub != (core.SubID{}) && p.payers[i].Store != nil {
				marked, hold, _ := t.link(ctx, p, p.payers[i], p.targets[i], sub)
				if hold == nil {
					final = marked // else the unmarked one earns as much
				}
				if final == l.Final {
					p.payers[i].Store = nil // no place for a sub-id: do not ask for each group
				}
			}
			edits = append(edits, compose.Edit{Start: f.Start, End: f.End, Text: final})
		case core.LinkDropped:
			edits = append(edits, compose.Edit{Start: f.Start, End: f.End, DropLine: true})
		}
	}
	final, ok := p.compose(edits)
	if !ok || p.strangers.in(final) {
		p.hold(core.Hold{Reason: core.ReasonNotProven})
		return "", nil
	}
	hold, err := t.proof(ctx, final, p.identity, sub)
	if err != nil {
		return "", err
	}
	if hold != nil {
		p.hold(*hold)
		return "", nil
	}
	return final, nil
}

// compose makes the edits and takes the clutter away, as long as the offer's facts stay:
// where a price or coupon stands on a line that was to go, only the link goes.
func (p *plan) compose(edits []compose.Edit) (string, bool) {
	all := slices.Clone(edits)
	for _, c := range p.clutter {
		within := func(e compose.Edit) bool { return e.Start < c.End && c.Start < e.End }
		if !slices.ContainsFunc(edits, func(e compose.Edit) bool { return within(e) && !e.DropLine }) || c.Kind == extract.Repeated {
			all = slices.DeleteFunc(all, within)
			all = append(all, compose.Edit{Start: c.Start, End: c.End, DropLine: true})
		}
	}
	final, err := compose.Apply(p.text, all)
	if err == nil && sameFacts(extract.Offer(final), p.facts) {
		return final, true
	}
	for i := range edits {
		edits[i].DropLine = false
	}
	final, err = compose.Apply(p.text, edits)
	return final, err == nil
}

func sameFacts(a, b core.Facts) bool {
	return a.Price == b.Price && slices.Equal(a.Coupons, b.Coupons)
}

func (e *Engine) storeName(slug string) string {
	if s, ok := e.deps.Stores.Store(slug); ok {
		return s.Name()
	}
	return slug
}

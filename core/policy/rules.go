package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Store says why a tenant's rules keep links of a store back: slug is the store's, "" for a
// merchant without one, host that of the page, and name is shown. A rule is a slug or a
// domain with everything below it.
func Store(s core.Settings, slug, host, name string) (core.Hold, bool) {
	names := func(rule string) bool {
		domain := strings.TrimPrefix(rule, "www.")
		return rule == slug || host == domain || strings.Contains(domain, ".") && strings.HasSuffix(host, "."+domain)
	}
	switch {
	case slices.ContainsFunc(s.BlockedStores, names):
		return core.Hold{Reason: core.ReasonStoreBlocked, Detail: name}, true
	case len(s.AllowedStores) > 0 && !slices.ContainsFunc(s.AllowedStores, names):
		return core.Hold{Reason: core.ReasonStoreNotAllowed, Detail: name}, true
	}
	return core.Hold{}, false
}

// Value says why a tenant's bounds of price and discount keep an offer back. What a text
// leaves unclear breaks the bound: nobody can say that it is kept.
func Value(s core.Settings, f core.Facts) (core.Hold, bool) {
	switch bounded := s.MinPrice.Known() || s.MaxPrice.Known(); {
	case bounded && !f.Price.Known():
		return core.Hold{Reason: core.ReasonPriceUnclear}, true
	case f.Price.Cents < s.MinPrice.Cents:
		return core.Hold{Reason: core.ReasonPriceBelow, Detail: f.Price.String()}, true
	case s.MaxPrice.Known() && f.Price.Cents > s.MaxPrice.Cents:
		return core.Hold{Reason: core.ReasonPriceAbove, Detail: f.Price.String()}, true
	case s.MinDiscount > 0 && f.Discount == 0:
		return core.Hold{Reason: core.ReasonDiscountUnclear}, true
	case f.Discount < s.MinDiscount:
		return core.Hold{Reason: core.ReasonDiscountBelow, Detail: fmt.Sprintf("%d%%", f.Discount)}, true
	}
	return core.Hold{}, false
}

// Words says why a tenant's word rules, and those of the source group, keep a message back.
// has returns the first of the rules that the message matches.
func Words(has func(rules []string) (rule string, found bool), rules ...core.WordRules) (core.Hold, bool) {
	for _, r := range rules {
		if word, found := has(r.Block); found {
			return core.Hold{Reason: core.ReasonWordBlocked, Detail: word}, true
		}
		if len(r.Require) == 0 {
			continue
		}
		if _, found := has(r.Require); !found {
			return core.Hold{Reason: core.ReasonWordMissing}, true
		}
	}
	return core.Hold{}, false
}

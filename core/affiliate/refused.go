package affiliate

import (
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Unconvertible is a store or a site whose links can never be made the tenant's own, with the
// reason. Listing it spares a message a wrong reason, such as an unknown store, and spares
// the network a visit.
type Unconvertible struct {
	unpaid
	slug, name string
	hosts      []string
	reason     core.Reason
	// leaves says which links are somebody else's to judge; nil leaves none.
	leaves func(u URL) bool
}

// Unconvertibles returns them in a fixed order.
func Unconvertibles() []Store {
	return []Store{
		// The code of a hotlink is at once the product and the affiliate.
		Unconvertible{slug: "hotmart", name: "Hotmart", hosts: []string{"hotmart.com", "hotm.art"}, reason: core.ReasonLinkHotlink},
		Unconvertible{slug: "monetizze", name: "Monetizze", hosts: []string{"monetizze.com.br", "mon.net.br"}, reason: core.ReasonLinkHotlink},
		Unconvertible{slug: "eduzz", name: "Eduzz", hosts: []string{"eduzz.com", "edzz.la"}, reason: core.ReasonLinkHotlink},
		Unconvertible{slug: "kiwify", name: "Kiwify", hosts: []string{"kiwify.com.br", "kiwify.com", "kiwify.app"}, reason: core.ReasonLinkHotlink},
		Unconvertible{slug: "braip", name: "Braip", hosts: []string{"braip.com"}, reason: core.ReasonLinkHotlink},
		Unconvertible{slug: "temu", name: "Temu", hosts: []string{"temu.com", "temu.to"}, reason: core.ReasonLinkPortalOnly},
		Unconvertible{slug: "tiktokshop", name: "TikTok Shop", hosts: []string{"tiktok.com"}, reason: core.ReasonLinkCreator, leaves: isTikTokChannel},
		// Its pages show the product through a private API and send nobody on.
		Unconvertible{slug: "promozone", name: "Promozone", hosts: []string{"promozone.ai"}, reason: core.ReasonLinkPromoter},
	}
}

// isTikTokChannel says whether a link leads to a profile, a video or a live: a channel like
// any other. A short link may hide a product, so it is none.
func isTikTokChannel(u URL) bool {
	switch u.Host {
	case "tiktok.com", "www.tiktok.com", "m.tiktok.com":
	default:
		return false
	}
	path := strings.ToLower(u.Path)
	return !strings.HasPrefix(path, "/view/") && !strings.HasPrefix(path, "/shop") && !strings.HasPrefix(path, "/t/") && !strings.Contains(path, "%")
}

// Slug implements [Store].
func (s Unconvertible) Slug() string { return s.slug }

// Name implements [Store].
func (s Unconvertible) Name() string { return s.name }

// Hosts implements [Store].
func (s Unconvertible) Hosts() []string { return slices.Clone(s.hosts) }

// Classify implements [Store].
func (s Unconvertible) Classify(u URL) (Target, bool) {
	if s.leaves != nil && s.leaves(u) {
		return Target{}, false
	}
	return refuse(s.slug, s.reason, u.Host), true
}

// Promoters are the redirectors that promoters run under their own names. They send
// visitors on to a store, by HTTP or by their page, and so hide a target like any other
// short link.
type Promoters struct{ unpaid }

// Slug implements [Store].
func (Promoters) Slug() string { return "promoters" }

// Name implements [Store].
func (Promoters) Name() string { return "Sites de divulgadores" }

// Hosts implements [Store].
func (Promoters) Hosts() []string {
	return []string{
		"ofertou.ai", "ofertou.xyz", "eioferta.com.br", "aoferta.net", "lapromotion.com.br", "xetlinks.com",
	}
}

// Classify implements [Store]. The query is kept, because it may name the target; a site's
// first page hides nothing and is the promoter's own.
func (p Promoters) Classify(u URL) (Target, bool) {
	if parts, ok := segments(u.Path); !ok || len(parts) == 0 && u.Query == "" {
		return refuse(p.Slug(), core.ReasonLinkPromoter, u.Host), true
	}
	u.Scheme, u.Fragment = "https", ""
	return Target{Kind: Short, Store: p.Slug(), URL: u.String()}, true
}

// Convertible says whether any programme can pay for links of a store: its own or a
// network's. The others are there to say why their links are refused.
func Convertible(s Store) bool {
	switch s.(type) {
	case Unconvertible, Promoters:
		return false
	}
	return true
}

package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Tradedoubler names the publisher's site by "a" and the merchant's programme by "p".
type Tradedoubler struct{}

// Slug implements [Store].
func (Tradedoubler) Slug() string { return "tradedoubler" }

// Name implements [Store].
func (Tradedoubler) Name() string { return "Tradedoubler" }

// Hosts implements [Store].
func (Tradedoubler) Hosts() []string { return []string{"tradedoubler.com"} }

// Marketplaces implements [Store].
func (Tradedoubler) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Tradedoubler) Fields() []Field {
	return []Field{{
		Name: "a", Main: true, Required: true, Example: "1234567", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O ID do seu site na Tradedoubler, o valor de a= nos seus links.",
			core.English:    "The id of your site at Tradedoubler, the value of a= in your links.",
		},
	}, {
		Name: "p", Required: true, Example: "123456", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O ID do programa da loja que aprovou você, o valor de p= nos seus links para ela.",
			core.English:    "The id of the programme of the shop that approved you, the value of p= in your links to it.",
		},
	}}
}

// Unwrap implements [Network].
func (Tradedoubler) Unwrap(u URL) (string, bool) {
	if u.Host != "clk.tradedoubler.com" || u.Path != "/click" {
		return "", false
	}
	return shownDestination(u, "url")
}

// Classify implements [Store]: what shows no destination is somebody's advertisement. That
// includes the form click?p(…)a(…)url(…), which messages break at the parentheses.
func (Tradedoubler) Classify(u URL) (Target, bool) {
	return refuse("tradedoubler", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (Tradedoubler) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	return withSubID("https://clk.tradedoubler.com/click?p="+tag.Fields["p"]+"&a="+tag.Fields["a"]+
		"&url="+url.QueryEscape(page), "epi", sub), nil
}

// Verify implements [Store].
func (Tradedoubler) Verify(u URL, tag core.Tag, sub core.SubID) error {
	dest, ours := strings.CutPrefix(cutSubID(u.Query, "epi", sub),
		"p="+tag.Fields["p"]+"&a="+tag.Fields["a"]+"&url=")
	if !ours || !provenStart(u, "clk.tradedoubler.com") || u.Path != "/click" || !provenDestination(dest, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

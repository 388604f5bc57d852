package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Rakuten is Rakuten Advertising, once LinkShare. The publisher is "id", the merchant "mid".
type Rakuten struct{}

// Slug implements [Store].
func (Rakuten) Slug() string { return "rakuten" }

// Name implements [Store].
func (Rakuten) Name() string { return "Rakuten Advertising" }

// Hosts implements [Store].
func (Rakuten) Hosts() []string { return []string{"linksynergy.com", "linksynergy.walmart.com"} }

// Marketplaces implements [Store].
func (Rakuten) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Rakuten) Fields() []Field {
	return []Field{{
		Name: "id", Main: true, Required: true, Example: "aB3dE*gH1jK", Check: isRakutenID,
		Help: map[core.Language]string{
			core.Portuguese: "O valor de id= nos links que o Deep Links da Rakuten cria para você, exatamente como está, com * se houver.",
			core.English:    "The value of id= in the links that Rakuten's Deep Links tool makes for you, exactly as it is, with * if there is one.",
		},
	}, {
		Name: "mid", Required: true, Example: "43860", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O MID da loja, em Anunciantes (Advertisers), ou o valor de mid= nos seus links para ela.",
			core.English:    "The shop's MID, under Advertisers, or the value of mid= in your links to it.",
		},
	}}
}

// isRakutenID accepts the encrypted publisher id, in which "*" is an ordinary letter.
func isRakutenID(v string) bool {
	return allBytes(v, 6, 32, func(c byte) bool { return isAlnum(c) || c == '*' || c == '-' || c == '_' })
}

// Unwrap implements [Network].
func (Rakuten) Unwrap(u URL) (string, bool) {
	switch u.Path {
	case "/deeplink", "/link", "/fs-bin/click":
		return shownDestination(u, "murl", "RD_PARM1")
	}
	return "", false
}

// Classify implements [Store]: what shows no destination is somebody's advertisement.
func (Rakuten) Classify(u URL) (Target, bool) {
	return refuse("rakuten", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (Rakuten) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	return withSubID("https://click.linksynergy.com/deeplink?id="+tag.Fields["id"]+
		"&mid="+tag.Fields["mid"]+"&murl="+url.QueryEscape(page), "u1", sub), nil
}

// Verify implements [Store].
func (Rakuten) Verify(u URL, tag core.Tag, sub core.SubID) error {
	dest, ours := strings.CutPrefix(cutSubID(u.Query, "u1", sub),
		"id="+tag.Fields["id"]+"&mid="+tag.Fields["mid"]+"&murl=")
	if !ours || !provenStart(u, "click.linksynergy.com") || u.Path != "/deeplink" || !provenDestination(dest, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

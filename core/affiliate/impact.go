package affiliate

import (
	"net/url"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Impact is impact.com. Each merchant has a host for its links; the path names publisher, ad
// and campaign.
type Impact struct{}

// impactSites are the domains under which merchants have their hosts. There are also those
// of the form i<number>.net, which cannot be listed: others' links there stay unknown, and
// so are held, while a tenant's own may use one.
var impactSites = []string{"pxf.io", "sjv.io", "evyy.net"}

// Slug implements [Store].
func (Impact) Slug() string { return "impact" }

// Name implements [Store].
func (Impact) Name() string { return "impact.com" }

// Hosts implements [Store].
func (Impact) Hosts() []string { return slices.Clone(impactSites) }

// Marketplaces implements [Store].
func (Impact) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Impact) Fields() []Field {
	const link = "https://loja.pxf.io/c/1234567/424552/7490"
	return []Field{{
		Name: "publisher", Main: true, Required: true, Example: "1234567", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O primeiro número depois de /c/ no seu link longo, como 1234567 em " + link + ".",
			core.English:    "The first number after /c/ in your long link, as 1234567 in " + link + ".",
		},
	}, {
		Name: "ad", Required: true, Example: "424552", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O segundo número depois de /c/, o do anúncio, como 424552 em " + link + ".",
			core.English:    "The second number after /c/, the ad's, as 424552 in " + link + ".",
		},
	}, {
		Name: "campaign", Required: true, Example: "7490", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O terceiro número depois de /c/, o da campanha da loja, como 7490 em " + link + ".",
			core.English:    "The third number after /c/, the campaign's, as 7490 in " + link + ".",
		},
	}, {
		Name: "host", Required: true, Example: "loja.pxf.io", Check: isImpactHost,
		Help: map[core.Language]string{
			core.Portuguese: "O endereço dos links desta loja, como loja.pxf.io em " + link + ".",
			core.English:    "The host of this shop's links, as loja.pxf.io in " + link + ".",
		},
	}}
}

// isImpactHost accepts one name below a domain of Impact's, in lower case.
func isImpactHost(v string) bool {
	host, ok := parseHost(v)
	name, site, below := strings.Cut(host, ".")
	if !ok || host != v || !below || name == "www" {
		return false
	}
	number, numbered := strings.CutPrefix(strings.TrimSuffix(site, ".net"), "i")
	return slices.Contains(impactSites, site) ||
		strings.HasSuffix(site, ".net") && numbered && allBytes(number, 3, 10, isDigit)
}

// Unwrap implements [Network].
func (Impact) Unwrap(u URL) (string, bool) {
	if parts, ok := segments(u.Path); !ok || len(parts) != 4 || parts[0] != "c" {
		return "", false
	}
	return shownDestination(u, "u")
}

// Classify implements [Store]: /<code> has to be followed. A full link without destination
// leads wherever its ad does.
func (Impact) Classify(u URL) (Target, bool) {
	if parts, ok := segments(u.Path); ok && len(parts) == 1 && parts[0] != "c" && !slices.Contains(impactSites, u.Host) {
		if t, isShort := shortLink("impact", u); isShort {
			return t, true
		}
	}
	return refuse("impact", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (Impact) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	path := strings.Join([]string{"/c", tag.Fields["publisher"], tag.Fields["ad"], tag.Fields["campaign"]}, "/")
	return withSubID("https://"+tag.Fields["host"]+path+"?u="+url.QueryEscape(page), "subId1", sub), nil
}

// Verify implements [Store].
func (Impact) Verify(u URL, tag core.Tag, sub core.SubID) error {
	if !provenStart(u, tag.Fields["host"]) ||
		u.Path != "/c/"+tag.Fields["publisher"]+"/"+tag.Fields["ad"]+"/"+tag.Fields["campaign"] {
		return errIdentity
	}
	dest, shown := strings.CutPrefix(cutSubID(u.Query, "subId1", sub), "u=")
	if !shown || !provenDestination(dest, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Admitad names publisher and programme together by a code in the path.
type Admitad struct{}

// Slug implements [Store].
func (Admitad) Slug() string { return "admitad" }

// Name implements [Store].
func (Admitad) Name() string { return "Admitad" }

// Hosts implements [Store]. Admitad adds other domains for its links from time to time;
// those not listed stay unknown, and so are held.
func (Admitad) Hosts() []string {
	return []string{"ad.admitad.com", "alitems.com", "alitems.co", "alitems.site", "wextap.com", "rzekl.com", "rcpsj.com"}
}

// Marketplaces implements [Store].
func (Admitad) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Admitad) Fields() []Field {
	return []Field{{
		Name: "code", Main: true, Required: true, Example: "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e",
		Check: isAdmitadCode,
		Help: map[core.Language]string{
			core.Portuguese: "O código que vem depois de /g/ no seu link de afiliado deste programa: em Programas, Meus programas, Links de afiliado.",
			core.English:    "The code after /g/ in your affiliate link of this programme: under Programs, My programs, Affiliate links.",
		},
	}}
}

func isAdmitadCode(v string) bool { return allBytes(v, 8, 64, isAlnum) }

// Unwrap implements [Network].
func (Admitad) Unwrap(u URL) (string, bool) {
	parts, ok := segments(u.Path)
	if !ok || len(parts) == 0 || parts[0] != "g" && parts[0] != "goto" && parts[0] != "tpt" {
		return "", false
	}
	return shownDestination(u, "ulp")
}

// Classify implements [Store]: without a destination the code alone decides where a link
// leads.
func (Admitad) Classify(u URL) (Target, bool) {
	return refuse("admitad", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (Admitad) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	return withSubID("https://ad.admitad.com/g/"+tag.Fields["code"]+"/?ulp="+url.QueryEscape(page), "subid", sub), nil
}

// Verify implements [Store].
func (Admitad) Verify(u URL, tag core.Tag, sub core.SubID) error {
	dest, shown := strings.CutPrefix(cutSubID(u.Query, "subid", sub), "ulp=")
	if !shown || !provenStart(u, "ad.admitad.com") || u.Path != "/g/"+tag.Fields["code"]+"/" || !provenDestination(dest, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

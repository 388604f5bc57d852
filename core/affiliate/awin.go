package affiliate

import (
	"net/url"
	"slices"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Awin is the network of www.awin1.com. The publisher is "awinaffid", the merchant
// "awinmid"; a click pays when the merchant has approved the publisher.
type Awin struct{}

// awinKaBuM is the merchant whose number is certain: Awin's own product feed names it. For
// any other the tenant gives the number.
const (
	awinKaBuM   = "kabum.com.br"
	awinKaBuMID = "17729"
)

// Slug implements [Store].
func (Awin) Slug() string { return "awin" }

// Name implements [Store].
func (Awin) Name() string { return "Awin" }

// Hosts implements [Store].
func (Awin) Hosts() []string { return []string{"awin1.com", "tidd.ly"} }

// Marketplaces implements [Store].
func (Awin) Marketplaces() []string { return []string{awinKaBuM} }

// Fields implements [Store].
func (Awin) Fields() []Field {
	return []Field{{
		Name: "awinaffid", Main: true, Required: true, Example: "123456", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O seu ID de publisher: o número ao lado do seu nome no painel da Awin, e o awinaffid dos seus links.",
			core.English:    "Your publisher id: the number beside your name in Awin's dashboard, and the awinaffid of your links.",
		},
	}, {
		Name: "awinmid", Example: awinKaBuMID, Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O ID do anunciante que aprovou você: em Anunciantes, no perfil da loja, e o awinmid dos seus links. Só pode faltar para a KaBuM!.",
			core.English:    "The id of the advertiser that approved you: under Advertisers, in the shop's profile, and the awinmid of your links. Only for KaBuM! may it be left out.",
		},
	}}
}

// isNetworkNumber accepts the numbers by which networks know publishers and merchants.
func isNetworkNumber(v string) bool { return allBytes(v, 1, 20, isDigit) && v[0] != '0' }

// Unwrap implements [Network]. Older links put the destination in "p", some in "[[" and "]]".
func (Awin) Unwrap(u URL) (string, bool) {
	if !hostWithin(u.Host, "awin1.com") || u.Path != "/cread.php" {
		return "", false
	}
	target, ok := shownDestination(u, "ued", "p")
	return unwrapTwice(strings.TrimSuffix(strings.TrimPrefix(target, "[["), "]]")), ok
}

// Missing names the merchant's id, which only the ones we know can do without.
func (Awin) Missing(tag core.Tag) string {
	if tag.Fields["awinmid"] == "" && tag.Marketplace != awinKaBuM {
		return "awinmid"
	}
	return ""
}

// Classify implements [Store]: a tidd.ly link has to be followed; every other one shows no
// destination, only numbers of an advertisement of somebody's.
func (Awin) Classify(u URL) (Target, bool) {
	if u.Host == "tidd.ly" || u.Host == "www.tidd.ly" {
		if t, ok := shortLink("awin", u); ok {
			return t, true
		}
	}
	return refuse("awin", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (a Awin) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	merchant := tag.Fields["awinmid"]
	if merchant == "" && slices.Contains(a.Marketplaces(), tag.Marketplace) {
		merchant = awinKaBuMID
	}
	if merchant == "" {
		return "", core.NewError(core.CodePrecondition, core.ReasonTagFieldMissing, "awinmid")
	}
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	return withSubID("https://www.awin1.com/cread.php?awinmid="+merchant+
		"&awinaffid="+tag.Fields["awinaffid"]+"&ued="+url.QueryEscape(page), "clickref", sub), nil
}

// Verify implements [Store].
func (Awin) Verify(u URL, tag core.Tag, sub core.SubID) error {
	merchant := tag.Fields["awinmid"]
	if merchant == "" && tag.Marketplace == awinKaBuM {
		merchant = awinKaBuMID
	}
	if merchant == "" || !provenStart(u, "www.awin1.com") || u.Path != "/cread.php" {
		return errIdentity
	}
	dest, ours := strings.CutPrefix(cutSubID(u.Query, "clickref", sub),
		"awinmid="+merchant+"&awinaffid="+tag.Fields["awinaffid"]+"&ued=")
	if !ours || !provenDestination(dest, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

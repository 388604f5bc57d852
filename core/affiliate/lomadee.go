package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// Lomadee is the Brazilian network of SocialSoul. The publisher is "sourceId".
type Lomadee struct{}

// Slug implements [Store].
func (Lomadee) Slug() string { return "lomadee" }

// Name implements [Store].
func (Lomadee) Name() string { return "Lomadee" }

// Hosts implements [Store].
func (Lomadee) Hosts() []string { return []string{"lomadee.com"} }

// Marketplaces implements [Store].
func (Lomadee) Marketplaces() []string { return nil }

// Fields implements [Store].
func (Lomadee) Fields() []Field {
	return []Field{{
		Name: "sourceId", Main: true, Required: true, Example: "35912345", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O Source ID do seu canal, na Lomadee em Minha conta, Canais (sourceId dos seus links).",
			core.English:    "The Source ID of your channel, at Lomadee under My account, Channels (the sourceId of your links).",
		},
	}}
}

// Unwrap implements [Network].
func (Lomadee) Unwrap(u URL) (string, bool) {
	if u.Host != "redir.lomadee.com" || u.Path != "/v2/deeplink" {
		return "", false
	}
	return shownDestination(u, "url")
}

// Classify implements [Store]: /v2/<hash> has to be followed.
func (Lomadee) Classify(u URL) (Target, bool) {
	hash, ok := strings.CutPrefix(u.Path, "/v2/")
	if ok && u.Host == "redir.lomadee.com" && hash != "deeplink" {
		if t, isShort := shortLink("lomadee", u); isShort {
			return t, true
		}
	}
	return refuse("lomadee", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (Lomadee) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	return withSubID("https://redir.lomadee.com/v2/deeplink?url="+url.QueryEscape(page)+
		"&sourceId="+tag.Fields["sourceId"], "mdasc", sub), nil
}

// Verify implements [Store].
func (Lomadee) Verify(u URL, tag core.Tag, sub core.SubID) error {
	dest, shown := strings.CutPrefix(u.Query, "url=")
	dest, ours := strings.CutSuffix(cutSubID(dest, "mdasc", sub), "&sourceId="+tag.Fields["sourceId"])
	if !shown || !ours || !provenStart(u, "redir.lomadee.com") || u.Path != "/v2/deeplink" || !provenDestination(dest, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

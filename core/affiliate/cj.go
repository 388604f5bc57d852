package affiliate

import (
	"net/url"
	"strings"

	"github.com/autopromo-cloud/autopromo/core"
)

// CJ is CJ Affiliate, once Commission Junction. The publisher's website, "pid", stands in
// the path; the merchant follows from the destination, if it has approved the publisher.
type CJ struct{}

// Slug implements [Store].
func (CJ) Slug() string { return "cj" }

// Name implements [Store].
func (CJ) Name() string { return "CJ Affiliate" }

// Hosts implements [Store].
func (CJ) Hosts() []string {
	return []string{"anrdoezrs.net", "jdoqocy.com", "tkqlhce.com", "dpbolvw.net", "kqzyfj.com"}
}

// Marketplaces implements [Store].
func (CJ) Marketplaces() []string { return nil }

// Fields implements [Store].
func (CJ) Fields() []Field {
	return []Field{{
		Name: "pid", Main: true, Required: true, Example: "1234567", Check: isNetworkNumber,
		Help: map[core.Language]string{
			core.Portuguese: "O Website ID (PID) do seu site na CJ, em Account > Websites, e o primeiro número dos seus links.",
			core.English:    "The website id (PID) of your property at CJ, under Account > Websites, and the first number of your links.",
		},
	}}
}

// Unwrap implements [Network].
func (CJ) Unwrap(u URL) (string, bool) {
	if strings.HasPrefix(u.Path, "/click-") {
		return shownDestination(u, "url")
	}
	return cjDeepLink(u)
}

// cjDeepLink reads /links/<pid>/type/dlg/[sid/<sid>/]<destination>. Where the destination
// stands unencoded, the link's query is its query.
func cjDeepLink(u URL) (string, bool) {
	rest, ok := strings.CutPrefix(u.Path, "/links/")
	if !ok {
		return "", false
	}
	if _, rest, ok = strings.Cut(rest, "/type/dlg/"); !ok {
		return "", false
	}
	if marked, hasSID := strings.CutPrefix(rest, "sid/"); hasSID {
		_, rest, _ = strings.Cut(marked, "/")
	}
	if rest == "" {
		return "", false
	}
	if !strings.Contains(rest, "://") {
		decoded, err := url.PathUnescape(rest)
		if err != nil {
			return "", true
		}
		rest = decoded
	}
	if u.Query != "" && !strings.Contains(rest, "?") {
		rest += "?" + u.Query
	}
	return rest, true
}

// Classify implements [Store]: what shows no destination is somebody's advertisement.
func (CJ) Classify(u URL) (Target, bool) {
	return refuse("cj", core.ReasonLinkNotProduct, u.Host), true
}

// Rewrite implements [Store].
func (CJ) Rewrite(t Target, tag core.Tag, sub core.SubID) (string, error) {
	page, err := cleanDestination(t, tag.Marketplace)
	if err != nil {
		return "", err
	}
	link := "https://www.anrdoezrs.net/links/" + tag.Fields["pid"] + "/type/dlg/"
	if sub != (core.SubID{}) {
		link += "sid/" + sub.String() + "/"
	}
	return link + page, nil
}

// Verify implements [Store].
func (CJ) Verify(u URL, tag core.Tag, sub core.SubID) error {
	page, ours := strings.CutPrefix(u.Path, "/links/"+tag.Fields["pid"]+"/type/dlg/")
	if sub != (core.SubID{}) {
		page = strings.TrimPrefix(page, "sid/"+sub.String()+"/")
	}
	if !ours || !provenStart(u, "www.anrdoezrs.net") || u.Query != "" || !provenPage(page, tag.Marketplace) {
		return errIdentity
	}
	return nil
}

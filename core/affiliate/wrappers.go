package affiliate

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxLayers is how many wrappers around a link are taken off; honest links have one or two.
const maxLayers = 5

// unwrap returns the target that a general redirector shows in its own address. Stores take
// their own redirectors off in Classify, because those must lead back to the store.
// A wrapper whose target is missing or given twice has the target "", which cannot be
// parsed, and so is refused.
func unwrap(u URL) (target string, ok bool) {
	if u.Host == "href.li" {
		return queryDecode(u.Query), true
	}
	if isGoogle(u.Host) {
		if page, isAMP := strings.CutPrefix(u.Path, "/amp/s/"); isAMP {
			return ampTarget(page, u.Query), true
		}
	}
	names := wrapperParams(u)
	if names == nil {
		return "", false
	}
	for _, name := range names {
		value, n := queryParam(u.Query, name)
		if n > 1 || value != "" && target != "" {
			return "", true
		}
		target += value
	}
	return unwrapTwice(target), true
}

// wrapperParams names the parameters that may hold the target of a known redirector.
func wrapperParams(u URL) []string {
	switch u.Host {
	case "l.facebook.com", "lm.facebook.com", "l.messenger.com", "l.instagram.com", "l.threads.net",
		"l.threads.com", "l.wl.co":
		return []string{"u"}
	case "out.reddit.com", "slack-redir.net":
		return []string{"url"}
	case "t.umblr.com":
		return []string{"z"}
	case "deref-gmx.net", "deref-gmx.com", "deref-mail.com", "deref-web.de", "deref-1und1.de":
		return []string{"redirectUrl"}
	case "away.vk.com":
		return []string{"to"}
	case "www.googleadservices.com", "googleadservices.com":
		return []string{"adurl"}
	}
	if strings.HasSuffix(u.Host, ".safelinks.protection.outlook.com") {
		return []string{"url"}
	}
	return pageParams(strings.TrimPrefix(strings.TrimPrefix(u.Host, "www."), "m."), strings.TrimSuffix(u.Path, "/"))
}

// pageParams is wrapperParams for sites of which only one page is a redirector.
func pageParams(site, path string) []string {
	if path == "/url" && isGoogle(site) {
		return []string{"q", "url"}
	}
	if len(site)+len(path) > len("steamcommunity.com/linkfilter") {
		return nil // longer than any below
	}
	switch site + path {
	case "facebook.com/l.php", "facebook.com/flx/warn":
		return []string{"u"}
	case "youtube.com/redirect":
		return []string{"q"}
	case "vk.com/away.php", "vk.com/away":
		return []string{"to"}
	case "steamcommunity.com/linkfilter":
		return []string{"url", "u"}
	case "tiktok.com/link/v2":
		return []string{"target"}
	case "tiktok.com/login":
		return []string{"redirect_url"}
	case "pinterest.com/offsite", "linkedin.com/redir/redirect", "linkedin.com/safety/go":
		return []string{"url"}
	case "duckduckgo.com/l":
		return []string{"uddg"}
	}
	return nil
}

// isGoogle says whether host is Google in some country.
func isGoogle(host string) bool {
	if !strings.HasPrefix(host, "google.") && !strings.Contains(host, ".google.") {
		return false
	}
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	return err == nil && strings.HasPrefix(site, "google.")
}

// ampTarget is the page that Google's viewer names in its path, without a scheme.
func ampTarget(page, query string) string {
	if query != "" {
		page += "?" + query
	}
	return "https://" + page
}

// unwrapTwice decodes once more what was encoded twice.
func unwrapTwice(target string) string {
	if len(target) > 5 && strings.EqualFold(target[:4], "http") && !strings.Contains(target, "://") {
		return queryDecode(target)
	}
	return target
}

// queryParam returns the decoded value of a parameter and how often it occurs; its name is
// compared after decoding and without case, as a lenient server might.
func queryParam(query, name string) (value string, n int) {
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(queryDecode(k), name) {
			continue
		}
		if n++; n == 1 {
			value = queryDecode(v)
		}
	}
	return value, n
}

// queryDecode undoes the escapes of a query; [Parse] has made sure they are sound, and an
// unsound inner one yields "".
func queryDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return ""
	}
	return decoded
}

// isShortener knows the public shorteners that hide any store.
func isShortener(host string) bool {
	switch strings.TrimPrefix(host, "www.") {
	case "bit.ly", "bitly.com", "bit.do", "j.mp", "tinyurl.com", "tiny.cc", "tiny.one", "rotf.lol", "cutt.ly",
		"t.co", "is.gd", "v.gd", "rb.gy", "ow.ly", "buff.ly", "goo.gl", "shorturl.at", "shorturl.asia",
		"t.ly", "t2m.io", "s.id", "x.gd", "da.gd", "gg.gg", "v.ht", "u.nu", "n9.cl", "bl.ink", "cli.re",
		"clck.ru", "snip.ly", "spoo.me", "urlr.me", "soo.gd", "urlz.fr", "linktw.in", "lnkd.in",
		"rebrand.ly", "short.gy", "dub.sh", "dub.co", "shre.ink", "ift.tt", "dlvr.it", "trib.al", "wp.me",
		"encurtador.com.br", "encurtador.dev", "l1nk.dev", "l1nq.com", "acesse.dev", "acesse.one", "encr.pw",
		"ury1.com", "urx1.com", "11nq.com", "abre.ai", "bityli.com", "bitlybr.com", "encurta.net", "migre.me",
		"tidd.ly", "kb.um", "curt.link", "swiy.co", "tecno.click", "pechin.co", "promoby.me":
		return true
	}
	return false
}

// isForeignChannel knows the places where groups, channels and profiles live.
func isForeignChannel(host string) bool {
	for more := true; more; _, host, more = strings.Cut(host, ".") {
		switch host {
		case "whatsapp.com", "wa.me", "wa.link", "t.me", "telegram.me", "telegram.dog", "telegram.org",
			"instagram.com", "instagr.am", "ig.me", "tiktok.com", "youtube.com", "youtu.be",
			"facebook.com", "fb.com", "fb.me", "fb.watch", "m.me", "messenger.com", "threads.net",
			"threads.com", "twitter.com", "x.com", "discord.gg", "discord.com", "kwai.com",
			"pinterest.com", "pin.it", "linktr.ee", "beacons.ai", "bio.link", "bio.site", "linkr.bio",
			"lnk.bio", "twitch.tv", "snapchat.com", "signal.group", "signal.me":
			return true
		}
	}
	return false
}

// hostWithin says whether host is domain or lies below it, label by label.
func hostWithin(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, domain) && host[len(host)-len(domain)-1] == '.'
}

// trimPath is path without the slashes at its ends; ok=false when a segment inside is empty,
// because servers disagree about "//".
func trimPath(path string) (trimmed string, ok bool) {
	return strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), !strings.Contains(path, "//")
}

// segments splits a path at "/" without the empty ends; ok=false as for trimPath.
func segments(path string) (parts []string, ok bool) {
	path, ok = trimPath(path)
	if path == "" || !ok {
		return nil, ok
	}
	return strings.Split(path, "/"), true
}

// shortLink is the target of a store's own shortener: the code is all that matters, so the
// query, which may carry somebody's identity, goes.
func shortLink(store string, u URL) (Target, bool) {
	code, ok := trimPath(u.Path)
	if !ok || !allBytes(code, 1, 256, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '/' }) {
		return Target{}, false
	}
	return Target{Kind: Short, Store: store, URL: "https://" + u.Host + "/" + code}, true
}

package affiliate

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// maxLayers is how many wrappers around a link are taken off; honest links have one or two.
const maxLayers = 5

// unwrap returns the target that a general redirector shows in its own address. Stores take
// their own redirectors off themselves, because those must lead back to the store.
// A wrapper whose target is missing or given twice has the target "", which cannot be
// parsed, and so is refused.
func unwrap(u URL) (target string, ok bool) {
	if u.Host == "href.li" {
		return queryDecode(u.Query), true
	}
	names := wrapperParams(u)
	if names == nil {
		return "", false
	}
	for _, name := range names {
		if value, n := queryParam(u.Query, name); n == 1 {
			return unwrapTwice(value), true
		} else if n > 1 {
			return "", true
		}
	}
	return "", true
}

// wrapperParams names the parameters that may hold the target of a known redirector.
func wrapperParams(u URL) []string {
	switch u.Host {
	case "l.facebook.com", "lm.facebook.com", "l.messenger.com":
		return []string{"u"}
	case "l.instagram.com", "l.threads.net", "l.threads.com":
		return []string{"u"}
	case "out.reddit.com", "slack-redir.net":
		return []string{"url"}
	case "t.umblr.com":
		return []string{"z"}
	case "www.googleadservices.com", "googleadservices.com":
		return []string{"adurl"}
	case "facebook.com", "www.facebook.com", "m.facebook.com":
		if u.Path == "/l.php" {
			return []string{"u"}
		}
	case "youtube.com", "www.youtube.com", "m.youtube.com":
		if u.Path == "/redirect" {
			return []string{"q"}
		}
	}
	if u.Path == "/url" && strings.Contains(u.Host, "google.") {
		site, err := publicsuffix.EffectiveTLDPlusOne(u.Host)
		if err == nil && strings.HasPrefix(site, "google.") {
			return []string{"q", "url"}
		}
	}
	return nil
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
	case "bit.ly", "bitly.com", "j.mp", "tinyurl.com", "cutt.ly", "t.co", "is.gd", "v.gd",
		"rb.gy", "ow.ly", "buff.ly", "goo.gl", "shorturl.at", "t.ly", "tidd.ly", "kb.um",
		"curt.link", "swiy.co", "tecno.click", "pechin.co", "promoby.me", "shre.ink",
		"encurtador.com.br", "l1nk.dev", "dub.sh", "lnkd.in", "abre.ai", "x.gd", "bityli.com":
		return true
	}
	return false
}

// isForeignChannel knows the places where groups, channels and profiles live.
func isForeignChannel(host string) bool {
	for _, domain := range []string{
		"whatsapp.com", "wa.me", "wa.link", "t.me", "telegram.me", "telegram.dog", "telegram.org",
		"instagram.com", "instagr.am", "ig.me", "tiktok.com", "youtube.com", "youtu.be",
		"facebook.com", "fb.com", "fb.me", "fb.watch", "m.me", "messenger.com", "threads.net",
		"threads.com", "twitter.com", "x.com", "discord.gg", "discord.com", "kwai.com",
		"pinterest.com", "pin.it", "linktr.ee", "beacons.ai", "bio.link", "bio.site", "linkr.bio",
		"lnk.bio", "twitch.tv", "snapchat.com", "signal.group", "signal.me",
	} {
		if hostWithin(host, domain) {
			return true
		}
	}
	return false
}

// hostWithin says whether host is domain or lies below it, label by label.
func hostWithin(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, domain) && host[len(host)-len(domain)-1] == '.'
}

// segments splits a path at "/" without the empty ends; ok=false when one inside is empty,
// because servers disagree about "//".
func segments(path string) (parts []string, ok bool) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil, true
	}
	parts = strings.Split(path, "/")
	for _, p := range parts {
		if p == "" {
			return nil, false
		}
	}
	return parts, true
}

// shortLink is the target of a store's own shortener: the code is all that matters, so the
// query, which may carry somebody's identity, goes.
func shortLink(store string, u URL) (Target, bool) {
	parts, ok := segments(u.Path)
	if !ok || len(parts) == 0 {
		return Target{}, false
	}
	for _, p := range parts {
		if !allBytes(p, 1, 128, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' }) {
			return Target{}, false
		}
	}
	return Target{Kind: Short, Store: store, URL: "https://" + u.Host + "/" + strings.Join(parts, "/")}, true
}

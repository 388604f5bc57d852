package affiliate

import (
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// identityParams are the query parameters in which programmes carry somebody's identity.
var identityParams = map[string]bool{
	"tag": true, "ascsubtag": true, "linkid": true,
	"affiliate_id": true, "mmp_pid": true, "utm_source": true, "utm_medium": true, "utm_campaign": true,
	"utm_content": true, "utm_term": true, "af_id": true, "af_siteid": true,
	"matt_word": true, "matt_tool": true,
	"promoter_id": true, "partner_id": true, "parceiro": true, "afiliado": true,
	"aff_short_key": true, "aff_fcid": true, "aff_fsk": true, "aff_trace_key": true, "tracking_id": true,
	"awinaffid": true, "clickref": true, "sourceid": true, "mdasc": true, "consultoria": true, "url_from": true,
	"aff_id": true, "affid": true, "aff": true, "subid": true, "sub_id": true, "subid1": true, "u1": true, "epi": true,
}

// longestParam is the length of the longest of them.
const longestParam = len("aff_short_key")

// NamesIdentity says whether plain text, what is left of a message without its links, holds
// an identity as a parameter ("tag=rival-20"), or any parameter with the sign in front that
// joins it to an address ("?x=rival"): that is what a line end or a space inside somebody's
// link leaves behind. Encoded and look-alike signs count as what they stand for.
func NamesIdentity(text string) bool {
	text = plainSigns(text)
	for {
		i := strings.IndexByte(text, '=')
		if i < 0 {
			return false
		}
		before, after := text[:i], text[i+1:]
		begin := strings.LastIndexFunc(before, notInName) + 1
		if name := before[begin:]; name != "" && after != "" && !notInName(rune(after[0])) {
			joined := begin > 0 && (before[begin-1] == '&' || before[begin-1] == '?')
			if joined || len(name) <= longestParam && identityParams[strings.ToLower(name)] {
				return true
			}
		}
		text = after
	}
}

// Torn says whether link, an address as it stood in a message, goes on in the text after it,
// up to the next link: a sign that programs read differently, a space or a line end cut it.
// What is then taken for text may be the identity of the link's owner.
func Torn(link, after string) bool {
	if after == "" {
		return false
	}
	end := strings.IndexFunc(after, unicode.IsSpace)
	if end < 0 {
		end = len(after)
	}
	if hasParam(plainSigns(after[:end])) {
		return true
	}
	next := strings.TrimLeftFunc(after[end:], unicode.IsSpace)
	if end > 0 && strings.TrimFunc(after[:end], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) != "" {
		return false // words stand between
	}
	if end := strings.IndexFunc(next, unicode.IsSpace); end >= 0 {
		next = next[:end]
	}
	next = plainSigns(next)
	if next == "" {
		return false
	}
	if before, empty := strings.CutSuffix(plainSigns(link), "="); empty && !notInName(rune(next[0])) {
		return identityParams[strings.ToLower(before[strings.LastIndexFunc(before, notInName)+1:])] || provenTracking.MatchString(next)
	}
	return next[0] == '=' && len(next) > 1 && !notInName(rune(next[1])) && !strings.HasPrefix(next, "=R$") || hasParam(next)
}

// hasParam says whether a word holds "name=value", other than a coupon after its label.
func hasParam(word string) bool {
	for {
		before, after, found := strings.Cut(word, "=")
		if !found {
			return false
		}
		name := strings.ToLower(before[strings.LastIndexFunc(before, notInName)+1:])
		if name != "" && name != "cupom" && name != "codigo" && after != "" && !notInName(rune(after[0])) {
			return true
		}
		word = after
	}
}

// plainSigns brings the ways to write a parameter to one: percent and HTML escapes, twice
// over, full-width signs and invisible characters. It costs nothing where there are none.
func plainSigns(text string) string {
	for range 3 {
		ascii := strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
		if ascii && strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '&') < 0 {
			return text
		}
		plain := html.UnescapeString(unescapePercent(text))
		if !ascii {
			plain = strings.Map(func(r rune) rune {
				if r != utf8.RuneError && !unicode.IsSpace(r) && isHidden(r) {
					return -1
				}
				return r
			}, norm.NFKC.String(plain))
		}
		if plain == text {
			break
		}
		text = plain
	}
	return text
}

// unescapePercent undoes the sound escapes of s and leaves the others.
func unescapePercent(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
}

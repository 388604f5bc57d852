package affiliate

import (
	"slices"
	"strings"
)

// Bearers returns the identities that an address shows, in lower case and as far as they are
// recognised: the values of programmes' parameters and the names of people's pages, in its own
// parts and in the addresses nested in it. It is what to look for elsewhere in the message:
// a coupon, or a line that says the same once more.
func Bearers(link string) []string {
	return addBearers(nil, link, 0)
}

func addBearers(found []string, link string, layer int) []string {
	add := func(v string) {
		v = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(v, "an_"), "magazine"))
		if len(v) >= 4 && len(v) <= 64 && !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	front, rest, _ := strings.Cut(link, "?")
	for segment, before := range pathPairs(front) {
		if personsPlace[before] {
			add(segment)
		}
	}
	for pair := range strings.FieldsFuncSeq(rest, func(r rune) bool { return r == '&' || r == '#' || r == '?' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		name, value = strings.ToLower(queryDecode(name)), queryDecode(value)
		switch {
		case layer < maxLayers && strings.Contains(unescapePercent(value), "://"):
			found = addBearers(found, unwrapTwice(value), layer+1)
		case namesCampaign[name] && !strings.HasPrefix(value, "an_"):
		case identityParams[name]:
			add(value)
		}
	}
	return found
}

// namesCampaign are parameters that as a rule name a campaign or an app, and nobody.
var namesCampaign = map[string]bool{
	"utm_source": true, "utm_medium": true, "utm_campaign": true, "utm_content": true, "utm_term": true,
	"linkid": true, "mmp_pid": true, "aff_fcid": true, "aff_trace_key": true,
}

// personsPlace are the segments of a path, or the hosts, behind which somebody's name follows.
var personsPlace = map[string]bool{
	"www.magazinevoce.com.br": true, "magazinevoce.com.br": true, "social": true, "shop": true, "consultoria": true,
	"links": true, "sid": true, // of CJ
}

// pathPairs yields each segment of an address with the one before it.
func pathPairs(front string) func(yield func(segment, before string) bool) {
	return func(yield func(segment, before string) bool) {
		before := ""
		for segment := range strings.SplitSeq(front, "/") {
			if !yield(segment, before) {
				return
			}
			before = strings.ToLower(segment)
		}
	}
}

// Bears says whether plain text or a link shows one of identities, which [Bearers] returned, as
// a word of its own. A word of letters alone is no proof, because it may name a product: it
// is never found.
func Bears(text string, identities []string) bool {
	if len(identities) == 0 {
		return false
	}
	text = strings.ToLower(plainSigns(text))
	return slices.ContainsFunc(identities, func(identity string) bool {
		return len(identity) >= 5 && strings.Trim(identity, "abcdefghijklmnopqrstuvwxyz") != "" && hasWord(text, identity)
	})
}

func hasWord(text, word string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		begin, end := from+i, from+i+len(word)
		if (begin == 0 || !isAlnum(text[begin-1])) && (end == len(text) || !isAlnum(text[end])) {
			return true
		}
		from = begin + 1
	}
}

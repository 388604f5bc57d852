package affiliate

import (
	"errors"
	"strings"
)

// What the Verify methods share, and nothing else uses: a proof must not repeat a mistake
// of the code it checks.

var errIdentity = errors.New("the address is not exactly the one the tag's owner would post")

// provenPath accepts words joined by single slashes: nothing in it could carry a parameter,
// hide a segment or lead elsewhere. Escapes stand for what is not ASCII.
func provenPath(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '~', c == '+':
		case c == '.' && i > 0 && path[i-1] != '/':
		case c == '/' && (i == 0 || path[i-1] != '/'):
		case c == '%' && i+2 < len(path) && path[i+1] >= '8':
		default:
			return false
		}
	}
	return true
}

// onlyDigits says whether s is a number of at most most digits.
func onlyDigits(s string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// onlyWord says whether s is letters and digits, least to most of them.
func onlyWord(s string, least, most int) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return len(s) >= least && len(s) <= most
}

// cutProvenSub takes a sub-id parameter off the end of query. What is there must be value,
// and nothing can be there when value is "": the rest is compared as a whole.
func cutProvenSub(query, name, value string) string {
	before, rest, found := strings.Cut(query, name)
	if found && value != "" && rest == value {
		return before
	}
	return query
}

package affiliate

import (
	"errors"
	"regexp"
)

// What the Verify methods share, and nothing else uses: a proof must not repeat a mistake
// of the code it checks.

var errIdentity = errors.New("the address is not exactly the one the tag's owner would post")

// signInPath finds what could carry a parameter, or hide a segment, inside a path.
var signInPath = regexp.MustCompile(`[=;:@,!$*()']|%[0-7]|//|/\.`)

func plainPath(path string) bool { return !signInPath.MatchString(path) }

// signInSearch finds what could carry a parameter or an address inside the value of a search,
// and a word that ends like a tracking id.
var signInSearch = regexp.MustCompile(`[=&%#?;@/\\<>"]|[A-Za-z][A-Za-z0-9-]*-[0-9]{2}([^A-Za-z0-9-]|$)`)

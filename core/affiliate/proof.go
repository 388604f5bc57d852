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

package archtest

import "strings"

// Policy is the import rule of one module.
//
// Paths and patterns whose first element has no dot are relative to the module, others are
// complete import paths. A pattern that ends in "/..." means the package and all below it;
// "..." alone means everything.
type Policy struct {
	// Rules cover the packages of the module; of several that fit the longest Branch wins.
	Rules []Rule
	// Only names third-party branches and the branches of the module that may import each.
	// A branch whose rule allows "..." may reach them through others, but not import them.
	Only map[string][]string
	// Private branches are imported by nothing outside themselves.
	Private []string
}

// Rule says what the packages of one branch may reach.
type Rule struct {
	// Branch is a folder of the module; the rule covers its package and all below it.
	Branch string
	// Allow lists patterns. The packages of the module that a package reaches, directly or
	// not, must fit one; so must the third-party packages it imports itself. The standard
	// library is always allowed.
	Allow []string
	// OwnBranch lets the packages of the branch import one another.
	OwnBranch bool
}

// everything is the pattern of rules that forbid nothing.
const everything = "..."

// free says whether the rule forbids nothing.
func (r Rule) free() bool {
	for _, p := range r.Allow {
		if p == everything {
			return true
		}
	}
	return false
}

// within says whether path is the branch or below it.
func within(path, branch string) bool {
	return path == branch || strings.HasPrefix(path, branch+"/")
}

// matches says whether path fits pattern; both are complete import paths.
func matches(path, pattern string) bool {
	if branch, ok := strings.CutSuffix(pattern, "/..."); ok {
		return within(path, branch)
	}
	return pattern == everything || path == pattern
}

// absolute turns a path or pattern that is relative to the module into a complete one.
func absolute(module, path string) string {
	first, _, _ := strings.Cut(path, "/")
	if strings.Contains(first, ".") {
		return path // also "..."
	}
	return module + "/" + path
}

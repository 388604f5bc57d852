package archtest

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
)

// Check reports every import in the module at dir that breaks the policy, with the chain of
// imports that leads to it. It also reports cgo outside the standard library.
func Check(t testing.TB, dir string, policy Policy) {
	t.Helper()
	graph, err := load(dir)
	if err != nil {
		t.Fatalf("archtest: %v", err)
		return
	}
	for _, fault := range graph.faults(policy) {
		t.Errorf("import rule: %s", fault)
	}
}

// faults lists everything in the graph that breaks the policy, each once.
func (g graph) faults(policy Policy) []string {
	var found []string
	used := make([]bool, len(policy.Rules))
	claimed := map[string]bool{}
	for _, path := range g.own() {
		i := g.ruleFor(path, policy.Rules)
		if i < 0 {
			found = append(found, fmt.Sprintf("no rule covers %s", path))
			continue
		}
		used[i] = true
		found = append(found, g.judge(path, policy.Rules[i], policy, claimed)...)
	}
	for i, ok := range used {
		if !ok {
			found = append(found, fmt.Sprintf("the rule for %q covers no package", policy.Rules[i].Branch))
		}
	}
	for branch, owners := range policy.Only {
		for _, owner := range owners {
			if !claimed[owner+" "+branch] {
				found = append(found, fmt.Sprintf("nothing in %s imports %s, so its rule checks nothing", owner, branch))
			}
		}
	}
	sort.Strings(found)
	return slices.Compact(found)
}

// ruleFor returns the index of the rule with the longest branch that covers path, or -1.
func (g graph) ruleFor(path string, rules []Rule) int {
	best, length := -1, -1
	for i, r := range rules {
		if len(r.Branch) > length && within(path, absolute(g.module, r.Branch)) {
			best, length = i, len(r.Branch)
		}
	}
	return best
}

// judge walks all that path reaches, nearest first, and lists what it must not reach. What
// lies behind a forbidden import is not reported again.
func (g graph) judge(path string, rule Rule, policy Policy, claimed map[string]bool) []string {
	var found []string
	from := map[string]string{path: ""}
	for queue := []string{path}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if len(g.packages[at].CgoFiles) > 0 {
			found = append(found, fmt.Sprintf("cgo in %s", chain(from, at)))
		}
		for _, next := range g.packages[at].Imports {
			if _, seen := from[next]; seen || next == "C" || g.packages[next].Standard {
				continue // cgo is found by its files
			}
			from[next] = at
			if why := g.forbidden(path, at, next, rule, policy, claimed); why != "" {
				found = append(found, why+": "+chain(from, next))
				continue
			}
			queue = append(queue, next)
		}
	}
	return found
}

// forbidden says why path must not reach next by the import in at, "" when it may.
func (g graph) forbidden(path, at, next string, rule Rule, policy Policy, claimed map[string]bool) string {
	for _, private := range policy.Private {
		if p := absolute(g.module, private); within(next, p) && !within(path, p) {
			return "nothing imports " + private
		}
	}
	for branch, owners := range policy.Only {
		if !within(next, branch) {
			continue
		}
		i := slices.IndexFunc(owners, func(owner string) bool { return within(path, absolute(g.module, owner)) })
		if i >= 0 {
			claimed[owners[i]+" "+branch] = true
		} else if at == path || !rule.free() {
			return branch + " belongs to " + strings.Join(owners, " and ")
		}
	}
	if rule.OwnBranch && within(next, absolute(g.module, rule.Branch)) {
		return ""
	}
	// A third-party package that another package imports is that one's affair: its own
	// rule, or its module's, decides.
	if !within(next, g.module) && at != path {
		return ""
	}
	for _, pattern := range rule.Allow {
		if matches(next, absolute(g.module, pattern)) {
			return ""
		}
	}
	return rule.Branch + " must not import " + strings.TrimPrefix(next, g.module+"/")
}

// chain writes the imports that led to last.
func chain(from map[string]string, last string) string {
	var steps []string
	for at := last; at != ""; at = from[at] {
		steps = append(steps, at)
	}
	slices.Reverse(steps)
	return strings.Join(steps, " → ")
}

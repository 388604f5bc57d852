package archtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/archtest"
)

// recorder is a testing.TB that keeps what is reported instead of failing.
type recorder struct {
	testing.TB
	reports []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.reports = append(r.reports, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...) }

// shop is a small module whose imports obey shopPolicy; the cases below break it.
var shop = map[string]string{
	"go.mod": "module example.com/shop\n\ngo 1.25.0\n\nrequire example.org/sdk v0.0.0\n\n" +
		"replace example.org/sdk => ./third/sdk\n",
	"third/sdk/go.mod":     "module example.org/sdk\n\ngo 1.25.0\n",
	"third/sdk/sdk.go":     "package sdk\n",
	"third/sdk/sub/sub.go": "package sub\n",
	"core/core.go":         "package core\n\nimport _ \"strings\"\n",
	"core/leaf/leaf.go":    "package leaf\n\nimport _ \"example.com/shop/core\"\n",
	"ports/ports.go":       "package ports\n\nimport _ \"example.com/shop/core\"\n",
	"adapters/a/a.go":      "package a\n\nimport _ \"example.com/shop/ports\"\n",
	"adapters/b/b.go":      "package b\n\nimport (\n\t_ \"example.com/shop/ports\"\n\t_ \"example.org/sdk\"\n)\n",
	"apps/main/main.go":    "package main\n\nimport _ \"example.com/shop/adapters/b\"\n\nfunc main() {}\n",
}

var shopPolicy = archtest.Policy{
	Rules: []archtest.Rule{
		{Branch: "core", Allow: []string{"core"}},
		{Branch: "ports", Allow: []string{"core"}},
		{Branch: "adapters", Allow: []string{"core/...", "ports/..."}},
		{Branch: "adapters/b", Allow: []string{"core/...", "ports/...", "example.org/sdk/..."}},
		{Branch: "apps", Allow: []string{"..."}},
	},
	Only:    map[string][]string{"example.org/sdk": {"adapters/b"}},
	Private: []string{"apps"},
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change map[string]string
		policy func(*archtest.Policy)
		want   string // part of the only report, "" for none
	}{
		{name: "a clean tree is green"},
		{
			name:   "test files are not judged",
			change: map[string]string{"core/core_test.go": "package core_test\n\nimport _ \"example.com/shop/adapters/a\"\n"},
		},
		{
			name:   "a leaf imports another branch",
			change: map[string]string{"core/leaf/leaf.go": "package leaf\n\nimport _ \"example.com/shop/ports\"\n"},
			want:   "core must not import ports: example.com/shop/core/leaf → example.com/shop/ports",
		},
		{
			name:   "a leaf imports its neighbour",
			change: map[string]string{"core/other/other.go": "package other\n\nimport _ \"example.com/shop/core/leaf\"\n"},
			want:   "core must not import core/leaf",
		},
		{
			name:   "an adapter imports another adapter",
			change: map[string]string{"adapters/b/b.go": "package b\n\nimport (\n\t_ \"example.com/shop/adapters/a\"\n\t_ \"example.org/sdk\"\n)\n"},
			want:   "adapters/b must not import adapters/a: example.com/shop/adapters/b → example.com/shop/adapters/a",
		},
		{
			name:   "third-party code in the core",
			change: map[string]string{"core/leaf/leaf.go": "package leaf\n\nimport _ \"example.org/sdk/sub\"\n"},
			want:   "example.org/sdk belongs to adapters/b: example.com/shop/core/leaf → example.org/sdk/sub",
		},
		{
			name: "an application imports what belongs to one adapter",
			change: map[string]string{"apps/main/main.go": "package main\n\nimport (\n\t_ \"example.com/shop/adapters/b\"\n" +
				"\t_ \"example.org/sdk\"\n)\n\nfunc main() {}\n"},
			want: "example.org/sdk belongs to adapters/b: example.com/shop/apps/main → example.org/sdk",
		},
		{
			name: "something imports an application's package",
			change: map[string]string{
				"apps/config/config.go": "package config\n",
				"adapters/a/a.go":       "package a\n\nimport _ \"example.com/shop/apps/config\"\n",
			},
			want: "nothing imports apps: example.com/shop/adapters/a → example.com/shop/apps/config",
		},
		{
			name:   "cgo",
			change: map[string]string{"adapters/a/c.go": "package a\n\nimport \"C\"\n"},
			want:   "cgo in example.com/shop/adapters/a",
		},
		{
			name:   "a package without a rule",
			change: map[string]string{"tools/tools.go": "package tools\n"},
			want:   "no rule covers example.com/shop/tools",
		},
		{
			name:   "a rule without a package",
			policy: func(p *archtest.Policy) { p.Rules = append(p.Rules, archtest.Rule{Branch: "gone"}) },
			want:   `the rule for "gone" covers no package`,
		},
		{
			name: "an exclusive rule that nothing uses",
			policy: func(p *archtest.Policy) {
				p.Only = map[string][]string{"example.org/sdk": {"adapters/b"}, "example.org/old": {"adapters/a"}}
			},
			want: "nothing in adapters/a imports example.org/old",
		},
		{
			name:   "a module that cannot be read",
			change: map[string]string{"go.mod": "module\n"},
			want:   "go list",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			policy := shopPolicy
			if c.policy != nil {
				c.policy(&policy)
			}
			r := &recorder{TB: t}
			archtest.Check(r, write(t, shop, c.change), policy)
			switch {
			case c.want == "" && len(r.reports) > 0:
				t.Errorf("reported %q, want nothing", r.reports)
			case c.want != "" && (len(r.reports) != 1 || !strings.Contains(r.reports[0], c.want)):
				t.Errorf("reported %q, want one report with %q", r.reports, c.want)
			}
		})
	}
}

// TestChainIsTransitive breaks the rule two imports away and wants the whole way shown.
func TestChainIsTransitive(t *testing.T) {
	t.Parallel()
	dir := write(t, shop, map[string]string{
		"ports/ports.go":  "package ports\n\nimport _ \"example.com/shop/adapters/c\"\n",
		"adapters/c/c.go": "package c\n\nimport _ \"example.com/shop/core\"\n",
	})
	r := &recorder{TB: t}
	archtest.Check(r, dir, shopPolicy)
	want := "example.com/shop/adapters/a → example.com/shop/ports → example.com/shop/adapters/c"
	if !strings.Contains(strings.Join(r.reports, "\n"), want) {
		t.Errorf("reported %q, want the chain %q", r.reports, want)
	}
}

// write lays a module out in a folder of the test's own; change replaces and adds files.
func write(t *testing.T, files, change map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, set := range []map[string]string{files, change} {
		for name, text := range set {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

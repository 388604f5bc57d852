package bunrepository

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var breakRules = flag.Bool("mutants", false, "break every tenant predicate, compare-and-set, policy and unique key in turn, and want a test to notice")

// TestEveryRuleIsGuarded breaks the rules of this package one at a time, in its source and
// in the schema, and wants at least one test to fail each time.
func TestEveryRuleIsGuarded(t *testing.T) {
	if !*breakRules {
		t.Skip("takes minutes: run with -mutants, or make mutants")
	}
	total := verdicts{killed: map[string]int{}, tried: map[string]int{}}
	t.Run("source", func(t *testing.T) { breakSource(t, &total) })
	t.Run("schema", func(t *testing.T) { breakSchema(t, &total) })
	total.print(t)
}

// verdicts counts what was noticed, by kind.
type verdicts struct {
	mu            sync.Mutex
	kinds         []string
	killed, tried map[string]int
}

// note counts one mutant, which is the subtest; nothing noticed it when killer is "".
func (v *verdicts) note(t *testing.T, kind, killer string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Contains(v.kinds, kind) {
		v.kinds = append(v.kinds, kind)
	}
	v.tried[kind]++
	if killer == "" {
		t.Errorf("%s: survived", kind)
		return
	}
	v.killed[kind]++
	t.Logf("%s: killed by %s", kind, killer)
}

func (v *verdicts) print(t *testing.T) {
	killed, tried := 0, 0
	for _, kind := range v.kinds {
		t.Logf("%-17s killed %d/%d", kind, v.killed[kind], v.tried[kind])
		killed, tried = killed+v.killed[kind], tried+v.tried[kind]
	}
	t.Logf("killed %d/%d", killed, tried)
}

// judges are the tests that may notice a broken statement. They run on SQLite, where no
// policy of the database comes to the rescue.
const judges = "^(TestContract|TestTenantsAreAsAlone)$"

// breakSource compiles the package once, with a switch at each site, and runs the tests
// with one of them off at a time.
func breakSource(t *testing.T, total *verdicts) {
	s, err := switched(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay, err := s.overlay(dir)
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "judges.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if killer, err := judge(t.Context(), program, 0, dir); err != nil || killer != "" {
		t.Fatalf("without a mutation %q fails, %v", killer, err)
	}
	for i, one := range s.sites {
		t.Run(one.Where+" "+one.What, func(t *testing.T) {
			t.Parallel()
			killer, err := judge(t.Context(), program, i+1, dir)
			if err != nil {
				t.Fatal(err)
			}
			total.note(t, one.Kind, killer)
		})
	}
}

// judge runs the tests with one site off and names the first that fails, "" for none.
func judge(ctx context.Context, program string, id int, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, program, "-test.run", judges, "-test.failfast", "-test.v", "-test.timeout", "1m",
		"-rapid.seed", "1", "-rapid.checks", "60", "-rapid.shrinktime", "1ms")
	run.Env = append(os.Environ(), fmt.Sprintf("MUTANT=%d", id))
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		run.Env = append(run.Env, "TMPDIR=/dev/shm") // its databases need to survive nothing
	}
	out, err := run.CombinedOutput()
	if err == nil {
		return "", nil
	}
	var exited *exec.ExitError
	if !errors.As(err, &exited) {
		return "", err
	}
	lines := strings.Split(string(out), "\n")
	failed := func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "--- FAIL: ") }
	at := slices.IndexFunc(lines, failed)
	if at < 0 {
		if strings.Contains(string(out), "panic: test timed out") {
			return "it does not come to an end", nil
		}
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	// The innermost is the last of the first group.
	for at+1 < len(lines) && failed(lines[at+1]) {
		at++
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(lines[at]), "--- FAIL: "), " ")
	return name, nil
}

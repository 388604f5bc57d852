package bunrepository

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
	var total verdicts
	t.Run("source", func(t *testing.T) { breakSource(t, &total) })
	t.Run("schema", func(t *testing.T) { breakSchema(t, &total) })
	total.print(t)
}

// verdicts counts what was noticed, by kind.
type verdicts struct {
	mu            sync.Mutex
	kinds         []string
	killed, tried map[string]int
	survivors     []string
}

func (c *verdicts) note(kind, mutant, killer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tried == nil {
		c.killed, c.tried = map[string]int{}, map[string]int{}
	}
	if c.tried[kind]++; c.tried[kind] == 1 {
		c.kinds = append(c.kinds, kind)
	}
	if killer == "" {
		c.survivors = append(c.survivors, kind+": "+mutant)
		return
	}
	c.killed[kind]++
}

func (c *verdicts) print(t *testing.T) {
	t.Helper()
	killed, tried := 0, 0
	for _, kind := range c.kinds {
		t.Logf("%-20s killed %d/%d", kind, c.killed[kind], c.tried[kind])
		killed, tried = killed+c.killed[kind], tried+c.tried[kind]
	}
	for _, s := range c.survivors {
		t.Errorf("survived: %s", s)
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
	ids := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for id := range ids {
				one := s.sites[id-1]
				killer, err := judge(t.Context(), program, id, dir)
				if err != nil {
					t.Errorf("%s %s: %v", one.Where, one.What, err)
					continue
				}
				total.note(one.Kind, fmt.Sprintf("%s %s", one.Where, one.What), killer)
				t.Logf("%-16s %-20s %-32s %s", one.Kind, one.Where, one.What, cmp.Or(killer, "SURVIVED"))
			}
		})
	}
	for id := range s.sites {
		ids <- id + 1
	}
	close(ids)
	workers.Wait()
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

package bunrepository

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// The sweep runs all the time: it must look at what waits and not at what has ended.
func TestBacklogReadsOnlyWhatWaits(t *testing.T) {
	r := openTest(t)
	var seen explain
	file(r).read.AddQueryHook(&seen)
	if _, err := r.Queue().Backlog(t.Context(), time.Now(), 10); err != nil {
		t.Fatal(err)
	}
	if len(seen.queries) != 1 {
		t.Fatalf("%d statements were seen, want 1", len(seen.queries))
	}
	rows, err := file(r).read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+seen.queries[0])
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var a, b, c int
		var detail string
		if err := rows.Scan(&a, &b, &c, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "; ")
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"COVERING INDEX inbox_new", "COVERING INDEX inbox_claimed"} {
		if !strings.Contains(plan.String(), want) {
			t.Errorf("no %q in: %s", want, plan.String())
		}
	}
}

package bunrepository

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"
)

// historyGuard fails a test when SQLite would answer a statement by going through all that a
// tenant, or everybody, ever had: what takes longer with each message stored must be one of
// the few that count or page on purpose.
type historyGuard struct {
	tb testing.TB
	db *bun.DB
}

var _ bun.QueryHook = historyGuard{}

var (
	literals = regexp.MustCompile(`'(?:[^']|'')*'|\b\d+\b`)
	// wholes are plans that read a growing table by nothing but its tenant, or not even that.
	// Partial indexes hold only what is not over yet.
	wholes = regexp.MustCompile(`^SEARCH \w+ (EXISTS )?USING (COVERING )?INDEX ` +
		`(sqlite_autoindex_)?(inbox|offers|deliveries|send_logs|minted_links|audit_log)_\w+ \(user_id=\?\)$` +
		`|^SCAN (d|i|o|s|m)( |$)`)
	open = regexp.MustCompile(`INDEX (inbox_new|inbox_claimed|inbox_dead|deliveries_ready|deliveries_due|deliveries_overdue|deliveries_doubtful|deliveries_unproven)( |$)`)
	// May are the statements that may: totals, what is read in order up to a limit, and the end
	// of an account.
	may = regexp.MustCompile(`^SELECT ("?\w+"? AS name, )?count\(\*\)| ORDER BY id DESC( LIMIT \?)?$|^DELETE FROM "users"`)
	// explained are the statements seen, without their values.
	explained sync.Map
)

func (g historyGuard) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (g historyGuard) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	statement := literals.ReplaceAllString(e.Query, "?")
	verb, _, _ := strings.Cut(statement, " ")
	if !strings.Contains("SELECT UPDATE DELETE INSERT WITH", verb) || may.MatchString(statement) {
		return
	}
	if _, seen := explained.LoadOrStore(statement, true); seen {
		return
	}
	for _, step := range g.plan(e.Query) {
		if wholes.MatchString(step) && !open.MatchString(step) {
			g.tb.Errorf("the whole history is read (%s): %s", step, statement)
		}
	}
}

// plan is how SQLite would answer a query, step by step; empty for what it cannot plan any
// more, because the test has changed the schema.
func (g historyGuard) plan(query string) (steps []string) {
	rows, err := g.db.DB.Query("EXPLAIN QUERY PLAN " + query)
	if err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			g.tb.Error(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		g.tb.Error(err)
	}
	return steps
}

func TestTheHistoryGuardSeesWhoReadsItAll(t *testing.T) {
	for step, whole := range map[string]bool{
		"SEARCH d USING INDEX sqlite_autoindex_deliveries_1 (user_id=?)":          true,
		"SEARCH d USING INDEX sqlite_autoindex_deliveries_1 (user_id=? AND id=?)": false,
		"SEARCH d USING COVERING INDEX deliveries_ready (user_id=?)":              false,
		"SEARCH g USING INDEX sqlite_autoindex_group_destinations_1 (user_id=?)":  false,
		"SCAN i":                                true,
		"SCAN i USING COVERING INDEX inbox_new": false,
	} {
		if got := wholes.MatchString(step) && !open.MatchString(step); got != whole {
			t.Errorf("%s: %t", step, got)
		}
	}
	// And SQLite still says it in these words.
	r := openTest(t)
	g := historyGuard{t, file(r).read}
	for _, query := range []string{
		"SELECT * FROM deliveries AS d WHERE user_id = 'u' AND chat_jid = 'c' ORDER BY id",
		"SELECT * FROM inbox AS i WHERE text = 'x'",
	} {
		if steps := fmt.Sprint(g.plan(query)); !wholes.MatchString(strings.Trim(steps, "[]")) {
			t.Errorf("%s is planned as %s", query, steps)
		}
	}
}

package bunrepository

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
)

func TestMain(m *testing.M) {
	boundPrograms()
	goleak.VerifyTestMain(withServer{m})
}

// withServer ends the PostgreSQL server of the tests with them.
type withServer struct{ *testing.M }

// Run implements goleak.TestingM.
func (m withServer) Run() int {
	code := m.M.Run()
	if err := stopPostgres(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

func testKeys() Keyring {
	return Keyring{Current: "one", Keys: map[string]core.Secret{"one": core.NewSecret(strings.Repeat("k", 32))}}
}

// openTest returns an empty, migrated repository that ends with the test. Every statement
// it runs is checked to stay within one tenant.
func openTest(tb testing.TB) *Repository {
	tb.Helper()
	return openFile(tb, filepath.Join(tb.TempDir(), "test.db"), Options{Keys: testKeys()})
}

func openFile(tb testing.TB, path string, o Options) *Repository {
	tb.Helper()
	r, err := OpenSQLite(context.Background(), path, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Error(err)
		}
	})
	if err := r.Migrate(context.Background()); err != nil {
		tb.Fatal(err)
	}
	for _, guard := range []bun.QueryHook{tenantGuard{tb}, historyGuard{tb, file(r).read}} {
		file(r).write.AddQueryHook(guard)
		file(r).read.AddQueryHook(guard)
	}
	return r
}

func TestContract(t *testing.T) {
	repositorytest.Run(t, func(tb testing.TB) repository.Repository { return openTest(tb) })
}

// tenantGuard fails a test when a statement on a tenant's table does not say whose rows
// it means, unless it is one of the few that look across tenants on purpose.
type tenantGuard struct{ tb testing.TB }

var _ bun.QueryHook = tenantGuard{}

func (g tenantGuard) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (g tenantGuard) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if why := leak(e.Query); why != "" {
		g.tb.Errorf("statement crosses tenants (%s): %s", why, e.Query)
	}
}

// acrossTenants are the statements of the Directory, the Queue and the Operations, by how
// they begin.
var acrossTenants = []string{
	`SELECT "k"."user_id" FROM "api_keys" AS "k" WHERE (hash = '`,
	`SELECT "u"."id", "u"."email", "u"."is_active", "u"."is_operator", "u"."max_destinations", "u"."max_per_day", "u"."created_at", `,
	`SELECT "w"."user_id", "w"."provider", "w"."instance_name", "w"."status", "w"."reason", "w"."checked_at", "w"."updated_at", u.email `,
	`SELECT * FROM (SELECT "l"."user_id", "l"."next_send_at", "l"."paced_until", "l"."lease_holder", "l"."lease_until", u.email, `,
	`SELECT "a"."user_id", "a"."id", "a"."actor", "a"."action", "a"."detail", "a"."created_at" FROM "audit_log" AS "a" ORDER BY `,
	`SELECT "a"."user_id", "a"."id", "a"."actor", "a"."action", "a"."detail", "a"."created_at" FROM "audit_log" AS "a" WHERE (id < `,
	`SELECT "u"."id" FROM "users" AS "u" WHERE (email = '`,
	`SELECT "w"."user_id" FROM "whatsapp_instances" AS "w" WHERE (webhook_hash = '`,
	`SELECT "w"."user_id" FROM "whatsapp_instances" AS "w" WHERE (instance_name = '`,
	`SELECT "w"."user_id" FROM "whatsapp_instances" AS "w" WHERE (status <> 'disconnected') AND (checked_at < `,
	`SELECT "l"."user_id", "l"."instance_id", "l"."next_send_at", "l"."paced_until", "l"."woken_at", ` +
		`"l"."lease_holder", "l"."lease_until", "l"."fence", "l"."host", "l"."host_until", "l"."host_fence" FROM "lanes" AS "l" WHERE (next_send_at <= `,
	`SELECT "w"."user_id" FROM "whatsapp_instances" AS "w" JOIN lanes AS l ON l.user_id = w.user_id WHERE (w.provider IN (`,
	`SELECT "c"."user_id" FROM "session_calls" AS "c" JOIN lanes AS l ON l.user_id = c.user_id WHERE (c.answered_at = 0)`,
	`SELECT user_id, count(*) AS waiting, min(due_at) AS since FROM (`,
	`SELECT state AS name, count(*) AS n FROM "`, // the ledger counts all
	`SELECT count(*) FROM "offers" AS "o" WHERE (TRUE)`,
	`SELECT count(*) FROM "offers" AS "o" WHERE (hold_reason `,
	`SELECT count(*) FROM "inbox" AS "i" WHERE (state = 'done' AND NOT EXISTS (`,
	`SELECT "d"."user_id", "d"."id", "deadline" AS due_at FROM "deliveries" AS "d" WHERE (state = 'dispatching')`,
	`SELECT "d"."user_id", "d"."id", "not_before" AS due_at FROM "deliveries" AS "d" WHERE (state = 'ambiguous')`,
}

// leak says why a statement does not keep to one tenant, "" when it does.
func leak(query string) string {
	verb, _, _ := strings.Cut(query, " ")
	switch verb {
	case "SELECT", "UPDATE", "DELETE":
	case "INSERT":
		for _, table := range tenantTables {
			if strings.Contains(query, ` "`+table+`" `) && !strings.Contains(query, `"user_id"`) {
				return "an INSERT without user_id"
			}
		}
		return ""
	default:
		return "" // BEGIN, SAVEPOINT, COMMIT …
	}
	for _, known := range acrossTenants {
		if strings.HasPrefix(query, known) {
			return ""
		}
	}
	if strings.Contains(query, ` "users" `) {
		if strings.Contains(query, "WHERE (id = '") {
			return ""
		}
		return "users without id"
	}
	// Every table a statement names needs its own condition.
	tables, conditions := 0, 0
	for _, table := range tenantTables {
		tables += strings.Count(query, ` "`+table+`" `) + strings.Count(query, " "+table+" ")
	}
	for _, condition := range []string{"user_id = '", `"user_id" = '`, "d.user_id = o.user_id"} {
		conditions += strings.Count(query, condition)
	}
	if conditions < tables {
		return "a table without its user_id"
	}
	return ""
}

var tenantTables = []string{
	"session_calls",
	"whatsapp_instances", "group_sources", "group_destinations", "affiliate_tags", "minted_links",
	"inbox", "offers", "deliveries", "lanes", "send_logs", "api_keys", "sessions", "audit_log",
}

func TestTheGuardSeesLeaks(t *testing.T) {
	for query, leaks := range map[string]bool{
		`SELECT 1`: false,
		`SELECT * FROM "offers" AS "o" WHERE (user_id = '1') AND (id = '2')`:                                             false,
		`SELECT * FROM "offers" AS "o" WHERE (offer = '2')`:                                                              true,
		`UPDATE "deliveries" AS "d" SET state = 'x' WHERE (state = 'pending')`:                                           true,
		`DELETE FROM "group_sources" AS "s" WHERE (source = '1')`:                                                        true,
		`SELECT * FROM "users" AS "u" WHERE (full_name = 'x')`:                                                           true,
		`UPDATE "users" AS "u" SET settings = '' WHERE (id = '1')`:                                                       false,
		`INSERT INTO "offers" ("id") VALUES ('1')`:                                                                       true,
		`SELECT * FROM "offers" AS "o" WHERE (user_id = '1') AND (EXISTS (SELECT 1 FROM deliveries AS d WHERE d.x = 1))`: true,
	} {
		if got := leak(query) != ""; got != leaks {
			t.Errorf("leak(%s) = %v, want %v", query, got, leaks)
		}
	}
}

// file is the SQLite side of a repository.
func file(r *Repository) *sqliteDB { return r.database.(*sqliteDB) }

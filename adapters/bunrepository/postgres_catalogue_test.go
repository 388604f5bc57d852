package bunrepository

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
)

// TestTheCatalogueKeepsTenantsApart asks the catalogue, so that a table, a view, a function or a
// key that somebody adds later is found out.
func TestTheCatalogueKeepsTenantsApart(t *testing.T) {
	pg := postgres(t)
	ungated(t, sqlAs(t, pg, appRole, newDatabase(t, false)))
}

// tenantsTables is every table with rows of tenants, as the catalogue knows them, and the
// column that says whose they are.
func tenantsTables(tb testing.TB, db *sql.DB) map[string]string {
	tb.Helper()
	tables := map[string]string{}
	for _, table := range words(tb, db, `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
		AND (c.relname = 'users' OR EXISTS (SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'user_id'))`) {
		tables[table] = "user_id"
	}
	tables["users"] = "id"
	if len(tables) != len(tenantTables)+1 {
		tb.Fatalf("tables with rows of tenants %v; want users and %v", tables, tenantTables)
	}
	return tables
}

// words reads one column.
func words(tb testing.TB, db *sql.DB, query string, args ...any) (all []string) {
	tb.Helper()
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			tb.Fatal(err)
		}
		all = append(all, one)
	}
	if rows.Err() != nil {
		tb.Fatal(rows.Err())
	}
	return all
}

// directoryColumns is all that may be read across tenants: ids, states and times, what a
// credential is looked up by, and what operators see: who somebody is and what operators did.
var directoryColumns = []string{
	"api_keys.hash", "api_keys.user_id",
	"audit_log.action", "audit_log.actor", "audit_log.created_at", "audit_log.detail", "audit_log.id", "audit_log.user_id",
	"deliveries.deadline", "deliveries.id", "deliveries.instance_id", "deliveries.not_before", "deliveries.offer_id", "deliveries.sent_at", "deliveries.state", "deliveries.user_id",
	"group_destinations.is_active", "group_destinations.user_id", "group_sources.is_active", "group_sources.user_id",
	"inbox.due_at", "inbox.id", "inbox.state", "inbox.user_id",
	"installation.id", "installation.keys_print",
	"lanes.fence", "lanes.host", "lanes.host_fence", "lanes.host_until", "lanes.instance_id", "lanes.lease_holder", "lanes.lease_until", "lanes.next_send_at", "lanes.paced_until", "lanes.user_id", "lanes.woken_at",
	"offers.hold_reason", "offers.id", "offers.inbox_id", "offers.user_id",
	"session_calls.answered_at", "session_calls.asked_at", "session_calls.user_id",
	"users.created_at", "users.email", "users.id", "users.is_active", "users.is_operator", "users.max_destinations", "users.max_per_day",
	"whatsapp_instances.checked_at", "whatsapp_instances.instance_name", "whatsapp_instances.provider", "whatsapp_instances.provisioned", "whatsapp_instances.reason",
	"whatsapp_instances.status", "whatsapp_instances.updated_at", "whatsapp_instances.user_id", "whatsapp_instances.webhook_hash",
}

// shared are the keys that hold across tenants: what a stranger's credential is looked up by.
var shared = []string{"api_keys (hash)", "users (email)", "users (id)", "whatsapp_instances (instance_name)", "whatsapp_instances (webhook_hash)"}

// ungated reports whatever in the schema lets tenants meet.
func ungated(tb testing.TB, db *sql.DB) {
	tb.Helper()
	for table := range tenantsTables(tb, db) {
		var enabled, forced bool
		var guarded, others int
		err := db.QueryRowContext(context.Background(), `SELECT c.relrowsecurity, c.relforcerowsecurity,
			(SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'tenant' AND p.polcmd = '*'
				AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL),
			(SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname <> 'tenant'
				AND p.polroles <> ARRAY[(SELECT oid FROM pg_roles WHERE rolname = 'autopromo_directory')])
			FROM pg_class AS c WHERE c.oid = $1::regclass`, table).Scan(&enabled, &forced, &guarded, &others)
		if err != nil || !enabled || !forced || guarded != 1 || others != 0 {
			tb.Errorf("%s: enabled %v, forced %v, %d tenant policies, %d others that hold for everybody, %v", table, enabled, forced, guarded, others, err)
		}
	}
	for what, query := range map[string]string{
		"views that do not look with the eyes of who asks": `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
			AND (relkind = 'm' OR relkind = 'v' AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}')`,
		"functions": `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
		"foreign keys that do not lead with the tenant": `SELECT conname FROM pg_constraint AS c JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
			WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND a.attname <> 'user_id'`,
		"columns user_id that may be NULL": `SELECT attrelid::regclass::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
			WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND attname = 'user_id' AND NOT attnotnull`,
		"tables whose owner is the program":      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND pg_has_role(relowner, 'MEMBER')`,
		"schemas the program may make things in": `SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_temp' AND has_schema_privilege(oid, 'CREATE')`,
		"roles the program may become":           `SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'MEMBER') AND rolname NOT IN (current_user, 'autopromo_directory')`,
	} {
		if found := words(tb, db, query); len(found) > 0 {
			tb.Errorf("%s: %v", what, found)
		}
	}
	for _, key := range words(tb, db, uniqueKeys) {
		if _, columns, _ := strings.Cut(key, " ("); !strings.HasPrefix(columns, "user_id") && !slices.Contains(shared, key) &&
			!strings.HasPrefix(key, "bun_migration") && !strings.HasPrefix(key, "installation") {
			tb.Errorf("the key %s does not lead with the tenant: it tells one of the other", key)
		}
	}
	readable := words(tb, db, `SELECT c.relname || '.' || a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0 AND NOT a.attisdropped
			AND has_column_privilege('autopromo_directory', c.oid, a.attnum, 'SELECT') ORDER BY 1`)
	if !slices.Equal(readable, directoryColumns) {
		tb.Errorf("the directory reads %v, want %v", readable, directoryColumns)
	}
}

// uniqueKeys lists the keys of the schema as "table (column, …)".
const uniqueKeys = `SELECT i.indrelid::regclass || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
		FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) || ')'
	FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique ORDER BY 1`

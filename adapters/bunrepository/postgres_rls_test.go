package bunrepository

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// appSQL is the app role's own connection, without any of this package.
func appSQL(t *testing.T, pg *services.Postgres, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", pg.URL(appRole, database))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1) // the next transaction gets the connection of the last
	t.Cleanup(func() { db.Close() })
	return db
}

// tenantsTables is every table with rows of tenants, as the catalogue knows them.
func tenantsTables(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND (column_name = 'user_id' OR table_name = 'users' AND column_name = 'id')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	tables := map[string]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		tables[table] = column
	}
	if rows.Err() != nil || len(tables) != len(tenantTables)+1 {
		t.Fatalf("%d tables with rows of tenants, %v; want %d", len(tables), rows.Err(), len(tenantTables)+1)
	}
	return tables
}

// TestEveryTenantTableHasAPolicy asks the catalogue, so that a table somebody adds later
// is found out.
func TestEveryTenantTableHasAPolicy(t *testing.T) {
	pg := postgres(t)
	db := appSQL(t, pg, newDatabase(t, false))
	for table := range tenantsTables(t, db) {
		var enabled, forced bool
		var guarded int
		err := db.QueryRowContext(t.Context(), `SELECT c.relrowsecurity, c.relforcerowsecurity,
			(SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'tenant' AND p.polcmd = '*'
				AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL)
			FROM pg_class AS c WHERE c.oid = $1::regclass`, table).Scan(&enabled, &forced, &guarded)
		if err != nil || !enabled || !forced || guarded != 1 {
			t.Errorf("%s: enabled %v, forced %v, %d tenant policies, %v", table, enabled, forced, guarded, err)
		}
	}
	// Whoever looks across sees no words of anybody.
	var readable []string
	rows, err := db.QueryContext(t.Context(), `SELECT c.relname || '.' || a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
			AND has_column_privilege('autopromo_directory', c.oid, a.attnum, 'SELECT') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		readable = append(readable, column)
	}
	if len(readable) < 20 {
		t.Errorf("the directory reads only %v", readable)
	}
	for _, secret := range []string{"inbox.text", "offers.text", "offers.final_text", "deliveries.text", "users.password_hash",
		"users.full_name", "whatsapp_instances.api_key", "whatsapp_instances.webhook_secret", "affiliate_tags.fields"} {
		if slices.Contains(readable, secret) {
			t.Errorf("the directory may read %s", secret)
		}
	}
}

// TestRowLevelSecurityAloneKeepsTenantsApart writes the SQL a programming error could have
// written, as the role programs have.
func TestRowLevelSecurityAloneKeepsTenantsApart(t *testing.T) {
	pg := postgres(t)
	database := newDatabase(t, false)
	r := openAs(t, appRole, database, Options{})
	seeded := repositorytest.Seed(t, r, 2)
	intruder, victim := seeded[0], seeded[1]
	db := appSQL(t, pg, database)
	tables := tenantsTables(t, db)
	attempts, crossed := 0, 0
	check := func(what string, affected int64, err error) {
		attempts++
		if err == nil && affected > 0 {
			crossed++
			t.Errorf("%s reached %d rows of the victim", what, affected)
		}
	}
	for _, settings := range [][]string{
		nil,
		{"SELECT set_config('app.tenant_id', '', true)"},
		{"SELECT set_config('app.tenant_id', '" + string(intruder) + "', true)"},
		{"SELECT set_config('app.scope', 'directory', true)"},
	} {
		for table, column := range tables {
			// The connection has just served the victim.
			try(t, db, []string{"SELECT set_config('app.tenant_id', '" + string(victim) + "', true)"}, "SELECT 1 FROM "+table)
			of := fmt.Sprintf(" WHERE %s = '%s'", column, victim)
			for _, statement := range []string{
				"SELECT * FROM " + table + of,
				"SELECT * FROM " + table + of + " FOR UPDATE",
				"UPDATE " + table + " SET " + column + " = " + column + of,
				"UPDATE " + table + " SET " + column + " = '" + string(victim) + "' WHERE " + column + " = '" + string(intruder) + "'",
				"DELETE FROM " + table + of,
				"INSERT INTO " + table + " SELECT * FROM " + table + of,
			} {
				n, err := try(t, db, settings, statement)
				check(statement, n, err)
			}
		}
		// Rows that refer to the victim's.
		var offer, instance string
		if err := asTenant(t, db, victim, "SELECT id, instance_id FROM offers LIMIT 1", &offer, &instance); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			fmt.Sprintf("INSERT INTO lanes VALUES ('%s', '%s', 0, 0, NULL, '', 0, 0)", victim, instance),
			fmt.Sprintf("INSERT INTO lanes VALUES ('%s', '%s', 0, 0, NULL, '', 0, 0)", intruder, instance),
			fmt.Sprintf("INSERT INTO lanes VALUES ('%s', '%s', 0, 0, NULL, '', 0, 0) ON CONFLICT (user_id, instance_id) DO UPDATE SET fence = 99", victim, instance),
			fmt.Sprintf("INSERT INTO send_logs VALUES ('%s', '%s', 1, '%s', 0)", intruder, offer, offer),
			fmt.Sprintf("INSERT INTO minted_links VALUES ('%s', 'l', 's', 't', 'p', 'g', 'o', 'k', 0)", victim),
		} {
			n, err := try(t, db, settings, statement)
			check(statement, n, err)
		}
	}
	// Not even who looks across reads words or changes anything.
	for _, statement := range []string{
		"SELECT text FROM inbox", "SELECT final_text FROM offers", "SELECT text FROM deliveries", "SELECT api_key FROM whatsapp_instances",
		"SELECT * FROM affiliate_tags", "SELECT * FROM group_sources", "SELECT * FROM group_destinations", "SELECT * FROM minted_links",
		"SELECT password_hash FROM users", "UPDATE lanes SET fence = 99", "UPDATE inbox SET state = 'new'", "DELETE FROM lanes",
	} {
		n, err := try(t, db, []string{"SET LOCAL ROLE autopromo_directory"}, statement)
		check(statement, n, err)
	}
	t.Logf("tables %d, attempts %d, crossed %d", len(tables), attempts, crossed)
	// The statements do reach rows where they may: else this test would prove nothing.
	if n, err := try(t, db, []string{"SELECT set_config('app.tenant_id', '" + string(victim) + "', true)"}, "SELECT * FROM offers"); err != nil || n == 0 {
		t.Errorf("the victim sees %d of its own offers, %v", n, err)
	}
}

// try runs a statement in a transaction that is rolled back, and counts the rows it
// returned or changed.
func try(t *testing.T, db *sql.DB, settings []string, statement string) (int64, error) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, s := range settings {
		if _, err := tx.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	result, err := tx.ExecContext(t.Context(), statement)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func asTenant(t *testing.T, db *sql.DB, id core.TenantID, query string, into ...any) error {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "SELECT set_config('app.tenant_id', $1, true)", string(id)); err != nil {
		return err
	}
	return tx.QueryRowContext(t.Context(), query).Scan(into...)
}

// TestAPooledConnectionKeepsNoTenant looks at the settings of connections that served
// tenants, with and without an error.
func TestAPooledConnectionKeepsNoTenant(t *testing.T) {
	r := openAs(t, appRole, newDatabase(t, false), Options{Connections: 1})
	id := repositorytest.Seed(t, r, 1)[0]
	pool := r.database.(*postgresDB).pool
	for what, use := range map[string]func(){
		"a read":             func() { _, _ = r.Tenant(id).Tags().List(t.Context()) },
		"a write":            func() { _ = r.Tenant(id).Account().SaveSettings(t.Context(), core.DefaultSettings()) },
		"a missing row":      func() { _, _ = r.Tenant(id).Offers().Get(t.Context(), "0198c000-0000-7000-8000-000000000000") },
		"a bad id":           func() { _, _ = r.Tenant(id).Offers().Get(t.Context(), "x") },
		"a broken statement": func() { _, _ = r.Tenant(id).Offers().Get(t.Context(), "\x00") },
		"a canceled context": func() {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _ = r.Tenant(id).Tags().List(ctx)
		},
		"a look across": func() { _, _ = r.Directory().TenantByEmail(t.Context(), "nobody") },
	} {
		use()
		var tenant, role string
		err := pool.QueryRowContext(t.Context(), "SELECT coalesce(current_setting('app.tenant_id', true), ''), current_user").Scan(&tenant, &role)
		if err != nil || tenant != "" || role != appRole {
			t.Errorf("after %s the connection is of tenant %q as %s, %v", what, tenant, role, err)
		}
	}
	// Words of strangers do not become SQL.
	for _, name := range []core.TenantID{"", "'; DROP TABLE users; --", core.TenantID(strings.Repeat("0", 36))} {
		if _, err := r.Tenant(name).Account().Get(t.Context()); core.CodeOf(err) != core.CodeNotFound {
			t.Errorf("tenant %q: %v", name, err)
		}
	}
}

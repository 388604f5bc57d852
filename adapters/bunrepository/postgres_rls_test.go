package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// sqlAs is a role's own connection, without any of this package.
func sqlAs(tb testing.TB, pg *services.Postgres, role, database string) *sql.DB {
	tb.Helper()
	db, err := sql.Open("pgx", pg.URL(role, database)+"&default_query_exec_mode=simple_protocol")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1) // the next transaction gets the connection of the last
	tb.Cleanup(func() { db.Close() })
	return db
}

// TestRowLevelSecurityAloneKeepsTenantsApart writes the SQL a programming error could have
// written, as the role programs have.
func TestRowLevelSecurityAloneKeepsTenantsApart(t *testing.T) {
	postgres(t)
	tables, attempts := crossings(t, newDatabase(t, false))
	t.Logf("tables %d, attempts %d, crossed 0", tables, attempts)
}

// crossings tries to reach the rows of one tenant as nobody, as another one and across all,
// with every kind of statement on every table. What reaches one is an error.
func crossings(tb testing.TB, database string) (tables, attempts int) {
	tb.Helper()
	pg := postgres(tb)
	r := openAs(tb, appRole, database, Options{})
	seeded := repositorytest.Seed(tb, r, 2)
	intruder, victim := seeded[0], seeded[1]
	db := sqlAs(tb, pg, appRole, database)
	columns := tenantsTables(tb, db)
	check := func(what string, affected int64, err error) {
		tb.Helper()
		attempts++
		if err == nil && affected > 0 {
			tb.Errorf("%s reached %d rows of the victim", what, affected)
		}
		if code := sqlState(err); err != nil && !slices.Contains([]string{"42501", "23503"}, code) {
			tb.Errorf("%s was refused for another reason: %v", what, err)
		}
	}
	for table, column := range columns {
		statements := intrusions(tb, db, table, column, intruder, victim)
		for _, settings := range [][]string{
			nil,
			{"SELECT set_config('app.tenant_id', '', true)"},
			{"SELECT set_config('app.tenant_id', '" + string(intruder) + "', true)"},
			{"SELECT set_config('app.scope', 'directory', true)"},
		} {
			for _, statement := range statements {
				// The connection has just served the victim.
				if n, err := try(tb, db, asTenant(victim), "SELECT 1 FROM "+table); err != nil || n == 0 {
					tb.Fatalf("the victim sees %d of its own rows in %s, %v: this would prove nothing", n, table, err)
				}
				n, err := try(tb, db, settings, statement)
				check(statement, n, err)
			}
		}
	}
	for _, statement := range referrals(tb, db, intruder, victim) {
		n, err := try(tb, db, asTenant(intruder), statement)
		check(statement, n, err)
	}
	// Whoever looks across changes nothing, and the policies hold for the owner too.
	owner := sqlAs(tb, pg, ownerRole, database)
	for table, column := range columns {
		for _, statement := range intrusions(tb, db, table, column, intruder, victim) {
			if !strings.HasPrefix(statement, "SELECT") {
				n, err := try(tb, db, []string{"SET LOCAL ROLE " + directoryRole}, statement)
				check("across: "+statement, n, err)
			}
			n, err := try(tb, owner, nil, statement)
			check("as the owner: "+statement, n, err)
		}
	}
	n, err := try(tb, db, []string{"SET LOCAL ROLE " + directoryRole}, "UPDATE lanes SET fence = 99")
	check("across: a lane's fence", n, err)
	return len(columns), attempts
}

// intrusions are statements on one table that mean the victim's rows. Those that insert have
// the very row the victim has.
func intrusions(tb testing.TB, db *sql.DB, table, column string, intruder, victim core.TenantID) []string {
	tb.Helper()
	row := fmt.Sprintf("SELECT (json_populate_record(NULL::%s, %s)).*", table, quoted(oneRow(tb, db, victim, table)))
	of := fmt.Sprintf(" WHERE %s = '%s'", column, victim)
	return []string{
		"SELECT * FROM " + table + of,
		"SELECT * FROM " + table + of + " FOR UPDATE",
		"SELECT a.* FROM " + table + " AS a JOIN " + table + " AS b USING (" + column + ")" + strings.Replace(of, column, "b."+column, 1),
		"UPDATE " + table + " SET " + column + " = " + column + of,
		fmt.Sprintf("UPDATE %s SET %s = '%s' WHERE %s = '%s'", table, column, victim, column, intruder),
		"DELETE FROM " + table + of,
		"INSERT INTO " + table + " SELECT * FROM " + table + of,
		"INSERT INTO " + table + " " + row,
		"INSERT INTO " + table + " " + row + " ON CONFLICT DO NOTHING",
		fmt.Sprintf("INSERT INTO %s %s ON CONFLICT (%s) DO UPDATE SET %s = '%s'", table, row, primaryKey(tb, db, table), column, intruder),
		"TRUNCATE " + table + " CASCADE",
	}
}

// referrals make rows of the intruder refer to the victim's, by every foreign key there is.
func referrals(tb testing.TB, db *sql.DB, intruder, victim core.TenantID) (statements []string) {
	tb.Helper()
	rows, err := db.QueryContext(context.Background(), `SELECT c.conrelid::regclass, c.confrelid::regclass, a.attname, b.attname
		FROM pg_constraint AS c CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (here, there)
		JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.here
		JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.there
		WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND a.attname <> 'user_id'`)
	if err != nil {
		tb.Fatal(err)
	}
	var keys [][4]string
	for rows.Next() {
		var k [4]string
		if err := rows.Scan(&k[0], &k[1], &k[2], &k[3]); err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, k)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(keys) < 8 {
		tb.Fatalf("foreign keys %v, %v", keys, err)
	}
	for _, k := range keys {
		child, parent, here, there := k[0], k[1], k[2], k[3]
		var theirs string
		if err := scanAs(db, victim, "SELECT "+there+" FROM "+parent+" LIMIT 1", &theirs); err != nil {
			tb.Fatal(err)
		}
		own := fmt.Sprintf("jsonb_build_object('%s', '%s')", here, theirs)
		statements = append(statements,
			fmt.Sprintf("UPDATE %s SET %s = '%s' WHERE user_id = '%s'", child, here, theirs, intruder),
			fmt.Sprintf("DELETE FROM %[1]s WHERE user_id = '%[2]s'; INSERT INTO %[1]s SELECT (jsonb_populate_record(NULL::%[1]s, %[3]s::jsonb || %[4]s)).*",
				child, intruder, quoted(oneRow(tb, db, intruder, child)), own))
	}
	return statements
}

// oneRow is a row of the tenant as JSON.
func oneRow(tb testing.TB, db *sql.DB, id core.TenantID, table string) (row string) {
	tb.Helper()
	if err := scanAs(db, id, "SELECT row_to_json(x) FROM "+table+" AS x LIMIT 1", &row); err != nil {
		tb.Fatalf("a row of %s: %v", table, err)
	}
	return row
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func primaryKey(tb testing.TB, db *sql.DB, table string) (columns string) {
	tb.Helper()
	err := db.QueryRowContext(context.Background(), `SELECT string_agg(a.attname, ', ') FROM pg_index AS i
		JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indisprimary AND i.indrelid = $1::regclass`, table).Scan(&columns)
	if err != nil {
		tb.Fatalf("the primary key of %s: %v", table, err)
	}
	return columns
}

func sqlState(err error) string {
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}

// try runs a statement in a transaction that is rolled back, and counts the rows it
// returned or changed.
func try(tb testing.TB, db *sql.DB, settings []string, statement string) (int64, error) {
	tb.Helper()
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer tx.Rollback()
	for _, s := range settings {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			tb.Fatal(err)
		}
	}
	result, err := tx.ExecContext(ctx, statement)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func asTenant(id core.TenantID) []string {
	return []string{"SELECT set_config('app.tenant_id', '" + string(id) + "', true)"}
}

// scanAs reads one row as a tenant.
func scanAs(db *sql.DB, id core.TenantID, query string, into ...any) error {
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(context.Background(), asTenant(id)[0]); err != nil {
		return err
	}
	return tx.QueryRowContext(context.Background(), query).Scan(into...)
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

// TestTemporaryTablesShadowNothing has somebody leave a table of its own on a connection:
// whoever is served by it next must not read it, or write into it.
func TestTemporaryTablesShadowNothing(t *testing.T) {
	r := openAs(t, appRole, newDatabase(t, false), Options{Connections: 1})
	id := repositorytest.Seed(t, r, 1)[0]
	want, err := r.Tenant(id).Tags().List(t.Context())
	if err != nil || len(want) == 0 {
		t.Fatalf("%d tags, %v", len(want), err)
	}
	pool := r.database.(*postgresDB).pool
	if _, err := pool.ExecContext(t.Context(), "CREATE TEMP TABLE affiliate_tags AS SELECT * FROM public.affiliate_tags"); err != nil {
		t.Fatal(err)
	}
	got, err := r.Tenant(id).Tags().List(t.Context())
	if err != nil || len(got) != len(want) {
		t.Errorf("%d tags, %v; want %d", len(got), err, len(want))
	}
}

// TestTheProgramMakesNothing: its role can leave nothing behind, once it was let in.
func TestTheProgramMakesNothing(t *testing.T) {
	pg, database := postgres(t), newDatabase(t, true)
	if err := openAs(t, ownerRole, database, Options{AppRole: appRole}).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	db := sqlAs(t, pg, appRole, database)
	for _, statement := range []string{
		"CREATE TEMP TABLE x (y int)", "CREATE TABLE x (y int)", "CREATE SCHEMA x", "CREATE EXTENSION dblink", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'",
		"CREATE POLICY p ON inbox USING (true)", "ALTER TABLE inbox DISABLE ROW LEVEL SECURITY", "DROP POLICY tenant ON inbox",
		"SET ROLE " + ownerRole, "SET ROLE postgres", "ALTER ROLE " + appRole + " BYPASSRLS",
	} {
		if _, err := try(t, db, nil, statement); !slices.Contains([]string{"42501", "42P17"}, sqlState(err)) {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

package bunrepository

import (
	"database/sql"
	"testing"

	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
)

// breakSchema weakens the migrated database one rule at a time. The rules are those the
// catalogue lists.
func breakSchema(t *testing.T, total *verdicts) {
	pg := postgres(t)
	template := newDatabase(t, false)
	db, err := sql.Open("pgx", pg.URL("postgres", template))
	if err != nil {
		t.Fatal(err)
	}
	all := schemaMutants(t, db)
	if err := db.Close(); err != nil { // a database that is copied has no connections
		t.Fatal(err)
	}
	if killer := judgeSchema(t, template); killer != "" {
		t.Fatalf("without a mutation %s fails", killer)
	}
	for _, m := range all {
		t.Run(m.statement, func(t *testing.T) {
			broken := copyDatabase(t, template)
			if err := asSuperuser(t.Context(), pg, broken, m.statement); err != nil {
				t.Fatal(err)
			}
			total.note(t, m.kind, judgeSchema(t, broken))
		})
	}
}

type schemaMutant struct{ kind, statement string }

// schemaMutants are: each policy gone, or with a condition that always holds; each table
// without row level security, or without it for its owner; each look across that shows whole
// rows; each key gone.
func schemaMutants(tb testing.TB, db *sql.DB) (all []schemaMutant) {
	tb.Helper()
	add := func(kind, query string) {
		tb.Helper()
		found := words(tb, db, query)
		if len(found) == 0 {
			tb.Fatalf("no %s in the catalogue", kind)
		}
		for _, statement := range found {
			all = append(all, schemaMutant{kind, statement})
		}
	}
	const policy = `FROM pg_policies WHERE schemaname = 'public'`
	add("policy", `SELECT format('DROP POLICY %I ON %I', policyname, tablename) `+policy)
	add("policy", `SELECT format('ALTER POLICY %I ON %I USING (true)', policyname, tablename) `+policy+` AND qual <> 'true'`)
	add("policy", `SELECT format('ALTER POLICY %I ON %I WITH CHECK (true)', policyname, tablename) `+policy+` AND with_check IS NOT NULL`)
	add("policy", `SELECT format('ALTER POLICY %I ON %I TO PUBLIC', policyname, tablename) `+policy+` AND roles <> '{public}'`)
	const table = `FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity`
	add("policy", `SELECT format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', relname) `+table)
	add("policy", `SELECT format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', relname) `+table)
	// Of lanes and the audit log the directory may read every column anyway.
	add("column grant", `SELECT format('GRANT SELECT ON %I TO autopromo_directory', relname) `+table+` AND relname NOT IN ('lanes', 'audit_log')`)
	add("unique key", `SELECT CASE WHEN con.oid IS NULL THEN format('DROP INDEX %s', i.indexrelid::regclass)
			ELSE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', i.indrelid::regclass, con.conname) END
		FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid LEFT JOIN pg_constraint AS con ON con.conindid = i.indexrelid AND con.contype IN ('p', 'u')
		WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND c.relrowsecurity`)
	return all
}

// judgeSchema names what notices that a database is not as it should be, "" for nothing.
func judgeSchema(t *testing.T, database string) string {
	t.Helper()
	pg := server.pg
	rules := []struct {
		name  string
		check func(testing.TB)
	}{
		// What is done comes before what the catalogue says, so that both are not one test.
		{"crossings", func(tb testing.TB) { crossings(tb, copyDatabase(t, database)) }},
		{"keys", func(tb testing.TB) { unlocked(tb, copyDatabase(t, database)) }},
		{"catalogue", func(tb testing.TB) { ungated(tb, sqlAs(tb, pg, appRole, copyDatabase(t, database))) }},
	}
	for _, c := range repositorytest.Cases() {
		rules = append(rules, struct {
			name  string
			check func(testing.TB)
		}{c.Name, func(tb testing.TB) { c.Run(tb, openAs(tb, appRole, copyDatabase(t, database), Options{})) }})
	}
	for _, rule := range rules {
		if reports(t, rule.check) {
			return rule.name
		}
	}
	return ""
}

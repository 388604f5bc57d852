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
)

// keys is what may be there once: the promises of the schema, the same in both databases.
var keys = []string{
	"affiliate_tags (user_id, id)", "affiliate_tags (user_id, store_slug, marketplace)",
	"api_keys (hash)", "api_keys (user_id, id)", "audit_log (user_id, id)",
	"deliveries (user_id, id)", "deliveries (user_id, offer_id, destination_id, epoch)",
	"group_destinations (user_id, destination_group_id)", "group_destinations (user_id, id)",
	"group_sources (user_id, id)", "group_sources (user_id, source_group_id)",
	"inbox (user_id, id)", "inbox (user_id, instance_id, chat_jid, message_id, participant)",
	"lanes (user_id, instance_id)",
	"minted_links (user_id, link)",
	"offers (user_id, id)", "offers (user_id, inbox_id)",
	"send_logs (user_id, delivery_id, attempt)", "session_calls (user_id, op)", "sessions (user_id, id)",
	"users (email)", "users (id)",
	"whatsapp_instances (instance_name)", "whatsapp_instances (user_id)", "whatsapp_instances (user_id, id)", "whatsapp_instances (webhook_hash)",
}

// TestEachKeyHolds stores each row a second time, different in all but one key, and wants
// the database to refuse it.
func TestEachKeyHolds(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		r := openTest(t)
		repositorytest.Seed(t, r, 2)
		db := file(r).write.DB
		listed := map[string]bool{}
		for _, table := range append(slices.Clone(tenantTables), "users") {
			for _, index := range words(t, db, "SELECT name FROM pragma_index_list(?) WHERE \"unique\"", table) {
				columns := words(t, db, "SELECT name FROM pragma_index_info(?)", index)
				listed[table+" ("+strings.Join(columns, ", ")+")"] = true
			}
		}
		for _, key := range keys {
			if !listed[key] {
				t.Errorf("there is no key %s", key)
			}
			delete(listed, key)
			table, _, _ := strings.Cut(key, " ")
			columns := words(t, db, "SELECT name FROM pragma_table_info(?)", table)
			if _, err := db.ExecContext(t.Context(), copied(key, columns, "lower(hex(randomblob(16)))")); err == nil || !strings.Contains(err.Error(), "UNIQUE") {
				t.Errorf("%s may be there twice: %v", key, err)
			}
		}
		for key := range listed {
			t.Errorf("the key %s is not tried", key)
		}
	})
	t.Run("postgres", func(t *testing.T) { unlocked(t, newDatabase(t, false)) })
}

// unlocked reports the keys that do not hold.
func unlocked(tb testing.TB, database string) {
	tb.Helper()
	pg := postgres(tb)
	repositorytest.Seed(tb, openAs(tb, appRole, database, Options{}), 2)
	db := sqlAs(tb, pg, "postgres", database)
	for _, key := range words(tb, db, uniqueKeys) {
		if !slices.Contains(keys, key) && !strings.HasPrefix(key, "bun_migration") && !strings.HasPrefix(key, "installation") {
			tb.Errorf("the key %s is not tried", key)
		}
	}
	for _, key := range keys {
		table, _, _ := strings.Cut(key, " ")
		columns := words(tb, db, "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum", table)
		_, err := tryKey(db, copied(key, columns, "gen_random_uuid()"))
		if sqlState(err) != "23505" {
			tb.Errorf("%s may be there twice: %v", key, err)
		}
	}
}

// tryKey runs a statement as if nobody referred to anything: what is asked for is the key.
func tryKey(db *sql.DB, statement string) (sql.Result, error) {
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(context.Background(), "SET LOCAL session_replication_role = replica"); err != nil {
		return nil, err
	}
	return tx.ExecContext(context.Background(), statement)
}

// copied copies a row; of what is in any key only the given key's columns stay as they are.
func copied(key string, columns []string, other string) string {
	table, list, _ := strings.Cut(strings.TrimSuffix(key, ")"), " (")
	kept := strings.Split(list, ", ")
	var values []string
	for _, column := range columns {
		switch {
		case slices.Contains(kept, column) || !slices.ContainsFunc(keys, func(k string) bool {
			return strings.HasPrefix(k, table+" (") && slices.Contains(strings.Split(strings.TrimSuffix(k[len(table)+2:], ")"), ", "), column)
		}):
			values = append(values, column)
		case column == "attempt" || column == "epoch":
			values = append(values, column+" + 1000")
		case strings.HasSuffix(column, "id") && !strings.Contains(column, "group_id") && column != "message_id":
			values = append(values, other)
		default:
			values = append(values, column+" || 'x'")
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s LIMIT 1", table, strings.Join(columns, ", "), strings.Join(values, ", "), table)
}

// A failure in TestEachKeyHolds is a conflict for callers, not an internal error.
func TestAKeyIsAConflict(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *Repository{"sqlite": openTest, "postgres": openTestPostgres} {
		t.Run(name, func(t *testing.T) {
			r := open(t)
			id := repositorytest.Seed(t, r, 1)[0]
			tags, err := r.Tenant(id).Tags().List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Tenant(id).Tags().Create(t.Context(), tags[0]); core.CodeOf(err) != core.CodeConflict {
				t.Errorf("a second one is %v", err)
			}
		})
	}
}

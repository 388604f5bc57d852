package bunrepository

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun"
)

// openUnmigrated opens an empty database file without a schema.
func openUnmigrated(t *testing.T, path string) *Repository {
	t.Helper()
	r, err := OpenSQLite(t.Context(), path, Options{Keys: testKeys()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// schema lists what the migrations made.
func schema(t *testing.T, r *Repository) (all []string) {
	t.Helper()
	if err := file(r).read.NewSelect().Table("sqlite_master").Column("sql").Order("name").
		Where("sql IS NOT NULL AND name NOT LIKE 'bun_%' AND name NOT LIKE 'sqlite_%'").Scan(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// wantPending checks which migrations are left to apply.
func wantPending(t *testing.T, r *Repository, want ...string) {
	t.Helper()
	got, err := r.Pending(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("pending %v (%v), want %v", got, err, want)
	}
}

const (
	first, second = "20261101000000_initial", "20261124000000_link_rules"
	third, fourth = "20261125000000_distributed", "20261127000000_console"
	fifth, sixth  = "20261128000000_hosting", "20261129000000_accounts"
)

func TestMigrationsGoUpAndDown(t *testing.T) {
	ctx := t.Context()
	r := openUnmigrated(t, filepath.Join(t.TempDir(), "test.db"))
	wantPending(t, r, first, second, third, fourth, fifth, sixth)
	if len(schema(t, r)) != 0 {
		t.Error("opening changed the schema")
	}
	for range 2 {
		if err := r.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
	}
	wantPending(t, r)
	up := schema(t, r)
	if err := r.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	wantPending(t, r, first, second, third, fourth, fifth, sixth)
	if left := schema(t, r); len(left) != 0 {
		t.Errorf("left after the rollback: %v", left)
	}
	if err := r.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(schema(t, r), up) {
		t.Error("the schema is another after down and up")
	}
}

// crash ends a context as soon as a transaction is committed.
type crash struct{ now context.CancelFunc }

func (c *crash) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (c *crash) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if e.Query == "COMMIT" {
		c.now()
	}
}

func TestMigrationsSurviveCrashes(t *testing.T) {
	r := openUnmigrated(t, filepath.Join(t.TempDir(), "test.db"))
	var hook crash
	file(r).write.AddQueryHook(&hook)
	crashing := func(work func(context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		hook.now = cancel
		if err := work(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("error is %v", err)
		}
	}
	crashing(r.Migrate)
	wantPending(t, r, second, third, fourth, fifth, sixth)
	crashing(r.Migrate)
	wantPending(t, r, third, fourth, fifth, sixth)
	crashing(r.Migrate)
	wantPending(t, r, fourth, fifth, sixth)
	crashing(r.Migrate)
	wantPending(t, r, fifth, sixth)
	crashing(r.Migrate)
	wantPending(t, r, sixth)
	crashing(r.Migrate)
	wantPending(t, r)
	if err := r.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	crashing(r.Rollback)
	wantPending(t, r, sixth)
	crashing(r.Rollback)
	wantPending(t, r, fifth, sixth)
	crashing(r.Rollback)
	wantPending(t, r, fourth, fifth, sixth)
	crashing(r.Rollback)
	wantPending(t, r, third, fourth, fifth, sixth)
	crashing(r.Rollback)
	wantPending(t, r, second, third, fourth, fifth, sixth)
	crashing(r.Rollback)
	wantPending(t, r, first, second, third, fourth, fifth, sixth)
	if left := schema(t, r); len(left) != 0 {
		t.Errorf("left after the rollbacks: %v", left)
	}
}

// faster lets another process migrate just before the first transaction.
type faster struct{ migrate func() }

func (f *faster) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if e.Query == "BEGIN" && f.migrate != nil {
		other := f.migrate
		f.migrate = nil
		other()
	}
	return ctx
}

func (f *faster) AfterQuery(context.Context, *bun.QueryEvent) {}

func TestMigrationsRunOnceAmongProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	slow, fast := openUnmigrated(t, path), openUnmigrated(t, path)
	ran := false
	file(slow).write.AddQueryHook(&faster{migrate: func() {
		ran = true
		if err := fast.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	}})
	if err := slow.Migrate(t.Context()); err != nil || !ran {
		t.Errorf("migrate: %v; the other ran: %v", err, ran)
	}
	wantPending(t, slow)
}

// TestDialectsHaveTheSameSchema compares the two sets of migrations by what they make,
// and holds the Postgres one to the rules SQLite cannot enforce.
func TestDialectsHaveTheSameSchema(t *testing.T) {
	read := func(dialect string) string {
		var all strings.Builder
		err := fs.WalkDir(migrationFiles, "migrations/"+dialect, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".up.sql") {
				return err
			}
			text, err := fs.ReadFile(migrationFiles, path)
			all.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all.String()
	}
	type table struct{ columns, keys, indexes []string }
	parse := func(text string) map[string]table {
		tables := map[string]table{}
		for _, m := range regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n\)`).FindAllStringSubmatch(text, -1) {
			var one table
			for line := range strings.Lines(m[2]) {
				line = strings.Trim(line, " ,\n")
				name, _, _ := strings.Cut(line, " ")
				switch {
				case line == "":
				case name == strings.ToUpper(name):
					one.keys = append(one.keys, line)
				default:
					one.columns = append(one.columns, name)
				}
			}
			tables[m[1]] = one
		}
		for _, m := range regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN (?:IF NOT EXISTS )?(\w+) `).FindAllStringSubmatch(text, -1) {
			one := tables[m[1]]
			one.columns = append(one.columns, m[2])
			tables[m[1]] = one
		}
		for _, m := range regexp.MustCompile(`CREATE INDEX IF NOT EXISTS \w+ ON (\w+) .*`).FindAllStringSubmatch(text, -1) {
			one := tables[m[1]]
			one.indexes = append(one.indexes, m[0])
			tables[m[1]] = one
		}
		return tables
	}
	lite, postgres := parse(read("sqlite")), parse(read("postgres"))
	if len(lite) != 16 || !slices.Contains(lite["offers"].columns, "near_key") || len(postgres) != len(lite) {
		t.Fatalf("%d and %d tables", len(lite), len(postgres))
	}
	for name, want := range lite {
		got := postgres[name]
		if !slices.Equal(got.columns, want.columns) || !slices.Equal(got.keys, want.keys) || !slices.Equal(got.indexes, want.indexes) {
			t.Errorf("table %s differs:\n%v\n%v", name, got, want)
		}
		if name == "installation" {
			continue // says whose database it is, nothing of any tenant
		}
		if name != "users" && want.columns[0] != "user_id" {
			t.Errorf("table %s does not begin with user_id", name)
		}
		for _, rule := range []string{"ALTER TABLE %s ENABLE ROW LEVEL SECURITY", "ALTER TABLE %s FORCE ROW LEVEL SECURITY", "CREATE POLICY tenant ON %s\n"} {
			if rule = strings.ReplaceAll(rule, "%s", name); !strings.Contains(read("postgres"), rule) {
				t.Errorf("the Postgres migrations lack %q", rule)
			}
		}
	}
}

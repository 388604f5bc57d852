package bunrepository

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/autopromo-cloud/autopromo/core"
)

func TestWrongOptionsAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	short := Keyring{Current: "one", Keys: map[string]core.Secret{"one": core.NewSecret("short secret key")}}
	for name, open := range map[string]func() (*Repository, error){
		"no path":     func() (*Repository, error) { return OpenSQLite(t.Context(), "", Options{Keys: testKeys()}) },
		"memory":      func() (*Repository, error) { return OpenSQLite(t.Context(), ":memory:", Options{Keys: testKeys()}) },
		"no keys":     func() (*Repository, error) { return OpenSQLite(t.Context(), path, Options{}) },
		"a short key": func() (*Repository, error) { return OpenSQLite(t.Context(), path, Options{Keys: short}) },
	} {
		_, err := open()
		if !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%s: error is %v", name, err)
		}
		if strings.Contains(err.Error(), "short secret key") {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if _, err := OpenSQLite(t.Context(), filepath.Join(path, "no", "folder"), Options{Keys: testKeys()}); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("a folder that is not there: error is %v", err)
	}
}

func TestConnectionsAreDurable(t *testing.T) {
	// Characters that mean something in a URI are part of the path.
	path := filepath.Join(t.TempDir(), "a?b#c %41.db")
	r := openFile(t, path, Options{Keys: testKeys()})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info, err)
	}
	for _, want := range []struct {
		db            *bun.DB
		pragma, value string
	}{
		{file(r).write, "journal_mode", "wal"}, {file(r).write, "synchronous", "2"}, {file(r).write, "foreign_keys", "1"},
		{file(r).write, "busy_timeout", "5000"}, {file(r).read, "journal_mode", "wal"}, {file(r).read, "query_only", "1"},
	} {
		var got string
		if err := want.db.QueryRow("PRAGMA " + want.pragma).Scan(&got); err != nil || got != want.value {
			t.Errorf("%s is %q (%v), want %q", want.pragma, got, err, want.value)
		}
	}
}

func TestClosedIsUnavailable(t *testing.T) {
	r := openTest(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Ping(t.Context()); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("ping: error is %v", err)
	}
	if err := r.Tenant("x").Account().SaveSettings(t.Context(), core.Settings{}); !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("write: error is %v", err)
	}
}

func TestLockedIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	one := openFile(t, path, Options{Keys: testKeys()})
	two := openFile(t, path, Options{Keys: testKeys(), BusyTimeout: time.Millisecond})
	err := file(one).writer.do(t.Context(), func(ctx context.Context, _ bun.Tx) error {
		err := two.Tenant("x").Account().SaveSettings(ctx, core.Settings{})
		if !errors.Is(err, core.ErrUnavailable) {
			t.Errorf("write beside another process: error is %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecretsAreNotReadableInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	r := openFile(t, path, Options{Keys: testKeys()})
	const canary = "canary-5f2c"
	id := seedTenant(t, r, canary)
	if err := r.Tenant(id).Tags().Create(t.Context(), core.Tag{ID: "t1", Store: "amazon", Fields: map[string]string{"tag": canary}}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(canary)) {
			t.Errorf("a secret can be read in the file %q", suffix)
		}
	}
	other := openFile(t, path, Options{Keys: Keyring{Current: "two", Keys: map[string]core.Secret{
		"two": core.NewSecret(strings.Repeat("x", 32))}}})
	if _, err := other.Tenant(id).Instance().Get(t.Context()); core.CodeOf(err) != core.CodeInternal || strings.Contains(err.Error(), canary) {
		t.Errorf("with another key: error is %v", err)
	}
}

// seedTenant makes a tenant with an instance whose secrets are all the same.
func seedTenant(tb testing.TB, r *Repository, secret string) core.TenantID {
	tb.Helper()
	ctx := context.Background()
	id := core.TenantID("01900000-0000-7000-8000-000000000001")
	if err := r.Directory().CreateTenant(ctx, core.Tenant{ID: id, Email: "a@example.com", Settings: core.DefaultSettings()}); err != nil {
		tb.Fatal(err)
	}
	s := core.NewSecret(secret)
	if err := r.Tenant(id).Instance().Create(ctx, core.Instance{
		ID: "01900000-0000-7000-8000-000000000002", Name: "autopromo_x", ServerKey: s, Token: s, WebhookSecret: s, WebhookHash: "hash",
		Status: core.InstanceConnected,
	}); err != nil {
		tb.Fatal(err)
	}
	return id
}

func TestSealedValuesStayWhereTheyAre(t *testing.T) {
	two := testKeys()
	two.Keys["two"] = core.NewSecret(strings.Repeat("2", 32))
	two.Current = "two"
	before, err := newSealer(testKeys())
	if err != nil {
		t.Fatal(err)
	}
	after, err := newSealer(two)
	if err != nil {
		t.Fatal(err)
	}
	at := place{tenant: "a", table: "whatsapp_instances", column: "token", row: "1"}
	sealed, err := before.seal(at, core.NewSecret("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*sealer{before, after} {
		if got, err := s.open(at, sealed); err != nil || got.Reveal() != "secret" {
			t.Errorf("opened %q, %v", got.Reveal(), err)
		}
	}
	if again, _ := before.seal(at, core.NewSecret("secret")); bytes.Equal(again, sealed) {
		t.Error("a secret is sealed the same way twice")
	}
	if rotated, _ := after.seal(at, core.NewSecret("secret")); !bytes.HasPrefix(rotated, []byte("\x03two")) {
		t.Error("the current key does not seal")
	}
	for name, elsewhere := range map[string]place{
		"tenant": {"b", at.table, at.column, at.row}, "table": {at.tenant, "x", at.column, at.row},
		"column": {at.tenant, at.table, "api_key", at.row}, "row": {at.tenant, at.table, at.column, "2"},
	} {
		if _, err := before.open(elsewhere, sealed); err == nil {
			t.Errorf("a value moved to another %s can be opened", name)
		}
	}
	for i := range sealed {
		broken := slices.Clone(sealed)
		broken[i] ^= 1
		if _, err := before.open(at, broken); err == nil {
			t.Errorf("a value changed at byte %d can be opened", i)
		}
		if _, err := before.open(at, sealed[:i]); err == nil && i > 0 {
			t.Errorf("a value cut at byte %d can be opened", i)
		}
	}
	if sealed, err := before.seal(at, core.Secret{}); sealed != nil || err != nil {
		t.Errorf("an empty secret is sealed as %v, %v", sealed, err)
	}
}

// explain keeps the statements of a hot path.
type explain struct{ queries []string }

func (e *explain) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (e *explain) AfterQuery(_ context.Context, q *bun.QueryEvent) {
	if strings.HasPrefix(q.Query, "SELECT") {
		e.queries = append(e.queries, q.Query)
	}
}

func TestHotPathsUseAnIndex(t *testing.T) {
	r := openTest(t)
	id := seedTenant(t, r, "x")
	ctx, now := t.Context(), time.Now()
	var seen explain
	file(r).write.AddQueryHook(&seen)
	file(r).read.AddQueryHook(&seen)
	_, _ = r.Tenant(id).Sources().Active(ctx, "1@g.us")
	_, _ = r.Tenant(id).MintedLinks().Get(ctx, "https://example.com/1")
	_, _ = r.Tenant(id).MintedLinks().Find(ctx, "shopee", "https://example.com/2", "print", core.SubID{Group: "g", Offer: "o"})
	_, _ = r.Tenant(id).Offers().Near(ctx, "key", now, 10)
	_, _ = r.Directory().TenantByWebhook(ctx, "hash")
	_, _ = r.Directory().TenantByInstanceName(ctx, "name")
	_, _ = r.Directory().TenantByAPIKey(ctx, "hash")
	_, _ = r.Tenant(id).APIKeys().Use(ctx, "hash", now)
	_, _ = r.Tenant(id).Sessions().See(ctx, "id", now)
	_, _ = r.Directory().Unchecked(ctx, now, 10)
	_, _ = r.Queue().TakeLane(ctx, now, "holder", time.Minute)
	_, _ = r.Tenant(id).Inbox().Claim(ctx, now, now, 10)
	_, _ = r.Tenant(id).Inbox().Newest(ctx, "1@g.us")
	_, _ = r.Tenant(id).Inbox().Dead(ctx, "", 10)
	_, _ = r.Queue().Unsettled(ctx, now, 10)
	if len(seen.queries) < 16 {
		t.Fatalf("only %d statements were seen", len(seen.queries))
	}
	for _, query := range slices.Clone(seen.queries) {
		rows, err := file(r).read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var a, b, c int
			var detail string
			if err := rows.Scan(&a, &b, &c, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "; "); strings.Contains(text, "SCAN") || strings.Contains(text, "TEMP") || !strings.Contains(text, "INDEX") {
			t.Errorf("%s\n\t%s", query, text)
		}
	}
}

package bunrepository

import (
	"strings"
	"sync"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

func TestPostgresMigratesOnceForManyProcesses(t *testing.T) {
	database := newDatabase(t, true)
	var processes sync.WaitGroup
	for range 4 {
		r := openAs(t, ownerRole, database, Options{AppRole: appRole})
		processes.Go(func() {
			if err := r.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	processes.Wait()
	r := openAs(t, appRole, database, Options{})
	wantPending(t, r)
	repositorytest.Seed(t, r, 2)
}

func TestPostgresGoesDownAndUp(t *testing.T) {
	r := openAs(t, ownerRole, newDatabase(t, true), Options{AppRole: appRole})
	wantPending(t, r, first, second, third, fourth, fifth, sixth)
	for range 2 {
		if err := r.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantPending(t, r)
		if err := r.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantPending(t, r, first, second, third, fourth, fifth, sixth)
	}
}

func TestVerifyRefuses(t *testing.T) {
	pg := postgres(t)
	unsafe := openAs(t, appRole, newDatabase(t, false), Options{})
	wantUnfit(t, unsafe.Verify(t.Context(), "print"), "may lose what it has confirmed") // the tests' server is fast

	safe, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer safe.Stop()
	if !safe.Throwaway() {
		t.Skip("the server runs elsewhere, with settings of its own")
	}
	_ = pg
	for _, statement := range []string{
		"CREATE ROLE " + ownerRole + " LOGIN CREATEROLE", "CREATE ROLE " + appRole + " LOGIN", "CREATE ROLE stranger LOGIN",
		"CREATE ROLE bypasser LOGIN BYPASSRLS", "CREATE DATABASE promo OWNER " + ownerRole,
	} {
		if err := asSuperuser(t.Context(), safe, "postgres", statement); err != nil {
			t.Fatal(err)
		}
	}
	open := func(role string, o Options) *Repository {
		o.Keys = testKeys()
		r, err := OpenPostgres(t.Context(), core.NewSecret(safe.URL(role, "promo")), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	}
	app := open(appRole, Options{})
	wantUnfit(t, app.Verify(t.Context(), "print"), "migrate up")
	if err := open(ownerRole, Options{AppRole: appRole}).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for role, why := range map[string]string{ownerRole: "passes by row level security", "postgres": "passes by row level security"} {
		wantUnfit(t, open(role, Options{}).Verify(t.Context(), "print"), why)
	}
	if err := asSuperuser(t.Context(), safe, "promo", "GRANT SELECT ON bun_migrations TO stranger, bypasser"); err != nil {
		t.Fatal(err)
	}
	wantUnfit(t, open("bypasser", Options{}).Verify(t.Context(), "print"), "passes by row level security")
	wantUnfit(t, open("stranger", Options{}).Verify(t.Context(), "print"), "has not been let in")
	for range 2 {
		if err := app.Verify(t.Context(), "print"); err != nil {
			t.Fatal(err)
		}
	}
	wantUnfit(t, app.Verify(t.Context(), "another"), "other keys")
}

func TestVerifyOfAFile(t *testing.T) {
	r := openTest(t)
	for range 2 {
		if err := r.Verify(t.Context(), "print"); err != nil {
			t.Fatal(err)
		}
	}
	wantUnfit(t, r.Verify(t.Context(), "another"), "other keys")
	if err := r.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantUnfit(t, r.Verify(t.Context(), "print"), "migrate up")
}

func wantUnfit(t *testing.T, err error, why string) {
	t.Helper()
	if core.CodeOf(err) != core.CodePrecondition || !strings.Contains(err.Error(), why) {
		t.Errorf("got %v, want a refusal that says %q", err, why)
	}
}

func TestOpenPostgresKeepsTheSecret(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable&connect_timeout=1", "postgres://u:hunter2@[::1/x", "hunter2"} {
		r, err := OpenPostgres(t.Context(), core.NewSecret(url), Options{Keys: testKeys()})
		if err == nil || r != nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

// TestPostgresCrash kills the server between writes: what was confirmed is there after the
// restart, and the same handle goes on.
func TestPostgresCrash(t *testing.T) {
	postgres(t)
	pg, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Stop()
	if !pg.Throwaway() {
		t.Skip("the server runs elsewhere and cannot be killed")
	}
	for _, statement := range []string{"CREATE ROLE " + ownerRole + " LOGIN CREATEROLE", "CREATE ROLE " + appRole + " LOGIN", "CREATE DATABASE promo OWNER " + ownerRole} {
		if err := asSuperuser(t.Context(), pg, "postgres", statement); err != nil {
			t.Fatal(err)
		}
	}
	open := func(role string, o Options) *Repository {
		o.Keys = testKeys()
		r, err := OpenPostgres(t.Context(), core.NewSecret(pg.URL(role, "promo")), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		return r
	}
	if err := open(ownerRole, Options{AppRole: appRole}).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := open(appRole, Options{})
	id := repositorytest.Seed(t, r, 1)[0]
	want, err := r.Tenant(id).Offers().List(t.Context(), repository.OfferQuery{Limit: 10})
	if err != nil || len(want) == 0 {
		t.Fatalf("%d offers, %v", len(want), err)
	}
	if err := pg.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Tenant(id).Account().SaveSettings(t.Context(), core.DefaultSettings()); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("write without a server: %v", err)
	}
	if err := r.Ping(t.Context()); core.CodeOf(err) != core.CodeUnavailable {
		t.Errorf("ping without a server: %v", err)
	}
	if err := pg.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := r.Tenant(id).Offers().List(t.Context(), repository.OfferQuery{Limit: 10})
	if err != nil || len(got) != len(want) {
		t.Errorf("%d offers after the crash, %v, want %d", len(got), err, len(want))
	}
}

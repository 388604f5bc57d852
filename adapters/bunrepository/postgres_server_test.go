package bunrepository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
	"github.com/autopromo-cloud/autopromo/testkit/repositorytest"
	"github.com/autopromo-cloud/autopromo/testkit/services"
)

// The roles of the tests, as an operator makes them.
const (
	ownerRole = "autopromo_owner"
	appRole   = "autopromo_app"
)

// server is the one PostgreSQL server of this package's tests, with a migrated database to
// copy.
var server struct {
	once sync.Once
	pg   *services.Postgres
	err  error
	n    atomic.Int64

	mu    sync.Mutex
	spare []string // databases that were used and emptied
}

// postgres starts the server when the first test asks for it.
func postgres(tb testing.TB) *services.Postgres {
	tb.Helper()
	server.once.Do(func() { server.pg, server.err = startPostgres(context.Background()) })
	if errors.Is(server.err, services.ErrMissing) {
		tb.Skip(server.err)
	}
	if server.err != nil {
		tb.Fatal(server.err)
	}
	return server.pg
}

func startPostgres(ctx context.Context) (*services.Postgres, error) {
	pg, err := services.StartPostgres(ctx, services.PostgresOptions{Fast: true})
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS autopromo_template",
		"DO $$ BEGIN CREATE ROLE " + ownerRole + " LOGIN CREATEROLE; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
		"DO $$ BEGIN CREATE ROLE " + appRole + " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
		"CREATE DATABASE autopromo_template OWNER " + ownerRole,
	} {
		if err := asSuperuser(ctx, pg, "postgres", statement); err != nil {
			return pg, err
		}
	}
	owner, err := OpenPostgres(ctx, core.NewSecret(pg.URL(ownerRole, "autopromo_template")), Options{Keys: testKeys(), AppRole: appRole})
	if err != nil {
		return pg, err
	}
	return pg, errors.Join(owner.Migrate(ctx), owner.Close())
}

func stopPostgres() error {
	if server.pg == nil {
		return nil
	}
	var errs []error
	for _, name := range server.spare {
		errs = append(errs, dropDatabase(server.pg, name)) // the server may stay
	}
	return errors.Join(append(errs, server.pg.Stop())...)
}

// asSuperuser runs one statement.
func asSuperuser(ctx context.Context, pg *services.Postgres, database, statement string) error {
	db, err := sql.Open("pgx", pg.URL("postgres", database))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// newDatabase copies the migrated database, or makes an empty one.
func newDatabase(tb testing.TB, bare bool) (name string) {
	tb.Helper()
	if bare {
		return createDatabase(tb, "")
	}
	return copyDatabase(tb, "autopromo_template")
}

// copyDatabase copies a database that has no connections.
func copyDatabase(tb testing.TB, template string) string {
	tb.Helper()
	return createDatabase(tb, " TEMPLATE "+template)
}

func createDatabase(tb testing.TB, template string) (name string) {
	tb.Helper()
	pg, name := postgres(tb), makeDatabase(tb, template)
	tb.Cleanup(func() {
		if err := dropDatabase(pg, name); err != nil {
			tb.Error(err)
		}
	})
	return name
}

func makeDatabase(tb testing.TB, template string) (name string) {
	tb.Helper()
	pg := postgres(tb)
	name = fmt.Sprintf("autopromo_test_%d", server.n.Add(1))
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name + " OWNER " + ownerRole + template} {
		if err := asSuperuser(context.Background(), pg, "postgres", statement); err != nil {
			tb.Fatal(err)
		}
	}
	return name
}

func dropDatabase(pg *services.Postgres, name string) error {
	return asSuperuser(context.Background(), pg, "postgres", "DROP DATABASE "+name+" WITH (FORCE)")
}

// empty removes all rows but those of the migrations. Nothing but rows may have changed.
const empty = `DO $$ DECLARE name text; BEGIN
	SET LOCAL session_replication_role = replica;
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'bun\_%' LOOP
		EXECUTE format('DELETE FROM %I', name);
	END LOOP;
END $$`

// borrowDatabase returns a migrated database without rows. To empty one that was used takes a
// tenth of the time it takes to make one.
func borrowDatabase(tb testing.TB) (name string) {
	tb.Helper()
	pg := postgres(tb)
	server.mu.Lock()
	if n := len(server.spare); n > 0 {
		name, server.spare = server.spare[n-1], server.spare[:n-1]
	}
	server.mu.Unlock()
	if name == "" {
		name = makeDatabase(tb, " TEMPLATE autopromo_template")
	}
	tb.Cleanup(func() {
		if err := asSuperuser(context.Background(), pg, name, empty); err != nil {
			tb.Error(errors.Join(err, dropDatabase(pg, name)))
			return
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		server.spare = append(server.spare, name)
	})
	return name
}

// openAs opens a database as a role.
func openAs(tb testing.TB, role, database string, o Options) *Repository {
	tb.Helper()
	o.Keys = testKeys()
	r, err := OpenPostgres(context.Background(), core.NewSecret(postgres(tb).URL(role, database)), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Error(err)
		}
	})
	return r
}

// openTestPostgres returns an empty, migrated repository as a program opens it.
func openTestPostgres(tb testing.TB) *Repository {
	tb.Helper()
	r := openAs(tb, appRole, borrowDatabase(tb), Options{})
	r.database.(*postgresDB).pool.AddQueryHook(tenantGuard{tb})
	return r
}

func TestPostgresContract(t *testing.T) {
	postgres(t)
	repositorytest.Run(t, func(tb testing.TB) repository.Repository { return openTestPostgres(tb) })
}

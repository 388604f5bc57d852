package bunrepository

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// migrationLock is the advisory lock of migrations: any number, the same in all versions.
const migrationLock = 0x6175746f70726f // "autopro"

// minVersion is PostgreSQL 14.
const minVersion = 140000

// exclusive holds a lock of the server while fn migrates.
func (d *postgresDB) exclusive(ctx context.Context, fn func(context.Context) error) error {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock(?)", migrationLock); err != nil {
		return err
	}
	defer func() {
		// The lock ends with its connection at the latest.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "select pg_advisory_unlock(?)", migrationLock)
	}()
	return fn(ctx)
}

// letIn grants the role that programs connect as what they need. Looking across tenants is
// something it may change its role for, and may not do as it is.
func (d *postgresDB) letIn(ctx context.Context) error {
	if d.appRole == "" {
		return nil
	}
	grants := []string{
		"GRANT USAGE ON SCHEMA public TO ?",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON users, whatsapp_instances, group_sources, group_destinations, affiliate_tags, " +
			"minted_links, inbox, offers, deliveries, lanes, session_calls, send_logs, api_keys, sessions, audit_log TO ?",
		"GRANT SELECT ON bun_migrations TO ?",
		// Nothing that the program needs is temporary. An owner of the tables who does not own the
		// database as well is only warned.
		"DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$",
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC", // what PostgreSQL 14 still allows
	}
	version, err := d.version(ctx)
	if err != nil {
		return err
	}
	if version >= 160000 {
		grants = append(grants, "GRANT "+directoryRole+" TO ? WITH INHERIT FALSE, SET TRUE")
	} else {
		// Until 15, whether a role inherits is its own affair and not its membership's.
		grants = append(grants, "ALTER ROLE ? NOINHERIT", "GRANT "+directoryRole+" TO ?")
	}
	for _, grant := range grants {
		if _, err := d.pool.ExecContext(ctx, grant, bun.Ident(d.appRole)); err != nil {
			return fmt.Errorf("let the role %s in: %w", d.appRole, err)
		}
	}
	return nil
}

func (d *postgresDB) version(ctx context.Context) (number int, err error) {
	err = d.pool.NewSelect().ColumnExpr("current_setting('server_version_num')::int").Scan(ctx, &number)
	return number, err
}

// verify refuses a server that may lose what it confirmed, and a role that row level
// security does not hold.
func (d *postgresDB) verify(ctx context.Context) error {
	var got struct {
		Version                                  int
		Fsync, SynchronousCommit, FullPageWrites string
		Super, Bypass, Owns, Directs, Inherits   bool
	}
	err := d.pool.NewSelect().
		ColumnExpr("current_setting('server_version_num')::int AS version").
		ColumnExpr("current_setting('fsync') AS fsync").
		ColumnExpr("current_setting('synchronous_commit') AS synchronous_commit").
		ColumnExpr("current_setting('full_page_writes') AS full_page_writes").
		ColumnExpr("r.rolsuper AS super").ColumnExpr("r.rolbypassrls AS bypass").
		ColumnExpr("EXISTS (SELECT 1 FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace "+
			"AND c.relkind = 'r' AND pg_has_role(c.relowner, 'MEMBER')) AS owns").
		ColumnExpr("pg_has_role(?, 'MEMBER') AS directs", directoryRole).
		ColumnExpr("pg_has_role(?, 'USAGE') AS inherits", directoryRole).
		TableExpr("pg_roles AS r").Where("r.rolname = current_user").Scan(ctx, &got)
	switch {
	case err != nil:
		return err
	case got.Version < minVersion:
		return unfit("PostgreSQL 14 or newer is needed")
	case !d.unsafe && (got.Fsync == "off" || got.SynchronousCommit == "off" || got.FullPageWrites == "off"):
		return unfit("the server may lose what it has confirmed: fsync, synchronous_commit and full_page_writes must not be off")
	case got.Super, got.Bypass, got.Owns:
		return unfit("this role passes by row level security, which keeps tenants apart: connect as a role that is no superuser, " +
			"has no BYPASSRLS and owns no table, and let it in with \"autopromo migrate up --app-role ROLE\"")
	case got.Inherits:
		return unfit("this role may look across tenants at any time: make it NOINHERIT, or let it in anew with \"autopromo migrate up --app-role ROLE\"")
	case !got.Directs:
		return unfit("this role has not been let in: run \"autopromo migrate up --app-role ROLE\" as the owner of the database")
	}
	return nil
}

// Package bunrepository keeps everything AutoPromo knows in one SQL database, through Bun.
//
// [OpenSQLite] opens a database file: write-ahead log, every commit on disk before it is
// reported (synchronous=FULL), one connection that writes and a pool that reads. Writers
// that arrive together share one commit, so a burst of webhooks costs a few disk flushes
// instead of one each. It is meant for one process; others on the same machine may open
// the file too, and then wait for each other's commits.
//
// [OpenPostgres] opens a PostgreSQL database for any number of processes. Row level security
// holds every transaction to the tenant it began for, whatever its statements say. The few
// that look across tenants run in a role of their own, which sees ids and times and no
// tenant's words. Rows are locked before they are changed, always in this order: message,
// offer, deliveries by id, lane. Row level security catches a forgotten condition; it is no
// wall against somebody who can run SQL of their own as the program's role, because what it
// goes by is a setting of the transaction, and pg_stat_activity shows a role its own queries.
//
// Constructors never change the schema: call [Repository.Migrate], or refuse to start while
// [Repository.Pending] names something. [Repository.Verify] is for a program's start.
//
// Every row of a tenant is keyed by user_id first, foreign keys are (user_id, id) pairs,
// and every statement on a tenant's table carries the tenant's id; only the Directory and
// the Queue look across. Provider keys, webhook secrets and tag values are sealed with the
// [Keyring] and bound to their tenant, table, column and row, so a value copied elsewhere
// cannot be opened.
package bunrepository

package wiring

import (
	"context"
	"path/filepath"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Database is the name of the embedded database's file in the data folder.
const Database = "autopromo.db"

// OpenRepository opens the database without changing its schema. appRole is the role that a
// migration lets in, "" for none.
func OpenRepository(ctx context.Context, s Settings, appRole string) (*bunrepository.Repository, error) {
	ring := bunrepository.Keyring{Current: s.Keys.Sealing[0].ID, Keys: map[string]core.Secret{}}
	for _, k := range s.Keys.Sealing {
		ring.Keys[k.ID] = k.Key
	}
	options := bunrepository.Options{Keys: ring, Logger: s.Log, AppRole: appRole}
	if !s.Config.DatabaseURL.IsZero() {
		r, err := bunrepository.OpenPostgres(ctx, s.Config.DatabaseURL, options)
		return r, failed("open the database (--database-url)", err)
	}
	r, err := bunrepository.OpenSQLite(ctx, filepath.Join(s.Config.DataDir, Database), options)
	return r, failed("open the database", err)
}

// newRepository opens the database and makes sure that it can be trusted. The embedded one
// is brought up to date: it belongs to this installation alone, and whoever installs a new
// version expects it to work. A shared one is migrated by its owner, once, before the
// replicas start.
func newRepository(files *opened, s Settings) (repository.Repository, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	r, err := OpenRepository(ctx, s, "")
	if err != nil {
		return nil, err
	}
	files.add(r.Close)
	if s.Config.DatabaseURL.IsZero() {
		if err := r.Migrate(ctx); err != nil {
			return nil, failed("migrate the database", err)
		}
	}
	if err := r.Verify(ctx, s.Keys.Print()); err != nil {
		return nil, failed("use the database", err)
	}
	return decorateRepository(r), nil
}

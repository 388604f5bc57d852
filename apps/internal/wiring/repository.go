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

// OpenRepository opens the embedded database without changing its schema.
func OpenRepository(ctx context.Context, s Settings) (*bunrepository.Repository, error) {
	ring := bunrepository.Keyring{Current: s.Keys.Sealing[0].ID, Keys: map[string]core.Secret{}}
	for _, k := range s.Keys.Sealing {
		ring.Keys[k.ID] = k.Key
	}
	r, err := bunrepository.OpenSQLite(ctx, filepath.Join(s.Config.DataDir, Database),
		bunrepository.Options{Keys: ring, Logger: s.Log})
	return r, failed("open the database", err)
}

// newRepository opens the database and brings its schema up to date. A shared database is
// migrated by a person, once, before its replicas start; this one belongs to this
// installation alone, and whoever installs a new version expects it to work.
func newRepository(files *opened, s Settings) (repository.Repository, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	r, err := OpenRepository(ctx, s)
	if err != nil {
		return nil, err
	}
	files.add(r.Close)
	return r, failed("migrate the database", r.Migrate(ctx))
}

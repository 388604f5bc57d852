package bunrepository_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/autopromo-cloud/autopromo/adapters/bunrepository"
	"github.com/autopromo-cloud/autopromo/core"
)

func Example() {
	dir, err := os.MkdirTemp("", "autopromo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	ctx := context.Background()
	repo, err := bunrepository.OpenSQLite(ctx, filepath.Join(dir, "autopromo.db"), bunrepository.Options{
		Keys: bunrepository.Keyring{
			Current: "2026",
			// 32 random bytes, kept outside the database.
			Keys: map[string]core.Secret{"2026": core.NewSecret(strings.Repeat("k", 32))},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer repo.Close()
	if err := repo.Migrate(ctx); err != nil {
		log.Fatal(err)
	}

	id := core.TenantID("0193a0c4-7a30-7000-8000-000000000001")
	err = repo.Directory().CreateTenant(ctx, core.Tenant{ID: id, Email: "ana@example.com", Settings: core.DefaultSettings()})
	if err != nil {
		log.Fatal(err)
	}
	found, err := repo.Directory().TenantByEmail(ctx, "ana@example.com")
	fmt.Println(found == id, err)
	_, err = repo.Tenant(id).Instance().Get(ctx)
	fmt.Println(errors.Is(err, core.ErrNotFound))
	// Output:
	// true <nil>
	// true
}

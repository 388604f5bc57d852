package repositorytest

import (
	"testing"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Seed fills an empty repository with n tenants that have something of everything, for
// tests that look at a database by other means than the port. It returns their ids.
func Seed(tb testing.TB, r repository.Repository, n int) []core.TenantID {
	tb.Helper()
	w := newWorld(tb, r)
	var ids []core.TenantID
	for range n {
		s := w.shop()
		ids = append(ids, s.id)
		w.ok("create tag", s.Tags().Create(w.ctx, core.Tag{
			ID: core.TagID(w.id()), Store: "amazon", Fields: map[string]string{"tag": "x-20"}, CreatedAt: w.now, UpdatedAt: w.now,
		}))
		w.ok("save minted link", s.MintedLinks().Save(w.ctx, s.newMintedLink(sharedLink)))
		w.ok("create API key", s.APIKeys().Create(w.ctx, s.newKey("seed")))
		w.ok("begin session", s.Sessions().Begin(w.ctx, s.newSession()))
		s.governed(core.TenantActivated, func(t *core.Tenant) error { t.Active = true; return nil })
		s.begin(s.offer("amazon:1", s.groups...).Deliveries[0])
		s.accept(s.message())
		s.ask(s.call("groups"))
	}
	return ids
}

package repository_test

import (
	"context"
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// pendingOffers shows how everything of a tenant is reached: only through its scope.
func pendingOffers(ctx context.Context, r repository.Repository, id core.TenantID) ([]core.Offer, error) {
	return r.Tenant(id).Offers().List(ctx, repository.OfferQuery{Status: core.OfferPending, Limit: 20})
}

func Example() {
	// Any adapter that passes testkit/repositorytest can stand here.
	var open func() repository.Repository
	if open == nil {
		fmt.Println("see adapters/bunrepository")
		return
	}
	offers, err := pendingOffers(context.Background(), open(), "…")
	fmt.Println(len(offers), err)
	// Output: see adapters/bunrepository
}

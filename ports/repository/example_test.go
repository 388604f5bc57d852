package repository_test

import (
	"context"
	"fmt"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// shop is a tenant's scope with one offer in it; any adapter that passes
// testkit/repositorytest can stand in its place.
type shop struct{ repository.Tenant }

func (shop) Offers() repository.Offers { return shelf{} }

type shelf struct{ repository.Offers }

func (shelf) List(context.Context, repository.OfferQuery) ([]core.Offer, error) {
	return []core.Offer{{Store: "amazon", Facts: core.Facts{Price: core.Price{Cents: 19990}}}}, nil
}

// What belongs to a tenant is reached through its scope; no method below takes a tenant.
func ExampleTenant() {
	var tenant repository.Tenant = shop{}
	offers, err := tenant.Offers().List(context.Background(), repository.OfferQuery{Status: core.OfferPending, Limit: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(offers), offers[0].Store, offers[0].Price)
	// Output: 1 amazon R$ 199,90
}

package faulty

import (
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// Repository decorates every method that commits. Reads go through.
func Repository(r repository.Repository, trip Trip) repository.Repository { return repo{r, trip} }

type repo struct {
	repository.Repository
	trip Trip
}

func (r repo) Tenant(id core.TenantID) repository.Tenant {
	return tenant{r.Repository.Tenant(id), r.trip}
}

func (r repo) Directory() repository.Directory { return directory{r.Repository.Directory(), r.trip} }

func (r repo) Queue() repository.Queue { return queue{r.Repository.Queue(), r.trip} }

type tenant struct {
	repository.Tenant
	trip Trip
}

func (t tenant) Account() repository.Account { return account{t.Tenant.Account(), t.trip} }

func (t tenant) Instance() repository.Instance { return instance{t.Tenant.Instance(), t.trip} }

func (t tenant) Sources() repository.Sources { return sources{t.Tenant.Sources(), t.trip} }

func (t tenant) Destinations() repository.Destinations {
	return destinations{t.Tenant.Destinations(), t.trip}
}

func (t tenant) Tags() repository.Tags { return tags{t.Tenant.Tags(), t.trip} }

func (t tenant) MintedLinks() repository.MintedLinks {
	return mintedLinks{t.Tenant.MintedLinks(), t.trip}
}

func (t tenant) APIKeys() repository.APIKeys { return apiKeys{t.Tenant.APIKeys(), t.trip} }

func (t tenant) Sessions() repository.Sessions { return sessions{t.Tenant.Sessions(), t.trip} }

func (t tenant) Inbox() repository.Inbox { return inbox{t.Tenant.Inbox(), t.trip} }

func (t tenant) Offers() repository.Offers { return offers{t.Tenant.Offers(), t.trip} }

func (t tenant) Deliveries() repository.Deliveries { return deliveries{t.Tenant.Deliveries(), t.trip} }

func (t tenant) Lane() repository.Lane { return lane{t.Tenant.Lane(), t.trip} }

func (t tenant) Hosting() repository.Hosting { return hosting{t.Tenant.Hosting(), t.trip} }

type directory struct {
	repository.Directory
	trip Trip
}

type queue struct {
	repository.Queue
	trip Trip
}

type account struct {
	repository.Account
	trip Trip
}

type instance struct {
	repository.Instance
	trip Trip
}

type sources struct {
	repository.Sources
	trip Trip
}

type destinations struct {
	repository.Destinations
	trip Trip
}

type tags struct {
	repository.Tags
	trip Trip
}

type mintedLinks struct {
	repository.MintedLinks
	trip Trip
}

type apiKeys struct {
	repository.APIKeys
	trip Trip
}

type sessions struct {
	repository.Sessions
	trip Trip
}

type inbox struct {
	repository.Inbox
	trip Trip
}

type offers struct {
	repository.Offers
	trip Trip
}

type deliveries struct {
	repository.Deliveries
	trip Trip
}

type hosting struct {
	repository.Hosting
	trip Trip
}

type lane struct {
	repository.Lane
	trip Trip
}

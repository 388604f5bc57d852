package bunrepository

import (
	"slices"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// changeMutants break the rules of what listeners and account pages are told.
var changeMutants = map[string]mutation{
	"tells of other tenants' changes": {"ChangesAreListedInOrder", tweaks{
		changes: func(m *mutant, own repository.Tenant, after repository.Moment, limit int) ([]repository.Change, error) {
			var all []repository.Change
			for _, id := range m.tenants() {
				theirs, err := m.Repository.Tenant(id).Changes(anyContext, after, limit)
				if err != nil {
					return nil, err
				}
				all = append(all, theirs...)
			}
			return all, nil
		}}},
	"forgets the id of a moment": {"ChangesAreListedInOrder", tweaks{
		changes: func(_ *mutant, own repository.Tenant, after repository.Moment, limit int) ([]repository.Change, error) {
			after.ID = ""
			return own.Changes(anyContext, after, limit)
		}}},
	"lists the last change first": {"ChangesAreListedInOrder", tweaks{
		changes: func(_ *mutant, own repository.Tenant, after repository.Moment, limit int) ([]repository.Change, error) {
			all, err := own.Changes(anyContext, after, limit)
			slices.Reverse(all)
			return all, err
		}}},
	"does not tell of the connection": {"ChangesAreListedInOrder", tweaks{
		changes: func(_ *mutant, own repository.Tenant, after repository.Moment, limit int) ([]repository.Change, error) {
			all, err := own.Changes(anyContext, after, limit)
			return slices.DeleteFunc(all, func(c repository.Change) bool { return c.Kind == repository.ConnectionChanged }), err
		}}},
	"counts by the day": {"ActivityCounts", tweaks{
		activity: func(own repository.Account, since time.Time, _ time.Duration) ([]core.Activity, error) {
			return own.Activity(anyContext, since, 24*time.Hour)
		}}},
	"counts what was before": {"ActivityCounts", tweaks{
		activity: func(own repository.Account, since time.Time, step time.Duration) ([]core.Activity, error) {
			return own.Activity(anyContext, since.Add(-time.Hour), step)
		}}},
	"keeps sessions": {"RenewEndsSessions", tweaks{
		renewal: func(own repository.Account, _ core.Secret) (core.Tenant, error) { return own.Get(anyContext) }}},
	"keeps the password": {"RenewEndsSessions", tweaks{
		renewal: func(own repository.Account, _ core.Secret) (core.Tenant, error) {
			return own.Renew(anyContext, core.Secret{})
		}}},
	"erases nothing": {"EraseLeavesNothing", tweaks{
		erase: func(repository.Account) error { return nil }}},
}

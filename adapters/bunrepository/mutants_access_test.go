package bunrepository

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// brokenKeys, brokenSessions and brokenOperations have one method replaced.
type brokenKeys struct {
	repository.APIKeys
	list   func() ([]core.APIKey, error)
	create func(core.APIKey) error
	use    func(string, time.Time) (core.APIKey, error)
	remove func(core.APIKeyID) error
}

func (k brokenKeys) List(ctx context.Context) ([]core.APIKey, error) {
	if k.list == nil {
		return k.APIKeys.List(ctx)
	}
	return k.list()
}

func (k brokenKeys) Create(ctx context.Context, key core.APIKey) error {
	if k.create == nil {
		return k.APIKeys.Create(ctx, key)
	}
	return k.create(key)
}

func (k brokenKeys) Use(ctx context.Context, hash string, day time.Time) (core.APIKey, error) {
	if k.use == nil {
		return k.APIKeys.Use(ctx, hash, day)
	}
	return k.use(hash, day)
}

func (k brokenKeys) Delete(ctx context.Context, id core.APIKeyID) error {
	if k.remove == nil {
		return k.APIKeys.Delete(ctx, id)
	}
	return k.remove(id)
}

type brokenSessions struct {
	repository.Sessions
	list   func(time.Time) ([]core.Session, error)
	begin  func(core.Session) error
	see    func(core.SessionID, time.Time) (core.Session, error)
	rotate func(id core.SessionID, rotation int, now, until time.Time) (core.Session, error)
	end    func(core.SessionID) error
	others func(core.SessionID) error
}

func (s brokenSessions) List(ctx context.Context, now time.Time) ([]core.Session, error) {
	if s.list == nil {
		return s.Sessions.List(ctx, now)
	}
	return s.list(now)
}

func (s brokenSessions) Begin(ctx context.Context, x core.Session) error {
	if s.begin == nil {
		return s.Sessions.Begin(ctx, x)
	}
	return s.begin(x)
}

func (s brokenSessions) See(ctx context.Context, id core.SessionID, now time.Time) (core.Session, error) {
	if s.see == nil {
		return s.Sessions.See(ctx, id, now)
	}
	return s.see(id, now)
}

func (s brokenSessions) Rotate(ctx context.Context, id core.SessionID, rotation int, now, until time.Time) (core.Session, error) {
	if s.rotate == nil {
		return s.Sessions.Rotate(ctx, id, rotation, now, until)
	}
	return s.rotate(id, rotation, now, until)
}

func (s brokenSessions) End(ctx context.Context, id core.SessionID) error {
	if s.end == nil {
		return s.Sessions.End(ctx, id)
	}
	return s.end(id)
}

func (s brokenSessions) EndOthers(ctx context.Context, keep core.SessionID) error {
	if s.others == nil {
		return s.Sessions.EndOthers(ctx, keep)
	}
	return s.others(keep)
}

type brokenOperations struct {
	repository.Operations
	tenants   func(repository.TenantQuery) ([]repository.TenantSummary, error)
	instances func(int) ([]repository.InstanceSummary, error)
	lanes     func(time.Time, int) ([]repository.LaneSummary, error)
	audit     func(core.AuditID, int) ([]core.AuditEntry, error)
}

func (o brokenOperations) Tenants(ctx context.Context, q repository.TenantQuery) ([]repository.TenantSummary, error) {
	if o.tenants == nil {
		return o.Operations.Tenants(ctx, q)
	}
	return o.tenants(q)
}

func (o brokenOperations) Instances(ctx context.Context, limit int) ([]repository.InstanceSummary, error) {
	if o.instances == nil {
		return o.Operations.Instances(ctx, limit)
	}
	return o.instances(limit)
}

func (o brokenOperations) Lanes(ctx context.Context, now time.Time, limit int) ([]repository.LaneSummary, error) {
	if o.lanes == nil {
		return o.Operations.Lanes(ctx, now, limit)
	}
	return o.lanes(now, limit)
}

func (o brokenOperations) Audit(ctx context.Context, before core.AuditID, limit int) ([]core.AuditEntry, error) {
	if o.audit == nil {
		return o.Operations.Audit(ctx, before, limit)
	}
	return o.audit(before, limit)
}

// keysWith and its like break one method of a port, given the good one.
func keysWith(change func(own repository.APIKeys, b *brokenKeys)) tweaks {
	return tweaks{keys: func(_ *mutant, own repository.APIKeys) repository.APIKeys {
		b := brokenKeys{APIKeys: own}
		change(own, &b)
		return b
	}}
}

func sessionsWith(change func(own repository.Sessions, b *brokenSessions)) tweaks {
	return tweaks{sessions: func(own repository.Sessions) repository.Sessions {
		b := brokenSessions{Sessions: own}
		change(own, &b)
		return b
	}}
}

func operationsWith(change func(own repository.Operations, b *brokenOperations)) tweaks {
	return tweaks{operate: func(own repository.Operations) repository.Operations {
		b := brokenOperations{Operations: own}
		change(own, &b)
		return b
	}}
}

// tenantsWith falsifies what operators are told of tenants.
func tenantsWith(change func(*repository.TenantSummary)) tweaks {
	return operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.tenants = func(q repository.TenantQuery) ([]repository.TenantSummary, error) {
			all, err := own.Tenants(anyContext, q)
			for i := range all {
				change(&all[i])
			}
			return all, err
		}
	})
}

func searchingFor(change func(*repository.TenantQuery)) tweaks {
	return operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.tenants = func(q repository.TenantQuery) ([]repository.TenantSummary, error) {
			change(&q)
			return own.Tenants(anyContext, q)
		}
	})
}

// turn has one caller after the other rotate, so that each gets its own.
var turn sync.Mutex

// accessMutants break the rules of API keys, sessions and what operators see and do.
var accessMutants = map[string]mutation{
	"lists keys backwards": {"APIKeysAreStored", keysWith(func(own repository.APIKeys, b *brokenKeys) {
		b.list = func() ([]core.APIKey, error) {
			all, err := own.List(anyContext)
			slices.Reverse(all)
			return all, err
		}
	})},
	"revokes no key": {"APIKeysAreStored", keysWith(func(_ repository.APIKeys, b *brokenKeys) {
		b.remove = func(core.APIKeyID) error { return nil }
	})},
	"lets keys of every tenant in": {"APIKeyIsFoundByItsHash", tweaks{keys: func(m *mutant, own repository.APIKeys) repository.APIKeys {
		return brokenKeys{APIKeys: own, use: func(hash string, day time.Time) (core.APIKey, error) {
			k, err := own.Use(anyContext, hash, day)
			for _, other := range m.tenants() {
				if err != nil {
					k, err = m.Repository.Tenant(other).APIKeys().Use(anyContext, hash, day)
				}
			}
			return k, err
		}}
	}}},
	"takes any hash for somebody's": {"APIKeyIsFoundByItsHash", tweaks{
		byKey: func(own repository.Directory, hash string) (core.TenantID, error) {
			id, err := own.TenantByAPIKey(anyContext, hash)
			if errors.Is(err, core.ErrNotFound) {
				return id, nil
			}
			return id, err
		}}},
	"forgives a taken hash": {"APIKeyHashIsUnique", keysWith(func(own repository.APIKeys, b *brokenKeys) {
		b.create = func(k core.APIKey) error {
			err := own.Create(anyContext, k)
			if errors.Is(err, core.ErrConflict) {
				return nil
			}
			return err
		}
	})},
	"notes no use of a key": {"UseOfAPIKeyIsNoted", keysWith(func(own repository.APIKeys, b *brokenKeys) {
		b.use = func(hash string, _ time.Time) (core.APIKey, error) { return own.Use(anyContext, hash, time.Time{}) }
	})},

	"forgets the device": {"SessionsAreStored", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.begin = func(s core.Session) error { s.Device = ""; return own.Begin(anyContext, s) }
	})},
	"lists sessions backwards": {"SessionsAreStored", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.list = func(now time.Time) ([]core.Session, error) {
			all, err := own.List(anyContext, now)
			slices.Reverse(all)
			return all, err
		}
	})},
	"shows expired sessions": {"ExpiredSessionIsGone", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.see = func(id core.SessionID, _ time.Time) (core.Session, error) {
			return own.See(anyContext, id, time.Time{})
		}
	})},
	"lists expired sessions": {"ExpiredSessionIsGone", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.list = func(time.Time) ([]core.Session, error) { return own.List(anyContext, time.Time{}) }
	})},
	"keeps expired sessions": {"ExpiredSessionIsGone", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.begin = func(s core.Session) error {
			old := listed(own.List(anyContext, time.Time{}))
			if len(old) == 1 {
				if err := own.Begin(anyContext, s); err != nil {
					return err
				}
				return own.Begin(anyContext, old[0])
			}
			return own.Begin(anyContext, s)
		}
	})},
	"keeps few sessions": {"SessionsAreBounded", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.begin = func(s core.Session) error {
			if len(listed(own.List(anyContext, s.CreatedAt))) > 3 {
				if err := own.EndOthers(anyContext, s.ID); err != nil {
					return err
				}
			}
			return own.Begin(anyContext, s)
		}
	})},
	"notes no sight": {"SightOfSessionIsNoted", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.see = func(id core.SessionID, now time.Time) (core.Session, error) {
			all := listed(own.List(anyContext, now))
			if i := slices.IndexFunc(all, func(s core.Session) bool { return s.ID == id }); i >= 0 {
				return all[i], nil
			}
			return core.Session{}, core.ErrNotFound
		}
	})},
	"notes every sight": {"SightOfSessionIsNoted", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.see = func(id core.SessionID, now time.Time) (core.Session, error) {
			s, err := own.See(anyContext, id, now)
			s.SeenAt = now
			return s, err
		}
	})},
	"does not rotate": {"SessionRotates", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.rotate = func(id core.SessionID, _ int, now, _ time.Time) (core.Session, error) {
			return own.See(anyContext, id, now)
		}
	})},
	"extends no session": {"SessionRotates", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.rotate = func(id core.SessionID, rotation int, now, _ time.Time) (core.Session, error) {
			return own.Rotate(anyContext, id, rotation, now, now.Add(time.Minute))
		}
	})},
	"gives no grace": {"SessionRotates", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.rotate = func(id core.SessionID, rotation int, now, until time.Time) (core.Session, error) {
			s, err := own.Rotate(anyContext, id, rotation, now, until)
			if err == nil && !s.RotatedAt.Equal(now) {
				return core.Session{}, core.ErrConflict
			}
			return s, err
		}
	})},
	"gives grace for ever": {"ReusedTokenEndsTheSession", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.rotate = func(id core.SessionID, rotation int, now, until time.Time) (core.Session, error) {
			if s, err := own.See(anyContext, id, now); err == nil && rotation == s.Rotation-1 {
				return s, nil
			}
			return own.Rotate(anyContext, id, rotation, now, until)
		}
	})},
	"lets whoever stole a token stay": {"ReusedTokenEndsTheSession", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.rotate = func(id core.SessionID, rotation int, now, until time.Time) (core.Session, error) {
			s, err := own.See(anyContext, id, now)
			if err == nil && (rotation > s.Rotation || rotation < s.Rotation-1) {
				return core.Session{}, core.ErrConflict
			}
			return own.Rotate(anyContext, id, rotation, now, until)
		}
	})},
	"rotates for everybody": {"RotationRaceHasOneOutcome", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.rotate = func(id core.SessionID, _ int, now, until time.Time) (core.Session, error) {
			turn.Lock()
			defer turn.Unlock()
			s, err := own.See(anyContext, id, now)
			if err != nil {
				return s, err
			}
			return own.Rotate(anyContext, id, s.Rotation, now, until)
		}
	})},
	"ends no session": {"SessionsEnd", sessionsWith(func(_ repository.Sessions, b *brokenSessions) {
		b.end = func(core.SessionID) error { return nil }
	})},
	"ends all sessions": {"SessionsEnd", sessionsWith(func(own repository.Sessions, b *brokenSessions) {
		b.others = func(core.SessionID) error { return own.EndOthers(anyContext, "00000000-0000-7000-8000-000000000000") }
	})},

	"governs without a trace": {"TenantIsGoverned", tweaks{
		audit: func(*mutant, repository.Account) ([]core.AuditEntry, error) { return nil, nil }}},
	"shows what was done to others": {"TenantIsGoverned", tweaks{
		audit: func(m *mutant, _ repository.Account) ([]core.AuditEntry, error) {
			return m.Repository.Operations().Audit(anyContext, "", 100)
		}}},
	"forgets limits": {"TenantIsGoverned", tweaks{
		govern: func(own repository.Account, e core.AuditEntry, change func(*core.Tenant) error) (core.Tenant, error) {
			return own.Govern(anyContext, e, func(t *core.Tenant) error {
				err := change(t)
				t.Limits = core.Limits{}
				return err
			})
		}}},
	"lets operators change settings": {"TenantIsGoverned", tweaks{
		govern: func(own repository.Account, e core.AuditEntry, change func(*core.Tenant) error) (core.Tenant, error) {
			var wanted core.Tenant
			out, err := own.Govern(anyContext, e, func(t *core.Tenant) error {
				err := change(t)
				wanted = *t
				return err
			})
			if err == nil {
				err = own.SaveSettings(anyContext, wanted.Settings)
			}
			return out, err
		}}},
	"governs against a refusal": {"TenantIsGoverned", tweaks{
		govern: func(own repository.Account, e core.AuditEntry, change func(*core.Tenant) error) (core.Tenant, error) {
			return own.Govern(anyContext, e, func(t *core.Tenant) error { _ = change(t); return nil })
		}}},

	"takes the inactive for active": {"TenantsAreSummarized", tenantsWith(func(t *repository.TenantSummary) { t.Active = true })},
	"tells no limits":               {"TenantsAreSummarized", tenantsWith(func(t *repository.TenantSummary) { t.Limits = core.Limits{} })},
	"counts pending as sent":        {"TenantsAreSummarized", tenantsWith(func(t *repository.TenantSummary) { t.Sent += t.Pending })},
	"counts what was ever sent":     {"TenantsAreSummarized", searchingFor(func(q *repository.TenantQuery) { q.Since = time.Time{} })},
	"lists tenants without pages":   {"TenantsAreSummarized", searchingFor(func(q *repository.TenantQuery) { q.Before = "" })},
	"finds whoever is like it": {"TenantsAreSearched", searchingFor(func(q *repository.TenantQuery) {
		q.Search = strings.Trim(q.Search, "_%")
	})},
	"finds nobody by id": {"TenantsAreSearched", searchingFor(func(q *repository.TenantQuery) {
		if core.IsUUID(q.Search) {
			q.Search = "@" + q.Search
		}
	})},
	"lists the broken last": {"InstancesAreSummarized", operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.instances = func(limit int) ([]repository.InstanceSummary, error) {
			all, err := own.Instances(anyContext, limit)
			slices.Reverse(all)
			return all, err
		}
	})},
	"tells no reason": {"InstancesAreSummarized", operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.instances = func(limit int) ([]repository.InstanceSummary, error) {
			all, err := own.Instances(anyContext, limit)
			for i := range all {
				all[i].Reason = ""
			}
			return all, err
		}
	})},
	"lists leases that ended": {"LanesAreSummarized", operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.lanes = func(_ time.Time, limit int) ([]repository.LaneSummary, error) {
			return own.Lanes(anyContext, time.Time{}.Add(time.Hour), limit)
		}
	})},
	"lists lanes backwards": {"LanesAreSummarized", operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.lanes = func(now time.Time, limit int) ([]repository.LaneSummary, error) {
			all, err := own.Lanes(anyContext, now, limit)
			slices.Reverse(all)
			return all, err
		}
	})},
	"pages the audit log from its start": {"AuditLogIsPaged", operationsWith(func(own repository.Operations, b *brokenOperations) {
		b.audit = func(_ core.AuditID, limit int) ([]core.AuditEntry, error) { return own.Audit(anyContext, "", limit+3) }
	})},
}

// historyMutants break the rules of the history of what was sent.
var historyMutants = map[string]mutation{
	"lists what others sent": {"SentDeliveriesAreListed", tweaks{
		sent: func(m *mutant, own repository.Deliveries, q repository.SentQuery) (all []core.Delivery, err error) {
			seen := m.tenants()
			slices.Sort(seen)
			for _, id := range slices.Compact(seen) {
				some, failed := m.Repository.Tenant(id).Deliveries().Sent(anyContext, q)
				all, err = append(all, some...), errors.Join(err, failed)
			}
			return all, err
		}}},
	"lists what was sent first first":     {"SentDeliveriesAreListed", sentWith(nil, slices.Reverse[[]core.Delivery])},
	"minds no group":                      {"SentDeliveriesAreListed", sentWith(func(q *repository.SentQuery) { q.Destination = "" }, nil)},
	"minds no beginning":                  {"SentDeliveriesAreListed", sentWith(func(q *repository.SentQuery) { q.Since = time.Time{} }, nil)},
	"takes the end along":                 {"SentDeliveriesAreListed", sentWith(func(q *repository.SentQuery) { q.Until = q.Until.Add(time.Microsecond) }, nil)},
	"forgets what was sent at one moment": {"SentDeliveriesAreListed", sentWith(func(q *repository.SentQuery) { q.Before.ID = "" }, nil)},
	"lists offers of any product": {"OffersAreFilteredByProduct", tweaks{
		list: func(o repository.Offers, q repository.OfferQuery) ([]core.Offer, error) {
			q.Product = ""
			return o.List(anyContext, q)
		}}},
	"tallies what others sent": {"SentDeliveriesAreTallied", tweaks{
		tally: func(m *mutant, own repository.Deliveries, q repository.SentQuery, step time.Duration) (all []repository.SentTally, err error) {
			seen := m.tenants()
			slices.Sort(seen)
			for _, id := range slices.Compact(seen) {
				some, failed := m.Repository.Tenant(id).Deliveries().SentTally(anyContext, q, step)
				all, err = append(all, some...), errors.Join(err, failed)
			}
			return all, err
		}}},
	"tallies by the hour": {"SentDeliveriesAreTallied", tweaks{
		tally: func(_ *mutant, own repository.Deliveries, q repository.SentQuery, _ time.Duration) ([]repository.SentTally, error) {
			return own.SentTally(anyContext, q, time.Hour)
		}}},
	"tallies without groups": {"SentDeliveriesAreTallied", tweaks{
		tally: func(_ *mutant, own repository.Deliveries, q repository.SentQuery, step time.Duration) ([]repository.SentTally, error) {
			q.Destination = ""
			return own.SentTally(anyContext, q, step)
		}}},
}

// sentWith changes what is asked and what is answered.
func sentWith(ask func(*repository.SentQuery), answer func([]core.Delivery)) tweaks {
	return tweaks{sent: func(_ *mutant, own repository.Deliveries, q repository.SentQuery) ([]core.Delivery, error) {
		if ask != nil {
			ask(&q)
		}
		all, err := own.Sent(anyContext, q)
		if answer != nil {
			answer(all)
		}
		return all, err
	}}
}

func listed[T any](v T, _ error) T { return v }

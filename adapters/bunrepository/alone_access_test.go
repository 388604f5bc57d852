package bunrepository

import (
	"context"
	"fmt"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/repository"
)

// keyHash is a hash only this tenant has: those of all are unique.
func (p *party) keyHash(n int) string { return core.HashAPIKey(fmt.Sprint(p.id, n)) }

func (w *parallel) accessOperations() map[string]func(*party) {
	ctx := context.Background()
	return map[string]func(*party){
		"create API key": func(p *party) {
			n := w.n("key", 3)
			k := core.APIKey{ID: core.APIKeyID(w.pick(p, "key")), Name: w.word("name"), Hash: p.keyHash(n), CreatedAt: w.now}
			w.same(p, "create API key", func(t repository.Tenant) (any, error) { return nil, t.APIKeys().Create(ctx, k) })
		},
		"use API key": func(p *party) {
			whose, day := &w.parties[w.n("whose", parties)], core.Day(w.now)
			if w.n("own", 2) == 0 {
				whose = p
			}
			hash := whose.keyHash(w.n("key", 3))
			w.same(p, "use API key", func(t repository.Tenant) (any, error) { return t.APIKeys().Use(ctx, hash, day) })
		},
		"delete API key": func(p *party) {
			id := core.APIKeyID(w.pick(p, "key"))
			w.same(p, "delete API key", func(t repository.Tenant) (any, error) { return nil, t.APIKeys().Delete(ctx, id) })
		},
		"API keys": func(p *party) {
			w.same(p, "API keys", func(t repository.Tenant) (any, error) { return t.APIKeys().List(ctx) })
		},
		"begin session": func(p *party) {
			s := core.Session{
				ID: core.SessionID(w.pick(p, "session")), Device: w.word("device"), CreatedAt: w.now, RotatedAt: w.now, SeenAt: w.now,
				ExpiresAt: w.now.Add(time.Duration(w.n("life", 60)) * time.Minute),
			}
			w.same(p, "begin session", func(t repository.Tenant) (any, error) { return nil, t.Sessions().Begin(ctx, s) })
		},
		"see session": func(p *party) {
			id, at := core.SessionID(w.pick(p, "session")), w.now.Add(time.Duration(w.n("at", 10))*time.Minute)
			w.same(p, "see session", func(t repository.Tenant) (any, error) { return t.Sessions().See(ctx, id, at) })
		},
		"rotate session": func(p *party) {
			id, rotation := core.SessionID(w.pick(p, "session")), w.n("rotation", 3)
			w.same(p, "rotate session", func(t repository.Tenant) (any, error) {
				return t.Sessions().Rotate(ctx, id, rotation, w.now, w.now.Add(time.Hour))
			})
		},
		"end session": func(p *party) {
			id := core.SessionID(w.pick(p, "session"))
			w.same(p, "end session", func(t repository.Tenant) (any, error) { return nil, t.Sessions().End(ctx, id) })
		},
		"end other sessions": func(p *party) {
			keep := core.SessionID(w.pick(p, "session"))
			w.same(p, "end other sessions", func(t repository.Tenant) (any, error) { return nil, t.Sessions().EndOthers(ctx, keep) })
		},
		"sessions": func(p *party) {
			w.same(p, "sessions", func(t repository.Tenant) (any, error) { return t.Sessions().List(ctx, w.now) })
		},
		"renew": func(p *party) {
			w.same(p, "renew", func(t repository.Tenant) (any, error) { return t.Account().Renew(ctx, core.Secret{}) })
		},
		"govern": func(p *party) {
			e := core.AuditEntry{ID: core.AuditID(w.pick(p, "audit")), Actor: "op", Action: core.LimitsChanged, At: w.now}
			limits := core.Limits{Destinations: w.n("destinations", 5), PerDay: w.n("per day", 5)}
			w.same(p, "govern", func(t repository.Tenant) (any, error) {
				return t.Account().Govern(ctx, e, func(x *core.Tenant) error { x.Limits = limits; return nil })
			})
		},
		"sent": func(p *party) {
			q := repository.SentQuery{Since: w.earlier("since"), Until: w.now.Add(time.Second), Limit: 5}
			w.same(p, "sent", func(t repository.Tenant) (any, error) { return t.Deliveries().Sent(ctx, q) })
			w.same(p, "sent tally", func(t repository.Tenant) (any, error) { return t.Deliveries().SentTally(ctx, q, time.Minute) })
		},
		"audit log": func(p *party) {
			w.same(p, "audit log", func(t repository.Tenant) (any, error) { return t.Account().Audit(ctx) })
		},
	}
}

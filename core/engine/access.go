package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/autopromo-cloud/autopromo/core"
)

// TenantByAPIKey finds the tenant whose API key this is, and notes that the key was used;
// CodeNotFound when it is nobody's.
func (e *Engine) TenantByAPIKey(ctx context.Context, key core.Secret) (core.Tenant, error) {
	hash := core.HashAPIKey(key.Reveal())
	id, err := e.deps.Repository.Directory().TenantByAPIKey(ctx, hash)
	if err != nil {
		return core.Tenant{}, err
	}
	t := e.Tenant(id)
	if _, err := t.repo.APIKeys().Use(ctx, hash, core.Day(e.now())); err != nil {
		return core.Tenant{}, err
	}
	return t.Get(ctx)
}

// APIKeys lists the tenant's API keys, the oldest first.
func (t *Tenant) APIKeys(ctx context.Context) ([]core.APIKey, error) {
	return t.repo.APIKeys().List(ctx)
}

// CreateAPIKey makes a key for a program. The secret is the key itself, which is stored
// nowhere and cannot be had again. A tenant with core.MaxAPIKeys keys gets no further one:
// CodePrecondition, ReasonTooManyKeys.
func (t *Tenant) CreateAPIKey(ctx context.Context, name string) (core.APIKey, core.Secret, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > 100 {
		return core.APIKey{}, core.Secret{}, core.InvalidField("name", core.ReasonOutOfRange, "name (1–100)")
	}
	all, err := t.APIKeys(ctx)
	if err != nil {
		return core.APIKey{}, core.Secret{}, err
	}
	if len(all) >= core.MaxAPIKeys {
		return core.APIKey{}, core.Secret{}, core.NewError(core.CodePrecondition, core.ReasonTooManyKeys, strconv.Itoa(core.MaxAPIKeys))
	}
	id, err := t.e.newID()
	if err != nil {
		return core.APIKey{}, core.Secret{}, err
	}
	key := core.APIKeyStart + rand.Text() + rand.Text()
	k := core.APIKey{
		ID: core.APIKeyID(id), Name: name, Prefix: key[:core.APIKeyPrefix], Hash: core.HashAPIKey(key), CreatedAt: t.e.now(),
	}
	return k, core.NewSecret(key), t.repo.APIKeys().Create(ctx, k)
}

// RevokeAPIKey ends a key at once.
func (t *Tenant) RevokeAPIKey(ctx context.Context, id core.APIKeyID) error {
	return t.repo.APIKeys().Delete(ctx, id)
}

// NewSession is a log-in.
type NewSession struct {
	// Browser says that a cookie carries the session, which lives as long as the cookie.
	Browser bool
	Device  string        // what the client says it is; cut to 300 characters
	Life    time.Duration // until it expires, or until its next rotation
}

// BeginSession begins a session of the tenant.
func (t *Tenant) BeginSession(ctx context.Context, n NewSession) (core.Session, error) {
	id, err := t.e.newID()
	if err != nil {
		return core.Session{}, err
	}
	now := t.e.now()
	s := core.Session{
		ID: core.SessionID(id), Browser: n.Browser, Device: cut(strings.ToValidUTF8(n.Device, ""), 300),
		CreatedAt: now, RotatedAt: now, SeenAt: now, ExpiresAt: now.Add(n.Life),
	}
	return s, t.repo.Sessions().Begin(ctx, s)
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// Session returns a session that has not ended, and notes that it is in use.
func (t *Tenant) Session(ctx context.Context, id core.SessionID) (core.Session, error) {
	return t.repo.Sessions().See(ctx, id, t.e.now())
}

// Sessions lists the tenant's sessions, the one used last first.
func (t *Tenant) Sessions(ctx context.Context) ([]core.Session, error) {
	return t.repo.Sessions().List(ctx, t.e.now())
}

// RotateSession gives a session the next rotation in exchange for that of its refresh token,
// and another life. A token that was exchanged already, or never given, ends the session:
// CodeConflict.
func (t *Tenant) RotateSession(ctx context.Context, id core.SessionID, rotation int, life time.Duration) (core.Session, error) {
	now := t.e.now()
	s, err := t.repo.Sessions().Rotate(ctx, id, rotation, now, now.Add(life))
	if core.CodeOf(err) == core.CodeConflict {
		t.log().Warn("a refresh token was used twice, so its session was ended", "session", string(id))
	}
	return s, err
}

// EndSession ends one session at once.
func (t *Tenant) EndSession(ctx context.Context, id core.SessionID) error {
	return t.repo.Sessions().End(ctx, id)
}

// EndOtherSessions ends all sessions but one.
func (t *Tenant) EndOtherSessions(ctx context.Context, keep core.SessionID) error {
	return t.repo.Sessions().EndOthers(ctx, keep)
}

// Audit lists what operators did to the tenant, newest first.
func (t *Tenant) Audit(ctx context.Context) ([]core.AuditEntry, error) {
	return t.repo.Account().Audit(ctx)
}

// mayPost checks that one more group to post to is within the operator's limit.
func (t *Tenant) mayPost(ctx context.Context, besides core.DestinationID) error {
	tenant, err := t.Get(ctx)
	if err != nil || tenant.Limits.Destinations == 0 {
		return err
	}
	all, err := t.Destinations(ctx)
	if err != nil {
		return err
	}
	active := 0
	for _, d := range all {
		if d.Active && d.ID != besides {
			active++
		}
	}
	if active >= tenant.Limits.Destinations {
		return core.NewError(core.CodePrecondition, core.ReasonDestinationLimit, strconv.Itoa(tenant.Limits.Destinations))
	}
	return nil
}

// describe is limits in a line of the audit log.
func describe(l core.Limits) string {
	return fmt.Sprintf("max_destinations=%d max_per_day=%d", l.Destinations, l.PerDay)
}

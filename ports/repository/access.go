package repository

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// APIKeys are what a tenant's programs show instead of logging in.
type APIKeys interface {
	// List is sorted by id, which is the order of creation.
	List(ctx context.Context) ([]core.APIKey, error)
	// Create stores a key. A hash that any tenant has is ErrConflict.
	Create(ctx context.Context, k core.APIKey) error
	// Use returns the tenant's key with this hash. Its UsedOn becomes day, unless it is later.
	Use(ctx context.Context, hash string, day time.Time) (core.APIKey, error)
	Delete(ctx context.Context, id core.APIKeyID) error
}

// Sessions are the tenant's log-ins. One that has expired is as if it were not there.
type Sessions interface {
	// List returns those that have not expired at now, the one seen last first.
	List(ctx context.Context, now time.Time) ([]core.Session, error)
	// Begin stores a session. Those that expired by its CreatedAt are removed, and of the
	// others the ones unseen for longest, so that core.MaxSessions are left.
	Begin(ctx context.Context, s core.Session) error
	// See returns a session. Its SeenAt becomes now when that is later by core.SeenEvery or
	// more.
	See(ctx context.Context, id core.SessionID, now time.Time) (core.Session, error)
	// Rotate is asked with the Rotation of a refresh token. When it is the session's, that
	// rises by one, RotatedAt and SeenAt become now and ExpiresAt becomes until. When it is the
	// one before, replaced no longer than core.RotationGrace ago, nothing changes. Any other
	// token is used by somebody it was not given to: the session ends, and ErrConflict is
	// returned. Of concurrent callers with one token none must get a Rotation of its own.
	Rotate(ctx context.Context, id core.SessionID, rotation int, now, until time.Time) (core.Session, error)
	End(ctx context.Context, id core.SessionID) error
	// EndOthers ends all sessions but one.
	EndOthers(ctx context.Context, keep core.SessionID) error
}

// Operations is what an operator sees of all tenants: who they are, states, times and
// counts. It must not answer with a message, a tag, a group or a secret of anybody.
type Operations interface {
	// Tenants lists tenants, newest first.
	Tenants(ctx context.Context, q TenantQuery) ([]TenantSummary, error)
	// Instances lists the WhatsApp sessions: those that are not connected first, then those
	// checked longest ago.
	Instances(ctx context.Context, limit int) ([]InstanceSummary, error)
	// Lanes lists lanes with pending deliveries or a living lease at now, the longest-due
	// first.
	Lanes(ctx context.Context, now time.Time, limit int) ([]LaneSummary, error)
	// Audit lists what operators did, newest first, continuing after before ("" for the
	// start).
	Audit(ctx context.Context, before core.AuditID, limit int) ([]core.AuditEntry, error)
}

// TenantQuery selects tenants.
type TenantQuery struct {
	// Search is a part of an e-mail in lower case, or a whole id; "" selects all.
	Search string
	// Before is the id to continue after; "" for the start.
	Before core.TenantID
	Limit  int
	// Since bounds Sent.
	Since time.Time
}

// TenantSummary is a tenant in numbers.
type TenantSummary struct {
	ID        core.TenantID
	Email     string
	Active    bool
	Operator  bool
	Limits    core.Limits
	CreatedAt time.Time
	// Status is that of the instance, "" when there is none.
	Status                            core.InstanceStatus
	ActiveSources, ActiveDestinations int
	// Waiting counts inbox entries that are new or claimed, Pending deliveries, Held offers.
	Waiting, Pending, Held int
	Sent                   int // deliveries sent since TenantQuery.Since
}

// InstanceSummary is how one tenant's WhatsApp stands.
type InstanceSummary struct {
	Tenant    core.TenantID
	Email     string
	Provider  core.Provider
	Name      string
	Status    core.InstanceStatus
	Reason    core.Reason
	CheckedAt time.Time // the zero time when it was never checked
	UpdatedAt time.Time
}

// LaneSummary is how one tenant's sending stands.
type LaneSummary struct {
	Tenant     core.TenantID
	Email      string
	NextSendAt time.Time
	PacedUntil time.Time
	Holder     string // of the lease, "" when it was given back
	LeaseUntil time.Time
	Pending    int
}

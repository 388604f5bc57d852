package core

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Limits are what the operator allows a tenant; zero sets none.
type Limits struct {
	Destinations int // most active destinations
	PerDay       int // most messages a day, whatever the tenant's own pacing says
}

// Validate returns the first limit that makes no sense, as a CodeInvalid error.
func (l Limits) Validate() error {
	switch {
	case l.Destinations < 0 || l.Destinations > 10_000:
		return InvalidField("max_destinations", ReasonOutOfRange, "max_destinations (0–10000)")
	case l.PerDay < 0 || l.PerDay > PerDayCeiling:
		return InvalidField("max_per_day", ReasonOutOfRange, "max_per_day (0–2000)")
	}
	return nil
}

// Bound returns the tenant's settings within the operator's limits: what sending goes by.
func (t Tenant) Bound() Settings {
	s := t.Settings
	if t.Limits.PerDay > 0 {
		s.Pacing.PerDay = min(s.Pacing.PerDay, t.Limits.PerDay)
	}
	return s
}

// APIKey lets one program of a tenant in. The key itself is known to the program alone.
type APIKey struct {
	ID        APIKeyID
	Name      string
	Prefix    string // how the key begins, for people to recognize it by
	Hash      string // of the key, as [HashAPIKey] gives it; unique
	CreatedAt time.Time
	UsedOn    time.Time // the beginning of the UTC day of the last use; zero when it was never used
}

// The form of API keys.
const (
	APIKeyStart  = "ap_" // how every key begins
	APIKeyPrefix = 9     // characters of a key that are kept
	MaxAPIKeys   = 20    // of one tenant
)

// HashAPIKey returns the form in which a key is stored and looked up: a key has 256 random
// bits, so a plain hash of it tells nothing.
func HashAPIKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Day is the beginning of the UTC day of t.
func Day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Session is one log-in, of a browser or of a program.
type Session struct {
	ID SessionID
	// Browser says that a cookie of the console carries it; else a pair of tokens does.
	Browser bool
	Device  string // what the client says it is, as it says it
	// Rotation counts how often the refresh token was replaced. A token carries the count of
	// when it was made, so that one which was replaced is recognized.
	Rotation  int
	CreatedAt time.Time
	RotatedAt time.Time // the last replacement, or the beginning
	SeenAt    time.Time // the last use, to within SeenEvery
	ExpiresAt time.Time
}

// Rules of sessions.
const (
	// MaxSessions is how many a tenant can have; a further one ends that unseen for longest.
	MaxSessions = 50
	// SeenEvery is how often the last use is written down at most.
	SeenEvery = 5 * time.Minute
	// RotationGrace is how long a replaced refresh token still works, for a client whose
	// answer got lost. Later use means that two parties have it: the session ends.
	RotationGrace = time.Minute
)

// AuditAction is what an operator did to a tenant.
type AuditAction string

// What operators do.
const (
	TenantActivated   AuditAction = "activate"
	TenantDeactivated AuditAction = "deactivate"
	LimitsChanged     AuditAction = "limits"
	OperatorAdded     AuditAction = "operator_add"
	OperatorRemoved   AuditAction = "operator_remove"
)

// AuditEntry is one action of an operator.
type AuditEntry struct {
	ID     AuditID
	Tenant TenantID // whom it was done to
	Actor  string   // the operator's e-mail, or "command line"
	Action AuditAction
	Detail string // the new limits, "" for other actions
	At     time.Time
}

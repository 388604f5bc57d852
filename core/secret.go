package core

import (
	"encoding/json"
	"log/slog"
)

// Secret is a string that never prints itself: every fmt verb, JSON and slog show
// "[redacted]". Only [Secret.Reveal] gives the value, so the places where a secret leaves
// the program can be found by name.
type Secret struct{ value string }

const redacted = "[redacted]"

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return s.value }

// IsZero says whether the secret is empty.
func (s Secret) IsZero() bool { return s.value == "" }

// String implements fmt.Stringer without showing the secret.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer without showing the secret.
func (s Secret) GoString() string { return redacted }

// MarshalJSON implements json.Marshaler without showing the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// LogValue implements slog.LogValuer without showing the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

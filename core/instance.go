package core

import (
	"strings"
	"time"
)

// Provider names a kind of WhatsApp gateway, such as "evolution".
type Provider string

// InstanceStatus is what a tenant sees of the connection.
type InstanceStatus string

// The statuses; doc.go draws their machine.
const (
	InstanceConnecting   InstanceStatus = "connecting"
	InstanceConnected    InstanceStatus = "connected"
	InstanceDisconnected InstanceStatus = "disconnected"
)

// Instance is a tenant's one WhatsApp session at a provider. It keeps its id when the
// tenant disconnects and connects again, so groups and history stay with it; its Name
// changes each time, because providers delete asynchronously.
type Instance struct {
	ID       InstanceID
	Provider Provider
	// Name is how the provider knows the session: made by [InstanceName], globally unique.
	Name string
	// ServerURL and ServerKey are the provider the tenant gave; both are empty when the
	// operator's own provider is used.
	ServerURL string
	ServerKey Secret
	// Token is the provider's own key of this session, if it gives one.
	Token Secret
	// WebhookHash is the SHA-256, in hex, of the unguessable part of the webhook URL.
	WebhookHash string
	// WebhookSecret is what the provider sends back to us in a header.
	WebhookSecret Secret
	Status        InstanceStatus
	// Reason says why the instance is not connected, when there is something to say.
	Reason Reason
	// QRCode is the text to be shown as a QR code while connecting, "" when there is none.
	QRCode   string
	QRCodeAt time.Time
	// PhoneNumber is the linked number in digits, once known.
	PhoneNumber string
	// Generation counts how often the session was created at a provider.
	Generation int
	// Provisioned says that the session exists at the provider as far as we know.
	Provisioned bool
	// LinkedAt is when the number was linked first; the warm-up counts from here.
	LinkedAt  time.Time
	CheckedAt time.Time // last time the provider was asked
	// CaughtUpAt is until when the provider's history was searched for messages that never
	// reached us; zero for never.
	CaughtUpAt time.Time
	// RestartedAt is when the session was last restarted because nothing came; zero for
	// never.
	RestartedAt time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// InstanceName is the provider-side name of a tenant's session: "autopromo_", the user id
// without hyphens, and from the second creation on a short suffix.
func InstanceName(t TenantID, suffix string) string {
	name := "autopromo_" + strings.ReplaceAll(string(t), "-", "")
	if suffix != "" {
		name += "_" + suffix
	}
	return name
}

// ValidInstanceName says whether s could be the name of an instance: 1 to 64 letters,
// digits, "_" or "-". Anything else is refused before it reaches a database or a URL.
func ValidInstanceName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// ShowQRCode notes a new QR code. A connected instance ignores it: a late event must not
// take a working connection back.
func (i *Instance) ShowQRCode(code string, now time.Time) {
	if i.Status != InstanceConnecting || code == "" {
		return
	}
	i.QRCode, i.QRCodeAt, i.Reason, i.UpdatedAt = code, now, "", now
}

// Opened notes that the provider says the session is open. An instance that the tenant
// disconnected ignores it.
func (i *Instance) Opened(phone string, now time.Time) {
	if i.Status == InstanceDisconnected && !i.Provisioned {
		return
	}
	i.Status, i.Reason, i.QRCode, i.UpdatedAt = InstanceConnected, "", "", now
	if phone != "" {
		if i.PhoneNumber != phone {
			i.LinkedAt = now // another number starts its warm-up anew
		}
		i.PhoneNumber = phone
	}
	if i.LinkedAt.IsZero() {
		i.LinkedAt = now
	}
}

// Dropped notes a recoverable interruption: the provider is reconnecting.
func (i *Instance) Dropped(now time.Time) {
	if i.Status == InstanceConnected {
		i.Status, i.UpdatedAt = InstanceConnecting, now
	}
}

// Closed notes that the session ended and needs a new QR code.
func (i *Instance) Closed(reason Reason, now time.Time) {
	i.Status, i.Reason, i.QRCode, i.UpdatedAt = InstanceDisconnected, reason, "", now
}

package core

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Identifiers. Each is a UUIDv7 in its canonical lower-case text form, made by [NewUUID],
// and has a type of its own so that two of them cannot be swapped.
type (
	// TenantID names one customer: user_id on the wire and in tables.
	TenantID string
	// InstanceID names a tenant's WhatsApp session; it survives re-connections.
	InstanceID string
	// SourceID names a watched group of a tenant.
	SourceID string
	// DestinationID names a group a tenant posts to.
	DestinationID string
	// TagID names an affiliate tag of a tenant.
	TagID string
	// InboxID names an accepted message of a tenant.
	InboxID string
	// OfferID names an offer of a tenant.
	OfferID string
	// DeliveryID names one offer on its way to one destination.
	DeliveryID string
	// APIKeyID names a key for a program of a tenant.
	APIKeyID string
	// SessionID names a log-in of a tenant.
	SessionID string
	// AuditID names an operator's action on a tenant.
	AuditID string
)

// MessageID is WhatsApp's id of a message, unique only together with its chat and author.
type MessageID string

// NewUUID returns a version 7 UUID (RFC 9562) for the instant now, with its random bits
// read from random. It never panics; an error is the error of random.
func NewUUID(now time.Time, random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("new id: %w", err)
	}
	ms := now.UnixMilli()
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], nil
}

// IsUUID says whether s is a UUID in canonical lower-case text form, the only form
// accepted from outside.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

// DeriveMessageID returns the WhatsApp message id of a delivery, in the form WhatsApp Web
// uses ("3EB0" and 18 upper-case hex digits). It is derived from natural keys only, so it
// is the same when a lost row is created again, and a repeated send is the same message
// wherever the provider honours ids chosen by the sender.
func DeriveMessageID(key []byte, parts ...string) MessageID {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s|", len(p), p)
	}
	return MessageID("3EB0" + strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))[:18])
}

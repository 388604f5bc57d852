package core

import (
	"slices"
	"time"
)

// DeliveryState is where one offer stands on its way to one destination; doc.go draws the
// machine.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending     DeliveryState = "pending"
	DeliveryDispatching DeliveryState = "dispatching"
	DeliverySent        DeliveryState = "sent"
	DeliveryAmbiguous   DeliveryState = "ambiguous"
	DeliveryUnconfirmed DeliveryState = "unconfirmed"
	DeliveryFailed      DeliveryState = "failed"
	DeliveryExpired     DeliveryState = "expired"
	DeliveryCancelled   DeliveryState = "cancelled"
)

// transitions is the whole state machine. An expired lease is an arrow to ambiguous: time
// alone never gives permission to send again. An arrow to the same state postpones: it
// changes NotBefore and the reason only.
var transitions = map[DeliveryState][]DeliveryState{
	DeliveryPending:     {DeliveryPending, DeliveryDispatching, DeliveryExpired, DeliveryCancelled},
	DeliveryDispatching: {DeliverySent, DeliveryAmbiguous, DeliveryFailed, DeliveryPending},
	DeliveryAmbiguous:   {DeliveryAmbiguous, DeliverySent, DeliveryUnconfirmed, DeliveryPending},
	DeliveryUnconfirmed: {DeliverySent, DeliveryPending},
	DeliveryFailed:      {DeliveryPending},
}

// CanBecome says whether the state machine has an arrow from s to next.
func (s DeliveryState) CanBecome(next DeliveryState) bool {
	return slices.Contains(transitions[s], next)
}

// Occupies says whether a delivery in this state counts as "this group has, or may have,
// this product" for the repost window.
func (s DeliveryState) Occupies() bool {
	switch s {
	case DeliveryPending, DeliveryDispatching, DeliverySent, DeliveryAmbiguous, DeliveryUnconfirmed:
		return true
	}
	return false
}

// DeliveryStates lists every state, in the order of a delivery's life.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{
		DeliveryPending, DeliveryDispatching, DeliverySent, DeliveryAmbiguous,
		DeliveryUnconfirmed, DeliveryFailed, DeliveryExpired, DeliveryCancelled,
	}
}

// Delivery is one offer to one destination.
type Delivery struct {
	ID            DeliveryID
	OfferID       OfferID
	InstanceID    InstanceID
	DestinationID DestinationID
	Chat          JID // the destination group
	// Text is what will be, or was, sent; byte for byte.
	Text string
	// Epoch rises only when a person sends again what may have been sent.
	Epoch int
	State DeliveryState
	// Reason says why it waits, ended or is in doubt.
	Reason Reason
	Detail string
	// Attempt numbers the call that is, or was last, permitted.
	Attempt int
	// NotBefore is the earliest next attempt, zero for at once.
	NotBefore time.Time
	// ClientID is the message id we chose before the first attempt.
	ClientID MessageID
	// MessageID is the id the message has in WhatsApp, once known.
	MessageID MessageID
	// Deadline ends the lease of a dispatching delivery.
	Deadline time.Time
	// SourceAt orders the lane: when the source message was written.
	SourceAt     time.Time
	DispatchedAt time.Time // last attempt
	SentAt       time.Time // when the provider accepted it, or proof arrived
	CreatedAt    time.Time
	UpdatedAt    time.Time
	// WithoutMedia says that the text went alone because the media could not be had.
	WithoutMedia bool
}

// Dispatch is one past attempt of a lane; pacing counts attempts, so an unknown outcome
// counts as sent.
type Dispatch struct {
	Destination DestinationID
	At          time.Time
}

// Host is the permission to hold an instance's connection to WhatsApp, for providers whose
// sessions live in a process.
type Host struct {
	Tenant   TenantID
	Instance InstanceID
	Holder   string // names the process
	// Fence rises with each host; one with an old fence is refused.
	Fence int64
}

// Lane is a lease on the sending order of one instance. Whoever holds it may send one
// message.
type Lane struct {
	Tenant   TenantID
	Instance InstanceID
	// Fence rises with each lease; a holder with an old fence is refused.
	Fence int64
}

package core

import "time"

// Group is a WhatsApp group as the provider lists it.
type Group struct {
	JID          JID
	Name         string
	Participants int
	// CanPost says whether the tenant's number may post: false for announcement groups it
	// does not administer and for community parents.
	CanPost bool
}

// Source is a group a tenant watches.
type Source struct {
	ID         SourceID
	InstanceID InstanceID
	JID        JID
	Label      string
	// Name and Participants are what discovery last saw.
	Name         string
	Participants int
	// ReadOnly says that the tenant's number could not post there when discovery last saw it.
	ReadOnly bool
	Active   bool
	// Words are this group's own rules, beside the tenant's.
	Words WordRules
	// Discovered says that discovery added it, and when.
	Discovered   bool
	DiscoveredAt time.Time
	CreatedAt    time.Time
}

// Destination is a group a tenant posts to.
type Destination struct {
	ID         DestinationID
	InstanceID InstanceID
	JID        JID
	Label      string
	Active     bool
	// Problem says why posting to it was switched off by itself, "" when it was not.
	Problem   Reason
	CreatedAt time.Time
}

package core

import "time"

// Stats is a tenant's dashboard in numbers.
type Stats struct {
	// Deliveries counts deliveries by state, over all time.
	Deliveries map[DeliveryState]int
	SentToday  int // deliveries sent since the tenant's local midnight
	// Offers counts all offers, Held those held as a whole.
	Offers, Held int
	HeldByReason map[Reason]int
	// CancelledByReason counts deliveries that were cancelled, SkippedByReason messages that
	// were no offer.
	CancelledByReason, SkippedByReason map[Reason]int
	// Inbox counts accepted messages by state, over all time.
	Inbox              map[InboxState]int
	ActiveSources      int
	ActiveDestinations int
	Tags               int
	NextSendAt         time.Time // when the lane may send next; zero when it has not sent yet
}

// Activity is what happened in one stretch of time.
type Activity struct {
	At     time.Time // when it began
	Offers int       // made in it
	Sent   int       // deliveries sent in it
}

package core

import "time"

// InboxState is where an accepted message stands; doc.go draws the machine.
type InboxState string

// The states of an inbox entry.
const (
	InboxNew     InboxState = "new"
	InboxClaimed InboxState = "claimed"
	InboxDone    InboxState = "done"
	InboxSkipped InboxState = "skipped"
	InboxDead    InboxState = "dead"
	// InboxWaiting holds an edit that arrived before its message.
	InboxWaiting InboxState = "waiting"
	// InboxRevoked marks a message its author took back, also one that never arrived.
	InboxRevoked InboxState = "revoked"
)

// MaxStarts is how often processing of one entry may begin and not come to an end before it
// is set aside. Starts are stored before the work, so a crash counts; a try that ended with
// another one agreed does not.
const MaxStarts = 5

// MaxTextBytes is the longest message text that is processed; WhatsApp's own limit for a
// text message is 65,536 characters.
const MaxTextBytes = 65536

// MessageKey names a WhatsApp message: an id alone is not unique.
type MessageKey struct {
	Chat        JID
	Participant JID // the author in the group, in whatever form the provider gave
	ID          MessageID
}

// InboxEntry is one accepted message.
type InboxEntry struct {
	ID         InboxID
	InstanceID InstanceID
	Key        MessageKey
	Text       string
	Media      *Media
	SentAt     time.Time // WhatsApp's time, never later than ReceivedAt
	ReceivedAt time.Time
	State      InboxState
	Reason     Reason
	// Starts counts the times processing began.
	Starts int
	// Retries counts those of them that ended with another try agreed.
	Retries int
	// RetryAt is when a new entry may be processed, zero for at once.
	RetryAt time.Time
	// Revision counts edits and redrives of the message.
	Revision int
}

// MediaKind is what sort of attachment a message carries.
type MediaKind string

// The kinds of media that travel with an offer.
const (
	Image    MediaKind = "image"
	Video    MediaKind = "video"
	Document MediaKind = "document"
)

// Media is an attachment as the provider announced it.
type Media struct {
	Kind     MediaKind
	MimeType string
	FileName string
	// Handle is what the provider needs to fetch the bytes; opaque, never shown.
	Handle []byte
}

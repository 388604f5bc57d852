package gateway

import (
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Request is a webhook request as it came in: at most a few MiB of body, already read.
type Request struct {
	Header http.Header
	Body   []byte
}

// SessionAuth is what a webhook of one session has to prove.
type SessionAuth struct {
	Name   string
	Secret core.Secret
}

// Inbound is what a webhook request says.
type Inbound struct {
	// Session is the session name the body claims, "" when it names none. The engine
	// refuses a claim that is not the authenticated session.
	Session string
	Events  []Event
}

// Event is something that happened in WhatsApp. The set is sealed: Message, Edited,
// Revoked, QR, Passkey, Connection, GroupsChanged, SendEcho, Ack and Ignored.
type Event interface{ event() }

// Message is a message somebody wrote.
type Message struct {
	Key    core.MessageKey
	FromMe bool   // written by the tenant's own number
	Text   string // body or caption; "" when there is none
	Media  *core.Media
	At     time.Time // zero when the provider's time was unreadable
}

// Edited is a message that got another text. Key is that of the original.
type Edited struct {
	Key    core.MessageKey
	FromMe bool
	Text   string
	At     time.Time
}

// Revoked is a message its author took back. Key is that of the original.
type Revoked struct {
	Key    core.MessageKey
	FromMe bool
}

// QR is a new QR code to scan.
type QR struct{ Code string }

// Passkey says that WhatsApp wants a passkey before it links the session. It has two steps:
// the first has a Request, the second a Code.
type Passkey struct {
	// Request is what a browser's WebAuthn is asked for, in JSON. Only WhatsApp's own site
	// may answer it.
	Request []byte
	// Code is shown by the phone too; the person compares both.
	Code string
}

// Connection is a change of the session.
type Connection struct {
	State State
	// Reason is why it is not open, when the provider said so.
	Reason core.Reason
	Phone  string // the linked number in digits, when the provider said it
}

// GroupsChanged says that the list of groups, or our rights in one, changed.
type GroupsChanged struct{ Chat core.JID }

// SendEcho says that a message of ours left through the provider.
type SendEcho struct {
	Chat core.JID
	ID   core.MessageID
	Text string
	At   time.Time
}

// AckLevel is how far a message of ours got.
type AckLevel string

// The levels of an acknowledgement.
const (
	AckServer    AckLevel = "server"
	AckDelivered AckLevel = "delivered"
	AckRead      AckLevel = "read"
	AckError     AckLevel = "error"
)

// Ack says how far a message of ours got.
type Ack struct {
	Chat  core.JID
	ID    core.MessageID
	Level AckLevel
}

// Ignored is an event that means nothing here; What names its type for counting.
type Ignored struct{ What string }

func (Message) event()       {}
func (Edited) event()        {}
func (Revoked) event()       {}
func (QR) event()            {}
func (Passkey) event()       {}
func (Connection) event()    {}
func (GroupsChanged) event() {}
func (SendEcho) event()      {}
func (Ack) event()           {}
func (Ignored) event()       {}

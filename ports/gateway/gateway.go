// Package gateway is the port to a WhatsApp provider.
//
// An adapter translates one call or one event and nothing else. The engine owns message
// identity, pacing, retries, deduplication and persistence, so an adapter must never retry
// a send, never sleep to pace, and never log or return a secret, a message text or a phone
// number in an error. All methods must be safe for concurrent use and must return soon
// after their context ends.
//
// Every failed call is an [*Error] classed by what may have happened, not by an HTTP
// status. testkit/gatewaytest holds an adapter to this contract.
package gateway

import (
	"context"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
)

// Gateway is what every provider adapter implements.
type Gateway interface {
	// Capabilities says what the provider can do. It must be constant for a configured
	// adapter: the engine chooses its guarantees from it.
	Capabilities() Capabilities

	// Provision creates the session at the provider and sets its webhook, without waiting
	// for a QR code. A name the provider already knows must be KindAlreadyExists; the
	// engine then takes another name.
	Provision(ctx context.Context, session Session, hook Webhook) (Provisioned, error)

	// Connect asks for pairing and returns what there is at once: a session that is
	// already linked has State Open and no QR; a QR the provider has not made yet is "",
	// and arrives as a [QR] event. Calling it again while pairing must be harmless.
	Connect(ctx context.Context, session Session) (Pairing, error)

	// Status asks how the session stands. A session the provider does not know must be
	// KindNotFound, never a temporary fault.
	Status(ctx context.Context, session Session) (Status, error)

	// Delete logs the session out and removes it. It must be idempotent: a session that is
	// not there is success. The provider may finish later.
	Delete(ctx context.Context, session Session) error

	// Groups lists the groups the number is in, never nil. It can take minutes on real
	// accounts; callers give it time and call it rarely.
	Groups(ctx context.Context, session Session) ([]core.Group, error)

	// Send posts one message, once. A nil error means that the provider accepted it. An
	// error with EffectNone must mean that nothing was sent and nothing will be; whenever
	// that is not proven, such as a timeout, a reset or an unreadable answer after the
	// request left, the error must be KindUnknown.
	Send(ctx context.Context, session Session, m Outbound) (Receipt, error)
}

// MediaFetcher is implemented by gateways that fetch the media of an inbound message.
type MediaFetcher interface {
	// FetchMedia returns the bytes behind a [core.Media] handle made by this gateway, at
	// most limit bytes. Media that is gone or larger must be KindMediaUnavailable.
	FetchMedia(ctx context.Context, session Session, media core.Media, limit int64) (Media, error)
}

// SentFinder is implemented by gateways that can look up what was sent.
type SentFinder interface {
	// FindSent looks for a message of ours in a chat since a time: by id when the query
	// has one, else by its exact text. found=false proves nothing unless
	// Capabilities.SentLookup is LookupComplete.
	FindSent(ctx context.Context, session Session, q SentQuery) (found bool, id core.MessageID, err error)
}

// History is implemented by gateways that can list what a chat received, for messages whose
// webhook never came.
type History interface {
	// Messages lists a chat's messages since a time, oldest first, at most limit; of more,
	// the newest. Those of our own number say FromMe. What is not listed may exist all the
	// same.
	Messages(ctx context.Context, session Session, chat core.JID, since time.Time, limit int) ([]Message, error)
}

// PairingCoder is implemented by gateways that can link a phone by a code typed on it, without
// a camera.
type PairingCoder interface {
	// PairingCode asks WhatsApp for a code that links the phone with this number (digits, with
	// country). The session must be pairing; one that is linked already is
	// KindAlreadyExists, a number that cannot be a phone's KindInvalid.
	PairingCode(ctx context.Context, session Session, phone string) (code string, err error)
}

// Restarter is implemented by gateways that can have a session connect to WhatsApp anew.
type Restarter interface {
	// Restart closes the session's connection to WhatsApp and opens it again. It must not log
	// the session out, and may return before it is open. A session the provider does not know
	// must be KindNotFound.
	Restart(ctx context.Context, session Session) error
}

// Streamer is implemented by gateways that hold the sessions' connections to WhatsApp in this
// process. Who streams a session is its host, and the engine sees to it that there is one at
// most. In all other processes Connect, Status, Groups, Send and the optional calls are
// KindNotConnected, with nothing done.
type Streamer interface {
	// Stream connects the session and keeps it connected, by the adapter's own policy for
	// what may be tried again and when, until ctx ends; then it closes the connection and
	// returns nil. It returns an error only when going on makes no sense, such as
	// KindLoggedOut, or KindNotFound for a session that was never provisioned or was deleted.
	//
	// handle is called for each event, for one event of a session at a time. A message is
	// acknowledged to WhatsApp only after handle returned nil for it: one it refused must
	// come again, after a pause or a reconnect.
	Stream(ctx context.Context, session Session, handle func(context.Context, Event) error) error
}

// WebhookReceiver is implemented by gateways whose events are pushed over HTTP. Both
// methods must be pure: no input or output, no clock.
type WebhookReceiver interface {
	// Authenticate proves from raw bytes and headers, before any parsing, that the request
	// comes from the provider of this session. A request that does not prove it must be
	// KindAuth.
	Authenticate(r Request, session SessionAuth) error
	// Decode reads the events of a request and the session name its body claims. An
	// unknown event must be an [Ignored], a malformed body a KindInvalid error; it must
	// not panic on any bytes.
	Decode(r Request) (Inbound, error)
}

// Session names one WhatsApp session and how to reach it.
type Session struct {
	Name string // made by core.InstanceName
	// ServerURL and ServerKey are the provider's address and administration key; empty
	// for providers without a server.
	ServerURL string
	ServerKey core.Secret
	// Token is the session's own key, when Provision gave one.
	Token core.Secret
}

// Webhook is where and how the provider shall deliver events.
type Webhook struct {
	URL string
	// Secret is sent back by the provider in every request, as the adapter arranges it.
	Secret core.Secret
}

// Provisioned is what the provider said of a new session.
type Provisioned struct {
	Token core.Secret // the session's own key; empty when the provider has none
}

// State is how a session stands at the provider.
type State string

// The states of a session.
const (
	StateUnknown    State = "unknown"
	StatePairing    State = "pairing"    // waits for a QR code to be scanned
	StateConnecting State = "connecting" // linked, the socket is being opened
	StateOpen       State = "open"
	StateClosed     State = "closed"     // not running, can be connected again
	StateLoggedOut  State = "logged_out" // needs a new QR code
)

// Pairing is what Connect found.
type Pairing struct {
	State State
	// QR is the text to show as a QR code, "" when there is none yet.
	QR string
}

// Status is the provider's view of a session.
type Status struct {
	State State
	Phone string // the linked number in digits, "" when not known
}

// Outbound is one message to send.
type Outbound struct {
	// ID is the message id chosen by the engine; used where Capabilities.ClientMessageID
	// says so, ignored elsewhere.
	ID    core.MessageID
	To    core.JID
	Text  string // the body, or the caption when there is media
	Media *Media
}

// Media is an attachment in bytes.
type Media struct {
	Kind     core.MediaKind
	MimeType string
	FileName string
	Data     []byte
}

// Receipt is the provider's acceptance of a message.
type Receipt struct {
	// ID is the message's id in WhatsApp; "" when the provider accepted without saying it.
	ID core.MessageID
}

// SentQuery asks for one message of ours.
type SentQuery struct {
	Chat  core.JID
	ID    core.MessageID // "" when not known
	Text  string
	Since time.Time
}

// Capabilities is what a configured provider can do.
type Capabilities struct {
	Provider core.Provider
	// ClientMessageID says what happens to the id in Outbound.
	ClientMessageID ClientID
	// SentLookup says what FindSent can prove.
	SentLookup Lookup
	// NeedsServer says that sessions need ServerURL and ServerKey.
	NeedsServer bool
}

// ClientID says what a provider does with message ids chosen by the sender. Where they are
// honoured the engine repeats a send whose outcome nobody can prove, with the same id, and in
// lanes without gaps permits several sends at once.
type ClientID string

// What a provider does with client-chosen ids.
const (
	ClientIDIgnored  ClientID = "ignored"
	ClientIDHonoured ClientID = "honoured" // sending the same id again is the same message
)

// Lookup says what a search for a sent message can prove.
type Lookup string

// What FindSent can prove.
const (
	LookupNone     Lookup = "none"
	LookupPositive Lookup = "positive" // found proves sent, not found proves nothing
	LookupComplete Lookup = "complete" // not found proves not sent
)

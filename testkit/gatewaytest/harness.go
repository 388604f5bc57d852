package gatewaytest

import (
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Harness is one gateway under test and the provider behind it, fresh for each case.
type Harness struct {
	Gateway  gateway.Gateway
	Provider Provider
	// Patience is how long a step may take before it counts as failed: 20 s when zero.
	Patience time.Duration
}

// Provider is the far side. Only this is needed; the interfaces below say what else can be
// scripted, and more of them let more cases run. An error of a method is a fault of the
// harness and ends the case.
type Provider interface {
	// Session tells how to reach the provider for a session of that name. The suite adds
	// the token that Provision returns.
	Session(name string) gateway.Session
	// Webhook tells where and how the provider shall deliver the session's events.
	Webhook(name string) gateway.Webhook
}

// Phones is implemented by providers whose WhatsApp has phones and groups to play with.
type Phones interface {
	// Link has the phone with this number (digits) scan the session's QR code, and returns
	// once the provider says that the session is open. Connect was called before.
	Link(name, phone string) error
	// Unlink has the linked phone log the session out, and returns once the provider knows.
	Unlink(name string) error
	// AddGroup makes a group that the session's linked phone is in, with another person
	// who is its administrator.
	AddGroup(name string, g Group) (core.JID, error)
	// Posts lists what WhatsApp really got from this session in a chat, oldest first: the
	// truth by which sends are judged.
	Posts(name string, chat core.JID) ([]Post, error)
}

// Group describes a group to make.
type Group struct {
	Name     string
	Announce bool // only administrators post
	Admin    bool // the linked phone is an administrator
	Parent   bool // the parent of a community, where nobody posts
}

// Post is a message that reached WhatsApp.
type Post struct {
	ID   core.MessageID
	Text string
	// Media is nil for a text.
	Media *gateway.Media
}

// CodeTyper is implemented by providers whose phones can be linked by a pairing code.
type CodeTyper interface {
	// TypeCode has the phone with this number type the code, and returns once the session is
	// open. A code that does not fit is an error.
	TypeCode(name, phone, code string) error
}

// Refuser is implemented by providers that can be told how to answer the next send.
type Refuser interface {
	// Refuse has the next send of the session end so; false when this provider never does.
	Refuse(name string, how Refusal) bool
}

// Refusal is how the provider itself ends a send.
type Refusal string

// The refusals.
const (
	Throttled    Refusal = "throttled"    // WhatsApp asked to slow down; nothing was posted
	Restricted   Refusal = "restricted"   // WhatsApp restricted the account; nothing was posted
	GroupForbids Refusal = "group_forbid" // the group does not let us post; nothing was posted
	Lies         Refusal = "lies"         // the message is posted, the provider says it failed
	NamesNoID    Refusal = "names_no_id"  // the message is posted, the answer names no id
)

// Teller is implemented by providers whose webhook requests can be captured.
type Teller interface {
	// Tell makes something happen in the session's WhatsApp and returns the webhook
	// requests the provider makes of it, as they arrive; false when it never tells this.
	Tell(name string, what Happening) (requests []gateway.Request, ok bool, err error)
}

// Signer is implemented by providers that sign what their webhooks say.
type Signer interface {
	// SignsBodies says that a request proves every byte of its body, not only its sender.
	SignsBodies() bool
}

// Happener is implemented by the providers of streamed sessions ([gateway.Streamer]), whose
// events reach the gateway by themselves.
type Happener interface {
	// Happen makes something happen in the session's WhatsApp; false when this provider never
	// tells it. It need not wait for the gateway to notice.
	Happen(name string, what Happening) (ok bool, err error)
}

// Others is implemented by providers that know the other person of their groups.
type Others interface {
	// Other is that person's address by number and the one that hides it.
	Other() (phone, lid core.JID)
}

// Happening is something that happens in WhatsApp, by the other person in the group unless
// its kind says otherwise.
type Happening struct {
	Kind HappeningKind
	Chat core.JID
	Text string // the body, the caption or the new text
	// Media is the attachment of a kind that has one.
	Media gateway.Media
	// Of is the message that is edited or revoked, as the gateway decoded it.
	Of core.MessageKey
}

// HappeningKind is what happens.
type HappeningKind string

// The kinds of happenings.
const (
	Texted        HappeningKind = "texted"         // a plain text
	TextedPreview HappeningKind = "texted_preview" // a text with a link preview
	Pictured      HappeningKind = "pictured"       // an image with a caption
	Filmed        HappeningKind = "filmed"         // a video with a caption
	Documented    HappeningKind = "documented"     // a document with a caption
	Ephemeral     HappeningKind = "ephemeral"      // a text where messages disappear
	ViewOnce      HappeningKind = "view_once"      // an image to be seen once, with a caption
	Ours          HappeningKind = "ours"           // a text typed on the linked phone
	EditedText    HappeningKind = "edited"         // Of gets another text
	Revoked       HappeningKind = "revoked"        // Of is taken back
	Echoed        HappeningKind = "echoed"         // a text sent through the provider's API
	QRShown       HappeningKind = "qr_shown"       // Connect was called on an unlinked session
	LoggedOut     HappeningKind = "logged_out"     // the phone removed the session
	Unimportant   HappeningKind = "unimportant"    // a sticker, or whatever means nothing to us
	Unheard       HappeningKind = "unheard"        // an event of a kind that does not exist yet
)

// Need is what a case needs besides the required methods.
type Need string

// The needs.
const (
	// NeedPhones is a provider that implements [Phones].
	NeedPhones Need = "a provider with phones"
	// NeedServer is a gateway with Capabilities.NeedsServer.
	NeedServer Need = "a gateway that talks to a server"
	// NeedRefuser is a provider that implements [Refuser].
	NeedRefuser Need = "a provider that can be told to refuse"
	// NeedTeller is a gateway that implements gateway.WebhookReceiver and a provider that
	// implements [Teller].
	NeedTeller Need = "webhooks"
	// NeedSigned is a provider that implements [Signer] and signs.
	NeedSigned Need = "signed webhooks"
	// NeedEvents is NeedTeller, or NeedStreamer.
	NeedEvents Need = "events, by webhook or by stream"
	// NeedStreamer is a gateway that implements gateway.Streamer and a provider that
	// implements [Happener].
	NeedStreamer Need = "a gateway that streams"
	// NeedMedia is a gateway that implements gateway.MediaFetcher.
	NeedMedia Need = "a gateway that fetches media"
	// NeedLookup is a gateway whose Capabilities.SentLookup is not LookupNone.
	NeedLookup Need = "a gateway that looks sent messages up"
	// NeedHistory is a gateway that implements gateway.History.
	NeedHistory Need = "a gateway that lists old messages"
	// NeedRestart is a gateway that implements gateway.Restarter.
	NeedRestart Need = "a gateway that restarts sessions"
	// NeedPairingCode is a gateway that implements gateway.PairingCoder.
	NeedPairingCode Need = "a gateway that pairs by code"
	// NeedCodeTyper is a provider that implements [CodeTyper].
	NeedCodeTyper Need = "a provider whose phones type pairing codes"
	// NeedOthers is a provider that implements [Others].
	NeedOthers Need = "a provider that knows the other person"
)

// Missing returns the needs that the harness does not meet.
func (h Harness) Missing(needs []Need) []Need {
	var missing []Need
	for _, need := range needs {
		if !h.meets(need) {
			missing = append(missing, need)
		}
	}
	return missing
}

func (h Harness) meets(need Need) bool {
	switch need {
	case NeedPhones:
		return is[Phones](h.Provider)
	case NeedServer:
		return h.Gateway.Capabilities().NeedsServer
	case NeedRefuser:
		return is[Refuser](h.Provider)
	case NeedTeller:
		return is[gateway.WebhookReceiver](h.Gateway) && is[Teller](h.Provider)
	case NeedSigned:
		signer, ok := h.Provider.(Signer)
		return ok && signer.SignsBodies()
	case NeedEvents:
		return h.meets(NeedTeller) || h.meets(NeedStreamer)
	case NeedStreamer:
		return is[gateway.Streamer](h.Gateway) && is[Happener](h.Provider)
	case NeedMedia:
		return is[gateway.MediaFetcher](h.Gateway)
	case NeedLookup:
		return h.Gateway.Capabilities().SentLookup != gateway.LookupNone
	case NeedHistory:
		return is[gateway.History](h.Gateway)
	case NeedRestart:
		return is[gateway.Restarter](h.Gateway)
	case NeedPairingCode:
		return is[gateway.PairingCoder](h.Gateway)
	case NeedCodeTyper:
		return is[CodeTyper](h.Provider)
	case NeedOthers:
		return is[Others](h.Provider)
	}
	return false
}

func is[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

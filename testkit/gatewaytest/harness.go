package gatewaytest

import (
	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Harness is one gateway under test and the provider behind it, fresh for each case.
type Harness struct {
	Gateway  gateway.Gateway
	Provider Provider
}

// Provider scripts the far side. An error of a method is a fault of the harness and ends
// the case.
type Provider interface {
	// Session tells how to reach the provider for a session of that name. The suite adds
	// the token that Provision returns.
	Session(name string) gateway.Session
	// Webhook tells where and how the provider shall deliver the session's events.
	Webhook(name string) gateway.Webhook
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
	Ephemeral     HappeningKind = "ephemeral"      // a text where messages disappear
	ViewOnce      HappeningKind = "view_once"      // an image to be seen once, with a caption
	Ours          HappeningKind = "ours"           // a text typed on the linked phone
	EditedText    HappeningKind = "edited"         // Of gets another text
	Revoked       HappeningKind = "revoked"        // Of is taken back
	Echoed        HappeningKind = "echoed"         // a text sent through the provider's API
	QRShown       HappeningKind = "qr_shown"       // Connect was called on an unlinked session
	LoggedOut     HappeningKind = "logged_out"     // the phone removed the session
	Unimportant   HappeningKind = "unimportant"    // an event that means nothing to us
)

// Need is what a case needs besides the required methods.
type Need string

// The needs.
const (
	// NeedServer is a gateway with Capabilities.NeedsServer.
	NeedServer Need = "a gateway that talks to a server"
	// NeedRefuser is a provider that implements [Refuser].
	NeedRefuser Need = "a provider that can be told to refuse"
	// NeedTeller is a gateway that implements gateway.WebhookReceiver and a provider that
	// implements [Teller].
	NeedTeller Need = "webhooks"
	// NeedMedia is a gateway that implements gateway.MediaFetcher.
	NeedMedia Need = "a gateway that fetches media"
	// NeedLookup is a gateway whose Capabilities.SentLookup is not LookupNone.
	NeedLookup Need = "a gateway that looks sent messages up"
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
	case NeedServer:
		return h.Gateway.Capabilities().NeedsServer
	case NeedRefuser:
		_, ok := h.Provider.(Refuser)
		return ok
	case NeedTeller:
		_, receives := h.Gateway.(gateway.WebhookReceiver)
		_, tells := h.Provider.(Teller)
		return receives && tells
	case NeedMedia:
		_, ok := h.Gateway.(gateway.MediaFetcher)
		return ok
	case NeedLookup:
		return h.Gateway.Capabilities().SentLookup != gateway.LookupNone
	}
	return false
}

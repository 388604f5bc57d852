package waha

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// Name is how instances say that they live on a WAHA server.
const Name core.Provider = "waha"

// Options configure a [Gateway].
type Options struct {
	// Client makes the HTTP calls; required. It decides which addresses may be dialled:
	// give one with an SSRF guard where tenants choose the server. New works on a copy that
	// follows no redirect and keeps no cookie.
	Client *http.Client
	// Logger gets the few oddities that are no error; nil discards them.
	Logger *slog.Logger
	// ClientIDs sends our own message ids and claims them in the Capabilities, so that a
	// doubtful send may be repeated. It needs version 2026.4.3 and the engine GOWS or NOWEB:
	// Provision asks the server and refuses one that cannot, as KindInvalid with the code
	// "client_ids". Off by default, which works with every server.
	ClientIDs bool
	// Timeouts bound the calls by what they do.
	Timeouts Timeouts
}

// Timeouts bound one call each. Zero means the default.
type Timeouts struct {
	Quick time.Duration // status, creation, look-up; the server may wait 5 s for a session: 15 s
	Send  time.Duration // one message: 60 s
	// Groups bounds one page of the list: 60 s.
	Groups time.Duration
	Media  time.Duration // fetching media, during which the server may ask the phone: 60 s
}

func (t Timeouts) withDefaults() Timeouts {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{{&t.Quick, 15 * time.Second}, {&t.Send, 60 * time.Second}, {&t.Groups, 60 * time.Second}, {&t.Media, 60 * time.Second}} {
		if *d.field <= 0 {
			*d.field = d.standard
		}
	}
	return t
}

// Gateway talks to WAHA servers; each session says to which one.
type Gateway struct {
	client    *http.Client
	log       *slog.Logger
	clientIDs bool
	timeouts  Timeouts
}

var (
	_ gateway.Gateway         = (*Gateway)(nil)
	_ gateway.PairingCoder    = (*Gateway)(nil)
	_ gateway.MediaFetcher    = (*Gateway)(nil)
	_ gateway.SentFinder      = (*Gateway)(nil)
	_ gateway.History         = (*Gateway)(nil)
	_ gateway.WebhookReceiver = (*Gateway)(nil)
)

// New returns a gateway. It does no input or output.
func New(o Options) (*Gateway, error) {
	if o.Client == nil {
		return nil, errors.New("waha: Options.Client is required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Gateway{
		client: gatewayhttp.Client(o.Client), log: o.Logger, clientIDs: o.ClientIDs, timeouts: o.Timeouts.withDefaults(),
	}, nil
}

// Capabilities implements [gateway.Gateway].
func (g *Gateway) Capabilities() gateway.Capabilities {
	c := gateway.Capabilities{
		Provider:        Name,
		ClientMessageID: gateway.ClientIDIgnored,
		SentLookup:      gateway.LookupPositive,
		NeedsServer:     true,
	}
	if g.clientIDs {
		c.ClientMessageID = gateway.ClientIDHonoured
	}
	return c
}

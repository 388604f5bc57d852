package evolution

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
	"github.com/autopromo-cloud/autopromo/ports/gateway/gatewayhttp"
)

// Name is how instances say that they live on an Evolution API server.
const Name core.Provider = "evolution"

// Options configure a [Gateway].
type Options struct {
	// Client makes the HTTP calls; required. It decides which addresses may be dialled:
	// give one with an SSRF guard where tenants choose the server. New works on a copy that
	// follows no redirect and keeps no cookie.
	Client *http.Client
	// Logger gets the few oddities that are no error; nil discards them.
	Logger *slog.Logger
	// Timeouts bound the calls by what they do.
	Timeouts Timeouts
}

// Timeouts bound one call each. Zero means the default.
type Timeouts struct {
	Quick   time.Duration // status, creation, deletion, look-up: 10 s
	Connect time.Duration // asking for a QR code, during which the server sleeps: 15 s
	Send    time.Duration // one message: 60 s
	Groups  time.Duration // the list of groups, slow on real accounts: 180 s
	Media   time.Duration // fetching media, during which the server may retry: 60 s
}

func (t Timeouts) withDefaults() Timeouts {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&t.Quick, 10 * time.Second},
		{&t.Connect, 15 * time.Second},
		{&t.Send, 60 * time.Second},
		{&t.Groups, 180 * time.Second},
		{&t.Media, 60 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.standard
		}
	}
	return t
}

// Gateway talks to Evolution API servers; each session says to which one.
type Gateway struct {
	client   *http.Client
	log      *slog.Logger
	timeouts Timeouts
}

var (
	_ gateway.Gateway         = (*Gateway)(nil)
	_ gateway.MediaFetcher    = (*Gateway)(nil)
	_ gateway.SentFinder      = (*Gateway)(nil)
	_ gateway.History         = (*Gateway)(nil)
	_ gateway.Restarter       = (*Gateway)(nil)
	_ gateway.WebhookReceiver = (*Gateway)(nil)
)

// New returns a gateway. It does no input or output.
func New(o Options) (*Gateway, error) {
	if o.Client == nil {
		return nil, errors.New("evolution: Options.Client is required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Gateway{client: gatewayhttp.Client(o.Client), log: o.Logger, timeouts: o.Timeouts.withDefaults()}, nil
}

// Capabilities implements [gateway.Gateway].
func (g *Gateway) Capabilities() gateway.Capabilities {
	return gateway.Capabilities{
		Provider:        Name,
		ClientMessageID: gateway.ClientIDIgnored,
		SentLookup:      gateway.LookupPositive,
		NeedsServer:     true,
	}
}

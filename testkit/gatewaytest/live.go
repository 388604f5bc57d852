package gatewaytest

import (
	"cmp"

	"github.com/autopromo-cloud/autopromo/core"
	"github.com/autopromo-cloud/autopromo/ports/gateway"
)

// Live is the [Provider] of a real server whose phones cannot be scripted.
type Live struct {
	ServerURL string
	ServerKey core.Secret
	// WebhookURL is where sessions are told to send events. Nobody need listen there; the
	// discard port of this machine when empty.
	WebhookURL string
}

// Session implements [Provider].
func (l Live) Session(name string) gateway.Session {
	return gateway.Session{Name: name, ServerURL: l.ServerURL, ServerKey: l.ServerKey}
}

// Webhook implements [Provider].
func (l Live) Webhook(name string) gateway.Webhook {
	return gateway.Webhook{
		URL:    cmp.Or(l.WebhookURL, "http://127.0.0.1:9/hook"),
		Secret: core.NewSecret("secret-of-the-live-test-for-" + name),
	}
}
